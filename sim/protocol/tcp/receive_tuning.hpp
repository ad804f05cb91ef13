// How large a window a receiver offers, as Linux tunes it since 6.16 (dynamic right-sizing): what the program read in the
// shortest round trip is what the sender could send in one; so the window becomes twice that, which lets the sender double its
// rate, and as much more as what has come out of order reaches beyond the gap. Beside that it opens no faster than by two
// segments for each that arrives (tcp_input.c: tcp_rcv_space_adjust, tcp_rcvbuf_grow, tcp_grow_window, tcp_rcv_rtt_measure_ts).
// Half of a buffer is offered, the rest is for what packets cost beside their payload. Left out: buffers that shrink when a
// system has little memory, and what 6.18 adds for rates that grow fast, which `truth/bulk.csv` does not show.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct ReceiveTuning {
  std::uint32_t clamp = 0;      // what the buffer allows, bytes
  std::uint32_t threshold = 0;  // what is offered at most: rcv_ssthresh
  std::uint32_t space = 0;      // read in the last round trip that was measured
  std::uint64_t from = 0;       // offset at which the present measurement began
  Instant since;
  std::uint32_t round_trip = 0;  // of the sender's data, the least, us; 0: not known yet
  std::uint32_t last_echo = 0;

  /// A segment of so many bytes has arrived in order.
  void grow(std::uint32_t bytes, std::uint32_t segment) {
    constexpr std::uint32_t kSmall = 128;
    if (bytes >= kSmall && threshold < clamp) threshold = std::min(threshold + 2 * segment, clamp);
  }
  /// The echo of one of our timestamps in a data segment: so old it is.
  void measure(std::uint32_t echo, std::uint32_t now_ms) {
    if (echo == 0 || echo == last_echo) return;
    last_echo = echo;
    const std::uint32_t sample = std::max<std::uint32_t>(now_ms - echo, 1) * 1000;
    // The least counts, so that a queue on the way is not taken for the path. Linux smooths a longer sample in where nothing waits
    // to be read; a program that is a little behind leaves it at the least.
    if (round_trip == 0 || sample < round_trip) round_trip = sample;
  }
  /// Room for twice what was read in a round trip, and for what lies beyond a gap.
  void widen(std::uint64_t beyond, std::uint32_t most) {
    const std::uint64_t wanted = std::min<std::uint64_t>(2 * std::uint64_t{space} + beyond, most);
    clamp = std::max(clamp, static_cast<std::uint32_t>(wanted));
  }
  /// The program has read up to this offset.
  void read(std::uint64_t offset, Instant now, std::uint32_t most) {
    if (round_trip == 0 || (now - since).ns() / 1000 < round_trip) return;
    const std::uint64_t copied = offset - from;
    if (copied > space) {
      space = static_cast<std::uint32_t>(std::min<std::uint64_t>(copied, UINT32_MAX / 2));
      widen(0, most);
    }
    from = offset;
    since = now;
  }
};

}  // namespace wirelab::tcp
