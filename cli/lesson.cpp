// wirelab lesson: list, show, run, check, watch, lint and new.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/course/new_lesson.hpp"
#include "lab/course/walk.hpp"
#include "lab/system/files.hpp"

namespace wirelab {
namespace {

struct LessonCommand {
  std::string name, work = "wirelab-lessons", submission;
  std::size_t seeds = 5;
  bool all = false;
};

WalkOptions options_here(bool only_text) {
  WalkOptions options;
  options.columns = std::min(terminal_columns(), 100);
  options.colour = colour_on_output();
  options.interactive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
  options.only_text = only_text;
  return options;
}

int list(const LessonCommand& command) {
  const auto folders = lesson_folders(lesson_folder());
  if (folders.empty()) return report({kBadInput, lesson_folder() + ": there are no lessons here"});
  fmt::print("{:<22} {:>4}  {:<40} {}\n", "lesson", "min", "title", "yours");
  for (const std::string& folder : folders) {
    const auto lesson = load_lesson(folder);
    if (!lesson) return report({kBadInput, lesson.error()});
    const auto progress = load_progress(command.work + "/" + lesson->id + "/progress.json");
    std::string state = progress && progress->done ? "done" : progress && !progress->lesson.empty() ? "begun" : "-";
    if (!progress) state = "damaged";
    fmt::print("{:<22} {:>4}  {:<40} {}\n", lesson->id, lesson->minutes, lesson->title, state);
  }
  return kDone;
}

int show_or_run(const LessonCommand& command, bool only_text) {
  const auto lesson = find_lesson(lesson_folder(), command.name);
  if (!lesson) return report({kBadInput, lesson.error()});
  const auto done = walk(*lesson, command.work, std::cin, std::cout, options_here(only_text));
  if (!done) return report({kBadInput, done.error()});
  return *done ? kDone : kCheckFailed;
}

// The verdicts, and how many are met; into the progress, where it is the learner's own file.
int check_once(const Lesson& lesson, const LessonCommand& command) {
  auto tasks = Tasks::load(lesson.tasks, lesson.folder + "/tasks.lua");
  if (!tasks) return report({kBadInput, tasks.error()});
  std::string path = command.submission, progress_path;
  if (path.empty()) {
    path = command.work + "/" + lesson.id + "/scenario.lua";
    progress_path = command.work + "/" + lesson.id + "/progress.json";
  }
  const auto source = read_file(path);
  if (!source)
    return report(
        {kBadInput, fmt::format("{}: {}; begin with: wirelab lesson run {}", path, source.error(), lesson.id)});
  const auto judged = judge(**tasks, *source, path, unseen_seeds(lesson, *source, command.seeds));
  if (!judged) return report({kBadInput, judged.error()});
  fmt::print("{}", verdict_text(*judged, std::min(terminal_columns(), 100)));
  if (!progress_path.empty()) {
    auto progress = load_progress(progress_path);
    if (!progress) return report({kBadInput, progress.error()});
    progress->lesson = lesson.id;
    note_judgement(*progress, *judged);
    if (const auto saved = save_progress(progress_path, *progress); !saved) return report({kBadInput, saved.error()});
  }
  return judged->met() ? kDone : kCheckFailed;
}

int judge_work(const LessonCommand& command) {
  const auto lesson = find_lesson(lesson_folder(), command.name);
  return lesson ? check_once(*lesson, command) : report({kBadInput, lesson.error()});
}

// Again whenever the file has changed, until all is met.
int watch(const LessonCommand& command) {
  const auto lesson = find_lesson(lesson_folder(), command.name);
  if (!lesson) return report({kBadInput, lesson.error()});
  const auto place = open_work_place(*lesson, command.work);
  if (!place) return report({kBadInput, place.error()});
  fmt::print("Watching {}; Ctrl-C ends it.\n", place->scenario);
  std::string seen;
  for (bool first = true;; first = false) {
    const auto source = read_file(place->scenario);
    if (source && (first || *source != seen)) {
      seen = *source;
      fmt::print("\n");
      const int status = check_once(*lesson, command);
      std::fflush(stdout);
      if (status == kDone) return kDone;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

int lint_lessons(const LessonCommand& command) {
  std::vector<std::string> folders;
  if (command.all) {
    folders = lesson_folders(lesson_folder());
  } else {
    const auto lesson = find_lesson(lesson_folder(), command.name);
    if (!lesson) return report({kBadInput, lesson.error()});
    folders = {lesson->folder};
  }
  bool good = true;
  for (const std::string& folder : folders) {
    const auto lesson = load_lesson(folder);
    if (!lesson) {
      fmt::print("{}\n", lesson.error());
      good = false;
      continue;
    }
    const auto wrong = lint(*lesson, command.seeds);
    for (const std::string& what : wrong) fmt::print("{}\n", what);
    if (wrong.empty())
      fmt::print("{}: its solution is accepted and {} wrong answers are rejected with their own words on {} seeds\n",
                 lesson->id, lesson->wrong.size(), command.seeds);
    good &= wrong.empty();
  }
  return good ? kDone : kCheckFailed;
}

}  // namespace

void add_lesson(CLI::App& app, Chosen& chosen) {
  CLI::App* sub = app.add_subcommand("lesson", "The lessons: list | show | run | check | watch | lint | new");
  sub->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, int (*act)(const LessonCommand&)) {
    auto command = std::make_shared<LessonCommand>();
    CLI::App* one = sub->add_subcommand(name, what);
    one->callback([command, act, &chosen] { chosen = [command, act] { return act(*command); }; });
    return std::pair{one, command};
  };
  const auto named = [](CLI::App* one, LessonCommand& command) {
    one->add_option("LESSON", command.name, "Its id, or a folder")->required();
  };
  const auto with_work = [](CLI::App* one, LessonCommand& command) {
    one->add_option("--work", command.work, "The folder of your own files (default wirelab-lessons)");
  };
  {
    auto [one, command] = add("list", "All lessons, and how far you are", list);
    with_work(one, *command);
  }
  {
    auto [one, command] =
        add("show", "The text of a lesson", [](const LessonCommand& c) { return show_or_run(c, true); });
    named(one, *command);
  }
  {
    auto [one, command] = add("run", "Work through a lesson in the terminal",
                              [](const LessonCommand& c) { return show_or_run(c, false); });
    named(one, *command), with_work(one, *command);
    one->footer("Example:\n  wirelab lesson run route-a-message\n");
  }
  for (const bool once : {true, false}) {
    auto [one, command] = once ? add("check", "Judge what you have made; exits 1 where something is not met", judge_work)
                               : add("watch", "Judge it again whenever the file is saved", watch);
    named(one, *command), with_work(one, *command);
    one->add_option("--seeds", command->seeds, "On how many seeds (default 5)")->check(CLI::Range(1, 1000));
    if (once) one->add_option("--file", command->submission, "A scenario to judge, as somebody handed it in");
  }
  {
    auto [one, command] = add("lint", "For teachers: what is wrong with a lesson", lint_lessons);
    command->seeds = 30;
    auto* name = one->add_option("LESSON", command->name, "Its id, or a folder");
    one->add_flag("--all", command->all, "All lessons")->excludes(name);
    one->add_option("--seeds", command->seeds, "On how many seeds (default 30)")->check(CLI::Range(1, 1000));
  }
  {
    auto [one, command] = add("new", "For teachers: a folder to begin with", [](const LessonCommand& c) {
      const auto made = make_lesson(c.name);
      if (!made) return report({kBadInput, made.error()});
      fmt::print("{}: edit its files, then: wirelab lesson lint {}\n", c.name, c.name);
      return kDone;
    });
    one->add_option("FOLDER", command->name, "The folder to make; its name becomes the lesson's id")->required();
  }
}

}  // namespace wirelab
