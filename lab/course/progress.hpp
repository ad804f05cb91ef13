// What a learner has done of a lesson: a plain file, written whole or not at all after every answer, so that nothing is lost
// when the program or the machine ends. A prediction that was made stays as it was.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tl/expected.hpp>

namespace wirelab {

struct Progress {
  std::string lesson;
  std::map<std::string, std::string> predictions;  // as they were answered: the key of a choice, or a number
  std::map<std::string, bool> predicted_right;     // once it was seen
  std::map<std::string, std::string> answers;      // of the quiz: the number of the choice
  std::map<std::string, bool> answered_right;
  std::set<std::string> tasks;       // that were completed
  std::set<std::string> checks;      // that were met
  std::map<std::string, int> hints;  // how many levels were asked for, by check or task
  bool has_run = false;              // the lesson's run was seen to its end
  bool done = false;

  bool operator==(const Progress&) const = default;
};

/// An empty one where there is no file yet; an error where it is damaged.
tl::expected<Progress, std::string> load_progress(const std::string& path);
tl::expected<void, std::string> save_progress(const std::string& path, const Progress& progress);

}  // namespace wirelab
