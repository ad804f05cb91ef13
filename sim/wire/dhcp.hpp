// DHCP messages (RFC 2131) with the options of RFC 2132 that a small device and its router exchange.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

inline constexpr std::uint16_t kDhcpServerPort = 67;
inline constexpr std::uint16_t kDhcpClientPort = 68;

enum class DhcpType : std::uint8_t { none = 0, discover, offer, request, decline, ack, nak, release };
std::string_view name_of(DhcpType type);

using MacAddress = std::array<std::uint8_t, 6>;

struct DhcpMessage {
  DhcpType type = DhcpType::none;
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;   // since the client began
  Ipv4Address client_address;  // "ciaddr": of a client that has one
  Ipv4Address your_address;    // "yiaddr": what the server gives
  MacAddress hardware{};       // of the client
  Ipv4Address requested;       // option 50; here and below 0 means that the option is not there
  Ipv4Address server;          // option 54
  std::uint32_t lease = 0;     // option 51, seconds
  Ipv4Address mask;            // option 1
  Ipv4Address router;          // option 3
  Ipv4Address name_server;     // option 6
  std::string host_name;       // option 12, at most 63 characters
  bool operator==(const DhcpMessage&) const = default;
};

/// Appends the message, filled up to the 300 bytes that old relays expect (RFC 1542, section 2.1).
void encode(const DhcpMessage& message, std::vector<std::uint8_t>& out);
/// Empty if it is malformed, or no DHCP message.
std::optional<DhcpMessage> decode_dhcp(Bytes bytes);

}  // namespace wirelab::wire
