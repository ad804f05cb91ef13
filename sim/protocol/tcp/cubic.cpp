// CUBIC (RFC 9438) with HyStart (Ha and Rhee, 2011), in the form that Linux gives them: whole numbers, time since the last
// reduction in ticks, the window recomputed at most 32 times a second.
#include <algorithm>

#include "sim/protocol/tcp/congestion.hpp"

namespace wirelab::tcp {
namespace {

constexpr std::uint32_t kBeta = 717;  // of 1024: RFC 9438, section 4.6, beta = 0.7

// The largest whole number whose cube is not above `x`.
std::int64_t cube_root(std::uint64_t x) {
  std::uint64_t root = 0;
  for (int bit = 20; bit >= 0; --bit) {
    const std::uint64_t next = root | (std::uint64_t{1} << bit);
    if (next * next * next <= x) root = next;
  }
  return static_cast<std::int64_t>(root);
}

// Where the curve W(t) = C (t - K)^3 + W_max, C = 0.4, stands at `t_ms` (RFC 9438, equation 1).
std::int64_t curve(const CubicState& c, std::int64_t t_ms) {
  const std::int64_t d = std::clamp<std::int64_t>(t_ms - c.to_plateau_ms, -1'000'000, 1'000'000);
  // 0.4 d^3 / 10^9, in two steps that do not overflow.
  return static_cast<std::int64_t>(c.origin) + d * d / 1000 * d / 2'500'000;
}

CubicState& cubic_of(CongestionState& state) {
  if (state.cubic == nullptr) state.cubic = std::make_unique<CubicState>();
  return *state.cubic;
}

void recompute(CongestionState& state, std::uint32_t segments, const AckSample& sample) {
  CubicState& c = cubic_of(state);
  const std::int64_t tick = sample.tick.ns();
  const Instant now = sample.tick_began;
  const Duration every = Duration::nanoseconds(1'000'000'000 / 32 / tick * tick);
  c.acknowledged += segments;
  if (c.last_window == state.window && c.computed != Instant::never() && now - c.computed <= every) return;
  if (c.epoch == Instant::never() || c.computed != now) {
    c.last_window = state.window;
    c.computed = now;
    if (c.epoch == Instant::never()) {
      c.epoch = now;
      c.acknowledged = segments;
      c.reno_window = state.window;
      if (c.last_most <= state.window) {
        c.to_plateau_ms = 0;
        c.origin = state.window;
      } else {
        // K = cube root of (W_max - cwnd) / C, in milliseconds: RFC 9438, equation 2.
        c.to_plateau_ms = cube_root(static_cast<std::uint64_t>(c.last_most - state.window) * 2'500'000'000ull);
        c.origin = c.last_most;
      }
    }
    const std::int64_t least = (c.least_us * 1000 + tick - 1) / tick * tick;
    const std::int64_t t_ms = ((now - c.epoch).ns() + least) / 1'000'000;
    const std::int64_t target = curve(c, t_ms);
    const auto window = static_cast<std::int64_t>(state.window);
    c.every = static_cast<std::uint32_t>(target > window ? window / (target - window) : 100 * window);
    if (c.last_most == 0) c.every = std::min(c.every, 20u);  // no loss yet: at least 5 % a round trip
  }
  // Never slower than NewReno would be with this beta: RFC 9438, section 4.3.
  constexpr std::uint32_t kScale = 8 * (1024 + kBeta) / 3 / (1024 - kBeta);
  const std::uint32_t step = std::max(state.window * kScale / 8, 1u);
  while (c.acknowledged > step) {
    c.acknowledged -= step;
    ++c.reno_window;
  }
  if (c.reno_window > state.window) c.every = std::min(c.every, state.window / (c.reno_window - state.window));
  c.every = std::max(c.every, 2u);  // at most half a window more a round trip
}

void begin_round(CubicState& c, const AckSample& sample) {
  c.round_began = c.train_last = sample.now;
  c.round_ends = sample.sent;
  c.round_least_us = 0;
  c.samples = 0;
}

// Leaves slow start before it overruns the path: when the acknowledgements of one round come as one train longer than half the
// round trip, or when the round trip itself has grown by an eighth (4 to 16 ms).
void hystart(CongestionState& state, const AckSample& sample) {
  constexpr std::uint32_t kFrom = 16;       // segments
  constexpr std::int64_t kTrainGap = 2000;  // us
  constexpr std::int64_t kBatch = 1000;     // us that a batch of segments may take to leave (hystart_ack_delay)
  constexpr std::uint8_t kSamples = 8;
  CubicState& c = *state.cubic;
  if (sample.acknowledged > c.round_ends) begin_round(c, sample);
  if (state.window < kFrom) return;
  const std::int64_t rtt = std::max<std::int64_t>(sample.round_trip.ns() / 1000, 1);
  bool found = false;
  if ((sample.now - c.train_last).ns() / 1000 <= kTrainGap) {
    c.train_last = sample.now;
    if ((sample.now - c.round_began).ns() / 1000 > (c.least_us + kBatch) / 2) found = true;
  }
  if (c.round_least_us == 0 || rtt < c.round_least_us) c.round_least_us = rtt;
  if (c.samples < kSamples) {
    ++c.samples;
  } else if (c.round_least_us > c.least_us + std::clamp<std::int64_t>(c.least_us / 8, 4000, 16000)) {
    found = true;
  }
  if (!found) return;
  c.found = true;
  state.threshold = state.window;
}

void cubic_measured(CongestionState& state, const AckSample& sample) {
  if (state.cubic == nullptr) return;
  CubicState& c = *state.cubic;
  // Right after a reduction round trips say little.
  if (c.epoch != Instant::never() && sample.now - c.epoch < Duration::seconds(1)) return;
  const std::int64_t rtt = std::max<std::int64_t>(sample.round_trip.ns() / 1000, 1);
  if (c.least_us == 0 || rtt < c.least_us) c.least_us = rtt;
  if (!c.found && state.slow_start()) hystart(state, sample);
}

void cubic_acknowledged(CongestionState& state, const AckSample& sample) {
  const bool begins = state.cubic == nullptr;
  CubicState& c = cubic_of(state);
  if (begins) {
    c.least_us = sample.least.ns() / 1000;
    begin_round(c, sample);
  }
  const std::uint32_t left = slow_start(state, sample.segments);
  if (left == 0) return;
  recompute(state, left, sample);
  open_every(state, c.every, left);
}

// RFC 9438, sections 4.6 and 4.7 (fast convergence).
std::uint32_t cubic_threshold(CongestionState& state, std::uint32_t, Instant) {
  CubicState& c = cubic_of(state);
  c.epoch = Instant::never();
  c.last_most = state.window < c.last_most ? state.window * (1024 + kBeta) / 2048 : state.window;
  return std::max(state.window * kBeta / 1024, 2u);
}

// Round trips too are measured anew: the first may be one that a lost acknowledgement has made long.
void cubic_timed_out(CongestionState& state) { cubic_of(state) = CubicState{}; }

}  // namespace

const CongestionAlgorithm& cubic() {
  static constexpr CongestionAlgorithm algorithm{"cubic", cubic_measured, cubic_acknowledged, cubic_threshold,
                                                 cubic_timed_out};
  return algorithm;
}

}  // namespace wirelab::tcp
