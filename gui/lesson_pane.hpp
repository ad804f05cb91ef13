// A lesson in a pane beside its world: prose, predictions that are locked before the run, tasks that the run completes, the
// learner's own scenario to change, the judgement, the quiz. What comes after a step stands there once that step is done.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "gui/playback.hpp"
#include "gui/skin.hpp"
#include "lab/course/attempt.hpp"

namespace wirelab::gui {

/// The run that is shown beside the lesson; there may be none.
struct ShownRun {
  Playback* playback = nullptr;
  std::string scenario;  // its path
};

/// What the learner asks the application for.
struct LessonWish {
  std::optional<SessionSetup> play;  // to be opened, and to run
  std::string title;                 // of it
  bool to_the_end = false;           // the shown run, as fast as it goes
  bool next = false;                 // the next lesson
  bool close = false;
};

class LessonPane {
 public:
  /// `next`: the title of the lesson after it, or nothing.
  LessonPane(std::unique_ptr<Attempt> attempt, std::string next);
  /// Waits for a judgement that is under way.
  ~LessonPane();

  /// Draws into the present window.
  LessonWish draw(const Skin& skin, const ShownRun& shown);
  const Attempt& attempt() const { return *attempt_; }
  SessionSetup first_run() const;
  /// Whether this scenario's run is to wait: what happens in it is to be predicted first.
  bool must_wait(const std::string& scenario) const;
  /// Of what the learner asked for: it is shown where they asked.
  void tell_problem(const std::string& text) { problem_ = text; }
  /// The learner's scenario as it stands in the editor.
  std::string& source() { return source_; }
  /// Whether another thread is at work for it: the next frame may look different.
  bool is_waiting() const;

 private:
  using StepKind = LessonStep::Kind;
  // What the simulation's thread has found, told between two of its events.
  struct Watch {
    std::mutex mutex;
    std::set<std::string> held;  // tasks
    bool asked = false;
  };

  void follow(const ShownRun& shown);
  void take_judgement();
  bool is_passed(const LessonStep& step) const;
  void head(const Skin& skin, LessonWish& wish);
  void step(const Skin& skin, std::size_t number, const ShownRun& shown, LessonWish& wish);
  void predict(const Skin& skin, const Prediction& prediction);
  void play(const Skin& skin, const ShownRun& shown, LessonWish& wish);
  void task(const Skin& skin, const Task& task);
  void edit(const Skin& skin, LessonWish& wish);
  void check(const Skin& skin);
  void verdict(const Skin& skin, const CheckResult& result);
  void quiz(const Skin& skin, const Question& question);
  void farewell(const Skin& skin, LessonWish& wish);
  void read_source();
  void keep(const Attempt::Done& done);
  void hint(const Skin& skin, const std::string& name, const std::vector<std::string>& hints);
  bool save_source_or_tell();

  std::unique_ptr<Attempt> attempt_;
  std::string next_;
  std::string source_, kept_source_;           // in the editor, and in the file
  double looked_ = 0;                          // at the file, in ImGui's seconds
  std::map<std::string, std::string> chosen_;  // predictions that are not locked yet
  bool goes_on_ = false;                       // past checks that are not met
  std::size_t shown_steps_ = 0;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::uint64_t watched_events_ = 0;
  std::weak_ptr<TraceStore> watched_;  // of the run that is watched
  std::future<tl::expected<Judgement, std::string>> judging_;
  std::optional<Judgement> judgement_;
  std::string judged_;  // the text that it is of
  std::string hint_, hint_of_, problem_;
};

}  // namespace wirelab::gui
