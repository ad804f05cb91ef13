// A conversation of two hosts that was recorded packet by packet, given to the simulator: the same writes at the same times, the
// same packets lost. What comes out can be compared with what was recorded.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/time.hpp"

namespace wirelab {

/// Sequence and acknowledgement numbers are relative to the first SYN of their direction.
struct ConversationPacket {
  double at = 0;  // seconds
  char sender = 'A';
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::size_t length = 0;  // of the payload
  unsigned flags = 0;      // as in the header: FIN 1, SYN 2, PSH 8, ACK 16
  bool lost = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sacks;
  /// The same but for its time. A recording without flags has none to compare.
  bool same_content(const ConversationPacket& other) const;
};
std::string text_of(const ConversationPacket& packet);

struct Conversation {
  Duration phase;           // since the timer wheel's third level last began, at the beginning
  unsigned publish = 0x30;  // first byte of what A writes after CONNECT; at QoS 1 and 2 B answers with four bytes
  std::vector<std::pair<double, std::size_t>> writes;  // of A: when, and how many bytes
  std::vector<ConversationPacket> packets;             // as recorded
};

/// A connects at 0, over 1 Mbit/s and 25 ms. What both send until a second after the last recorded packet.
std::vector<ConversationPacket> replay(const Conversation& recorded);

/// How many packets from the first on are the recorded ones, each within `tolerance` seconds.
std::size_t equal_packets(const Conversation& recorded, const std::vector<ConversationPacket>& made, double tolerance);

}  // namespace wirelab
