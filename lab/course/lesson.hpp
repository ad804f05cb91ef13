// A lesson is a folder of plain files. lesson.md is front matter (id, title, minutes, seed, objectives, sources), then prose, with
// a line in braces wherever the learner does something: {predict NAME} {run} {task NAME} {edit} {check} {quiz NAME}; a figure of
// the run is quoted by its name, as {{delivered}}, so that no number in the text can be false. scenario.lua is what the learner
// begins with, tasks.lua holds figures, predictions, tasks, checks with their hints and quiz questions, solution/scenario.lua meets
// all checks, and wrong/NAME.lua are typical wrong answers, whose first line says by "-- feedback: " what must be answered.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace wirelab {

struct LessonStep {
  enum class Kind : std::uint8_t { text, predict, run, task, edit, check, quiz } kind = Kind::text;
  std::string what;  // prose in Markdown, or the name behind the word
  int line = 0;      // of lesson.md
};

struct WrongAnswer {
  std::string name, source, feedback;
};

struct Lesson {
  std::string folder, id, title;
  int minutes = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> objectives, sources;
  std::vector<LessonStep> steps;
  std::string scenario, tasks, solution;  // their texts
  std::vector<WrongAnswer> wrong;
};

/// The error begins with FILE:LINE: where one is to blame.
tl::expected<Lesson, std::string> load_lesson(const std::string& folder);
/// The folders of lessons, in the order of their names.
std::vector<std::string> lesson_folders(const std::string& root);
/// By id, or by the name of its folder; the error says what was meant.
tl::expected<Lesson, std::string> find_lesson(const std::string& root, const std::string& name);

}  // namespace wirelab
