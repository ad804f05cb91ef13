// The retransmission time-out of RFC 6298 as Linux computes it (tcp_rtt_estimator): RTO = SRTT + RTTVAR, where RTTVAR stands for
// four mean deviations, follows the largest of each round trip at once, falls by a quarter of the difference once a round
// trip, and is never below 200 ms. It doubles at each time-out.
// Whole microseconds; SRTT is kept in eighths and the deviation in quarters, so the averages lose nothing.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct RoundTrip {
  static constexpr std::int32_t kInitial = 1'000'000;  // RFC 6298, 2.1
  static constexpr std::int32_t kFloor = 200'000;      // Linux's TCP_RTO_MIN, the least RTTVAR
  static constexpr std::int32_t kMost = 120'000'000;   // Linux's TCP_RTO_MAX

  std::int32_t srtt8 = 0;
  std::int32_t deviation4 = 0;     // mean deviation, times four
  std::int32_t largest4 = kFloor;  // of the present round trip
  std::int32_t variance = 0;       // RTTVAR as it stands in the RTO
  std::uint64_t round_ends = 0;    // the offset whose acknowledgement ends the present round trip
  std::int32_t base = kInitial;    // before back-off
  std::int32_t unit = 1;           // microseconds: the base is whole ones, rounded up before it is doubled
  std::uint32_t least_us = 0;      // see note_least()
  std::uint32_t least_at = 0;      // seconds
  std::uint8_t backoff = 0;
  bool in_ticks = false;  // doubled seven times at most (lwIP's tcp_backoff), in the place of kMost

  /// A round trip that was measured, when bytes up to `acknowledged` have been acknowledged and up to `sent` were sent. It also
  /// ends the back-off.
  void sample(Duration measured, std::uint64_t acknowledged, std::uint64_t sent) {
    // A round trip of more than the longest time-out says no more than that.
    const auto rtt = static_cast<std::int32_t>(std::clamp<std::int64_t>(measured.ns() / 1000, 1, kMost));
    if (srtt8 == 0) {
      srtt8 = rtt * 8;
      deviation4 = rtt * 2;
      variance = largest4 = std::max(deviation4, kFloor);
      round_ends = sent;
    } else {
      std::int32_t error = rtt - srtt8 / 8;
      srtt8 += error;
      if (error < 0) {
        // A shorter round trip is no sign of trouble: it raises the deviation only by an eighth of what it would.
        error = -error - deviation4 / 4;
        if (error > 0) error /= 8;
      } else {
        error -= deviation4 / 4;
      }
      deviation4 += error;
      if (deviation4 > largest4) {
        largest4 = deviation4;
        variance = std::max(variance, largest4);
      }
      if (acknowledged > round_ends) {
        if (largest4 < variance) variance -= (variance - largest4) / 4;
        round_ends = sent;
        largest4 = kFloor;
      }
    }
    base = std::min((srtt8 / 8 + variance + unit - 1) / unit * unit, kMost);
    backoff = 0;
  }
  /// The same as lwIP's tcp_receive() has it (Jacobson's of 1988), in whole ticks of its slow timer.
  void sample_in_ticks(std::int64_t measured, Duration tick) {
    const auto us = static_cast<std::int32_t>(tick.ns() / 1000);
    std::int32_t average = srtt8 / us;                                                     // "sa", in eighths
    std::int32_t deviation = srtt8 == 0 && deviation4 == 0 ? base / us : deviation4 / us;  // "sv", in quarters
    auto error = static_cast<std::int32_t>(std::min<std::int64_t>(measured, 1000)) - (average >> 3);
    average += error;
    error = (error < 0 ? -error : error) - (deviation >> 2);
    deviation += error;
    srtt8 = average * us;
    deviation4 = deviation * us;
    base = std::min(((average >> 3) + deviation) * us, kMost);
    backoff = 0;
  }
  /// The shortest round trip of the last five minutes (Linux's tcp_min_rtt_wlen), to be told of each; 0 before the first.
  void note_least(Duration measured, Instant now) {
    constexpr std::uint32_t kWindow = 300;
    const auto us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(measured.ns() / 1000, 1, kMost));
    const auto seconds = static_cast<std::uint32_t>(now.ns() / 1'000'000'000);
    if (least_us == 0 || us <= least_us || seconds - least_at > kWindow) least_us = us, least_at = seconds;
  }
  Duration least() const { return Duration::microseconds(least_us); }
  std::int64_t srtt_us() const { return srtt8 / 8; }
  std::int64_t rto_us() const {
    if (in_ticks) return std::int64_t{base} << std::min<int>(backoff, 7);
    return std::min<std::int64_t>(std::int64_t{base} << std::min<int>(backoff, 20), kMost);
  }
  Duration rto() const { return Duration::microseconds(rto_us()); }
};

}  // namespace wirelab::tcp
