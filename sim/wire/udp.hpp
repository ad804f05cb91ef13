// UDP (RFC 768).
#pragma once

#include <cstdint>
#include <optional>

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

inline constexpr std::size_t kUdpHeaderSize = 8;

struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};

/// Writes the 8 bytes of the header at `out`, before a payload that already stands there.
void encode(const UdpHeader& header, Ipv4Address source, Ipv4Address destination, std::uint8_t* out,
            std::size_t payload_size);
/// `segment` is the payload of the IPv4 packet. Empty if malformed or its checksum is wrong (0 means none).
std::optional<UdpHeader> decode_udp(Bytes segment, Ipv4Address source, Ipv4Address destination);

}  // namespace wirelab::wire
