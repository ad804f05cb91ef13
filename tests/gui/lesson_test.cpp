// A lesson in the front end as a learner goes through it: read, predict, play, change, be judged; and what is kept of it.
#include <stdlib.h>

#include <filesystem>

#include "lab/system/files.hpp"
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// A folder of the learner's that is gone with its test.
struct Work {
  std::string path = (std::filesystem::temp_directory_path() / "wirelab-lesson-XXXXXX").string();
  Work() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Work() { std::filesystem::remove_all(path); }
};

struct Course : Headless {
  explicit Course(float width = 1440, float height = 6000) : Headless(width, height) {
    application.set_scenarios("scenarios");
    application.set_lessons("lessons", work.path);
  }
  void open(const std::string& folder) {
    application.open_lesson(folder);
    finish(application);
    REQUIRE(application.lesson() != nullptr);
  }
  void press_on(std::string_view text) {
    click(application, text);
    finish(application);
  }
  Progress kept(const std::string& id) const { return *load_progress(work.path + "/" + id + "/progress.json"); }
  Work work;
  gui::Application application{gui::dark_theme(), 1};
};

}  // namespace

TEST_CASE("a lesson is gone through from its text to its end") {
  Course course;
  course.open("lessons/07-handshakes");
  std::string text = course.settle(course.application);
  for (const char* const part : {"The QoS 1 and QoS 2 handshakes", "12 minutes", "The meter sends 6 pulses at QoS 1",
                                 "clean_session = false", "Lock my prediction"})
    shows(text, part);
  // What comes after a prediction is not told before it is made.
  CHECK(!course.has("Six pulses, QoS 1, both cuts"));
  CHECK(!course.has("was sent again"));
  course.press_on("Lock my prediction");
  CHECK(course.kept("handshakes").predictions.empty());
  // Neither is it played before, by whatever key.
  course.press(course.application, ImGuiKey_Space);
  course.type(course.application, "ms");
  CHECK(course.application.playback()->status().now == Instant());
  CHECK(course.has("Lock your predictions first"));
  course.press_on("when it has connected again");
  CHECK(course.kept("handshakes").predictions.empty());
  course.press_on("Lock my prediction");
  CHECK(course.kept("handshakes").predictions.at("again") == "reconnect");
  // It is locked.
  course.press_on("never: TCP alone sees to it");
  CHECK(course.kept("handshakes").predictions.at("again") == "reconnect");

  REQUIRE(course.has("Six pulses, QoS 1, both cuts"));
  const ImVec2 unit = course.where("pulses", true);
  course.click(course.application, unit.x - 60, unit.y);
  course.type(course.application, "6");
  course.press_on("Lock my prediction");
  CHECK(course.kept("handshakes").predictions.at("counted") == "6");
  CHECK(course.has("See a pulse counted twice."));
  CHECK(!course.has("were counted of"));

  // The run completes the task, and predictions are scored beside it.
  course.click(course.application, "Play it");
  course.frame(course.application);
  CHECK(course.application.playback()->status().playing);
  course.click(course.application, "To the end");
  text = course.finish(course.application);
  CHECK(course.kept("handshakes").tasks.contains("counted"));
  CHECK(course.kept("handshakes").predicted_right.at("again"));
  CHECK(!course.kept("handshakes").predicted_right.at("counted"));
  for (const char* const part :
       {"Right.", "Not so.", "It was: 7 pulses.", "7 pulses were counted of 6.", "Your scenario", "Judge it"})
    shows(text, part);
  CHECK(!course.has("Next lesson"));

  // Nothing done yet: the judgement says what was expected, and gives hints by levels.
  course.press_on("Judge it");
  text = course.settle(course.application);
  for (const char* const part : {"expected: each of 6 pulses", "look at:", "A hint", "Go on without it"})
    shows(text, part);
  course.press_on("A hint");
  CHECK(course.has("Hint 1 of 3"));

  // The solution, written into the editor: saved, played and judged.
  course.application.lesson()->source() = file_text("lessons/07-handshakes/solution/scenario.lua");
  course.settle(course.application);
  CHECK(course.has("Not saved yet."));
  course.press_on("Judge it");
  CHECK(*read_file(course.work.path + "/handshakes/scenario.lua") ==
        file_text("lessons/07-handshakes/solution/scenario.lua"));
  CHECK(course.kept("handshakes").done);
  REQUIRE(course.has("The lesson is done."));
  CHECK(course.has("Still open above: 2 questions or tasks."));

  // What is chosen in the quiz is answered at once.
  const Question& question = *course.application.lesson()->attempt().tasks().question("timer");
  for (const Choice& one : question.choices) {
    if (one.right) course.press_on(one.text.substr(0, 20));
  }
  CHECK(course.kept("handshakes").answered_right.at("timer"));

  // On to the next one; and back on the start page it is told as done.
  course.press_on("Next lesson");
  CHECK(course.application.lesson()->attempt().lesson().id == "last-will");
  course.settle(course.application);
  course.click(course.application, 30, 26);
  INFO(course.settle(course.application));
  CHECK(course.has("12 min · done"));
}

