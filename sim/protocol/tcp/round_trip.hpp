// The retransmission time-out of RFC 6298, with Linux's floor: RTO = SRTT + max(4 RTTVAR, 200 ms), doubled at each time-out.
// Whole microseconds; SRTT is kept in eighths and RTTVAR in quarters, so the averages lose nothing.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct RoundTrip {
  static constexpr std::int64_t kInitial = 1'000'000;  // RFC 6298, 2.1
  static constexpr std::int64_t kFloor = 200'000;      // Linux's TCP_RTO_MIN
  static constexpr std::int64_t kMost = 120'000'000;   // Linux's TCP_RTO_MAX

  std::int64_t srtt8 = 0;
  std::int64_t rttvar4 = 0;
  std::int64_t base = kInitial;  // before back-off
  std::uint8_t backoff = 0;

  /// RFC 6298, 2.2 and 2.3. A sample also ends the back-off.
  void sample(Duration measured) {
    const std::int64_t rtt = std::max<std::int64_t>(measured.ns() / 1000, 1);
    if (srtt8 == 0) {
      srtt8 = rtt * 8;
      rttvar4 = rtt * 2;
    } else {
      const std::int64_t error = rtt - srtt8 / 8;
      srtt8 += error;
      rttvar4 += (error < 0 ? -error : error) - rttvar4 / 4;
    }
    base = std::min(srtt8 / 8 + std::max(rttvar4, kFloor), kMost);
    backoff = 0;
  }
  std::int64_t srtt_us() const { return srtt8 / 8; }
  std::int64_t rto_us() const { return std::min(base << std::min<int>(backoff, 20), kMost); }
  Duration rto() const { return Duration::microseconds(rto_us()); }
};

}  // namespace wirelab::tcp
