#include "lab/course/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "lab/system/files.hpp"

namespace wirelab {
namespace {

namespace fs = std::filesystem;
using StepKind = LessonStep::Kind;

constexpr std::size_t kUnseenSeeds = 5;

std::string in_unit(std::string number, const Prediction& prediction) {
  return prediction.unit.empty() ? number : number + " " + prediction.unit;
}

std::string in_words(const Prediction& prediction, const std::string& answer) {
  for (const Choice& choice : prediction.choices) {
    if (choice.key == answer) return choice.text;
  }
  return in_unit(answer, prediction);
}

}  // namespace

bool is_number(const std::string& answer) {
  char* end = nullptr;
  const double value = std::strtod(answer.c_str(), &end);
  return !answer.empty() && *end == '\0' && std::isfinite(value);
}

tl::expected<WorkPlace, std::string> open_work_place(const Lesson& lesson, const std::string& folder) {
  const std::string own = folder + "/" + lesson.id;
  std::error_code error;
  fs::create_directories(own, error);
  if (error) return tl::unexpected(fmt::format("{}: {}", own, error.message()));
  WorkPlace place{own + "/scenario.lua", own + "/progress.json"};
  if (fs::exists(place.scenario, error)) return place;
  if (const auto written = write_file(place.scenario, lesson.scenario); !written)
    return tl::unexpected(fmt::format("{}: {}", place.scenario, written.error()));
  return place;
}

tl::expected<std::string, std::string> with_figures(const std::string& text, Tasks& tasks, const RunFacts& run) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find("{{", at), text.size());
    result += text.substr(at, begin - at);
    if (begin == text.size()) break;
    const std::size_t end = text.find("}}", begin);
    if (end == std::string::npos) return tl::unexpected(std::string("a figure's name ends with }}"));
    const auto value = tasks.figure(text.substr(begin + 2, end - begin - 2), run);
    if (!value) return tl::unexpected(value.error());
    result += *value;
    at = end + 2;
  }
  return result;
}

tl::expected<std::unique_ptr<Attempt>, std::string> Attempt::open(Lesson lesson, const std::string& folder) {
  auto tasks = Tasks::load(lesson.tasks, lesson.folder + "/tasks.lua");
  if (!tasks) return tl::unexpected(tasks.error());
  const auto demo = run_for_facts(lesson.scenario, lesson.folder + "/scenario.lua", lesson.seed);
  if (!demo) return tl::unexpected(demo.error());
  std::unique_ptr<Attempt> made(new Attempt);
  for (const LessonStep& step : lesson.steps) {
    const bool known = step.kind == StepKind::predict ? (*tasks)->prediction(step.what) != nullptr
                       : step.kind == StepKind::task  ? (*tasks)->task(step.what) != nullptr
                       : step.kind == StepKind::quiz  ? (*tasks)->question(step.what) != nullptr
                                                      : true;
    if (!known)
      return tl::unexpected(
          fmt::format("{}/lesson.md:{}: tasks.lua has no such name: \"{}\"", lesson.folder, step.line, step.what));
    made->prose_.emplace_back();
    if (step.kind != StepKind::text) continue;
    auto text = with_figures(step.what, **tasks, *demo);
    if (!text) return tl::unexpected(text.error());
    made->prose_.back() = std::move(*text);
  }
  for (const Prediction& prediction : (*tasks)->predictions()) {
    auto outcome = (*tasks)->outcome(prediction, *demo);
    if (!outcome) return tl::unexpected(outcome.error());
    made->outcomes_[prediction.name] = std::move(*outcome);
  }
  made->keeps_ = !folder.empty();
  if (made->keeps_) {
    auto place = open_work_place(lesson, folder);
    if (!place) return tl::unexpected(place.error());
    made->place_ = std::move(*place);
    auto progress = load_progress(made->place_.progress);
    if (!progress) return tl::unexpected(progress.error());
    made->progress_ = std::move(*progress);
  }
  made->progress_.lesson = lesson.id;
  made->lesson_ = std::move(lesson);
  made->tasks_ = std::move(*tasks);
  return made;
}

Attempt::Done Attempt::save() const { return keeps_ ? save_progress(place_.progress, progress_) : Done(); }

Attempt::Done Attempt::predict(const Prediction& prediction, const std::string& answer) {
  return progress_.predictions.try_emplace(prediction.name, answer).second ? save() : Done();
}

std::optional<std::string> Attempt::predicted(const Prediction& prediction) const {
  const auto given = progress_.predictions.find(prediction.name);
  if (given == progress_.predictions.end()) return std::nullopt;
  return in_words(prediction, given->second);
}

std::optional<Score> Attempt::score(const Prediction& prediction) const {
  const auto given = progress_.predictions.find(prediction.name);
  if (given == progress_.predictions.end()) return std::nullopt;
  const Outcome& outcome = outcomes_.at(prediction.name);
  Score score{in_words(prediction, given->second), in_words(prediction, outcome.key), given->second == outcome.key};
  if (!prediction.choices.empty()) return score;
  const double guess = std::strtod(given->second.c_str(), nullptr);
  score.right = std::fabs(guess - outcome.number) <= std::max(std::fabs(outcome.number), 1e-9) * prediction.tolerance;
  score.was = in_unit(fmt::format("{:.4g}", outcome.number), prediction);
  return score;
}

Attempt::Done Attempt::note_run() {
  for (const Prediction& prediction : tasks_->predictions()) {
    if (const auto scored = score(prediction)) progress_.predicted_right[prediction.name] = scored->right;
  }
  progress_.has_run = true;
  return save();
}

Attempt::Done Attempt::complete(const Task& task) { return progress_.tasks.insert(task.name).second ? save() : Done(); }

Attempt::Done Attempt::answer(const Question& question, const Choice& choice) {
  progress_.answers[question.name] = choice.key;
  progress_.answered_right[question.name] = choice.right;
  return save();
}

tl::expected<std::string, std::string> Attempt::next_hint(const std::string& name,
                                                          const std::vector<std::string>& hints) {
  if (hints.empty()) return std::string();
  int& level = progress_.hints[name];
  level = std::min<int>(level + 1, static_cast<int>(hints.size()));
  const auto saved = save();
  if (!saved) return tl::unexpected(saved.error());
  return fmt::format("Hint {} of {}: {}", level, hints.size(), hints[static_cast<std::size_t>(level) - 1]);
}

tl::expected<Judgement, std::string> Attempt::judge_work() const {
  const auto source = read_file(place_.scenario);
  if (!source) return tl::unexpected(fmt::format("{}: {}", place_.scenario, source.error()));
  return judge(*tasks_, *source, place_.scenario, unseen_seeds(lesson_, *source, kUnseenSeeds));
}

Attempt::Done Attempt::note(const Judgement& judgement) {
  note_judgement(progress_, judgement);
  return save();
}

}  // namespace wirelab
