#include "lab/course/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lab/script/script.hpp"
#include "sim/kernel/random.hpp"

namespace wirelab {

bool Judgement::met() const {
  return error.empty() && std::all_of(checks.begin(), checks.end(), [](const CheckResult& c) { return c.verdict.met; });
}

void note_judgement(Progress& progress, const Judgement& judgement) {
  for (const CheckResult& result : judgement.checks) {
    if (result.verdict.met) progress.checks.insert(result.check->name);
  }
  progress.done |= judgement.met();
}

std::vector<std::uint64_t> unseen_seeds(const Lesson& lesson, const std::string& source, std::size_t count) {
  RandomStream stream(XXH3_64bits(source.data(), source.size()), lesson.id, "unseen seeds");
  std::vector<std::uint64_t> seeds;
  constexpr std::uint64_t kReadable = 1'000'000;
  while (seeds.size() < count) seeds.push_back(1000 + stream.below(kReadable));
  return seeds;
}

tl::expected<Judgement, std::string> judge(Tasks& tasks, const std::string& source, const std::string& path,
                                           const std::vector<std::uint64_t>& seeds) {
  Judgement judgement;
  for (const Check& check : tasks.checks()) judgement.checks.push_back({&check, {true, {}, {}, {}, {}}, 0});
  for (const std::uint64_t seed : seeds) {
    const auto run = run_for_facts(source, path, seed);
    if (!run) {
      judgement.error = run.error();
      judgement.checks.clear();
      return judgement;
    }
    for (CheckResult& result : judgement.checks) {
      if (!result.verdict.met) continue;
      const auto verdict = tasks.judge(*result.check, *run);
      if (!verdict) return tl::unexpected(verdict.error());
      if (!verdict->met) result.verdict = *verdict, result.seed = seed;
    }
  }
  return judgement;
}

namespace {

// The names between {{ and }}.
std::vector<std::string> quoted_figures(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at);
    if (end == std::string::npos) break;
    names.push_back(text.substr(at + 2, end - at - 2));
    at = end;
  }
  return names;
}

std::string all_feedback(const Judgement& judgement) {
  std::string text = judgement.error;
  for (const CheckResult& result : judgement.checks) {
    if (!result.verdict.met) text += "\n" + result.verdict.feedback;
  }
  return text;
}

}  // namespace

