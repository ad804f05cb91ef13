#include "sim/protocol/tcp/congestion.hpp"

#include <algorithm>

namespace wirelab::tcp {

std::uint32_t slow_start(CongestionState& state, std::uint32_t segments) {
  if (!state.slow_start()) return segments;
  const std::uint32_t step = std::min(segments, state.threshold - state.window);
  state.window += step;
  return segments - step;
}

void open_every(CongestionState& state, std::uint32_t every, std::uint32_t segments) {
  if (state.counted >= every) {  // it has become less meanwhile
    state.counted = 0;
    ++state.window;
  }
  state.counted += segments;
  if (state.counted < every) return;
  state.window += state.counted / every;
  state.counted %= every;
}

namespace {

void reno_measured(CongestionState&, const AckSample&) {}

void reno_acknowledged(CongestionState& state, const AckSample& sample) {
  const std::uint32_t left = slow_start(state, sample.segments);
  if (left > 0) open_every(state, state.window, left);  // one segment a round trip: RFC 5681, section 3.1
}

// RFC 5681, equation 4.
std::uint32_t reno_threshold(CongestionState&, std::uint32_t in_flight, Instant) { return std::max(in_flight / 2, 2u); }

void reno_timed_out(CongestionState&) {}

}  // namespace

const CongestionAlgorithm& new_reno() {
  static constexpr CongestionAlgorithm algorithm{"newreno", reno_measured, reno_acknowledged, reno_threshold,
                                                 reno_timed_out};
  return algorithm;
}

}  // namespace wirelab::tcp
