#include "lab/course/walk.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <istream>
#include <ostream>
#include <thread>

#include "lab/course/live_diagram.hpp"
#include "lab/course/page.hpp"
#include "lab/script/script.hpp"
#include "lab/system/files.hpp"

namespace wirelab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUnseenSeeds = 5;
constexpr std::size_t kMostLines = 60;  // of a diagram

class Walk {
 public:
  Walk(const Lesson& lesson, Tasks& tasks, const RunFacts& demo, const WorkPlace& place, Progress progress,
       std::istream& in, std::ostream& out, const WalkOptions& options)
      : lesson_(lesson),
        tasks_(tasks),
        demo_(demo),
        place_(place),
        progress_(std::move(progress)),
        in_(in),
        out_(out),
        options_(options) {}

  tl::expected<bool, std::string> go() {
    progress_.lesson = lesson_.id;
    std::string head = fmt::format("# {}\n\n{} minutes. You will:\n\n", lesson_.title, lesson_.minutes);
    for (const std::string& objective : lesson_.objectives) head += "- " + objective + "\n";
    out_ << page_text(head, options_.columns, options_.colour) << "\n";
    for (const LessonStep& step : lesson_.steps) {
      if (const auto done = take(step); !done) return tl::unexpected(done.error());
      if (stopped_) break;
    }
    if (options_.only_text) return true;
    if (stopped_) {
      out_ << "\nWhat you have done is kept; start the lesson again to go on.\n";
      return false;
    }
    out_ << (progress_.done ? "\nThe lesson is done.\n"
                            : "\nNot all checks are met yet; wirelab lesson check tells which.\n");
    return progress_.done;
  }

 private:
  using Kind = LessonStep::Kind;
  using Done = tl::expected<void, std::string>;

  Done take(const LessonStep& step) {
    switch (step.kind) {
      case Kind::text: {
        const auto text = with_figures(step.what, tasks_, demo_);
        if (!text) return tl::unexpected(text.error());
        out_ << page_text(*text, options_.columns, options_.colour) << "\n";
        return {};
      }
      case Kind::predict: return predict(*tasks_.prediction(step.what));
      case Kind::quiz: return quiz(*tasks_.question(step.what));
      case Kind::run:
        return options_.only_text ? Done() : play(lesson_.scenario, lesson_.folder + "/scenario.lua", true);
      case Kind::task: return show_task(*tasks_.task(step.what));
      case Kind::edit: return edit();
      case Kind::check: return options_.only_text ? Done() : check();
    }
    return {};
  }

  // A line of the learner's; at the end of the input the lesson stops.
  std::string ask(const std::string& prompt) {
    out_ << prompt << std::flush;
    std::string line;
    if (!std::getline(in_, line)) stopped_ = true;
    if (!options_.interactive) out_ << line << "\n";
    const std::size_t end = line.find_last_not_of(" \t\r");
    return end == std::string::npos ? std::string() : line.substr(0, end + 1);
  }
  Done save() { return save_progress(place_.progress, progress_); }

  void show_choices(const std::string& question, const std::vector<Choice>& choices) {
    out_ << page_text("**" + question + "**", options_.columns, options_.colour);
    for (std::size_t i = 0; i < choices.size(); ++i) out_ << "  " << i + 1 << "  " << choices[i].text << "\n";
  }
  // Its place from 0.
  std::size_t choose(std::size_t count) {
    while (!stopped_) {
      const std::string answer = ask(fmt::format("Your answer (1 to {}): ", count));
      const long place = std::strtol(answer.c_str(), nullptr, 10);
      if (place >= 1 && static_cast<std::size_t>(place) <= count) return static_cast<std::size_t>(place) - 1;
    }
    return 0;
  }

  Done predict(const Prediction& prediction) {
    show_choices(prediction.ask, prediction.choices);
    if (options_.only_text) return out_ << "\n", Done();
    if (const auto locked = progress_.predictions.find(prediction.name); locked != progress_.predictions.end()) {
      out_ << "You have predicted: " << shown(prediction, locked->second) << "\n\n";
      return {};
    }
    std::string answer;
    if (!prediction.choices.empty()) {
      answer = prediction.choices[choose(prediction.choices.size())].key;
    } else {
      while (!stopped_) {
        answer = ask(fmt::format("A number{}: ", prediction.unit.empty() ? "" : " of " + prediction.unit));
        char* end = nullptr;
        const double value = std::strtod(answer.c_str(), &end);
        if (!answer.empty() && *end == '\0' && std::isfinite(value)) break;
      }
    }
    if (stopped_) return {};
    progress_.predictions[prediction.name] = answer;
    out_ << "Locked. What happens shows the run.\n\n";
    return save();
  }
  static std::string shown(const Prediction& prediction, const std::string& answer) {
    for (const Choice& choice : prediction.choices) {
      if (choice.key == answer) return choice.text;
    }
    return answer + (prediction.unit.empty() ? "" : " " + prediction.unit);
  }

