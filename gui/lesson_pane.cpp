#include "gui/lesson_pane.hpp"

#include <fmt/format.h>
#include <imgui_stdlib.h>

#include <chrono>

#include "gui/controls.hpp"
#include "gui/paint.hpp"
#include "gui/prose.hpp"
#include "lab/system/files.hpp"

namespace wirelab::gui {
namespace {

// What the learner does stands on a card; `edge` marks it on the left.
template <typename Inside>
void card(const Skin& skin, Colour edge, Inside&& inside) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float right = low.x + ImGui::GetContentRegionAvail().x - skin.px(14);
  list.ChannelsSplit(2);
  list.ChannelsSetCurrent(1);
  ImGui::Dummy({1, skin.px(6)});
  ImGui::Indent(skin.px(14));
  inside();
  ImGui::Unindent(skin.px(14));
  ImGui::Dummy({1, skin.px(4)});
  const float foot = ImGui::GetCursorScreenPos().y;
  list.ChannelsSetCurrent(0);
  list.AddRectFilled(low, {right, foot}, skin(Colour::raised), skin.px(8));
  list.AddRectFilled(low, {low.x + skin.px(4), foot}, skin(edge), skin.px(2));
  list.ChannelsMerge();
  ImGui::Dummy({1, skin.px(8)});
}

constexpr float kMargin = 28;  // of texts on a card

// Text as it stands: what a program says, a path, a line to write.
void plain(const Skin& skin, const std::string& text, Colour colour) {
  ImGui::PushFont(skin.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, skin(colour));
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - skin.px(kMargin));
  say(text);
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

// One of several answers; true when it is chosen.
bool choice(const Skin& skin, const std::string& id, const std::string& text, bool chosen, bool open,
            std::optional<Colour> verdict = std::nullopt) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - skin.px(kMargin);
  const float inset = skin.px(28);
  const float tall = draw_prose(skin, nullptr, at, width - inset, text) - skin.px(9);
  const bool pressed = ImGui::InvisibleButton(id.c_str(), {width, tall + skin.px(6)}) && open;
  const bool hot = open && (ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible));
  if (hot) list.AddRectFilled(at, {at.x + width, at.y + tall + skin.px(6)}, skin(Colour::hover), skin.px(6));
  const ImVec2 centre{at.x + skin.px(12), at.y + skin.px(14.5f)};
  const Colour ring = verdict.value_or(chosen ? Colour::accent : Colour::text_third);
  list.AddCircle(centre, skin.px(7), skin(ring), 0, skin.px(1.6f));
  if (chosen) list.AddCircleFilled(centre, skin.px(4), skin(ring));
  draw_prose(skin, &list, {at.x + inset, at.y + skin.px(3)}, width - inset, text,
             open || chosen ? Colour::text : Colour::text_second);
  focus_ring(skin, at, {at.x + width, at.y + tall + skin.px(6)}, skin.px(6));
  return pressed;
}

// A box that is ticked, or not, before a text.
void ticked(const Skin& skin, bool on, const std::string& text) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 low{at.x + skin.px(2), at.y + skin.px(4)}, high{low.x + skin.px(15), low.y + skin.px(15)};
  list.AddRect(low, high, skin(on ? Colour::ok : Colour::text_third), skin.px(3), 0, skin.px(1.6f));
  if (on) {
    const ImVec2 tick[] = {{low.x + skin.px(3), low.y + skin.px(7)},
                           {low.x + skin.px(6.5f), low.y + skin.px(11)},
                           {low.x + skin.px(12), low.y + skin.px(3)}};
    list.AddPolyline(tick, 3, skin(Colour::ok), 0, skin.px(2.2f));
  }
  ImGui::Indent(skin.px(26));
  prose(skin, text, Colour::text, kMargin);
  ImGui::Unindent(skin.px(26));
}

void rightly(const Skin& skin, bool right, const std::string& text) {
  prose(skin, (right ? "**Right.** " : "**Not so.** ") + text, right ? Colour::ok : Colour::warning, kMargin);
}

}  // namespace

