// The canvas and the sequence by hand: what is dragged stays where it was put, groups open, what is shown can be written as a picture.
#include <filesystem>

#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

std::unique_ptr<Session> many_devices() {
  return session_with(
      "duration('2min') local hub, home = broker('hub'), router('home') link(home, hub, { delay = '20ms' }) "
      "for i = 1, 300 do device('sensor-' .. i, { on = home }, function(self) local c = self:mqtt() c:connect(hub) "
      "while true do c:publish('t/' .. i, 'x') sleep('1s') end end) end");
}

// The name of a node on the canvas; it may stand in the panes, too.
ImVec2 on_canvas(const Headless& screen, std::string_view name) {
  for (const gui::ShownText& t : screen.texts) {
    if (t.text == name && t.at.x > 310 && t.at.x < 1080 && t.at.y < 530) return t.at;
  }
  FAIL("not on the canvas: " << name);
  return {};
}

std::string name_of_selected(gui::Application& application) {
  const TraceStore::Reader reader(*application.playback()->store());
  return std::string(reader.name(application.selection().node));
}

}  // namespace

TEST_CASE("a node that is dragged stays where it was put, also in a fork and the next time") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(10));
  application.playback()->wait();
  screen.settle(application);
  const ImVec2 before = on_canvas(screen, "server");
  const ImVec2 to{before.x - 60, before.y + 90};
  screen.drag(application, before, to);
  screen.settle(application);
  CHECK(std::hypot(on_canvas(screen, "server").x - to.x, on_canvas(screen, "server").y - to.y) < 6);
  CHECK(name_of_selected(application) == "server");
  // Empty canvas, dragged, moves everything; the wheel makes all larger about where the mouse is.
  const ImVec2 home = on_canvas(screen, "home");
  screen.drag(application, {620, 100}, {650, 130});
  screen.settle(application);
  CHECK(on_canvas(screen, "home").x == Approx(home.x + 30).margin(3));
  ImGui::GetIO().MousePos = on_canvas(screen, "server");
  ImGui::GetIO().MouseWheel = 1;
  const float apart = on_canvas(screen, "home").x - on_canvas(screen, "server").x;
  screen.frame(application);
  screen.settle(application);
  CHECK(on_canvas(screen, "home").x - on_canvas(screen, "server").x == Approx(apart * 1.15f).margin(8));
  // Keys move the selected node, too.
  screen.type(application, "f");
  const ImVec2 by_hand = on_canvas(screen, "server");
  ImGuiIO& io = ImGui::GetIO();
  io.KeyShift = io.KeyCtrl = true;
  io.KeyMods = ImGuiKeyModFlags_Shift | ImGuiKeyModFlags_Ctrl;
  io.KeysDown[io.KeyMap[ImGuiKey_DownArrow]] = true;
  screen.frame(application);
  io.KeysDown[io.KeyMap[ImGuiKey_DownArrow]] = io.KeyShift = io.KeyCtrl = false;
  io.KeyMods = 0;
  screen.settle(application);
  CHECK(on_canvas(screen, "server").y > by_hand.y + 5);
  screen.type(application, "f");
  const ImVec2 fitted = on_canvas(screen, "server");
  screen.type(application, "k");
  application.playback()->wait();
  screen.settle(application);
  CHECK(application.runs() == 2);
  CHECK(std::hypot(on_canvas(screen, "server").x - fitted.x, on_canvas(screen, "server").y - fitted.y) < 3);
  const gui::Remembered kept = application.remembered();
  CHECK(kept.places_of("scenarios/nightlight.lua").contains("server"));
  Headless other;
  gui::Application next(gui::dark_theme(), 1);
  next.recall(kept);
  next.open(session_of("scenarios/nightlight.lua"), "nightlight");
  next.playback()->run_to(seconds_in(10));
  next.playback()->wait();
  other.settle(next);
  CHECK(std::hypot(on_canvas(other, "server").x - fitted.x, on_canvas(other, "server").y - fitted.y) < 3);
}

