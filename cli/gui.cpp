// wirelab gui: the front end in a window, or a picture of it.
#include <fmt/format.h>
#include <imgui.h>

#include <cstdio>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "gui/offscreen.hpp"
#include "gui/window.hpp"
#include "lab/course/lesson.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

struct GuiCommand {
  RunOptions options;
  std::string at, size, theme, screenshot, show, select, lesson, work = "wirelab-lessons";
  int scale = 100;
};

void choose(gui::Application& application, const std::string& what) {
  if (what == "message") application.select_last(Kind::mqtt_sent);
  if (what == "drop") application.select_last(Kind::packet_dropped);
  if (what == "packet") application.select_last(Kind::packet_transmitted);
}

// `lesson` is its folder, or nothing.
int picture(const GuiCommand& command, std::unique_ptr<Session> session, const std::string& lesson, Instant at,
            int width, int height, const gui::Theme& theme) {
  ImGui::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  auto screen = gui::Offscreen::create(width, height);
  if (!screen) return report({kBadInput, "--screenshot: " + screen.error()});
  tl::expected<void, std::string> wrote;
  {
    const ImVec2 size(static_cast<float>(width), static_cast<float>(height));
    const float wanted = static_cast<float>(command.scale) / 100;
    const float scale = gui::Application::fitting_scale(wanted, size);
    if (scale < wanted)
      fmt::print(stderr, "wirelab: {} % does not fit into {}x{}, which shows {:.0f} %\n", command.scale, width, height,
                 static_cast<double>(scale * 100));
    gui::Application application(theme, scale);
    application.set_scenarios(scenario_folder());
    application.set_lessons(lesson_folder(), command.work);
    if (session != nullptr) {
      application.open(std::move(session), command.options.scenario);
    } else if (!lesson.empty()) {
      application.open_lesson(lesson);
      while (application.is_moving() && application.runs() == 0)
        screen->draw([&] { application.frame(); }, theme.at(gui::Colour::panel));
    }
    if (application.playback() != nullptr) {
      application.playback()->run_to(at);
      application.playback()->wait();
    }
    if (!command.show.empty()) application.show(command.show);
    choose(application, command.select);
    // A few frames: the first lays out, the next ones read the trace to its end.
    int frames = 0;
    do {
      screen->draw([&] { application.frame(); }, theme.at(gui::Colour::panel));
    } while ((application.is_moving() || frames < 4) && ++frames < 2000);
    wrote = screen->write_png(command.screenshot);
  }
  { const auto gone = std::move(*screen); }
  ImGui::DestroyContext();
  return wrote ? kDone : report({kBadInput, command.screenshot + ": " + wrote.error()});
}

