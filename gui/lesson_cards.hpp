// The lessons on the start page: what each is about, how long it takes, and how far the learner is.
#pragma once

#include <string>
#include <vector>

#include "gui/skin.hpp"

namespace wirelab::gui {

struct LessonCard {
  std::string folder, title;
  std::string goal;  // the first of its objectives
  int minutes = 0;
  enum class State : unsigned char { fresh, begun, done } state = State::fresh;
  std::string problem;  // why it cannot be opened; empty if all is well
};

/// The lessons under `root`, in their order, with what is kept of them in the learner's folder `work`.
std::vector<LessonCard> read_lesson_cards(const std::string& root, const std::string& work);

/// Draws them into the present window and moves the cursor below; returns the place of the one that was chosen, or -1.
int draw_lesson_cards(const Skin& skin, const std::vector<LessonCard>& cards);

}  // namespace wirelab::gui