TEST_CASE("a group opens as a list, and who is chosen stands on the canvas") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(many_devices(), "many");
  application.playback()->run_to(seconds_in(10));
  application.playback()->wait();
  screen.settle(application);
  CHECK(screen.has("300 devices"));
  CHECK_FALSE(screen.has("sensor-7"));
  screen.click(application, "300 devices");
  screen.settle(application);
  CHECK(application.selection().node == 0);
  CHECK(screen.has("sensor-7"));
  // Typed, the list holds those that have it in their names.
  screen.type(application, "-123");
  CHECK_FALSE(screen.has("sensor-7"));
  screen.click(application, "sensor-123");
  screen.settle(application);
  CHECK(name_of_selected(application) == "sensor-123");
  CHECK(screen.has("299 devices"));
  CHECK(screen.has("Pull the plug"));  // what can be done to it
  screen.click(application, 700, 100);
  screen.settle(application);
  CHECK(screen.has("sensor-123"));
  // By keys: the next one is the group, whose list 'a' opens.
  for (int i = 0; i < 8 && !screen.has("Choose one"); ++i) {
    screen.press(application, ImGuiKey_Escape);  // an open menu has the keys
    screen.type(application, "na");
  }
  CHECK(screen.has("Choose one"));
}

TEST_CASE("routers with their devices become a group where they are many, and one of them is taken out with its own") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(
      session_with("duration('1min') local hub, core = broker('hub'), router('core') link(core, hub) for r = 1, 150 do "
                   "local router = "
                   "router('router' .. r) link(router, core) for d = 1, 10 do device('d' .. r .. '.' .. d, { "
                   "on = router }) end end"),
      "tree");
  application.playback()->run_to(seconds_in(1));
  application.playback()->wait();
  screen.settle(application);
  CHECK(screen.has("1650 nodes"));
  CHECK_FALSE(screen.has("router7"));
  screen.click(application, "1650 nodes");
  screen.type(application, "d77.3");
  screen.click(application, "d77.3");
  screen.settle(application);
  CHECK(screen.has("1639 nodes"));
  CHECK(screen.has("router77"));
  CHECK(screen.has("d77.10"));
}

TEST_CASE("larger than the window allows is not drawn over one another") {
  for (const float wanted : {1.75f, 3.0f}) {
    Headless screen(1280, 800);
    gui::Application application(gui::dark_theme(), 1);
    application.open(session_of("scenarios/qos.lua"), "qos");
    screen.settle(application);
    application.set_scale(wanted);
    application.apply_scale();
    screen.settle(application);
    CHECK(application.skin().scale == Approx(1.506f).margin(0.01));
    CHECK(application.remembered().scale == wanted);
    // The clock, the seed and the step buttons stand beside one another.
    const float clock = screen.where("0.000000 s").x, seed = screen.where("seed 1").x;
    CHECK(seed - clock > 150);
  }
}

TEST_CASE("a record of the log, a topic and a session select the same everywhere") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(40));
  application.playback()->wait();
  application.show("topics");
  screen.settle(application);
  screen.click(application, "2", true);  // the last level of qos/2
  screen.settle(application);
  const gui::Selection of_topic = application.selection();
  CHECK(of_topic.exchange != 0);
  CHECK(of_topic.message != 0);
  CHECK(of_topic.packet != 0);
  screen.type(application, "j");
  CHECK(screen.has("qos/2"));
  CHECK(screen.has("answers PUBREC"));
  application.show("log");
  screen.settle(application);
  const auto line = std::find_if(screen.texts.rbegin(), screen.texts.rend(),
                                 [](const gui::ShownText& t) { return t.text.starts_with("receives PUB"); });
  REQUIRE(line != screen.texts.rend());
  screen.click(application, line->at.x, line->at.y);
  screen.settle(application);
  CHECK(application.selection().exchange != 0);
  CHECK(application.selection().packet != 0);
  CHECK(application.selection().node != 0);
  application.show("broker");
  screen.settle(application);
  screen.click(application, "publisher2", true);
  screen.settle(application);
  CHECK(name_of_selected(application) == "publisher2");
}