TEST_CASE("every lesson can be gone through in the front end") {
  for (const std::string& folder : lesson_folders("lessons")) {
    CAPTURE(folder);
    Course course;
    course.open(folder);
    const Attempt& attempt = course.application.lesson()->attempt();
    const std::string id = attempt.lesson().id;
    for (const Prediction& one : attempt.tasks().predictions()) {
      course.settle(course.application);
      if (!one.choices.empty()) {
        course.press_on(one.choices.front().text.substr(0, 25));
      } else {
        const ImVec2 button = course.where("Lock my prediction");
        course.click(course.application, 60, button.y - 36);
        course.type(course.application, "5");
      }
      course.press_on("Lock my prediction");
      CHECK(attempt.progress().predictions.contains(one.name));
    }
    course.click(course.application, "Play it");
    for (int i = 0; i < 500 && !course.has("To the end"); ++i) course.frame(course.application);
    course.press_on("To the end");
    for (const Task& task : attempt.tasks().tasks()) CHECK(attempt.progress().tasks.contains(task.name));
    course.application.lesson()->source() = file_text(folder + "/solution/scenario.lua");
    course.settle(course.application);
    course.press_on("Judge it");
    CHECK(course.kept(id).done);
    for (const Question& question : attempt.tasks().questions()) {
      for (const Choice& choice : question.choices) {
        if (choice.right) course.press_on(choice.text.substr(0, 20));
      }
      CHECK(course.kept(id).answered_right.at(question.name));
    }
    CHECK(course.has("The lesson is done."));
  }
}

TEST_CASE("a lesson goes on where it was left, and the learner's scenario is played beside it") {
  Course course;
  course.open("lessons/12-last-will");
  const std::string first = course.application.lesson()->attempt().lesson().steps[0].what;
  Progress progress = course.kept("last-will");
  CHECK(progress.lesson.empty());  // nothing is kept before something is done
  for (const Prediction& one : course.application.lesson()->attempt().tasks().predictions())
    progress.predictions[one.name] = one.choices.empty() ? "1" : one.choices.front().key;
  progress.has_run = true;
  progress.lesson = "last-will";
  REQUIRE(save_progress(course.work.path + "/last-will/progress.json", progress));
  course.open("lessons/12-last-will");
  CHECK(course.has("Judge it"));
  // Changed in another editor: read again.
  const std::string changed = course.application.lesson()->source() + "-- by another editor\n";
  REQUIRE(write_file(course.work.path + "/last-will/scenario.lua", changed));
  for (int i = 0; i < 60; ++i) course.frame(course.application);
  CHECK(course.application.lesson()->source() == changed);
  // A mistake is told, and nothing is lost.
  course.application.lesson()->source() = "device(";
  course.click(course.application, "Save and play");
  course.finish(course.application);
  INFO(course.settle(course.application));
  CHECK(course.has("scenario.lua:1:"));
  course.application.lesson()->source() = changed;
  course.click(course.application, "Save and play");
  for (int i = 0; i < 2000 && course.application.title() != "Wirelab: yours: Last will and presence"; ++i)
    course.frame(course.application);
  INFO(course.application.title() + course.frame(course.application));
  CHECK(course.application.playback()->status().playing);
  CHECK(course.application.runs() == 2);
  course.application.playback()->pause();
}

TEST_CASE("in a narrow window a lesson is a tab on the right") {
  Course course(1000, 1400);
  course.open("lessons/01-route-a-message");
  shows(course.settle(course.application), "Route a message");
  CHECK(course.where("Lesson", true).x > 600);
}

TEST_CASE("a damaged lesson or file of the learner's is told") {
  Course course;
  course.application.open_lesson("lessons/no-such");
  course.finish(course.application);
  CHECK(course.application.lesson() == nullptr);
  CHECK(course.has("lessons/no-such"));
  std::filesystem::create_directories(course.work.path + "/handshakes");
  REQUIRE(write_file(course.work.path + "/handshakes/progress.json", "{"));
  course.application.open_lesson("lessons/07-handshakes");
  course.finish(course.application);
  CHECK(course.has("this is no progress of a lesson"));
}
