// ICMP (RFC 792): echo, destination unreachable with "fragmentation needed" (RFC 1191), time exceeded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab::wire {

enum class IcmpType : std::uint8_t { echo_reply = 0, unreachable = 3, echo = 8, time_exceeded = 11 };

inline constexpr std::uint8_t kNetUnreachable = 0;
inline constexpr std::uint8_t kHostUnreachable = 1;
inline constexpr std::uint8_t kPortUnreachable = 3;
inline constexpr std::uint8_t kFragmentationNeeded = 4;

struct IcmpMessage {
  IcmpType type = IcmpType::echo;
  std::uint8_t code = 0;
  std::uint16_t identifier = 0;  // echo
  std::uint16_t sequence = 0;    // echo
  std::uint16_t next_mtu = 0;    // fragmentation needed
  Bytes body;                    // echo: data; errors: header and first 8 bytes of the packet that drew it
};

/// Appends the message, checksum included.
void encode(const IcmpMessage& message, std::vector<std::uint8_t>& out);
/// `bytes` is the payload of the IPv4 packet. Empty if malformed or of another type.
std::optional<IcmpMessage> decode_icmp(Bytes bytes);

}  // namespace wirelab::wire
