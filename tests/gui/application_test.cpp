// The panels over recorded runs: what they show is what the trace says, at any instant, and what is done reaches the journal.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "lab/system/files.hpp"
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// A folder to write files in, for as long as it lives.
struct WorkingFolder {
  explicit WorkingFolder(std::string path) : folder(std::move(path)) {
    std::filesystem::create_directories(folder);
    std::filesystem::current_path(folder);
  }
  ~WorkingFolder() {
    std::filesystem::current_path(home);
    std::filesystem::remove_all(folder);
  }
  std::filesystem::path home = std::filesystem::current_path();
  std::string folder;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// What depends on how the instant was come to, and not on the instant: the run's progress and the time strip.
std::multiset<std::string> of_the_instant(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.find("events") != std::string::npos || (line.size() > 3 && line[0] == 'w' && line[2] == '-') ||
        line == "Paused" || line == "Looking back" || line == "At the end" ||
        line.find("What you see has happened") != std::string::npos)
      continue;
    if (static_cast<unsigned char>(line[0]) < 0x80) lines.insert(line);  // not the icons
  }
  return lines;
}

}  // namespace

TEST_CASE("a run played in the front end has the digest of the command line") {
  for (const char* const path : {"scenarios/nightlight.lua", "scenarios/qos.lua"}) {
    gui::Playback playback(session_of(path, 5));
    playback.play(0);
    while (!playback.status().ended) std::this_thread::yield();
    playback.wait();
    ScriptOptions options;
    options.seed = 5;
    const auto script = begin_scenario(file_text(path), path, options, nullptr);
    REQUIRE(script->run_until(Instant() + script->duration()));
    CHECK(playback.status().digest == script->world().trace().digest().everything);
    CHECK(playback.status().problem.empty());
  }
}

TEST_CASE("the panels show what the trace says") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(31));
  application.playback()->wait();
  std::string text = screen.settle(application);
  for (const char* const part : {"nightlight", "server", "home", "test.mosquitto.org", "2 connected", "1 % loss",
                                 "30.0 ms", "20 Mbit/s", "31.000 s", "seed 1", "PUBLISH"})
    shows(text, part);
  application.show("broker");
  text = screen.settle(application);
  for (const char* const part :
       {"2 sessions", "connected, clean", "granted QoS 0", "keep alive ends in", "Retained messages"})
    shows(text, part);
  application.show("connection");
  text = screen.settle(application);
  for (const char* const part : {"4 open", "ESTABLISHED", "10 segments", "retransmission time-out"}) shows(text, part);
  application.select_last(Kind::mqtt_sent);
  application.show("packet");
  text = screen.settle(application);
  for (const char* const part :
       {"Packet type", "PUBLISH (3)", "Remaining length", "Topic name", "Payload", "type 3", "DUP", "RET"})
    shows(text, part);
  application.show("journey");
  text = screen.settle(application);
  for (const char* const part : {"publishes", "hands PUBLISH to TCP", "accepts it", "delivers it to the program"})
    shows(text, part);
  application.show("log");
  text = screen.settle(application);
  for (const char* const part : {"sends PUBLISH QoS 0", "receives PUBLISH QoS 0"}) shows(text, part);
}

TEST_CASE("looking back shows every panel as it was at that instant") {
  Headless screen;
  gui::Application whole(gui::dark_theme(), 1);
  whole.open(session_of("scenarios/outage.lua"), "outage");
  whole.playback()->run_to(seconds_in(300));
  whole.playback()->wait();
  for (const double at : {3.2, 60.07, 61.5, 119.0, 200.0, 130.13}) {
    for (const auto& [panel, below] : {std::pair{"broker", "log"},
                                       {"connection", "plots"},
                                       {"packet", "machine"},
                                       {"topics", "plots"},
                                       {"network", "log"}}) {
      CAPTURE(at, panel, below);
      Headless other;
      gui::Application fresh(gui::dark_theme(), 1);
      fresh.open(session_of("scenarios/outage.lua"), "outage");
      fresh.playback()->run_to(seconds_in(at));
      fresh.playback()->wait();
      whole.look_at(seconds_in(at).ns());
      for (gui::Application* application : {&whole, &fresh}) {
        application->show(panel), application->show(below);
        application->select_last(Kind::mqtt_sent);
      }
      const auto now = of_the_instant(screen.settle(whole));
      const auto then = of_the_instant(other.settle(fresh));
      std::vector<std::string> only_now, only_then;
      std::set_difference(now.begin(), now.end(), then.begin(), then.end(), std::back_inserter(only_now));
      std::set_difference(then.begin(), then.end(), now.begin(), now.end(), std::back_inserter(only_then));
      CHECK(only_now == std::vector<std::string>{});
      CHECK(only_then == std::vector<std::string>{});
    }
  }
}