  Done play(const std::string& source, const std::string& path, bool scores) {
    ScriptOptions script_options;
    script_options.seed = lesson_.seed;
    auto script = Script::load(source, path, std::move(script_options));
    if (!script) return tl::unexpected(script.error().text);
    const auto store = std::make_shared<TraceStore>(
        std::size_t{1} << 30,
        static_cast<LayerMask>(mask_of(Layer::mqtt) | mask_of(Layer::http) | mask_of(Layer::program)));
    if (const auto begun = (*script)->begin(store); !begun) return tl::unexpected(begun.error().text);
    LiveDiagram diagram(store, options_.columns, kMostLines, [&](const std::string& line) {
      out_ << line << "\n" << std::flush;
      // So that a person sees it happen.
      if (options_.interactive) std::this_thread::sleep_for(std::chrono::milliseconds(60));
    });
    const Instant end = Instant() + (*script)->duration();
    constexpr Duration kLook = Duration::milliseconds(100);
    for (Instant at; at < end;) {
      at = std::min(end, at + kLook);
      if (const auto ran = (*script)->run_until(at); !ran) return tl::unexpected(ran.error().text);
      diagram.draw();
      for (const Task& task : tasks_.tasks()) {
        if (progress_.tasks.contains(task.name)) continue;
        if (const auto set = (*script)->set_condition(task.when); !set) continue;  // of a metric that is not there yet
        const auto holds = (*script)->condition_holds();
        if (!holds || !*holds) continue;
        progress_.tasks.insert(task.name);
        out_ << fmt::format("{:8.3f}s [x] {}\n", at.in_seconds(), task.text);
        if (const auto saved = save(); !saved) return saved;
      }
    }
    diagram.finish();
    out_ << "\n";
    return scores ? score() : Done();
  }

  // Predictions beside what came out.
  Done score() {
    for (const Prediction& prediction : tasks_.predictions()) {
      const auto given = progress_.predictions.find(prediction.name);
      if (given == progress_.predictions.end()) continue;
      const auto outcome = tasks_.outcome(prediction, demo_);
      if (!outcome) return tl::unexpected(outcome.error());
      bool right = given->second == outcome->key;
      std::string came = shown(prediction, outcome->key);
      if (prediction.choices.empty()) {
        const double guess = std::strtod(given->second.c_str(), nullptr);
        right = std::fabs(guess - outcome->number) <= std::max(std::fabs(outcome->number), 1e-9) * prediction.tolerance;
        came = fmt::format("{:.4g}{}", outcome->number, prediction.unit.empty() ? "" : " " + prediction.unit);
      }
      progress_.predicted_right[prediction.name] = right;
      out_ << page_text(fmt::format("**{}** You said: {}. It was: {}. {}", prediction.ask,
                                    shown(prediction, given->second), came, right ? "*Right.*" : "*Not so.*"),
                        options_.columns, options_.colour);
      out_ << page_text(prediction.why, options_.columns, options_.colour) << "\n";
    }
    return save();
  }

  Done show_task(const Task& task) {
    out_ << page_text(fmt::format("[{}] **Task:** {}", progress_.tasks.contains(task.name) ? "x" : " ", task.text),
                      options_.columns, options_.colour)
         << "\n";
    return {};
  }

  Done edit() {
    out_ << page_text("Change `" + place_.scenario + "` in your editor.", options_.columns, options_.colour);
    if (options_.only_text) return out_ << "\n", Done();
    ask("Enter plays it: ");
    out_ << "\n";
    if (stopped_) return {};
    const auto source = read_file(place_.scenario);
    if (!source) return tl::unexpected(fmt::format("{}: {}", place_.scenario, source.error()));
    if (const auto played = play(*source, place_.scenario, false); !played) out_ << played.error() << "\n\n";
    return {};
  }

