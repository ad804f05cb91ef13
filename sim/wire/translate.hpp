// Rewriting the addresses and ports of a packet in place, with its checksums mended (RFC 1624): what address translation does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

/// One end of a flow as a translator sees it. The "port" of ICMP echo is its identifier.
struct FlowEnd {
  Ipv4Address address;
  std::uint16_t port = 0;
  auto operator<=>(const FlowEnd&) const = default;
};

struct Flow {
  std::uint8_t protocol = 0;  // TCP, UDP or ICMP
  FlowEnd source, destination;
};

/// The flow of a whole packet with a right header; empty if it has no ports: another protocol, an ICMP error, or cut short.
std::optional<Flow> flow_of(Bytes packet);
/// The packet inside an ICMP error, its header and at least 8 bytes; empty for anything else, and where the checksum is wrong.
Bytes packet_in_error(Bytes packet);

/// Of a packet that flow_of() knows. An echo has one identifier: it stands for both ports.
void rewrite_source(std::span<std::uint8_t> packet, FlowEnd to);
void rewrite_destination(std::span<std::uint8_t> packet, FlowEnd to);
/// Of an ICMP error: its destination, and the source of the packet inside, become `to`.
void rewrite_error(std::span<std::uint8_t> packet, FlowEnd to);

}  // namespace wirelab::wire
