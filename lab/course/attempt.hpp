// A learner's way through one lesson, whatever form it takes, a terminal or a window: what was predicted, completed, judged and
// answered. It is kept in a file after every step, and both forms go on with what the other has left.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/course/judge.hpp"
#include "lab/course/lesson.hpp"
#include "lab/course/progress.hpp"
#include "lab/course/tasks.hpp"

namespace wirelab {

/// The learner's files of one lesson: FOLDER/ID/scenario.lua, which begins as the lesson's, and FOLDER/ID/progress.json.
struct WorkPlace {
  std::string scenario, progress;
};
tl::expected<WorkPlace, std::string> open_work_place(const Lesson& lesson, const std::string& folder);

/// A prediction beside what came out.
struct Score {
  std::string said, was;  // as a person reads them
  bool right = false;
};

class Attempt {
 public:
  using Done = tl::expected<void, std::string>;

  /// Runs the lesson's scenario for its figures, and opens the learner's files in `folder`; with an empty one nothing is kept. The
  /// errors are of the lesson, or of the files.
  static tl::expected<std::unique_ptr<Attempt>, std::string> open(Lesson lesson, const std::string& folder);

  const Lesson& lesson() const { return lesson_; }
  const Tasks& tasks() const { return *tasks_; }
  const Progress& progress() const { return progress_; }
  const WorkPlace& place() const { return place_; }
  /// Of a step that is prose: with the figures of the run in their places.
  const std::string& prose(std::size_t step) const { return prose_[step]; }

  /// The first answer stays.
  Done predict(const Prediction& prediction, const std::string& answer);
  /// What was predicted, as a person reads it.
  std::optional<std::string> predicted(const Prediction& prediction) const;
  /// Empty where nothing was predicted.
  std::optional<Score> score(const Prediction& prediction) const;
  /// That the run was seen: predictions are scored.
  Done note_run();
  Done complete(const Task& task);
  Done answer(const Question& question, const Choice& choice);
  /// The next level of a check's or a task's; empty where there is none.
  tl::expected<std::string, std::string> next_hint(const std::string& name, const std::vector<std::string>& hints);

  /// The learner's file under seeds that nobody has seen. Nothing of the attempt changes: it may run on a thread of its own.
  tl::expected<Judgement, std::string> judge_work() const;
  Done note(const Judgement& judgement);

 private:
  Attempt() = default;
  Done save() const;

  Lesson lesson_;
  std::unique_ptr<Tasks> tasks_;
  WorkPlace place_;
  Progress progress_;
  bool keeps_ = false;
  std::vector<std::string> prose_;           // by step
  std::map<std::string, Outcome> outcomes_;  // by prediction
};

/// Whether an answer to a prediction without choices is a number.
bool is_number(const std::string& answer);
/// The lesson's text with the figures of its own run in their places.
tl::expected<std::string, std::string> with_figures(const std::string& text, Tasks& tasks, const RunFacts& run);

}  // namespace wirelab
