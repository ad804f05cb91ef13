#include "sim/protocol/tcp/congestion.hpp"

#include <algorithm>

namespace wirelab::tcp {
namespace {

// memory[0] counts acknowledged segments towards the next step of congestion avoidance.
void reno_acknowledged(CongestionState& state, std::uint32_t segments, Instant, Duration) {
  if (state.slow_start()) {
    const std::uint32_t room = state.threshold - state.window;
    const std::uint32_t step = std::min(segments, room);
    state.window += step;
    segments -= step;
  }
  if (segments == 0) return;
  state.memory[0] += segments;
  while (state.memory[0] >= state.window) {  // one segment a round trip: RFC 5681, section 3.1
    state.memory[0] -= state.window;
    ++state.window;
  }
}

// RFC 5681, equation 4.
std::uint32_t reno_threshold(CongestionState& state, std::uint32_t in_flight, Instant) {
  state.memory[0] = 0;
  return std::max(in_flight / 2, 2u);
}

}  // namespace

const CongestionAlgorithm& new_reno() {
  static constexpr CongestionAlgorithm algorithm{"newreno", reno_acknowledged, reno_threshold};
  return algorithm;
}

}  // namespace wirelab::tcp
