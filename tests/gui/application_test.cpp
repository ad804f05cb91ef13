// The panels over recorded runs: what they show is what the trace says, at any instant, and what is done reaches the journal.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "lab/system/files.hpp"
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

bool shows(const std::string& text, const std::string& part) {
  INFO(text << "\nwithout: " << part);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

// What depends on how the instant was come to, and not on the instant: the run's progress and the time strip.
std::multiset<std::string> of_the_instant(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.find("events") != std::string::npos || line.starts_with("w2-") || line == "Paused" ||
        line == "Looking back" || line == "At the end" || line.find("What you see has happened") != std::string::npos)
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
    for (const char* const panel : {"broker", "connection"}) {
      CAPTURE(at, panel);
      Headless other;
      gui::Application fresh(gui::dark_theme(), 1);
      fresh.open(session_of("scenarios/outage.lua"), "outage");
      fresh.playback()->run_to(seconds_in(at));
      fresh.playback()->wait();
      whole.look_at(seconds_in(at).ns());
      for (gui::Application* application : {&whole, &fresh}) application->show(panel), application->show("log");
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
  playback.run_until("now() > 100 and queue('home>hub') == 0");
  playback.wait();
  CHECK(playback.status().now > seconds_in(100));
  for (const auto& [wrong, said] : {std::pair{"willz > 0", "did you mean \"wills\""},
                                    {"1 +", "syntax"},
                                    {"queue('x') > 1", "there is no direction of a link"},
                                    {"2 ^ 3", "math.pow"}}) {
    playback.run_until(wrong);
    playback.wait();
    const std::string problem = playback.status().problem;
    CAPTURE(wrong, problem);
    CHECK((problem.find(said) != std::string::npos || (std::string(said) == "syntax" && !problem.empty())));
  }
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
  for (const char* const part : {"What would you like to see?", "nightlight", "temperature", "topics", "qos", "outage"})
    shows(text, part);
  screen.click(application, 260, 300);
  CHECK(application.runs() == 1);
  shows(screen.settle(application), "nightlight");
  ImGui::GetIO().AddInputCharacter('?');
  screen.frame(application);
  shows(screen.settle(application), "reach every control");
  application.open_file("no/such.lua");
  shows(screen.settle(application), "No such file");
}

TEST_CASE("handshakes, topics and plots show what the trace says") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(2.12));
  application.playback()->wait();
  application.select_last(Kind::mqtt_sent);
  application.show("machine");
  std::string text = screen.settle(application);
  for (const char* const part :
       {"waits for PUBACK", "waits for PUBREC", "waits for PUBCOMP", "complete", "packet identifier 1"})
    shows(text, part);
  application.show("topics");
  application.show("plots");
  application.playback()->run_to(seconds_in(60));
  application.playback()->wait();
  text = screen.settle(application);
  for (const char* const part : {"qos/", "message ", "published", "packets dropped", "sent again"}) shows(text, part);
}

TEST_CASE("what is remembered is read back, and a damaged file is as none") {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("wirelab-remembered-" + std::to_string(getpid()));
  const std::string path = folder + "/a/gui.json";
  CHECK(gui::read_remembered(path) == gui::Remembered{});
  gui::Remembered some{"light", 1.25f, 310, 400, 300, {}};
  for (int i = 0; i < 20; ++i) some.note_file("/x/" + std::to_string(i % 15) + ".lua");
  CHECK(some.recent.size() == 12);
  CHECK(some.recent.front() == "/x/4.lua");
  REQUIRE(gui::write_remembered(path, some));
  CHECK(gui::read_remembered(path) == some);
  for (const char* const damaged :
       {"", "[]", "{\"left\":\"x\",\"recent\":5}", "{\"theme\":7", "{\"scale\":1e99,\"left\":-5,\"right\":null}"}) {
    REQUIRE(write_file(path, damaged));
    const gui::Remembered read = gui::read_remembered(path);
    CHECK(read.left >= 240);
    CHECK(read.scale <= 3);
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
  for (const gui::Export what : {gui::Export::capture, gui::Export::sequence, gui::Export::trace, gui::Export::log,
                                 gui::Export::topology_picture, gui::Export::sequence_picture}) {
    std::string path;
    application.playback()->ask([&](Session& session) {
      const auto written = gui::export_run(session, what);
      path = written ? *written : "";
    });
    application.playback()->wait();
    REQUIRE(!path.empty());
    const std::string written = file_text(path);
    CHECK(written.size() > 500);
    if (path.ends_with(".svg")) {
      CHECK(written.starts_with("<svg xmlns="));
      CHECK(written.ends_with("</svg>\n"));
      shows(written, "nightlight");
    }
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