  // Until all is met, or the learner goes on.
  Done check() {
    while (!stopped_) {
      const auto source = read_file(place_.scenario);
      if (!source) return tl::unexpected(fmt::format("{}: {}", place_.scenario, source.error()));
      const auto judged = judge(tasks_, *source, place_.scenario, unseen_seeds(lesson_, *source, kUnseenSeeds));
      if (!judged) return tl::unexpected(judged.error());
      out_ << verdict_text(*judged, options_.columns) << "\n";
      progress_.checks.clear();
      for (const CheckResult& result : judged->checks) {
        if (result.verdict.met) progress_.checks.insert(result.check->name);
      }
      progress_.done = judged->met();
      if (const auto saved = save(); !saved) return saved;
      if (judged->met()) return {};
      const std::string answer = ask("Enter judges it again, h gives a hint, g goes on: ");
      out_ << "\n";
      if (answer == "g") return {};
      if (answer == "h") give_hint(*judged);
    }
    return {};
  }
  void give_hint(const Judgement& judged) {
    for (const CheckResult& result : judged.checks) {
      if (result.verdict.met) continue;
      int& level = progress_.hints[result.check->name];
      level = std::min<int>(level + 1, static_cast<int>(result.check->hints.size()));
      out_ << page_text(fmt::format("Hint {} of {}: {}", level, result.check->hints.size(),
                                    result.check->hints[static_cast<std::size_t>(level) - 1]),
                        options_.columns, options_.colour)
           << "\n";
      return;
    }
  }

  Done quiz(const Question& question) {
    show_choices(question.ask, question.choices);
    if (options_.only_text) return out_ << "\n", Done();
    const Choice& chosen = question.choices[choose(question.choices.size())];
    if (stopped_) return {};
    progress_.answers[question.name] = chosen.key;
    progress_.answered_right[question.name] = chosen.right;
    out_ << page_text((chosen.right ? "*Right.* " : "*Not so.* ") + chosen.feedback, options_.columns, options_.colour)
         << "\n";
    return save();
  }

  const Lesson& lesson_;
  Tasks& tasks_;
  const RunFacts& demo_;
  const WorkPlace& place_;
  Progress progress_;
  std::istream& in_;
  std::ostream& out_;
  const WalkOptions& options_;
  bool stopped_ = false;
};

}  // namespace

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

std::string verdict_text(const Judgement& judgement, int columns) {
  if (!judgement.error.empty()) return page_text("The scenario does not run: " + judgement.error, columns, false);
  std::string text;
  for (const CheckResult& result : judgement.checks) {
    text += page_text(fmt::format("[{}] {}", result.verdict.met ? "x" : " ", result.check->text), columns, false);
    if (result.verdict.met) continue;
    const Verdict& v = result.verdict;
    for (const auto& [name, value] :
         {std::pair{"expected", v.expected}, {"measured", v.measured}, {"look at", v.look}}) {
      if (!value.empty()) text += page_text(fmt::format("- {}: {}", name, value), columns, false);
    }
    if (!v.feedback.empty()) text += page_text("- " + v.feedback, columns, false);
    text += fmt::format("  (under seed {})\n", result.seed);
  }
  return text;
}

tl::expected<bool, std::string> walk(const Lesson& lesson, const std::string& folder, std::istream& in,
                                     std::ostream& out, const WalkOptions& options) {
  auto tasks = Tasks::load(lesson.tasks, lesson.folder + "/tasks.lua");
  if (!tasks) return tl::unexpected(tasks.error());
  for (const LessonStep& step : lesson.steps) {
    const bool known = step.kind == LessonStep::Kind::predict ? (*tasks)->prediction(step.what) != nullptr
                       : step.kind == LessonStep::Kind::task  ? (*tasks)->task(step.what) != nullptr
                       : step.kind == LessonStep::Kind::quiz  ? (*tasks)->question(step.what) != nullptr
                                                              : true;
    if (!known)
      return tl::unexpected(
          fmt::format("{}/lesson.md:{}: tasks.lua has no such name: \"{}\"", lesson.folder, step.line, step.what));
  }
  const auto demo = run_for_facts(lesson.scenario, lesson.folder + "/scenario.lua", lesson.seed);
  if (!demo) return tl::unexpected(demo.error());
  WorkPlace place;
  Progress progress;
  if (!options.only_text) {
    auto opened = open_work_place(lesson, folder);
    if (!opened) return tl::unexpected(opened.error());
    place = std::move(*opened);
    auto loaded = load_progress(place.progress);
    if (!loaded) return tl::unexpected(loaded.error());
    progress = std::move(*loaded);
  }
  return Walk(lesson, **tasks, *demo, place, std::move(progress), in, out, options).go();
}

}  // namespace wirelab