LessonPane::LessonPane(std::unique_ptr<Attempt> attempt, std::string next)
    : attempt_(std::move(attempt)), next_(std::move(next)) {
  read_source();
}

LessonPane::~LessonPane() = default;

SessionSetup LessonPane::first_run() const {
  SessionSetup setup;
  setup.path = attempt_->lesson().folder + "/scenario.lua";
  setup.source = attempt_->lesson().scenario;
  setup.seed = attempt_->lesson().seed;
  return setup;
}

bool LessonPane::is_waiting() const {
  const std::lock_guard lock(watch_->mutex);
  return judging_.valid() || watch_->asked || !watch_->held.empty();
}

void LessonPane::keep(const Attempt::Done& done) { problem_ = done ? "" : done.error(); }

bool LessonPane::must_wait(const std::string& scenario) const {
  if (scenario != attempt_->lesson().folder + "/scenario.lua") return false;
  for (const LessonStep& step : attempt_->lesson().steps) {
    if (step.kind == StepKind::run) return false;
    if (step.kind == StepKind::predict && !is_passed(step)) return true;
  }
  return false;
}

void LessonPane::read_source() {
  const auto text = read_file(attempt_->place().scenario);
  if (!text) {
    problem_ = attempt_->place().scenario + ": " + text.error();
  } else if (*text != kept_source_ && source_ == kept_source_) {
    source_ = kept_source_ = *text;
  } else if (*text != kept_source_ && *text != source_) {
    problem_ =
        attempt_->place().scenario + " was changed by another program, too: saving puts in its place what stands here.";
  }
}

bool LessonPane::save_source_or_tell() {
  if (const auto saved = write_file(attempt_->place().scenario, source_); !saved) {
    problem_ = attempt_->place().scenario + ": " + saved.error();
    return false;
  }
  kept_source_ = source_;
  problem_.clear();
  return true;
}

// What the run beside it has brought about.
void LessonPane::follow(const ShownRun& shown) {
  const std::string own = attempt_->lesson().folder + "/scenario.lua";
  if (shown.playback == nullptr || (shown.scenario != own && shown.scenario != attempt_->place().scenario)) return;
  if (must_wait(shown.scenario)) return;
  const PlaybackStatus status = shown.playback->status();
  // As it was predicted: under its own seed, and with no hand in it.
  const bool as_it_is = shown.scenario == own && status.interventions == 0 && status.seed == attempt_->lesson().seed;
  if (!attempt_->progress().has_run && status.ended && !status.failed && as_it_is) keep(attempt_->note_run());
  if (watched_.lock() != shown.playback->store()) {
    watch_ = std::make_shared<Watch>();  // what the run before may still tell goes nowhere
    watched_ = shown.playback->store();
    watched_events_ = 0;
  }
  std::vector<std::pair<std::string, std::string>> open;  // name and condition
  for (const Task& task : attempt_->tasks().tasks()) {
    if (!attempt_->progress().tasks.contains(task.name)) open.emplace_back(task.name, task.when);
  }
  const std::lock_guard lock(watch_->mutex);
  for (const std::string& name : watch_->held) {
    if (const Task* task = attempt_->tasks().task(name)) keep(attempt_->complete(*task));
  }
  watch_->held.clear();
  if (watch_->asked || open.empty() || watched_events_ == status.events) return;
  watch_->asked = true;
  watched_events_ = status.events;
  shown.playback->peek([watch = watch_, open = std::move(open)](Session& session) {
    std::set<std::string> held;
    for (const auto& [name, when] : open) {
      if (const auto holds = session.script().holds(when); holds && *holds) held.insert(name);
    }
    const std::lock_guard guard(watch->mutex);
    watch->held.merge(held);
    watch->asked = false;
  });
}

