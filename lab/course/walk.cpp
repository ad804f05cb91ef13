#include "lab/course/walk.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <istream>
#include <ostream>
#include <thread>

#include "lab/course/live_diagram.hpp"
#include "lab/course/page.hpp"
#include "lab/script/script.hpp"
#include "lab/system/files.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kMostLines = 60;  // of a diagram

class Walk {
 public:
  Walk(Attempt& attempt, std::istream& in, std::ostream& out, const WalkOptions& options)
      : attempt_(attempt), lesson_(attempt.lesson()), tasks_(attempt.tasks()), in_(in), out_(out), options_(options) {}

  tl::expected<bool, std::string> go() {
    std::string head = fmt::format("# {}\n\n{} minutes. You will:\n\n", lesson_.title, lesson_.minutes);
    for (const std::string& objective : lesson_.objectives) head += "- " + objective + "\n";
    out_ << page_text(head, options_.columns, options_.colour) << "\n";
    for (std::size_t i = 0; i < lesson_.steps.size(); ++i) {
      if (const auto done = take(i); !done) return tl::unexpected(done.error());
      if (stopped_) break;
    }
    if (options_.only_text) return true;
    if (stopped_) {
      out_ << "\nWhat you have done is kept; start the lesson again to go on.\n";
      return false;
    }
    const bool done = attempt_.progress().done;
    out_ << (done ? "\nThe lesson is done.\n" : "\nNot all checks are met yet; wirelab lesson check tells which.\n");
    return done;
  }

 private:
  using Kind = LessonStep::Kind;
  using Done = tl::expected<void, std::string>;

  Done take(std::size_t number) {
    const LessonStep& step = lesson_.steps[number];
    switch (step.kind) {
      case Kind::text: out_ << page_text(attempt_.prose(number), options_.columns, options_.colour) << "\n"; return {};
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

  void show_choices(const std::string& question, const std::vector<Choice>& choices) {
    out_ << page_text("**" + question + "**", options_.columns, options_.colour);
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const std::string text = page_text(choices[i].text, options_.columns - 5, options_.colour);
      std::string begin = fmt::format("  {}  ", i + 1);
      for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        out_ << begin << text.substr(at, text.find('\n', at) - at) << "\n";
        begin.assign(begin.size(), ' ');
      }
    }
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
    if (const auto locked = attempt_.predicted(prediction)) {
      out_ << "You have predicted: " << *locked << "\n\n";
      return {};
    }
    std::string answer;
    if (!prediction.choices.empty()) {
      answer = prediction.choices[choose(prediction.choices.size())].key;
    } else {
      while (!stopped_) {
        answer = ask(fmt::format("A number{}: ", prediction.unit.empty() ? "" : " of " + prediction.unit));
        if (is_number(answer)) break;
      }
    }
    if (stopped_) return {};
    out_ << "Locked. What happens shows the run.\n\n";
    return attempt_.predict(prediction, answer);
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
        if (attempt_.progress().tasks.contains(task.name)) continue;
        const auto holds = (*script)->holds(task.when);
        if (!holds || !*holds) continue;  // or it is of a metric that is not there yet
        out_ << fmt::format("{:8.3f}s [x] {}\n", at.in_seconds(), task.text);
        if (const auto kept = attempt_.complete(task); !kept) return kept;
      }
    }
    diagram.finish();
    for (const Task& task : tasks_.tasks()) {
      if (attempt_.progress().tasks.contains(task.name)) continue;
      const auto hint = attempt_.next_hint(task.name, task.hints);
      if (!hint) return tl::unexpected(hint.error());
      out_ << page_text(fmt::format("[ ] {} {}", task.text, *hint), options_.columns, options_.colour);
    }
    out_ << "\n";
    return scores ? score() : Done();
  }

  // Predictions beside what came out.
  Done score() {
    for (const Prediction& prediction : tasks_.predictions()) {
      const auto score = attempt_.score(prediction);
      if (!score) continue;
      out_ << page_text(fmt::format("**{}** You said: {}. It was: {}. {}", prediction.ask, score->said, score->was,
                                    score->right ? "*Right.*" : "*Not so.*"),
                        options_.columns, options_.colour);
      out_ << page_text(prediction.why, options_.columns, options_.colour) << "\n";
    }
    return attempt_.note_run();
  }

  Done show_task(const Task& task) {
    out_ << page_text(
                fmt::format("[{}] **Task:** {}", attempt_.progress().tasks.contains(task.name) ? "x" : " ", task.text),
                options_.columns, options_.colour)
         << "\n";
    return {};
  }

  Done edit() {
    const std::string& path = attempt_.place().scenario;
    out_ << page_text("Change `" + path + "` in your editor.", options_.columns, options_.colour);
    if (options_.only_text) return out_ << "\n", Done();
    ask("Enter plays it: ");
    out_ << "\n";
    if (stopped_) return {};
    const auto source = read_file(path);
    if (!source) return tl::unexpected(fmt::format("{}: {}", path, source.error()));
    if (const auto played = play(*source, path, false); !played) out_ << played.error() << "\n\n";
    return {};
  }

  // Until all is met, or the learner goes on.
  Done check() {
    while (!stopped_) {
      const auto judged = attempt_.judge_work();
      if (!judged) return tl::unexpected(judged.error());
      out_ << verdict_text(*judged, options_.columns) << "\n";
      if (const auto kept = attempt_.note(*judged); !kept) return kept;
      if (judged->met()) return {};
      const std::string answer = ask("Enter judges it again, h gives a hint, g goes on: ");
      out_ << "\n";
      if (answer == "g") return {};
      if (answer != "h") continue;
      if (const auto given = give_hint(*judged); !given) return given;
    }
    return {};
  }
  Done give_hint(const Judgement& judged) {
    for (const CheckResult& result : judged.checks) {
      if (result.verdict.met) continue;
      const auto hint = attempt_.next_hint(result.check->name, result.check->hints);
      if (!hint) return tl::unexpected(hint.error());
      out_ << page_text(*hint, options_.columns, options_.colour) << "\n";
      return {};
    }
    return {};
  }

  Done quiz(const Question& question) {
    show_choices(question.ask, question.choices);
    if (options_.only_text) return out_ << "\n", Done();
    const Choice& chosen = question.choices[choose(question.choices.size())];
    if (stopped_) return {};
    out_ << page_text((chosen.right ? "*Right.* " : "*Not so.* ") + chosen.feedback, options_.columns, options_.colour)
         << "\n";
    return attempt_.answer(question, chosen);
  }

  Attempt& attempt_;
  const Lesson& lesson_;
  const Tasks& tasks_;
  std::istream& in_;
  std::ostream& out_;
  const WalkOptions& options_;
  bool stopped_ = false;
};

}  // namespace

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
  auto attempt = Attempt::open(lesson, options.only_text ? "" : folder);
  if (!attempt) return tl::unexpected(attempt.error());
  return Walk(**attempt, in, out, options).go();
}

}  // namespace wirelab
