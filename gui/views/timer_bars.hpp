// Timers as bars under a lane of the sequence diagram: from the instant at which each was set to that at which it went off or was
// cancelled, and for those that run at the shown instant, on to their deadline.
#pragma once

#include <set>

#include "gui/look.hpp"

namespace wirelab::gui {

/// How instants lie on the screen.
struct TimeScale {
  float left = 0, right = 0;  // pixels
  std::int64_t from = 0, span = 1;

  float x_of(std::int64_t at) const {
    return left + static_cast<float>(static_cast<double>(at - from) / static_cast<double>(span)) * (right - left);
  }
};

/// Draws the timers of the given entities below the lane at `y`, at most `rows` of them above one another. Where the mouse rests
/// on a bar it is explained.
void draw_timers(const Look& look, ImDrawList& list, const TimeScale& scale, float y, int rows,
                 const std::set<EntityId>& entities, bool hovered);

}  // namespace wirelab::gui