void LessonPane::take_judgement() {
  if (!judging_.valid() || judging_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  auto judged = judging_.get();
  hint_.clear();
  judged_ = kept_source_;
  if (!judged) {
    problem_ = judged.error();
    return;
  }
  problem_.clear();
  judgement_ = std::move(*judged);
  keep(attempt_->note(*judgement_));
}

bool LessonPane::is_passed(const LessonStep& step) const {
  switch (step.kind) {
    case StepKind::predict: return attempt_->progress().predictions.contains(step.what);
    case StepKind::run: return attempt_->progress().has_run;
    case StepKind::check: return attempt_->progress().done || goes_on_;
    default: return true;
  }
}

LessonWish LessonPane::draw(const Skin& skin, const ShownRun& shown) {
  follow(shown);
  take_judgement();
  if (const double now = ImGui::GetTime(); now > looked_ + 0.5) {
    looked_ = now;
    read_source();
  }
  LessonWish wish;
  ImGui::Indent(skin.px(14));
  head(skin, wish);
  std::size_t number = 0;
  bool all = true;
  for (const LessonStep& one : attempt_->lesson().steps) {
    const bool fresh = number == shown_steps_ && shown_steps_ > 0;
    if (fresh) ImGui::SetScrollHereY(0.25f);
    ImGui::PushID(static_cast<int>(number));
    step(skin, number++, shown, wish);
    ImGui::PopID();
    if (!is_passed(one)) {
      all = false;
      break;
    }
  }
  shown_steps_ = number;
  if (all) farewell(skin, wish);
  ImGui::Dummy({1, skin.px(40)});
  ImGui::Unindent(skin.px(14));
  return wish;
}

void LessonPane::head(const Skin& skin, LessonWish& wish) {
  const Lesson& lesson = attempt_->lesson();
  const float top = ImGui::GetCursorPosY();
  const float wide = ImGui::GetContentRegionAvail().x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + wide - skin.px(42));
  if (icon_button(skin, "close lesson", icon::close, "x", "Close the lesson; what you have done is kept", 28))
    wish.close = true;
  ImGui::SetCursorPosY(top);
  prose(skin, "# " + lesson.title, Colour::text, 48);
  explain(skin, fmt::format("{} minutes", lesson.minutes), Colour::text_third);
  ImGui::Dummy({1, skin.px(4)});
  std::string goals;
  for (const std::string& objective : lesson.objectives) goals += "- " + objective + "\n";
  prose(skin, goals, Colour::text_second);
}

void LessonPane::step(const Skin& skin, std::size_t number, const ShownRun& shown, LessonWish& wish) {
  const LessonStep& one = attempt_->lesson().steps[number];
  const Tasks& tasks = attempt_->tasks();
  switch (one.kind) {
    case StepKind::text: prose(skin, attempt_->prose(number)); break;
    case StepKind::predict: predict(skin, *tasks.prediction(one.what)); break;
    case StepKind::run: play(skin, shown, wish); break;
    case StepKind::task: task(skin, *tasks.task(one.what)); break;
    case StepKind::edit: edit(skin, wish); break;
    case StepKind::check: check(skin); break;
    case StepKind::quiz: quiz(skin, *tasks.question(one.what)); break;
  }
}

void LessonPane::predict(const Skin& skin, const Prediction& prediction) {
  card(skin, Colour::qos2, [&] {
    prose(skin, "**" + prediction.ask + "**", Colour::text, kMargin);
    const auto locked = attempt_->progress().predictions.find(prediction.name);
    const bool open = locked == attempt_->progress().predictions.end();
    std::string& answer = chosen_[prediction.name];
    if (!open) answer = locked->second;
    for (const Choice& one : prediction.choices) {
      if (choice(skin, one.key, one.text, answer == one.key, open)) answer = one.key;
    }
    if (prediction.choices.empty() && open) {
      ImGui::SetNextItemWidth(skin.px(150));
      ImGui::PushStyleColor(ImGuiCol_FrameBg, skin(Colour::app));
      ImGui::PushStyleColor(ImGuiCol_Border, skin(Colour::line_strong));
      ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 1.0f);
      ImGui::InputTextWithHint("##number", "a number", &answer);
      ImGui::PopStyleVar();
      ImGui::PopStyleColor(2);
      ImGui::SameLine();
      explain(skin, prediction.unit);
    }
    if (open) {
      ImGui::Dummy({1, skin.px(2)});
      const bool ready = prediction.choices.empty() ? is_number(answer) : !answer.empty();
      if (text_button(skin, "Lock my prediction", nullptr, ready) && ready) keep(attempt_->predict(prediction, answer));
      if (!ready)
        explain(skin,
                prediction.choices.empty() ? "A number, before you see it happen."
                                           : "Choose one, before you see it happen.",
                Colour::text_third);
      return;
    }
    if (prediction.choices.empty())
      explain(skin, fmt::format("You said: {}", attempt_->predicted(prediction).value_or("")));
    if (!attempt_->progress().has_run) {
      explain(skin, "Locked. The run shows what happens.", Colour::text_third);
      return;
    }
    const auto score = attempt_->score(prediction);
    if (!score) return;
    rightly(skin, score->right, fmt::format("It was: {}. {}", score->was, prediction.why));
  });
}

