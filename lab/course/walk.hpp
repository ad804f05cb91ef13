// A learner's way through a lesson in a terminal, or through a pipe: text, predictions that are locked before the run, the run
// as it happens, tasks that are completed by it, the check, the quiz.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <tl/expected.hpp>

#include "lab/course/attempt.hpp"

namespace wirelab {

struct WalkOptions {
  int columns = 80;
  bool colour = false;
  bool interactive = false;  // a person sits there: it waits where something is to be looked at
  bool only_text = false;    // show: nothing is asked or run
};

/// Reads answers from `in` and writes to `out`. True if the lesson is done: every check met.
tl::expected<bool, std::string> walk(const Lesson& lesson, const std::string& folder, std::istream& in,
                                     std::ostream& out, const WalkOptions& options);

/// The verdicts on a scenario as text, with what was expected and measured, and where to look.
std::string verdict_text(const Judgement& judgement, int columns);

}  // namespace wirelab
