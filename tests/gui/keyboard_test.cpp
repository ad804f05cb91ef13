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
  CHECK(screen.has("last_will"));  // the second card
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