void LessonPane::play(const Skin& skin, const ShownRun& shown, LessonWish& wish) {
  card(skin, Colour::accent, [&] {
    const SessionSetup setup = first_run();
    const bool here = shown.playback != nullptr && shown.scenario == setup.path;
    const PlaybackStatus status = here ? shown.playback->status() : PlaybackStatus{};
    const bool begun = here && (status.playing || status.now > Instant()) && !status.ended;
    if (!begun) {
      if (text_button(skin, attempt_->progress().has_run ? "Play it again" : "Play it", icon::play,
                      !attempt_->progress().has_run)) {
        wish.play = setup;
        wish.title = attempt_->lesson().title;
      }
    } else {
      explain(skin, fmt::format("{:.1f} of {:.0f} s. Watch the canvas; the sequence is below it.",
                                status.now.in_seconds(), status.end.in_seconds()));
      if (text_button(skin, "To the end", icon::next)) wish.to_the_end = true;
    }
    if (!attempt_->progress().has_run)
      explain(skin, "What follows stands here once it has come to its end.", Colour::text_third);
  });
}

void LessonPane::task(const Skin& skin, const Task& task) {
  const bool done = attempt_->progress().tasks.contains(task.name);
  card(skin, done ? Colour::ok : Colour::accent, [&] {
    ticked(skin, done, "**Task:** " + task.text);
    if (!done && !must_wait(first_run().path)) hint(skin, task.name, task.hints);
  });
}

void LessonPane::edit(const Skin& skin, LessonWish& wish) {
  card(skin, Colour::accent, [&] {
    prose(skin, "**Your scenario**", Colour::text, kMargin);
    ImGui::PushFont(skin.fonts.mono_small);
    ImGui::PushStyleColor(ImGuiCol_FrameBg, skin(Colour::app));
    ImGui::InputTextMultiline("##source", &source_, {ImGui::GetContentRegionAvail().x - skin.px(kMargin), skin.px(320)},
                              ImGuiInputTextFlags_AllowTabInput);
    ImGui::PopStyleColor();
    ImGui::PopFont();
    const bool changed = source_ != kept_source_;
    if (text_button(skin, "Save and play", icon::play, true)) {
      (void)save_source_or_tell();
      SessionSetup setup;
      setup.path = attempt_->place().scenario;
      setup.source = source_;
      setup.seed = attempt_->lesson().seed;
      wish.play = std::move(setup);
      wish.title = "yours: " + attempt_->lesson().title;
    }
    if (source_ != attempt_->lesson().scenario) {
      ImGui::SameLine();
      if (text_button(skin, "Begin anew")) source_ = attempt_->lesson().scenario;
    }
    if (!problem_.empty()) plain(skin, problem_, Colour::error);
    plain(skin,
          changed ? "Not saved yet."
                  : "Or change " + attempt_->place().scenario +
                        " in an editor of your own: it is read again when you save.",
          changed ? Colour::warning : Colour::text_third);
  });
}