TEST_CASE("pictures of the canvas and the sequence are of the shown instant") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(20));
  application.playback()->wait();
  application.playback()->intervene(CutLink{"home-hub"});
  application.playback()->run_to(seconds_in(22));
  application.playback()->wait();
  screen.settle(application);
  const std::string home = std::filesystem::current_path();
  const std::string folder = std::filesystem::temp_directory_path() / ("wirelab-svg-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  const auto picture = [&](const char* view, const std::string& name) {
    application.write_picture_of(view);
    screen.settle(application);
    CHECK(screen.has("Written: " + name));
    return file_text(name);
  };
  const std::string cut = picture("topology", "qos-topology.svg");
  CHECK(cut.starts_with("<svg xmlns="));
  CHECK(cut.ends_with("</svg>\n"));
  CHECK(cut.find(">cut<") != std::string::npos);
  CHECK(cut.find("at 22.000000 s") != std::string::npos);
  application.look_at(seconds_in(2.12).ns());
  screen.settle(application);
  const std::string whole = picture("topology", "qos-topology-2.svg");  // nothing is written over
  CHECK(file_text("qos-topology.svg") == cut);
  CHECK(whole.find(">cut<") == std::string::npos);
  CHECK(whole.find("PUBLISH q2 qos/2 m1") != std::string::npos);  // on its way
  const std::string sequence = picture("sequence", "qos-sequence.svg");
  CHECK(sequence.find("2.120000 s") != std::string::npos);
  CHECK(sequence.find("opacity=\"0.35\"") != std::string::npos);  // what is later
  CHECK(sequence.find("PUBREC m1") != std::string::npos);
  CHECK(sequence.ends_with("</svg>\n"));
  std::filesystem::current_path(home);
  std::filesystem::remove_all(folder);
}

TEST_CASE("publishing and subscribing as a client reaches the journal") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(10));
  application.playback()->wait();
  screen.settle(application);
  screen.click(application, "server");
  screen.settle(application);
  // The field of the topic stands below its heading.
  const ImVec2 heading = screen.where("Publish or subscribe as server");
  screen.click(application, heading.x + 40, heading.y + 28);
  screen.type(application, "by/hand");
  screen.click(application, "Publish");
  screen.click(application, "Subscribe");
  application.playback()->wait();
  screen.settle(application);
  std::string journal;
  application.playback()->ask([&](Session& session) { journal = journal_text(session.journal()); });
  application.playback()->wait();
  INFO(journal);
  CHECK(journal.find("\"do\":\"publish\",\"node\":\"server\",\"topic\":\"by/hand\"") != std::string::npos);
  CHECK(journal.find("\"do\":\"subscribe\",\"node\":\"server\",\"filter\":\"by/hand\"") != std::string::npos);
  // As one without power nobody publishes, and that is said.
  application.playback()->intervene(PowerOff{"server"});
  application.playback()->intervene(PublishAs{"server", "by/hand", "x", 0, false});
  application.playback()->wait();
  screen.settle(application);
  CHECK(screen.has("\"server\" has no power"));
}

TEST_CASE("two runs stand side by side with the same lower view, and panes change by keys") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  for (const int seed : {1, 2}) {
    application.open(session_of("scenarios/qos.lua", static_cast<std::uint64_t>(seed)), "seed " + std::to_string(seed));
    application.playback()->run_to(seconds_in(30));
    application.playback()->wait();
  }
  application.show("log");
  screen.settle(application);
  CHECK_FALSE(screen.has("seed 1, at"));
  screen.type(application, "2");
  CHECK(screen.has("seed 1, at 30.000 s"));
  const auto headings = std::count_if(screen.texts.begin(), screen.texts.end(),
                                      [](const auto& t) { return t.text.starts_with("receives PUB"); });
  CHECK(headings > 4);
  const float left = application.remembered().left, right = application.remembered().right;
  screen.type(application, "wwE");
  CHECK(application.remembered().left == left + 40);
  CHECK(application.remembered().right == right - 20);
  application.show("plots");
  application.show("broker");
  const gui::Remembered kept = application.remembered();
  CHECK(kept.bottom_view == "plots");
  CHECK(kept.right_view == "broker");
}

TEST_CASE("the network's tables are shown as they are at the instant") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nat.lua"), "nat");
  application.playback()->run_to(seconds_in(30));
  application.playback()->wait();
  application.show("network");
  screen.settle(application);
  CHECK(screen.has("192.168.1."));
  CHECK(screen.has(":1883"));
}

TEST_CASE("the graphs of TCP follow what is selected, and are written as a table") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/small_stack.lua"), "small");
  application.show("stream");
  application.playback()->run_to(seconds_in(605));
  application.playback()->wait();
  application.select_last(Kind::packet_dropped);
  screen.settle(application);
  CHECK(screen.has("peer takes"));
  CHECK(screen.has("acknowledged "));
  screen.click(application, "Windows");
  screen.settle(application);
  CHECK(screen.has("cwnd "));
  screen.click(application, "Round trip");
  screen.settle(application);
  CHECK(screen.has("retransmission time-out"));
}