TEST_CASE("a fork keeps both branches, and what is done reaches the journal") {
  Headless screen;
  gui::Application application(gui::light_theme(), 1);
  application.open(session_of("scenarios/temperature.lua"), "temperature");
  application.playback()->run_to(seconds_in(30));
  application.playback()->wait();
  screen.settle(application);
  application.playback()->intervene(CutLink{"home-cloud"});
  application.playback()->intervene(CutLink{"home-clod"});
  application.playback()->wait();
  CHECK(application.playback()->status().interventions == 1);
  shows(screen.settle(application), "there is no link");
  application.look_at(seconds_in(20).ns());
  ImGui::GetIO().AddInputCharacter('k');
  screen.frame(application);
  application.playback()->wait();  // the fork is made on the first run's thread
  screen.frame(application);
  REQUIRE(application.runs() == 2);
  const std::string text = screen.settle(application);
  shows(text, "temperature from 20");
  shows(text, "20.000000 s");
  CHECK(application.playback()->status().interventions == 0);
}

TEST_CASE("every run has panels of its own") {
  for (const char* const panel : {"log", "topics", "plots", "machine", "journey", "broker"}) {
    CAPTURE(panel);
    Headless screen;
    gui::Application application(gui::dark_theme(), 1);
    application.open(session_of("scenarios/nightlight.lua"), "nightlight");
    application.playback()->run_to(seconds_in(60));
    application.playback()->wait();
    application.show(panel);
    screen.settle(application);
    application.look_at(seconds_in(20).ns());
    ImGui::GetIO().AddInputCharacter('k');
    screen.frame(application);
    application.playback()->wait();
    const std::string forked = screen.settle(application);
    REQUIRE(application.runs() == 2);
    shows(forked, "2 of 2: nightlight from 20.000 s");
    // The fork, which is an earlier and shorter run, shows what a fresh run to that instant shows.
    Headless other;
    gui::Application fresh(gui::dark_theme(), 1);
    fresh.open(session_of("scenarios/nightlight.lua"), "nightlight");
    fresh.playback()->run_to(seconds_in(20));
    fresh.playback()->wait();
    fresh.show(panel);
    const auto lines = [&](const std::string& text) {
      std::multiset<std::string> kept;
      for (const std::string& line : of_the_instant(text)) {
        if (line.find("nightlight from") == std::string::npos && line != "nightlight" && !line.starts_with("All runs"))
          kept.insert(line);
      }
      return kept;
    };
    const auto now = lines(forked);
    const auto then = lines(other.settle(fresh));
    std::vector<std::string> differ;
    std::set_symmetric_difference(now.begin(), now.end(), then.begin(), then.end(), std::back_inserter(differ));
    CHECK(differ == std::vector<std::string>{"space play   m . s step   k fork   ? all keys"});
    ImGui::SetCurrentContext(screen.context);
    ImGui::GetIO().AddInputCharacter('r');
    shows(screen.settle(application), "1 of 2: nightlight");
  }
}

TEST_CASE("what is not lost is not drawn as lost, and numbers are those of the whole trace") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(0.15));
  application.playback()->wait();
  const std::string early = screen.settle(application);
  CHECK(early.find("\nnone\n") == std::string::npos);
  SessionSetup setup;
  setup.path = "many.lua";
  setup.source =
      "duration('2min') local hub, home = broker('hub'), router('home') link(home, hub, { delay = '20ms' }) "
      "for i = 1, 300 do device('d' .. i, { on = home }, function(self) local c = self:mqtt() c:connect(hub) "
      "while true do c:publish('t', 'x') sleep('1s') end end) end";
  auto session = Session::begin(setup);
  REQUIRE(session);
  application.open(std::move(*session), "many");
  application.show("plots");
  application.playback()->run_to(seconds_in(100));
  application.playback()->wait();
  double published = 0;
  application.playback()->ask([&](Session& s) { published = metric_of(s.script(), "published"); });
  application.playback()->wait();
  CHECK(published > 29'000);
  shows(screen.settle(application), std::to_string(static_cast<int>(published)));
}

