// How many segments a connection may have in flight. An algorithm is a table of functions over a small state that the
// connection keeps, so that NewReno and CUBIC are chosen by a pointer and cost one call an acknowledgement.
// Counts are segments, as in Linux.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

/// What CUBIC remembers (RFC 9438), and HyStart for it (see cubic.cpp).
struct CubicState {
  std::uint32_t every = 0;        // so many acknowledged segments open the window by one
  std::uint32_t last_most = 0;    // the window before the last reduction
  std::uint32_t origin = 0;       // the window at the curve's plateau
  std::uint32_t reno_window = 0;  // what NewReno would have: the window is never below it
  std::uint32_t acknowledged = 0;
  std::uint32_t last_window = 0;
  std::int64_t to_plateau_ms = 0;  // K
  Instant epoch = Instant::never();
  Instant computed = Instant::never();
  // HyStart
  std::int64_t least_us = 0;        // of all round trips, 0: none yet
  std::int64_t round_least_us = 0;  // of the present one
  std::uint64_t round_ends = 0;
  Instant round_began;
  Instant train_last;  // the newest acknowledgement of the train
  std::uint8_t samples = 0;
  bool found = false;
};

struct CongestionState {
  static constexpr std::uint32_t kInfinite = 0x7fffffff;
  std::uint32_t window = 10;            // cwnd: RFC 6928
  std::uint32_t threshold = kInfinite;  // ssthresh
  std::uint32_t counted = 0;            // acknowledged segments towards the next one
  std::unique_ptr<CubicState> cubic;    // made when the window is first in full use, or reduced: thin flows need none
  // How much of the window is in use, judged once for each flight (tcp_cwnd_validate).
  bool in_full_use = false;
  std::uint32_t most_out = 0;     // segments
  std::uint64_t flight_ends = 0;  // the offset whose acknowledgement begins the next flight
  bool slow_start() const { return window < threshold; }
  /// The sender has sent what it could: `out` segments up to offset `sent` are not acknowledged, which is so up to `acknowledged`.
  void used(bool full, std::uint32_t out, std::uint64_t acknowledged, std::uint64_t sent) {
    if (acknowledged < flight_ends && !full && (in_full_use || out <= most_out)) return;
    in_full_use = full;
    most_out = out;
    flight_ends = sent;
  }
  /// RFC 7661 in Linux's form: the window grows only while it is what limits the sender; in slow start to twice what was in use.
  bool limits() const { return in_full_use || (slow_start() && window < 2 * most_out); }
};

/// What an acknowledgement of new data tells an algorithm.
struct AckSample {
  std::uint32_t segments = 0;  // newly delivered
  Instant now;
  Instant tick_began;  // the beginning of the kernel's tick
  Duration tick;
  Duration round_trip = Duration::nanoseconds(-1);  // measured by this acknowledgement; negative: it was not
  Duration least;                                   // of all round trips
  std::uint64_t acknowledged = 0;                   // offsets: SND.UNA and SND.NXT
  std::uint64_t sent = 0;
};

struct CongestionAlgorithm {
  const char* name;
  /// A round trip was measured.
  void (*measured)(CongestionState& state, const AckSample& sample);
  /// New data was acknowledged outside of recovery, while the window was in full use.
  void (*acknowledged)(CongestionState& state, const AckSample& sample);
  /// The threshold to fall back to, since a segment was lost with `in_flight` segments under way.
  std::uint32_t (*threshold_after_loss)(CongestionState& state, std::uint32_t in_flight, Instant now);
  /// A time-out: everything begins anew.
  void (*timed_out)(CongestionState& state);
};

/// RFC 5681 slow start and congestion avoidance, with appropriate byte counting in slow start.
const CongestionAlgorithm& new_reno();
/// RFC 9438 with HyStart, as in Linux: the default there since 2.6.19.
const CongestionAlgorithm& cubic();

/// Slow start: opens the window by `segments`, up to the threshold; returns what is left of them.
std::uint32_t slow_start(CongestionState& state, std::uint32_t segments);
/// Opens the window by one for every `every` segments.
void open_every(CongestionState& state, std::uint32_t every, std::uint32_t segments);

}  // namespace wirelab::tcp
