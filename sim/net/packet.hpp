// Packets on their way. A pool keeps them in slots that are used again, each with the memory it had, so that sending a packet
// allocates nothing once a simulation runs.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "sim/kernel/event_queue.hpp"
#include "sim/trace/record.hpp"

namespace wirelab {

using PacketIndex = std::uint32_t;
inline constexpr PacketIndex kNoPacket = 0xffffffff;

struct Packet {
  std::unique_ptr<std::uint8_t[]> memory;
  std::uint32_t capacity = 0;
  std::uint32_t size = 0;
  BlobNumber blob = 0;     // its bytes in the trace, as its sender emitted it
  StreamId stream = 0;     // 0: not TCP
  std::int64_t begin = 0;  // the payload's range of the stream
  std::int64_t end = 0;
  PacketIndex next = kNoPacket;  // in the list of packets under way, or of free slots
  PacketIndex previous = kNoPacket;
  std::uint32_t hop = kNoPacket;      // the node that sent or forwarded it last
  std::uint32_t towards = kNoPacket;  // a node that it goes to whatever its address says, as a frame does
  EventId arrival;
  Instant arrives_at;

  std::uint8_t* bytes() { return memory.get(); }
  std::span<const std::uint8_t> view() const { return {memory.get(), size}; }
};

class PacketPool {
 public:
  Packet& operator[](PacketIndex index) { return packets_[index]; }
  const Packet& operator[](PacketIndex index) const { return packets_[index]; }

  /// A packet of `size` bytes, which are not set.
  PacketIndex take(std::uint32_t size) {
    PacketIndex index = free_;
    if (index == kNoPacket) {
      index = static_cast<PacketIndex>(packets_.size());
      packets_.emplace_back();
    } else {
      free_ = packets_[index].next;
    }
    Packet& packet = packets_[index];
    if (packet.capacity < size) {
      packet.capacity = size < 256 ? 256 : size < 1536 ? 1536 : size;
      packet.memory = std::make_unique_for_overwrite<std::uint8_t[]>(packet.capacity);
    }
    packet.size = size;
    packet.blob = packet.stream = 0;
    packet.begin = packet.end = 0;
    packet.towards = packet.hop = kNoPacket;
    packet.next = packet.previous = kNoPacket;
    ++in_use_;
    return index;
  }
  void give_back(PacketIndex index) {
    packets_[index].next = free_;
    free_ = index;
    --in_use_;
  }
  std::size_t in_use() const { return in_use_; }

 private:
  std::deque<Packet> packets_;  // never moves what it holds
  PacketIndex free_ = kNoPacket;
  std::size_t in_use_ = 0;
};

}  // namespace wirelab
