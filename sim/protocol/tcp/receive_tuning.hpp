// How large a window a receiver offers, as Linux tunes it since 6.16 (dynamic right-sizing): what the program read in the
// shortest round trip is what the sender could send in one; so the window becomes twice that, since what is read is always one
// round trip late, more where it grows, so that the sender can double its rate (6.18), and as much more as what has come out
// of order reaches beyond the gap. Beside that it opens no faster than by two segments for each that arrives (tcp_input.c:
// tcp_rcv_space_adjust, tcp_rcvbuf_grow, tcp_grow_window, tcp_rcv_rtt_measure_ts).
// Half of a buffer is offered until the first full segment shows what packets cost beside their payload, then that share. Left
// out: buffers that shrink when a system has little memory.
#pragma once

#include <algorithm>
#include <cstddef>
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
  bool share_known = false;
  bool grew = false;  // more is offered since the last segment, of which the sender should hear

  static constexpr std::size_t kSmall = 128;  // bytes: shorter segments open nothing
  /// A segment of so many bytes has arrived.
  void grow(std::size_t bytes, std::uint32_t segment) {
    grew = bytes >= kSmall && threshold < clamp;
    if (grew) threshold = std::min(threshold + 2 * segment, clamp);
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
  /// A full segment's share of the memory that it takes up says how much of the buffer can be offered (tcp_measure_rcv_mss).
  void take_share(std::size_t bytes, std::uint32_t half_of_buffer) {
    constexpr std::uint64_t kTrueSize = 2304;  // of a packet of up to 1500 bytes: a block of 2048 and its descriptor
    if (share_known) return;
    share_known = true;
    const std::uint64_t share = bytes * 256 / kTrueSize;
    clamp = std::max(clamp, static_cast<std::uint32_t>(std::uint64_t{half_of_buffer} * 2 * share / 256));
  }
  /// Room for twice what is read in a round trip, which was `before` in the one before, and for what lies beyond a gap.
  void widen(std::uint32_t before, std::uint64_t beyond, std::uint32_t most) {
    std::uint64_t wanted = 2 * std::uint64_t{space};
    if (space > before && before > 0) wanted += 2 * (wanted * (space - before) / before);
    clamp = std::max(clamp, static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted + beyond, most)));
  }
  /// The program has read up to this offset.
  void read(std::uint64_t offset, Instant now, std::uint32_t most) {
    if (round_trip == 0 || (now - since).ns() / 1000 < round_trip) return;
    const std::uint64_t copied = offset - from;
    if (copied > space) {
      const std::uint32_t before = space;
      space = static_cast<std::uint32_t>(std::min<std::uint64_t>(copied, UINT32_MAX / 2));
      widen(before, 0, most);
    }
    from = offset;
    since = now;
  }
};

}  // namespace wirelab::tcp