void LessonPane::check(const Skin& skin) {
  const bool done = attempt_->progress().done;
  card(skin, done ? Colour::ok : Colour::accent, [&] {
    if (judging_.valid()) {
      explain(skin, "Judging, under seeds that you have not seen ...");
    } else if (text_button(skin, done ? "Judge it again" : "Judge it", icon::school, !done)) {
      if (source_ == kept_source_ || save_source_or_tell())
        judging_ = std::async(std::launch::async, [this] { return attempt_->judge_work(); });
    }
    if (!judgement_) {
      explain(skin, done ? "All of it was met." : "Your scenario runs under seeds that you have not seen.",
              Colour::text_third);
    } else if (!judgement_->error.empty()) {
      plain(skin, "The scenario does not run: " + judgement_->error, Colour::error);
    } else {
      if (judged_ != source_) plain(skin, "Of what stood there before:", Colour::text_third);
      for (const CheckResult& result : judgement_->checks) verdict(skin, result);
    }
    if (!problem_.empty()) plain(skin, problem_, Colour::error);
    if (!done && !goes_on_ && judgement_ && text_button(skin, "Go on without it")) goes_on_ = true;
  });
}

void LessonPane::verdict(const Skin& skin, const CheckResult& result) {
  const Verdict& v = result.verdict;
  ticked(skin, v.met, result.check->text);
  if (v.met) return;
  for (const auto& [name, value] : {std::pair{"expected", v.expected}, {"measured", v.measured}, {"look at", v.look}}) {
    if (!value.empty()) plain(skin, fmt::format("{}: {}", name, value), Colour::text_second);
  }
  if (!v.feedback.empty()) plain(skin, v.feedback, Colour::warning);
  explain(skin, fmt::format("under seed {}", result.seed), Colour::text_third);
  hint(skin, result.check->name, result.check->hints);
}

void LessonPane::hint(const Skin& skin, const std::string& name, const std::vector<std::string>& hints) {
  if (hints.empty()) return;
  ImGui::PushID(name.c_str());
  if (text_button(skin, "A hint", icon::help)) {
    if (auto next = attempt_->next_hint(name, hints)) {
      hint_ = std::move(*next);
      hint_of_ = name;
    } else {
      problem_ = next.error();
    }
  }
  ImGui::PopID();
  if (!hint_.empty() && hint_of_ == name) plain(skin, hint_, Colour::info);
}

void LessonPane::quiz(const Skin& skin, const Question& question) {
  const auto given = attempt_->progress().answers.find(question.name);
  const bool answered = given != attempt_->progress().answers.end();
  const Choice* said = nullptr;
  card(skin, Colour::qos1, [&] {
    prose(skin, "**" + question.ask + "**", Colour::text, kMargin);
    for (const Choice& one : question.choices) {
      const bool chosen = answered && given->second == one.key;
      if (chosen) said = &one;
      std::optional<Colour> colour;
      if (chosen) colour = one.right ? Colour::ok : Colour::warning;
      if (choice(skin, one.key, one.text, chosen, true, colour)) keep(attempt_->answer(question, one));
    }
    if (said != nullptr) rightly(skin, said->right, said->feedback);
  });
}

void LessonPane::farewell(const Skin& skin, LessonWish& wish) {
  card(skin, attempt_->progress().done ? Colour::ok : Colour::text_third, [&] {
    prose(skin, attempt_->progress().done ? "**The lesson is done.**" : "Not all checks are met yet.", Colour::text,
          kMargin);
    std::size_t open = 0;
    for (const Question& question : attempt_->tasks().questions())
      open += attempt_->progress().answers.contains(question.name) ? 0 : 1;
    for (const Task& one : attempt_->tasks().tasks()) open += attempt_->progress().tasks.contains(one.name) ? 0 : 1;
    if (open > 0)
      explain(skin,
              fmt::format("Still open above: {} {}.", open, open == 1 ? "question or task" : "questions or tasks"));
    if (next_.empty()) return;
    if (text_button(skin, "Next lesson", icon::next, attempt_->progress().done)) wish.next = true;
    explain(skin, next_);
  });
}

}  // namespace wirelab::gui
