// How large a window a receiver offers, as Linux tunes it since 6.16 (dynamic right-sizing): what the program read in the
// shortest round trip is what the sender could send in one; so the window becomes twice that, since this knowledge is a round trip
// old; more while it grows, so that the sender can double its rate; and as much more as what has come out of order reaches beyond
// the gap. Beside that it opens no faster than by two segments for each that arrives (tcp_input.c: tcp_rcv_space_adjust,
// tcp_rcvbuf_grow, tcp_grow_window, tcp_rcv_rtt_measure_ts).
// Half of a buffer is offered until longer segments show what packets cost beside their payload, then that share. Left out:
// buffers that shrink when a system has little memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct ReceiveTuning {
  std::uint64_t buffer = 0;     // bytes, of which a share is offered
  std::uint32_t share = 128;    // of 256
  std::uint32_t threshold = 0;  // what is offered at most: rcv_ssthresh
  std::uint32_t space = 0;      // read in the last round trip that was measured
  std::uint64_t from = 0;       // offset at which the present measurement began
  Instant since;
  std::uint32_t round_trip = 0;  // of the sender's data, the least, us; 0: not known yet
  std::uint32_t last_echo = 0;

  /// What the buffer allows to offer, bytes.
  std::uint32_t clamp() const { return static_cast<std::uint32_t>(buffer * share / 256); }

  static constexpr std::size_t kSmall = 128;  // bytes: shorter segments open nothing
  /// A segment of so many bytes has arrived. True if more is offered now.
  bool grow(std::size_t bytes, std::uint32_t segment) {
    if (bytes < kSmall || threshold >= clamp()) return false;
    threshold = std::min(threshold + 2 * segment, clamp());
    return true;
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
  /// A segment longer than those before shows what share of the memory that packets take up is payload, and so how much of the
  /// buffer can be offered (tcp_measure_rcv_mss).
  void take_share(std::uint32_t bytes) {
    constexpr std::uint32_t kHeaders = 52 + 336;  // IP and TCP with timestamps; what Linux adds to each packet
    constexpr std::uint32_t kDescriptor = 256;
    share = bytes * 256 / (std::bit_ceil(bytes + kHeaders) + kDescriptor);
  }
  /// Room for twice what was read in a round trip, and for what lies beyond a gap. `most` is the largest buffer.
  void widen(std::uint64_t beyond, std::uint64_t most) {
    buffer = std::max(buffer, std::min((2 * std::uint64_t{space} + beyond) * 256 / share, most));
  }
  /// What was read in a round trip has grown: its double, and twice the share by which it grew of that.
  void grow_to(std::uint32_t copied, std::uint64_t most) {
    const std::uint64_t twice = 2 * std::uint64_t{copied};
    const std::uint64_t growth = twice * (copied - space) / std::max(space, 1u);
    space = copied;
    widen(2 * growth, most);
  }
  /// The program has read up to this offset.
  void read(std::uint64_t offset, Instant now, std::uint64_t most) {
    if (round_trip == 0 || (now - since).ns() / 1000 < round_trip) return;
    const std::uint64_t copied = offset - from;
    if (copied > space) {
      grow_to(static_cast<std::uint32_t>(std::min<std::uint64_t>(copied, UINT32_MAX / 2)), most);
    }
    from = offset;
    since = now;
  }
};

}  // namespace wirelab::tcp
