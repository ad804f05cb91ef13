// Lessons in the application: opening one with its world beside it, and what its pane asks for.
#include <fmt/format.h>

#include <algorithm>

#include "gui/application.hpp"
#include "gui/controls.hpp"

namespace wirelab::gui {
namespace {

constexpr float kLessonWidth = 400;
constexpr int kTenfold = 4, kReal = 3;  // places in kSpeeds

}  // namespace

void Application::set_lessons(const std::string& root, const std::string& work) {
  lessons_root_ = root;
  lessons_work_ = work;
  lesson_cards_ = read_lesson_cards(root, work);
}

void Application::open_lesson(const std::string& folder) {
  notice_ = "Opening ...";
  moving_ = true;
  std::string next;
  for (std::size_t i = 0; i + 1 < lesson_cards_.size(); ++i) {
    if (lesson_cards_[i].folder == folder) next = lesson_cards_[i + 1].title;
  }
  opening_.push_back(std::async(std::launch::async, [arrivals = arrivals_, folder, next, work = lessons_work_] {
    const auto problem = [&](const std::string& text) {
      const std::lock_guard lock(arrivals->mutex);
      arrivals->notice = text;
    };
    auto lesson = load_lesson(folder);
    if (!lesson) return problem(lesson.error());
    auto attempt = Attempt::open(std::move(*lesson), work);
    if (!attempt) return problem(attempt.error());
    auto pane = std::make_unique<LessonPane>(std::move(*attempt), next);
    SessionSetup setup = pane->first_run();
    const std::string title = pane->attempt().lesson().title;
    auto session = Session::begin(std::move(setup));
    if (!session) return problem(session.error().text);
    const std::lock_guard lock(arrivals->mutex);
    arrivals->lesson = std::move(pane);
    arrivals->sessions.push_back({std::move(*session), title, "", true, false});
  }));
}

// The pane comes first, so that the run that came with it stands beside it.
void Application::lesson_arrives(std::unique_ptr<LessonPane> pane) {
  lesson_ = std::move(pane);
  left_ = std::max(left_, kLessonWidth);
  left_tab_ = 0;
  if (is_narrow(ImGui::GetIO().DisplaySize.x)) right_tab_ = kLeftAsTab;
  if (speed_ == kReal) speed_ = kTenfold;
  show("sequence");
}

void Application::left_pane(Look& look, const View& control) {
  if (lesson_ == nullptr) {
    control.draw(look);
    return;
  }
  constexpr const char* words[] = {"Lesson", "Control"};
  tabs(skin_, "left tabs", words, left_tab_);
  ImGui::BeginChild(words[left_tab_], {0, 0}, false, ImGuiWindowFlags_NavFlattened);
  ImGui::Dummy({1, skin_.px(8)});
  if (left_tab_ == 0) {
    lesson_pane();
  } else {
    control.draw(look);
  }
  ImGui::EndChild();
}

bool Application::may_run() {
  Run* shown = run();
  if (shown == nullptr || lesson_ == nullptr || !lesson_->must_wait(shown->scenario)) return true;
  note("Lock your predictions first: then it plays");
  return false;
}

void Application::lesson_pane() {
  Run* shown = run();
  if (shown == nullptr || lesson_ == nullptr) return;
  LessonWish wish = lesson_->draw(skin_, {shown->playback.get(), shown->scenario});
  if (lesson_->is_waiting()) moving_ = true;
  if (wish.play || wish.to_the_end || wish.next || wish.close) lesson_wish_ = std::move(wish);
}

// After the frame: the run that is shown may go.
void Application::grant(LessonWish wish) {
  Run* shown = run();
  moving_ = true;
  if (wish.close || wish.next) {
    std::string next;
    for (std::size_t i = 0; i + 1 < lesson_cards_.size(); ++i) {
      if (wish.next && lesson_cards_[i].folder == lesson_->attempt().lesson().folder)
        next = lesson_cards_[i + 1].folder;
    }
    // A judgement that is under way ends by itself, and the window need not wait for it.
    opening_.push_back(std::async(std::launch::async, [pane = std::move(lesson_)] {}));
    lesson_cards_ = read_lesson_cards(lessons_root_, lessons_work_);
    if (!next.empty()) {
      open_lesson(next);
    } else {
      at_start_ = true;
    }
  } else if (wish.to_the_end && shown != nullptr) {
    shown->looking_at.reset();
    shown->playback->run_to(shown->playback->status().end);
  } else if (wish.play) {
    const PlaybackStatus status = shown == nullptr ? PlaybackStatus{} : shown->playback->status();
    if (shown != nullptr && shown->scenario == wish.play->path && status.now == Instant() &&
        status.interventions == 0 && wish.play->path != lesson_->attempt().place().scenario) {
      play(true);
      return;
    }
    opening_.push_back(std::async(std::launch::async,
                                  [arrivals = arrivals_, setup = std::move(*wish.play), title = wish.title]() mutable {
                                    auto session = Session::begin(std::move(setup));
                                    const std::lock_guard lock(arrivals->mutex);
                                    if (session) {
                                      arrivals->sessions.push_back({std::move(*session), title, "", true, true});
                                    } else {
                                      arrivals->lesson_problem = session.error().text;
                                    }
                                  }));
  }
}

}  // namespace wirelab::gui
