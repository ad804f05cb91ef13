// How many segments a connection may have in flight. An algorithm is a table of functions over a small state that the
// connection keeps, so that NewReno, CUBIC and others are chosen by a pointer and cost one call an acknowledgement.
// Counts are segments, as in Linux.
#pragma once

#include <array>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct CongestionState {
  static constexpr std::uint32_t kInfinite = 0x7fffffff;
  std::uint32_t window = 10;              // cwnd: RFC 6928
  std::uint32_t threshold = kInfinite;    // ssthresh
  std::array<std::uint64_t, 4> memory{};  // the algorithm's own
  bool slow_start() const { return window < threshold; }
};

struct CongestionAlgorithm {
  const char* name;
  /// New data was acknowledged outside of recovery, while the window was in full use.
  void (*acknowledged)(CongestionState& state, std::uint32_t segments, Instant now, Duration srtt);
  /// The threshold to fall back to, since a segment was lost with `in_flight` segments under way.
  std::uint32_t (*threshold_after_loss)(CongestionState& state, std::uint32_t in_flight, Instant now);
};

/// RFC 5681 slow start and congestion avoidance, with appropriate byte counting in slow start.
const CongestionAlgorithm& new_reno();

}  // namespace wirelab::tcp
