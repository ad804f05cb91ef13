// What a sender remembers to tell loss from delay: RACK (RFC 8985), the tail loss probe, F-RTO (RFC 5682), proportional rate
// reduction (RFC 6937), and what to put back if it was wrong.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

/// The most recently sent segment that has arrived: what was sent well before it and has not arrived is lost.
struct Rack {
  Instant sent;
  std::uint64_t end = 0;
  Duration round_trip = Duration::nanoseconds(0);
  bool reordering = false;  // has been seen on this path
  bool advanced = false;    // something arrived since losses were last looked for

  static bool after(Instant a, std::uint64_t a_end, Instant b, std::uint64_t b_end) {
    return a > b || (a == b && a_end > b_end);
  }
  /// A segment has arrived. RFC 8985, section 6.2, step 2.
  void delivered(Instant its_sending, std::uint64_t its_end, bool resent, Instant now, Duration least) {
    const Duration measured = now - its_sending;
    if (resent && measured < least) return;  // the answer to the original
    advanced = true;
    round_trip = measured;
    if (after(its_sending, its_end, sent, end)) sent = its_sending, end = its_end;
  }
  /// How long a segment may be overtaken by others: section 6.2, step 4.
  Duration patience(bool recovering, std::uint32_t sacked, Duration least, Duration srtt) const {
    constexpr std::uint32_t kDuplicateThreshold = 3;
    if (!reordering && (recovering || sacked >= kDuplicateThreshold)) return Duration::nanoseconds(0);
    return std::min(least / 4, srtt);
  }
};

/// RFC 6937: the window goes down to the threshold over the round trip of the recovery, in step with what arrives.
struct RateReduction {
  std::uint32_t prior = 0;      // the window before
  std::uint32_t delivered = 0;  // segments, since recovery began
  std::uint32_t sent = 0;

  /// How many segments may be sent for an acknowledgement that brought news of `now_delivered`.
  std::uint32_t allowance(std::uint32_t now_delivered, bool advanced, bool lost_more, std::uint32_t in_flight,
                          std::uint32_t threshold) {
    delivered += now_delivered;
    std::int64_t count = 0;
    if (in_flight > threshold) {
      const std::uint64_t due = static_cast<std::uint64_t>(threshold) * delivered + prior - 1;
      count = static_cast<std::int64_t>(due / std::max(prior, 1u)) - sent;
    } else {
      count = std::max<std::int64_t>(static_cast<std::int64_t>(delivered) - sent, now_delivered);
      if (advanced && !lost_more) ++count;
      count = std::min<std::int64_t>(count, threshold - in_flight);
    }
    return static_cast<std::uint32_t>(std::max<std::int64_t>(count, sent == 0 ? 1 : 0));
  }
};

/// The window before a reduction, to be put back if nothing was lost after all (RFC 4015).
struct Undo {
  bool possible = false;
  std::uint32_t window = 0;
  std::uint32_t threshold = 0;
};

/// All of it for one connection; made when something is first missing, so that the many that lose nothing need none.
struct LossState {
  Rack rack;
  RateReduction reduction;
  Undo undo;
  std::uint64_t probe_end = 0;       // SND.NXT when a tail loss probe was sent; 0: none is out
  std::uint64_t highest_sacked = 0;  // end of it
  std::uint64_t recovery_point = 0;
  std::uint32_t resent_ever = 0, repeated_ever = 0;  // retransmissions, and what the peer has had twice
  std::uint32_t first_resend = 0;                    // timestamp of the first retransmission since all was well
  bool resent = false;                               // there was one
};

/// What an acknowledgement brought.
struct AckNews {
  bool advanced = false;  // SND.UNA moved
  bool whole = false;     // past a whole segment at least
  bool sacked = false;
  bool original_arrived = false;  // something sent once, before the recovery began
  bool lost_more = false;
  bool repeated = false;                            // the peer has had something twice (RFC 2883)
  std::uint32_t delivered = 0;                      // segments
  std::uint64_t highest_before = 0;                 // end of the highest SACKed one before it; 0: there was none
  Duration round_trip = Duration::nanoseconds(-1);  // of the newest that was sent once; negative: not measured
  Instant sacked_sending = Instant::never();        // of the oldest newly SACKed segment that was sent once
  Instant last_sacked_sending;                      // of the newest of them
};

}  // namespace wirelab::tcp
