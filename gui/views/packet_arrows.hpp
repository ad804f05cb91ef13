// Packets as arrows of the sequence diagram, as in Wireshark's flow graph: each hop from the first bit to the arrival, whatever it
// carries; what was lost ends in a cross with the reason.
#pragma once

#include <map>
#include <vector>

#include "gui/views/time_window.hpp"
#include "gui/views/timer_bars.hpp"

namespace wirelab::gui {

/// The flights in the window, from the first to before the last; where they are too many, those around the shown instant.
struct FlightSpan {
  std::size_t first = 0, last = 0;
  bool cut = false;
};
FlightSpan flights_in(const Look& look, const TimeWindow& time, std::size_t most);

/// Draws them between the lanes (y by node), with the timers' words below their labels. A click on one selects it and goes to its
/// middle.
void draw_packet_arrows(Look& look, ImDrawList& list, const TimeWindow& time, const std::map<EntityId, float>& lane_y,
                        const FlightSpan& span, const std::vector<TimerWord>& words, bool hovered);

}  // namespace wirelab::gui