TEST_CASE("a session that is stored with nothing in it is still a session") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/outage.lua"), "outage");
  application.playback()->run_to(seconds_in(200));
  application.playback()->wait();
  application.show("broker");
  shows(screen.settle(application), "4 sessions");
  CHECK(screen.has("stored, persistent"));
}

TEST_CASE("a narrow window keeps everything within reach") {
  Headless screen(1280, 800);
  gui::Application application(gui::dark_theme(), 1.5f);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  std::string text = screen.settle(application);
  for (const char* const part : {"Touch", "Packet", "TCP", "seed 1", "1x"}) shows(text, part);
  application.show("control");
  shows(screen.settle(application), "Touch the world");
}

TEST_CASE("a run goes on until a condition holds, and a wrong one is said") {
  gui::Playback playback(session_of("scenarios/outage.lua"));
  playback.run_until("retransmissions >= 3");
  playback.wait();
  const Instant first = playback.status().now;
  CHECK(playback.status().problem.empty());
  CHECK(first > Instant());
  CHECK(first < playback.status().end);
  // The same instant as in a run that is stepped event by event.
  const auto plain = session_of("scenarios/outage.lua");
  while (metric_of(plain->script(), "retransmissions") < 3) REQUIRE(plain->run(plain->end(), 1));
  CHECK(plain->now() == first);
  CHECK(plain->world().executed() == playback.status().events);
  playback.run_until("now() > 100 and queue_of('home>hub') == 0 and queue == 0");
  playback.wait();
  CHECK(playback.status().now > seconds_in(100));
  for (const auto& [wrong, said] : {std::pair{"willz > 0", "did you mean \"wills\""},
                                    {"since.losd > 0", "did you mean \"lost\""},
                                    {"1 +", "syntax"},
                                    {"queue_of('x') > 1", "there is no direction of a link"},
                                    {"2 ^ 3", "math.pow"}}) {
    playback.run_until(wrong);
    playback.wait();
    const std::string problem = playback.status().problem;
    CAPTURE(wrong, problem);
    CHECK((problem.find(said) != std::string::npos || (std::string(said) == "syntax" && !problem.empty())));
  }
  // It cannot change what the scenario uses.
  playback.run_until("(function() math.floor = nil math.pi = 3 end)() or now() > 150");
  playback.wait();
  CHECK(playback.status().problem.empty());
  playback.run_until("math.random() > 2");
  playback.wait();
  CHECK(!playback.status().problem.empty());
  // Since the condition was set: those that came before do not count.
  const auto retransmissions = [&] {
    double count = 0;
    playback.ask([&](Session& session) { count = metric_of(session.script(), "retransmissions"); });
    playback.wait();
    return count;
  };
  const double before = retransmissions();
  CHECK(before >= 3);
  playback.run_until("since.retransmissions >= 2");
  playback.wait();
  CHECK(playback.status().problem.empty());
  CHECK(retransmissions() == before + 2);
  // Asking changed nothing: the run is that of the command line.
  playback.play(0);
  while (!playback.status().ended) std::this_thread::yield();
  playback.wait();
  REQUIRE(plain->run(plain->end(), ~std::uint64_t{0}));
  CHECK(playback.status().digest == plain->world().trace().digest().everything);
}

TEST_CASE("the start page shows every scenario with its question, and opens the one that is clicked") {
  Headless screen;
  gui::Application application(gui::light_theme(), 1);
  application.set_scenarios("scenarios");
  std::string text = screen.settle(application);
  for (const char* const part : {"What would you like to see?", "home", "last_will", "links", "nat", "nightlight",
                                 "temperature", "topics", "qos", "outage", "small_stack"})
    shows(text, part);
  screen.click(application, 260, 300);
  shows(screen.settle(application), "laptop");  // of the first card, classroom
  CHECK(application.runs() == 1);
  ImGui::GetIO().AddInputCharacter('?');
  screen.frame(application);
  shows(screen.settle(application), "its controls, press");
  application.open_file("no/such.lua");
  shows(screen.settle(application), "No such file");
}

