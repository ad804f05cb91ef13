// Timers as bars under a lane of the sequence diagram: from the instant at which each was set to that at which it went off or was
// cancelled, and for those that run at the shown instant, on to their deadline.
#pragma once

#include <set>
#include <vector>

#include "gui/views/time_window.hpp"

namespace wirelab::gui {

/// What a bar is called, to be drawn over what crosses it.
struct TimerWord {
  ImVec2 at;  // left, middle
  const char* word;
  Colour colour;
  float alpha;
};
void draw_words(const Skin& skin, ImDrawList& list, const std::vector<TimerWord>& words);

/// Draws the timers of the given entities below the lane at `y`, at most `rows` of them above one another. Where the mouse rests
/// on a bar it is explained. Their words are added to `words`.
void draw_timers(const Look& look, ImDrawList& list, const TimeScale& scale, float y, int rows,
                 const std::set<EntityId>& entities, bool hovered, std::vector<TimerWord>& words);

}  // namespace wirelab::gui
