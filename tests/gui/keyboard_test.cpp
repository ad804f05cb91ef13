// By the keyboard alone: panes and controls are reached, and keys do one thing at a time.
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

TEST_CASE("a scenario is chosen and opened by keys alone") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.set_scenarios("scenarios");
  screen.settle(application);
  screen.press(application, ImGuiKey_Tab);
  screen.press(application, ImGuiKey_RightArrow);
  screen.press(application, ImGuiKey_Enter);
  screen.finish(application);
  REQUIRE(application.runs() == 1);
  CHECK(screen.has("neighbour"));  // of the second card, eavesdropper
}

TEST_CASE("arrows and space are for playing, until tab gives them to the controls") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(30));
  application.playback()->wait();
  screen.settle(application);
  screen.press(application, ImGuiKey_LeftArrow);
  CHECK(screen.has("Looking back"));
  const std::int64_t before = application.shown_at();
  CHECK(before < seconds_in(30).ns());
  // To the left pane, past the canvas, to the lower one: the arrows choose among its tabs, and time stands still.
  for (int i = 0; i < 3; ++i) screen.press(application, ImGuiKey_Tab);
  screen.press(application, ImGuiKey_RightArrow);
  screen.press(application, ImGuiKey_Enter);
  CHECK(application.shown_at() == before);
  CHECK(application.remembered().bottom_view == "machine");
  screen.press(application, ImGuiKey_RightArrow);
  screen.press(application, ImGuiKey_Space);
  CHECK(application.remembered().bottom_view == "plots");
  CHECK_FALSE(application.playback()->status().playing);
  screen.press(application, ImGuiKey_Escape);
  screen.press(application, ImGuiKey_LeftArrow);
  CHECK(application.shown_at() < before);
}

TEST_CASE("space shows again what has happened, at the chosen speed, and goes on at its end") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/nightlight.lua"), "nightlight");
  application.playback()->run_to(seconds_in(10));
  application.playback()->wait();
  application.look_at(seconds_in(4).ns());
  screen.frame(application);
  ImGui::GetIO().KeysDown[ImGui::GetIO().KeyMap[ImGuiKey_Space]] = true;
  screen.frame(application);
  ImGui::GetIO().KeysDown[ImGui::GetIO().KeyMap[ImGuiKey_Space]] = false;
  for (int i = 0; i < 60; ++i) screen.frame(application);  // a second of sixty frames
  CHECK(screen.has("Showing again"));
  CHECK(application.shown_at() == Approx(5e9).margin(1e8));
  CHECK_FALSE(application.playback()->status().playing);
  for (int i = 0; i < 330; ++i) screen.frame(application);
  CHECK(screen.has("Running"));
  application.playback()->pause();
  application.playback()->wait();
}

TEST_CASE("keys go through packets of every kind, and through the whole run") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/names.lua"), "names");
  application.playback()->run_to(seconds_in(40));
  application.playback()->wait();
  screen.settle(application);
  screen.type(application, "0");
  CHECK(application.shown_at() == 0);
  // All that goes onto a link by then, one after the other, those without MQTT too; and back again.
  const auto flights_of = [&] {
    const TraceStore::Reader reader(*application.playback()->store());
    std::vector<std::pair<std::int64_t, BlobNumber>> all;
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind == Kind::packet_transmitted) all.emplace_back(r.at, r.key);
    }
    return all;
  };
  const auto flights = flights_of();
  REQUIRE(flights.size() > 12);
  std::vector<std::pair<std::int64_t, BlobNumber>> visited;
  for (int i = 0; i < 12; ++i) {
    screen.type(application, "y");
    visited.emplace_back(application.shown_at(), application.selection().packet);
  }
  CHECK(visited == std::vector(flights.begin(), flights.begin() + 12));
  screen.type(application, "Y");
  CHECK(application.selection().packet == flights[10].second);
  CHECK(application.selection().link != 0);
  screen.type(application, "}");
  CHECK(application.shown_at() == flights[10].first + seconds_in(2).ns());
  screen.type(application, "{");
  CHECK(application.shown_at() == flights[10].first);
  screen.type(application, "l");
  CHECK(application.shown_at() == seconds_in(40).ns());
}

TEST_CASE("left and right come to every control packet, also to those of one instant") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.playback()->run_to(seconds_in(2.5));
  application.playback()->wait();
  screen.settle(application);
  std::vector<RecordNumber> all, back, again;
  {
    const TraceStore::Reader reader(*application.playback()->store());
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      if (reader.record(n).kind == Kind::mqtt_sent) all.push_back(n);
    }
  }
  REQUIRE(all.size() > 10);
  for (std::size_t i = 0; i < all.size(); ++i) {
    screen.press(application, ImGuiKey_LeftArrow);
    back.push_back(application.selection().exchange);
  }
  CHECK(back == std::vector<RecordNumber>(all.rbegin(), all.rend()));
  for (std::size_t i = 1; i < all.size(); ++i) {
    screen.press(application, ImGuiKey_RightArrow);
    again.push_back(application.selection().exchange);
  }
  CHECK(again == std::vector<RecordNumber>(all.begin() + 1, all.end()));
}

TEST_CASE("the sheet of keys is whole in every window") {
  for (const auto& [width, height, scale] :
       {std::tuple{1440.0f, 900.0f, 1.0f}, {1280.0f, 800.0f, 1.25f}, {1440.0f, 900.0f, 1.7f}}) {
    CAPTURE(width, scale);
    Headless screen(width, height);
    gui::Application application(gui::dark_theme(), gui::Application::fitting_scale(scale, {width, height}));
    screen.settle(application);
    screen.type(application, "?");
    const auto inside = [&](const char* text) {
      const ImVec2 at = screen.where(text);
      CHECK(at.x > 0);
      CHECK(at.x < width);
      CHECK(at.y > 10);
      CHECK(at.y < height - 10);
    };
    inside("space");
    inside("this sheet");
    inside("Keys");
  }
}

TEST_CASE("a scale that does not fit into the window is told, and by how much") {
  Headless screen(1280, 800);
  gui::Application application(gui::dark_theme(), 1);
  application.set_scale(3);
  REQUIRE(application.apply_scale());
  screen.settle(application);
  CHECK(screen.has("300 % does not fit into this window, which shows 151 %"));
}

TEST_CASE("two runs side by side are played together, and only one has the keys") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  for (const std::uint64_t seed : {1, 2}) application.open(session_of("scenarios/nightlight.lua", seed), "seed");
  screen.type(application, "2");
  gui::Playback* const second = application.playback();
  screen.type(application, "r");
  gui::Playback* const first = application.playback();
  REQUIRE(first != second);
  ImGui::GetIO().KeysDown[ImGui::GetIO().KeyMap[ImGuiKey_Space]] = true;
  screen.frame(application);
  ImGui::GetIO().KeysDown[ImGui::GetIO().KeyMap[ImGuiKey_Space]] = false;
  CHECK(first->status().playing);
  CHECK(second->status().playing);
  for (gui::Playback* each : {first, second}) each->pause(), each->wait();
  screen.type(application, "na");
  CHECK(screen.has("Pull the plug"));
  CHECK_FALSE(screen.has("looking back:"));
}