TEST_CASE("handshakes, sessions, topics and plots show what the trace says") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(2.12));
  application.playback()->wait();
  application.show("machine");
  std::string text = screen.settle(application);
  for (const char* const part : {"Select a PUBLISH", "The sender of QoS 1", "The sender of QoS 2"}) shows(text, part);
  application.select_last(Kind::mqtt_sent);
  text = screen.settle(application);
  for (const char* const part : {"waits for", "PUBREC", "PUBCOMP", "complete", "packet identifier 1",
                                 "Sender: publisher2/mqtt", "Receiver: nothing yet"})
    shows(text, part);
  application.playback()->run_to(seconds_in(2.2));
  application.playback()->wait();
  text = screen.settle(application);
  for (const char* const part : {"Receiver: hub/", "keeps the id,", "released"}) shows(text, part);
  screen.click(application, 1010, 602);  // "Session"
  text = screen.settle(application);
  for (const char* const part :
       {"The session hub/publisher2", "no session", "stored", "CONNECT, clean session 1", "the connection ends"})
    shows(text, part);
  application.show("topics");
  application.show("plots");
  application.playback()->run_to(seconds_in(60));
  application.playback()->wait();
  text = screen.settle(application);
  for (const char* const part : {"qos/", "message ", "published", "packets_dropped", "retransmissions", "latency_p95"})
    shows(text, part);
}

TEST_CASE("the sequence shows timers, and the broker the path of the selected message") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(30.3));
  application.playback()->wait();
  application.select_last(Kind::mqtt_sent);
  application.show("broker");
  const std::string text = screen.settle(application);
  for (const char* const part :
       {"probe", "keep alive", "Subscriptions", "is selected by 1 subscription", "of 90.0 s", "telemetry"})
    shows(text, part);
}

TEST_CASE("a time-out that runs is a bar of its own") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/outage.lua"), "outage");
  application.playback()->run_to(seconds_in(62.5));  // in the cut: the probe has gone, the time-out runs
  application.playback()->wait();
  shows(screen.settle(application), "\nRTO\n");
}

TEST_CASE("steps go to and fro, and keys reach nodes, cables, packets and what can be done") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(20));
  application.playback()->wait();
  screen.settle(application);
  const auto type = [&](char c) {
    ImGui::GetIO().AddInputCharacter(static_cast<unsigned>(c));
    screen.frame(application);
    application.playback()->wait();
    return screen.settle(application);
  };
  const auto shown = [&] { return application.shown_at(); };
  // Back by events: every instant at which something happened, one after the other.
  std::vector<std::int64_t> instants;
  {
    const TraceStore::Reader reader(*application.playback()->store());
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      if (instants.empty() || instants.back() != reader.record(n).at) instants.push_back(reader.record(n).at);
    }
  }
  for (int i = 1; i <= 40; ++i) {
    type(',');
    const auto place = instants.end() - i - (instants.back() == seconds_in(20).ns() ? 1 : 0);
    REQUIRE(shown() == *place);
  }
  const std::int64_t back = shown();
  type('.');
  CHECK(shown() > back);
  type(',');
  CHECK(shown() == back);
  for (const auto& [on, before] : {std::pair{'p', 'P'}, {'m', 'M'}, {'s', 'S'}}) {
    const std::int64_t from = shown();
    type(before);
    const std::int64_t earlier = shown();
    CHECK(earlier < from);
    type(on);
    CHECK(shown() > earlier);
  }
  // Forward from the newest stop is the newest instant, where the run goes on.
  for (int i = 0; i < 20; ++i) type('s');
  CHECK(shown() >= seconds_in(20).ns());
  // Keys choose what the mouse would.
  type('n');
  const EntityId first = application.selection().node;
  CHECK(first != 0);
  type('n');
  CHECK(application.selection().node != first);
  type('N');
  CHECK(application.selection().node == first);
  shows(type('a'), "Pull the plug");
  CHECK(ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel));
  screen.click(application, 700, 120);  // beside it
  type('c');
  CHECK(application.selection().link != 0);
  CHECK(application.selection().node == 0);
  application.look_at(seconds_in(2.11).ns());
  screen.settle(application);
  type('t');
  CHECK(application.selection().packet != 0);
}

TEST_CASE("layers that are switched off leave the packets to those below") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(2.113));
  application.playback()->wait();
  std::string text = screen.settle(application);
  shows(text, "PUBLISH q2 m1");
  const std::size_t named = count_of(text, "\nPUBLISH q2 m1\n");  // on the canvas and in the sequence
  const float y = 900 - 330 - 28 - 24;
  const float right = 1440 - 360 - 16;
  screen.click(application, right - 250, y);  // MQTT
  text = screen.settle(application);
  shows(text, "ACK, 20 bytes");
  CHECK(count_of(text, "\nPUBLISH q2 m1\n") < named);
  screen.click(application, right - 176, y);  // TCP
  shows(screen.settle(application), "72 bytes");
}

