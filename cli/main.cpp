// The wirelab command. Without a subcommand it runs the first scenario.
#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/course/lesson.hpp"
#include "lab/system/memory.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/version.hpp"

namespace {

// CLI11 says that an argument was not expected; we say which command was meant.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands(nullptr)) names.push_back(sub->get_name());
  for (const std::string& name : names) {
    if (name == argv[1]) {
      std::vector<std::string> options;
      const CLI::App* sub = app.get_subcommand(name);
      std::vector<std::string_view> below;
      for (const CLI::App* one : sub->get_subcommands(nullptr)) below.push_back(one->get_name());
      if (!below.empty() && (argc < 3 || std::find(below.begin(), below.end(), argv[2]) == below.end())) {
        std::string text = argc < 3 ? name + " needs a word behind it" : name + " knows no \"" + argv[2] + "\"";
        const std::string_view near = argc < 3 ? std::string_view{} : wirelab::nearest(argv[2], below);
        if (!near.empty()) return text + ": did you mean \"" + std::string(near) + "\"?";
        text += ":";
        for (const std::string_view word : below) text += " " + std::string(word);
        return text;
      }
      for (const CLI::Option* option : sub->get_options()) {
        for (const std::string& word : option->get_lnames()) options.push_back("--" + word);
      }
      for (int i = 2; i < argc; ++i) {
        const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
        if (!word.starts_with("--") || std::find(options.begin(), options.end(), word) != options.end()) continue;
        const std::vector<std::string_view> known(options.begin(), options.end());
        const std::string_view near = wirelab::nearest(word, known);
        return "unknown option " + word + (near.empty() ? "" : ": did you mean " + std::string(near) + "?");
      }
      return {};
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = wirelab::nearest(argv[1], views);
  return std::string("there is no command \"") + argv[1] + "\"" +
         (near.empty() ? "" : ": did you mean \"" + std::string(near) + "\"?");
}

}  // namespace

int main(int argc, char** argv) {
  wirelab::take_memory_in_large_steps();
  std::setlocale(LC_ALL, "C");
  CLI::App app("Wirelab: a deterministic network simulator and teaching sandbox for IoT messaging", "wirelab");
  app.set_version_flag("--version", "wirelab " + std::string(wirelab::kVersion));
  app.footer(
      "Examples:\n"
      "  wirelab run scenarios/temperature.lua --seed 7\n"
      "  wirelab journey temperature --topic sensors/temperature --nth 5\n"
      "  wirelab run qos --pcap run.pcapng     then open run.pcapng in Wireshark\n"
      "\nwirelab COMMAND --help says more of each.\n"
      "Exit status: 0 done, 1 a check failed, 2 bad usage or input, 3 a limit was reached.");
  app.require_subcommand(0, 1);
  wirelab::Chosen chosen;
  wirelab::add_run(app, chosen);
  wirelab::add_journey(app, chosen);
  wirelab::add_diff(app, chosen);
  wirelab::add_metrics(app, chosen);
  wirelab::add_sweep(app, chosen);
  wirelab::add_merge(app, chosen);
  wirelab::add_plot(app, chosen);
  wirelab::add_lesson(app, chosen);
  wirelab::add_bench(app, chosen);
  wirelab::add_validate(app, chosen);
  wirelab::add_torture(app, chosen);
#ifdef WIRELAB_HAS_LIVE
  wirelab::add_serve(app, chosen);
#endif
#ifdef WIRELAB_HAS_GUI
  wirelab::add_gui(app, chosen);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return wirelab::kDone;
      std::perror("wirelab: standard output");
      return wirelab::kBadInput;
    }
    const std::string better = suggestion(app, argc, argv);
    std::fprintf(stderr, "wirelab: %s\nwirelab --help lists what there is.\n",
                 better.empty() ? error.what() : better.c_str());
    return wirelab::kBadInput;
  }
  if (!chosen) {
    // The main job: the front end with the first lesson where there is a display, a scenario in the terminal where there is none.
    const auto lessons = wirelab::lesson_folders(wirelab::lesson_folder());
    const std::string lesson = lessons.empty() ? "" : lessons.front();
    std::vector<const char*> arguments{"wirelab", "run", "temperature"};
#ifdef WIRELAB_HAS_GUI
    const bool display = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
#else
    const bool display = false;
#endif
    if (display) {
      arguments = {"wirelab", "gui", lesson.empty() ? "temperature" : "--lesson"};
      if (!lesson.empty()) arguments.push_back(lesson.c_str());
    } else {
      std::fputs(
          "There is no display: running scenarios/temperature.lua in the terminal. wirelab --help lists what there "
          "is.\n\n",
          stderr);
    }
    app.clear();
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  }
  const int status = chosen();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::perror("wirelab: standard output");
    return wirelab::kBadInput;
  }
  return status;
}
