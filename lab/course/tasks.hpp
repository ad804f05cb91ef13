// tasks.lua: what a lesson asks, and how it judges. It is a program in the sandbox of scenarios, with five more functions:
// figure(), prediction(), task(), check() and quiz(); docs/lessons.md says what each takes. What it judges are facts of runs,
// never the text of a scenario.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/course/run_facts.hpp"

namespace wirelab {

struct Choice {
  std::string key, text, feedback;
  bool right = false;  // of a quiz
};

/// Asked before a run, and compared with it afterwards. Without choices it is a number.
struct Prediction {
  std::string name, ask, why, unit;
  std::vector<Choice> choices;
  double tolerance = 0.1;  // of a number: how far off is still right
};

/// Something to bring about while the scenario plays: a condition on its counters.
struct Task {
  std::string name, text, when;
  std::vector<std::string> hints;
};

/// Judged on runs with seeds that the learner has not seen.
struct Check {
  std::string name, text;
  std::vector<std::string> hints;
};

struct Question {
  std::string name, ask;
  std::vector<Choice> choices;
};

struct Verdict {
  bool met = false;
  std::string expected, measured, look, feedback;  // of one that is not met
};

/// What came out where something was predicted: the key of a choice, or a number.
struct Outcome {
  std::string key;
  double number = 0;
};

class Tasks {
 public:
  static tl::expected<std::unique_ptr<Tasks>, std::string> load(const std::string& source, const std::string& path);
  virtual ~Tasks() = default;

  virtual const std::vector<std::string>& figures() const = 0;
  virtual const std::vector<Prediction>& predictions() const = 0;
  virtual const std::vector<Task>& tasks() const = 0;
  virtual const std::vector<Check>& checks() const = 0;
  virtual const std::vector<Question>& questions() const = 0;
  const Prediction* prediction(const std::string& name) const;
  const Task* task(const std::string& name) const;
  const Question* question(const std::string& name) const;

  /// As it stands in the text: a number with at most four digits, or words.
  virtual tl::expected<std::string, std::string> figure(const std::string& name, const RunFacts& run) = 0;
  virtual tl::expected<Outcome, std::string> outcome(const Prediction& prediction, const RunFacts& run) = 0;
  virtual tl::expected<Verdict, std::string> judge(const Check& check, const RunFacts& run) = 0;
};

}  // namespace wirelab