TEST_CASE("every table can be written, and what cannot be written is said") {
  const std::string folder = std::filesystem::temp_directory_path() / ("wirelab-files-" + std::to_string(getpid()));
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(19.5));
  application.playback()->wait();
  application.playback()->intervene(CutLink{"home-hub"});
  application.playback()->run_to(seconds_in(20));
  application.playback()->wait();
  application.select_last(Kind::mqtt_sent);
  screen.settle(application);
  const std::string source = file_text("scenarios/qos.lua");
  const WorkingFolder there(folder);
  for (const char* const id : {"plots", "log", "packet", "journey", "broker", "topics", "connection"}) {
    CAPTURE(id);
    application.write_table_of(id);
    screen.frame(application);
    const std::string said = screen.finish(application);
    shows(said, std::string("Written: qos-") + id + ".csv");
    const std::string csv = file_text(std::string("qos-") + id + ".csv");
    CHECK(csv.find("\r\n") != std::string::npos);
    // As many fields in each line, quotes apart.
    std::size_t fields = 0;
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);) {
      std::size_t count = 1;
      bool quoted = false;
      for (const char c : line) {
        if (c == '"') quoted = !quoted;
        count += c == ',' && !quoted ? 1 : 0;
      }
      if (fields == 0) fields = count;
      CHECK(count == fields);
    }
  }
  // The session: the scenario and its journal, which give the same digest again.
  screen.click(application, 1368, 26);
  application.playback()->wait();
  shows(screen.settle(application), "wirelab run qos-session.lua --journal qos-session.jsonl");
  CHECK(file_text("qos-session.lua") == source);
  SessionSetup setup;
  setup.path = "qos-session.lua";
  setup.source = file_text("qos-session.lua");
  const auto journal = parse_journal(file_text("qos-session.jsonl"));
  REQUIRE(journal);
  CHECK(journal->entries.size() == 1);
  setup.seed = journal->seed;
  const auto again = Session::replay(setup, journal->entries, seconds_in(20));
  REQUIRE(again);
  CHECK((*again)->world().trace().digest().everything == application.playback()->status().digest);
  // No room: nothing half-written stays, and the window says what the system says.
  for (const auto& entry : std::filesystem::directory_iterator(folder)) std::filesystem::remove(entry.path());
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_FSIZE, &none);
  screen.click(application, 1368, 26);
  application.playback()->wait();
  const std::string saved = screen.settle(application);
  application.write_table_of("log");
  screen.frame(application);
  const std::string written = screen.finish(application);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  shows(saved, "qos-session.lua: File too large");
  shows(written, "qos-log.csv: File too large");
  CHECK(std::filesystem::is_empty(folder));
}

TEST_CASE("a table is text that a spreadsheet reads as it is") {
  const gui::Table table{{"a", "b"}, {{"1.5", "say \"x\", y"}, {"-3e2", "=1+1"}, {"", "two\nlines"}}};
  CHECK(gui::csv_of(table) == "\"a\",\"b\"\r\n1.5,\"say \"\"x\"\", y\"\r\n-3e2,\"'=1+1\"\r\n\"\",\"two\nlines\"\r\n");
}

TEST_CASE("what is remembered is read back, and a damaged file is as none") {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("wirelab-remembered-" + std::to_string(getpid()));
  const std::string path = folder + "/a/gui.json";
  CHECK(gui::read_remembered(path) == gui::Remembered{});
  gui::Remembered some;
  some.theme = "light";
  some.scale = 1.25f;
  some.left = 310, some.right = 400, some.bottom = 300;
  some.width = 1600, some.height = 1000;
  some.bottom_view = "log", some.right_view = "broker";
  for (int i = 0; i < 20; ++i) some.note_places("/x/" + std::to_string(i) + ".lua", {{"hub", {1.5f, -20}}});
  some.note_places("/x/9.lua", {});
  CHECK(some.places.size() == 11);
  CHECK(some.places_of("/x/19.lua") == gui::Places{{"hub", {1.5f, -20}}});
  CHECK(some.places_of("/x/9.lua").empty());
  for (int i = 0; i < 20; ++i) some.note_file("/x/" + std::to_string(i % 15) + ".lua");
  CHECK(some.recent.size() == 12);
  CHECK(some.recent.front() == "/x/4.lua");
  REQUIRE(gui::write_remembered(path, some));
  CHECK(gui::read_remembered(path) == some);
  for (const char* const damaged :
       {"", "[]", "{\"left\":\"x\",\"recent\":5}", "{\"theme\":7", "{\"scale\":1e99,\"left\":-5,\"right\":null}",
        "{\"places\":[5,{\"scenario\":\"x\",\"nodes\":{\"a\":[1],\"b\":\"c\"}}],\"width\":-3}"}) {
    REQUIRE(write_file(path, damaged));
    const gui::Remembered read = gui::read_remembered(path);
    CHECK(read.left >= 240);
    CHECK(read.scale <= 3);
    CHECK(read.width >= 0);
    CHECK(read.places_of("x").empty());
    CHECK(read.recent.empty());
  }
  CHECK_FALSE(gui::write_remembered("/proc/no/gui.json", some));
  std::filesystem::remove_all(folder);
}

