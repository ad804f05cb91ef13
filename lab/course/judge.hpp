// Judges what a learner has made of a lesson's scenario: by what it does, on seeds that nobody has seen.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/course/lesson.hpp"
#include "lab/course/progress.hpp"
#include "lab/course/tasks.hpp"

namespace wirelab {

struct CheckResult {
  const Check* check = nullptr;
  Verdict verdict;         // of the first seed that does not meet it
  std::uint64_t seed = 0;  // that one
};

struct Judgement {
  std::vector<CheckResult> checks;  // in the order of tasks.lua
  std::string error;                // of the scenario; then there are no checks
  bool met() const;
};

/// What a judgement adds to the progress. Once met is met: who tries something else afterwards loses nothing.
void note_judgement(Progress& progress, const Judgement& judgement);

/// The seeds follow from the scenario's text, so that changing it to suit them changes them.
std::vector<std::uint64_t> unseen_seeds(const Lesson& lesson, const std::string& source, std::size_t count);
/// The error is one of the lesson, not of the learner.
tl::expected<Judgement, std::string> judge(Tasks& tasks, const std::string& source, const std::string& path,
                                           const std::vector<std::uint64_t>& seeds);

/// What is wrong with a lesson, a line each: names that are not there, a check that is met with no work done, a solution that
/// is not accepted, a wrong answer that is, or that draws other words than its own. On so many seeds.
std::vector<std::string> lint(const Lesson& lesson, std::size_t seeds);

}  // namespace wirelab
