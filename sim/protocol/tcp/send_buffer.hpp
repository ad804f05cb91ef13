// How much of what a program has written the system takes at a time, as Linux tunes it: packets are counted with what the system
// needs beside their payload, and the limit follows the congestion window. A program that has written more waits, and goes on
// when a third is free; so a sender may have nothing to send though the window is open (tcp_sndbuf_expand, sk_stream_write_space).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "sim/protocol/tcp/send_queue.hpp"

namespace wirelab::tcp {

struct SendBuffer {
  std::uint64_t taken = 0;          // offset up to which the program's bytes are in the buffer
  std::uint32_t limit = 0;          // bytes of memory
  std::vector<std::uint64_t> ends;  // of its pieces that are not sent whole yet

  static constexpr std::uint32_t kDescriptor = 256;  // sizes that Linux has on 64-bit machines: of sk_buff,
  static constexpr std::uint32_t kHeaders = 256;     // of room for headers,
  static constexpr std::uint32_t kShared = 320;      // of skb_shared_info
  static constexpr std::uint32_t kBeside = kDescriptor + kHeaders + kShared;
  static constexpr std::uint32_t kMost = 4u << 20;  // tcp_wmem[2]

  /// Twice what a window of so many segments takes.
  static std::uint32_t limit_for(std::uint32_t window, std::uint32_t maximum_segment_size) {
    constexpr std::uint32_t kLeast = 10;  // segments
    const std::uint32_t segment = std::bit_ceil(maximum_segment_size + kHeaders + kShared) + kDescriptor;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(2ull * std::max(window, kLeast) * segment, kMost));
  }
  /// Memory in use while all from `acknowledged` on waits. Two segments that left as one share what stands beside them, and so do
  /// neighbours that have arrived.
  std::uint64_t used(const SendQueue& sent, std::uint64_t acknowledged) const {
    std::uint64_t pieces = ends.size();
    for (std::uint32_t i = 0; i < sent.size(); ++i) {
      const bool with_last = i > 0 && sent[i].sacked == sent[i - 1].sacked && (sent[i].sacked || sent[i].push);
      if (!with_last) ++pieces;
    }
    return taken - acknowledged + pieces * kBeside;
  }
  /// Takes up to `piece` bytes of what was written up to `written`: into the last piece while it is not full, which needs no
  /// room, or into a new one if `in_use` is below the limit. False if nothing was taken.
  bool take(std::uint64_t in_use, std::uint64_t next, std::uint64_t written, std::uint32_t piece) {
    if (taken == written) return false;
    const std::uint64_t begin = ends.size() > 1 ? ends[ends.size() - 2] : next;
    const bool fills_last = !ends.empty() && ends.back() - begin < piece;
    if (!fills_last && in_use >= limit) return false;
    if (!fills_last) ends.push_back(taken);
    const std::uint64_t held = fills_last ? taken - begin : 0;
    taken += std::min<std::uint64_t>(piece - held, written - taken);
    ends.back() = taken;
    return true;
  }
  /// Everything up to `next` was sent.
  void sent_up_to(std::uint64_t next) {
    if (!ends.empty() && ends.front() <= next) ends.erase(ends.begin());
  }
  bool wakes_writer(std::uint64_t in_use) const { return in_use <= limit && limit - in_use >= in_use / 2; }
};

}  // namespace wirelab::tcp