TEST_CASE("bookmarks are kept and gone to, two runs stand side by side, and files are written whole") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/temperature.lua"), "one");
  application.open(session_of("scenarios/nightlight.lua"), "two");
  application.playback()->run_to(seconds_in(20));
  application.playback()->wait();
  screen.settle(application);
  const auto type = [&](char c) {
    ImGui::GetIO().AddInputCharacter(static_cast<unsigned>(c));
    return screen.settle(application);
  };
  type('b');
  application.look_at(seconds_in(5).ns());
  type('b');
  application.look_at(seconds_in(9).ns());
  shows(type('['), "5.000000 s");
  shows(type(']'), "20.000000 s");
  const std::string both = type('2');
  shows(both, "one, at 0.000 s");
  shows(both, "home");
  for (const gui::Export what : {gui::Export::capture, gui::Export::sequence, gui::Export::trace}) {
    std::string path;
    application.playback()->ask([&](Session& session) {
      const auto written = gui::export_run(session, what, "exported");
      path = written ? *written : "";
    });
    application.playback()->wait();
    REQUIRE(!path.empty());
    const std::string written = file_text(path);
    CHECK(written.size() > 500);
    std::filesystem::remove(path);
  }
}

TEST_CASE("clicks on the canvas select, and sizes and scales from small to large are drawn") {
  for (const auto& [width, height, scale] : {std::tuple{1000.0f, 640.0f, 0.75f},
                                             {1280.0f, 800.0f, 1.0f},
                                             {2880.0f, 1800.0f, 2.0f},
                                             {3840.0f, 2160.0f, 3.0f}}) {
    CAPTURE(width, scale);
    Headless screen(width, height);
    gui::Application application(gui::contrast_theme(), scale);
    application.open(session_of("scenarios/topics.lua"), "topics");
    application.playback()->run_to(seconds_in(12));
    application.playback()->wait();
    screen.settle(application);
    // Somewhere on the canvas stands a node: a walk over it finds one.
    for (float y = height * 0.1f; y < height * 0.5f && application.selection().node == 0; y += 18 * scale) {
      for (float x = width * 0.3f; x < width * 0.62f && application.selection().node == 0; x += 40 * scale)
        screen.click(application, x, y);
    }
    CHECK(application.selection().node != 0);
  }
}

TEST_CASE("no run, a failed run and a world without brokers are said, not crashed on") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  shows(screen.settle(application), "No run is open");
  SessionSetup setup;
  setup.path = "x.lua";
  setup.source =
      "duration('5s') local a, b = router('a'), router('b') link(a, b) device('d', { on = a }, function() sleep(1) "
      "error('on purpose') end)";
  auto session = Session::begin(setup);
  REQUIRE(session);
  application.open(std::move(*session), "x");
  application.playback()->play(0);
  while (!application.playback()->status().ended) std::this_thread::yield();
  application.show("broker");
  const std::string text = screen.settle(application);
  shows(text, "x.lua:1: on purpose");
  shows(text, "There is no broker");
}

TEST_CASE("a dropped packet is on the canvas with its reason, and its message's journey says so") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(32.2));
  application.playback()->wait();
  application.show("journey");
  application.select_last(Kind::packet_dropped);
  const std::string text = screen.settle(application);
  shows(text, "loss on the link");
  shows(text, "lost:");
  shows(text, "qos/2 from publisher2");
}

TEST_CASE("every scenario of the start page asks something that its card has room for") {
  for (const gui::ScenarioCard& card : gui::read_cards("scenarios")) {
    CAPTURE(card.name, card.question);
    CHECK(card.problem.empty());
    CHECK(card.question.find('?') != std::string::npos);
    CHECK(card.question.size() < 260);
  }
}