std::vector<std::string> lint(const Lesson& lesson, std::size_t seeds) {
  std::vector<std::string> wrong;
  const std::string page = lesson.folder + "/lesson.md";
  auto tasks = Tasks::load(lesson.tasks, lesson.folder + "/tasks.lua");
  if (!tasks) return {tasks.error()};
  Tasks& all = **tasks;
  if (lesson.minutes < 5 || lesson.minutes > 12)
    wrong.push_back(fmt::format("{}: a lesson takes 5 to 12 minutes, this one says {}", page, lesson.minutes));
  if (all.checks().empty()) wrong.push_back(lesson.folder + "/tasks.lua: there is no check()");
  if (lesson.wrong.size() < 2)
    wrong.push_back(lesson.folder + "/wrong: at least two typical wrong answers, wrong/NAME.lua, are missing");

  const auto demo = run_for_facts(lesson.scenario, lesson.folder + "/scenario.lua", lesson.seed);
  if (!demo) wrong.push_back(demo.error());
  std::set<std::string> used;
  bool has_run = false, has_check = false;
  for (const LessonStep& step : lesson.steps) {
    const auto at = fmt::format("{}:{}: ", page, step.line);
    using Of = LessonStep::Kind;
    const bool known = step.kind == Of::predict ? all.prediction(step.what) != nullptr
                       : step.kind == Of::task  ? all.task(step.what) != nullptr
                       : step.kind == Of::quiz  ? all.question(step.what) != nullptr
                                                : true;
    if (!known) wrong.push_back(fmt::format("{}tasks.lua has no such name: \"{}\"", at, step.what));
    if (step.kind == Of::predict && has_run)
      wrong.push_back(fmt::format("{}what is predicted has been seen already: predict before {{run}}", at));
    has_run |= step.kind == Of::run;
    has_check |= step.kind == Of::check;
    if (step.kind != Of::text) {
      used.insert(step.what);
      continue;
    }
    for (const std::string& name : quoted_figures(step.what)) {
      used.insert(name);
      const auto& figures = all.figures();
      if (std::find(figures.begin(), figures.end(), name) == figures.end()) {
        wrong.push_back(fmt::format("{}there is no figure \"{}\" in tasks.lua", at, name));
      } else if (demo) {
        if (const auto value = all.figure(name, *demo); !value) wrong.push_back(value.error());
      }
    }
  }
  if (!has_run || !has_check) wrong.push_back(page + ": a lesson has a {run} and a {check}");
  const auto unused = [&](const std::string& kind, const std::string& name) {
    if (!used.contains(name))
      wrong.push_back(fmt::format("{}/tasks.lua: {} \"{}\" stands nowhere in lesson.md", lesson.folder, kind, name));
  };
  for (const std::string& figure : all.figures()) unused("figure", figure);
  for (const Prediction& one : all.predictions()) {
    unused("prediction", one.name);
    if (!demo) continue;
    if (const auto outcome = all.outcome(one, *demo); !outcome) wrong.push_back(outcome.error());
  }
  for (const Task& one : all.tasks()) unused("task", one.name);
  for (const Question& one : all.questions()) unused("quiz", one.name);

  // No work done: every check must say so.
  const auto idle =
      judge(all, lesson.scenario, lesson.folder + "/scenario.lua", unseen_seeds(lesson, lesson.scenario, seeds));
  if (!idle) wrong.push_back(idle.error());
  for (std::size_t i = 0; idle && i < idle->checks.size(); ++i) {
    const CheckResult& result = idle->checks[i];
    if (result.verdict.met)
      wrong.push_back(
          fmt::format("{}/tasks.lua: check \"{}\" is met with no work done", lesson.folder, result.check->name));
    else if (result.verdict.expected.empty() || result.verdict.measured.empty() || result.verdict.look.empty())
      wrong.push_back(fmt::format("{}/tasks.lua: check \"{}\" does not say expected, measured and look", lesson.folder,
                                  result.check->name));
  }
  const auto solved = judge(all, lesson.solution, lesson.folder + "/solution/scenario.lua",
                            unseen_seeds(lesson, lesson.solution, seeds));
  if (!solved) {
    wrong.push_back(solved.error());
  } else if (!solved->error.empty()) {
    wrong.push_back(solved->error);
  } else {
    for (const CheckResult& result : solved->checks) {
      if (!result.verdict.met)
        wrong.push_back(fmt::format(
            "{}/solution: check \"{}\" does not accept it under seed {}: expected {}, measured {}", lesson.folder,
            result.check->name, result.seed, result.verdict.expected, result.verdict.measured));
    }
  }
  for (const WrongAnswer& answer : lesson.wrong) {
    const std::string path = fmt::format("{}/wrong/{}.lua", lesson.folder, answer.name);
    for (const std::uint64_t seed : unseen_seeds(lesson, answer.source, seeds)) {
      const auto judged = judge(all, answer.source, path, {seed});
      if (!judged) {
        wrong.push_back(judged.error());
      } else if (judged->met()) {
        wrong.push_back(fmt::format("{}: it is accepted under seed {}", path, seed));
      } else if (all_feedback(*judged).find(answer.feedback) == std::string::npos) {
        wrong.push_back(fmt::format("{}: under seed {} it is answered with \"{}\", not with its own feedback", path,
                                    seed, all_feedback(*judged)));
      } else {
        continue;
      }
      break;
    }
  }
  return wrong;
}

}  // namespace wirelab