int show_it(const GuiCommand& command) {
  int width = 1440;
  int height = 900;
  const bool sized = !command.size.empty();
  if (sized && (std::sscanf(command.size.c_str(), "%dx%d", &width, &height) != 2 || width < 640 || height < 480 ||
                width > 7680 || height > 4320))
    return report({kBadInput, fmt::format("--size {}: write WIDTHxHEIGHT from 640x480 to 7680x4320, as in 1440x900",
                                          command.size)});
  const gui::Theme* theme = gui::find_theme(command.theme.empty() ? "dark" : command.theme);
  if (theme == nullptr)
    return report({kBadInput, fmt::format("--theme {}: there are dark, light and contrast", command.theme)});
  std::unique_ptr<Session> session;
  if (!command.options.scenario.empty()) {
    auto input = load_setup(command.options);
    if (!input) return report(input.error());
    // With a journal the session goes on where it was left: at its last entry.
    const bool replays = input->journal && !input->journal->entries.empty();
    auto begun =
        replays ? Session::replay(std::move(input->setup), input->journal->entries, input->journal->entries.back().at)
                : Session::begin(std::move(input->setup));
    if (!begun) return report({begun.error().limit ? kLimitReached : kBadInput, begun.error().text});
    session = std::move(*begun);
  }
  std::string lesson;
  if (!command.lesson.empty()) {
    const auto found = find_lesson(lesson_folder(), command.lesson);
    if (!found) return report({kBadInput, found.error()});
    lesson = found->folder;
  }
  Instant at = session == nullptr ? Instant() : session->end();
  if (!command.at.empty()) {
    const auto parsed = parse_duration(command.at);
    if (!parsed) return report({kBadInput, "--at: " + parsed.error()});
    at = Instant() + *parsed;
  }
  if (!command.screenshot.empty()) return picture(command, std::move(session), lesson, at, width, height, *theme);
  gui::WindowOptions options;
  options.width = sized ? width : 0;
  options.height = sized ? height : 0;
  options.scale = command.scale == 100 ? 0 : static_cast<float>(command.scale) / 100;
  options.theme = command.theme.empty() ? nullptr : theme;
  const auto shown = gui::run_window(options, [&](gui::Application& application) {
    application.set_scenarios(scenario_folder());
    application.set_lessons(lesson_folder(), command.work);
    if (session != nullptr) application.open(std::move(session), command.options.scenario);
    if (!lesson.empty()) application.open_lesson(lesson);
    if (!command.at.empty() && application.playback() != nullptr) application.playback()->run_to(at);
    if (!command.show.empty()) application.show(command.show);
    if (!command.select.empty() && application.playback() != nullptr) {
      application.playback()->wait();
      choose(application, command.select);
    }
  });
  if (shown) return kDone;
  return report(
      {kBadInput,
       fmt::format(
           "{}\nWithout a display: wirelab run {} runs it here, wirelab gui --screenshot FILE.png draws a picture.",
           shown.error(), command.options.scenario.empty() ? "temperature" : command.options.scenario)});
}

// What may be shown first: every panel with a tab.
std::vector<std::string> panels() {
  std::vector<std::string> ids;
  for (const gui::View& view : gui::make_views()) {
    if (view.place == gui::Place::bottom || view.place == gui::Place::right) ids.emplace_back(view.id);
  }
  return ids;
}

}  // namespace

void add_gui(CLI::App& app, Chosen& chosen) {
  auto command = std::make_shared<GuiCommand>();
  CLI::App* sub =
      app.add_subcommand("gui", "Open a scenario in the front end: play it, look into it, interfere with it");
  sub->add_option("SCENARIO", command->options.scenario,
                  "A .lua file, or the name of one in scenarios/; without one the start page shows them all");
  sub->add_option("--lesson", command->lesson, "A lesson, by its name or its folder")->excludes("SCENARIO");
  sub->add_option("--work", command->work, "The folder of your own files of lessons (default wirelab-lessons)");
  sub->add_option("--seed", command->options.seed, "What all chance is drawn from (default 1)")->check(whole_number());
  sub->add_option("--set", command->options.settings, "Set a parameter of the scenario: NAME=VALUE; may be repeated")
      ->take_all();
  sub->add_option("--journal", command->options.journal, "Go on with a saved session: its journal");
  sub->add_option("--at", command->at,
                  "Run to this instant first (a picture: the end, if it is left out; of a lesson the beginning)");
  sub->add_option("--size", command->size,
                  "Of the window or picture, in pixels (default 1440x900, or as the window was left)");
  sub->add_option("--theme", command->theme, "dark, light or contrast");
  sub->add_option("--scale", command->scale,
                  "Per cent of the usual size of all: 75 to 300, as far as the window has room")
      ->check(CLI::Range(75, 300));
  sub->add_option("--show", command->show, "The panel to begin with")->check(CLI::IsMember(panels()));
  sub->add_option("--select", command->select, "What to select: the last message, packet or drop")
      ->check(CLI::IsMember({"message", "packet", "drop"}));
  sub->add_option("--screenshot", command->screenshot, "Draw without a display into this PNG file, and end");
  sub->footer(
      "Examples:\n"
      "  wirelab gui nightlight\n"
      "  wirelab gui --lesson handshakes\n"
      "  wirelab gui qos --seed 3 --at 20s --screenshot qos.png --theme light\n");
  sub->callback([command, &chosen] { chosen = [command] { return show_it(*command); }; });
}

}  // namespace wirelab
