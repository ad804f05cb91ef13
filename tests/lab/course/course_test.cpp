// Lessons as files: what is read, what is wrong with one, and how a page looks in a terminal.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "lab/course/judge.hpp"
#include "lab/course/new_lesson.hpp"
#include "lab/course/page.hpp"
#include "lab/course/progress.hpp"
#include "lab/course/walk.hpp"
#include "lab/system/files.hpp"

using namespace wirelab;

namespace {

namespace fs = std::filesystem;

// A lesson in a folder of its own, as `wirelab lesson new` makes it.
struct Folder {
  std::string path = (fs::temp_directory_path() / ("wirelab-course-test-" + std::to_string(getpid()))).string();
  Folder() {
    fs::remove_all(path);
    REQUIRE(make_lesson(path));
  }
  ~Folder() { fs::remove_all(path); }
  std::string read(const std::string& name) const { return *read_file(path + "/" + name); }
  void change(const std::string& name, const std::string& what, const std::string& by) const {
    std::string text = read(name);
    REQUIRE(text.find(what) != std::string::npos);
    REQUIRE(write_file(path + "/" + name, text.replace(text.find(what), what.size(), by)));
  }
  std::string error() const {
    const auto lesson = load_lesson(path);
    return lesson ? "" : lesson.error().substr(path.size());
  }
  std::string linted() const {
    const auto lesson = load_lesson(path);
    REQUIRE(lesson);
    std::string all;
    for (const std::string& line : lint(*lesson, 3)) all += line + "\n";
    return all;
  }
};

}  // namespace

TEST_CASE("what lesson new makes is a whole lesson without a fault") {
  const Folder folder;
  CHECK(folder.linted().empty());
  CHECK(make_lesson(folder.path).error() == folder.path + ": there is something of that name already");
}

TEST_CASE("what is wrong with a page is told with its line") {
  const auto told = [](const std::string& what, const std::string& by) {
    const Folder folder;
    folder.change("lesson.md", what, by);
    return folder.error();
  };
  CHECK(told("---\n", "***\n") == "/lesson.md:1: a lesson begins with its front matter: write --- here");
  CHECK(told("minutes: 5", "minutes: soon") == "/lesson.md:4: \"soon\" is no whole number");
  CHECK(told("title:", "titel:") == "/lesson.md:3: \"titel\" is not known here: did you mean \"title\"?");
  CHECK(told("{edit}", "{edti}") == "/lesson.md:19: {edti} is not known here: did you mean {edit}?");
  CHECK(told("{predict heard}", "{predict}") == "/lesson.md:14: {predict} needs a name of tasks.lua behind it");
  CHECK(told("sources:\n", "") != "");
  const Folder folder;
  folder.change("wrong/publishes.lua", "-- feedback: ", "-- ");
  CHECK(folder.error().find("/wrong/publishes.lua:1: a wrong answer begins with") == 0);
}

TEST_CASE("lint finds what a teacher may get wrong") {
  const auto told = [](const std::string& file, const std::string& what, const std::string& by) {
    const Folder folder;
    folder.change(file, what, by);
    return folder.linted();
  };
  using Catch::Contains;
  // A check that is met with no work done.
  CHECK_THAT(told("tasks.lua", "heard > 0 and", "true or"), Contains("is met with no work done"));
  CHECK_THAT(told("solution/scenario.lua", "subscribe(\"temperature\")", "subscribe(\"humidity\")"),
             Contains("check \"subscribed\" does not accept it under seed"));
  CHECK_THAT(told("wrong/publishes.lua", "publish(\"please\", \"temperature\")", "subscribe(\"temperature\")"),
             Contains("wrong/publishes.lua: it is accepted under seed"));
  CHECK_THAT(told("wrong/publishes.lua", "and does not subscribe", "and sleeps"), Contains("not with its own feedback"));
  CHECK_THAT(told("lesson.md", "{{published}}", "{{publishd}}"), Contains("there is no figure \"publishd\""));
  CHECK_THAT(told("lesson.md", "{quiz who}", ""), Contains("quiz \"who\" stands nowhere in lesson.md"));
  CHECK_THAT(told("lesson.md", "{predict heard}\n{run}", "{run}\n{predict heard}"), Contains("has been seen already"));
  CHECK_THAT(told("tasks.lua", "right = true, ", ""), Contains("needs two choices or more, and right = true"));
  CHECK_THAT(told("tasks.lua", "hints = {", "hint = {"), Contains("hints of three levels"));
  CHECK_THAT(told("tasks.lua", "figure(\"published\"", "figur(\"published\""), Contains("did you mean \"figure\"?"));
  CHECK_THAT(told("tasks.lua", "run.metrics.published", "run.metrics.published.x"), Contains("tasks.lua:1:"));
}

TEST_CASE("figures stand in the text as the run gives them") {
  const Folder folder;
  const auto lesson = load_lesson(folder.path);
  REQUIRE(lesson);
  auto tasks = Tasks::load(lesson->tasks, "tasks.lua");
  REQUIRE(tasks);
  const auto run = run_for_facts(lesson->scenario, "scenario.lua", 1);
  REQUIRE(run);
  CHECK(*with_figures("It published {{published}} messages.", **tasks, *run) == "It published 9 messages.");
  CHECK_FALSE(with_figures("{{published", **tasks, *run));
}

TEST_CASE("who changes the scenario changes the seeds that judge it") {
  Lesson lesson;
  lesson.id = "x";
  CHECK(unseen_seeds(lesson, "a", 3) == unseen_seeds(lesson, "a", 3));
  CHECK(unseen_seeds(lesson, "a", 3) != unseen_seeds(lesson, "b", 3));
}

TEST_CASE("progress is kept whole, and a damaged file is told of") {
  const Folder folder;
  const std::string path = folder.path + "/progress.json";
  CHECK(load_progress(path)->lesson.empty());
  Progress progress;
  progress.lesson = "x";
  progress.predictions = {{"p", "a \"quote\""}};
  progress.predicted_right = {{"p", false}};
  progress.answers = {{"q", "2"}};
  progress.tasks = {"t"};
  progress.checks = {"c"};
  progress.hints = {{"c", 2}};
  progress.done = true;
  REQUIRE(save_progress(path, progress));
  CHECK(*load_progress(path) == progress);
  const std::string text = *read_file(path);
  for (std::size_t cut = 1; cut + 2 < text.size(); cut += 7) {
    REQUIRE(write_file(path, text.substr(0, cut)));
    CHECK(load_progress(path).error() == path + ": this is no progress of a lesson; move it away to begin anew");
  }
}

TEST_CASE("a page is wrapped at the terminal's width, lists and code in their places") {
  CHECK(page_text("# Title\n\nSome **words** that go on\nand on `x`.\n\n- one two three four five\n- b\n\n```\n  code  stays\n```\n", 20,
                  false) ==
        "Title\n-----\n\nSome *words* that go\non and on `x`.\n\n- one two three four\n  five\n- b\n\n      code  stays\n");
  CHECK(page_text("1. a\n2. b\n", 40, false) == "1. a\n2. b\n");
  CHECK(page_text("a *b* c", 40, true) == "a \x1b[1mb\x1b[0m c\n");
}
