#include "sim/wire/translate.hpp"

#include "sim/wire/icmp.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab::wire {
namespace {

constexpr std::size_t kIcmpHeaderSize = 8;

void mend_address(std::uint8_t* checksum, std::uint32_t before, std::uint32_t after) {
  mend_checksum(checksum, static_cast<std::uint16_t>(before >> 16), static_cast<std::uint16_t>(after >> 16));
  mend_checksum(checksum, static_cast<std::uint16_t>(before), static_cast<std::uint16_t>(after));
}

bool is_echo(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(IcmpType::echo) || type == static_cast<std::uint8_t>(IcmpType::echo_reply);
}

// Where the checksum of a TCP or UDP packet stands, or nullptr where there is none to mend.
std::uint8_t* transport_checksum(std::span<std::uint8_t> packet) {
  std::uint8_t* const at = packet.data() + kIpv4HeaderSize;
  switch (packet[9]) {
    case kTcp: return packet.size() >= kIpv4HeaderSize + kTcpHeaderSize ? at + 16 : nullptr;
    case kUdp: return load16(at + 6) != 0 ? at + 6 : nullptr;  // 0: none was made
    default: return nullptr;
  }
}

void rewrite(std::span<std::uint8_t> packet, bool source, FlowEnd to) {
  std::uint8_t* const address = packet.data() + (source ? 12 : 16);
  std::uint8_t* const transport = packet.data() + kIpv4HeaderSize;
  const std::uint32_t old_address = load32(address);
  mend_address(packet.data() + 10, old_address, to.address.value);
  store32(address, to.address.value);
  if (packet[9] == kIcmp) {
    mend_checksum(transport + 2, load16(transport + 4), to.port);
    store16(transport + 4, to.port);
    return;
  }
  std::uint8_t* const port = transport + (source ? 0 : 2);
  if (std::uint8_t* const checksum = transport_checksum(packet); checksum != nullptr) {
    mend_address(checksum, old_address, to.address.value);  // it covers the addresses too
    mend_checksum(checksum, load16(port), to.port);
    if (packet[9] == kUdp && load16(checksum) == 0) store16(checksum, 0xffff);
  }
  store16(port, to.port);
}

}  // namespace

std::optional<Flow> flow_of(Bytes packet) {
  if (packet.size() < kIpv4HeaderSize + 8) return std::nullopt;
  const std::uint8_t* const transport = packet.data() + kIpv4HeaderSize;
  Flow flow{packet[9], {{load32(packet.data() + 12)}, 0}, {{load32(packet.data() + 16)}, 0}};
  if (flow.protocol == kIcmp) {
    if (!is_echo(transport[0])) return std::nullopt;
    flow.source.port = flow.destination.port = load16(transport + 4);
  } else if (flow.protocol == kTcp || flow.protocol == kUdp) {
    flow.source.port = load16(transport);
    flow.destination.port = load16(transport + 2);
  } else {
    return std::nullopt;
  }
  return flow;
}

Bytes packet_in_error(Bytes packet) {
  constexpr std::size_t kLeast = kIpv4HeaderSize + kIcmpHeaderSize + kIpv4HeaderSize + 8;
  if (packet.size() < kLeast || packet[9] != kIcmp || is_echo(packet[kIpv4HeaderSize])) return {};
  // A corrupted one must not get a right checksum.
  if (checksum_finish(checksum_add(packet.subspan(kIpv4HeaderSize))) != 0) return {};
  return packet.subspan(kIpv4HeaderSize + kIcmpHeaderSize);
}

void rewrite_source(std::span<std::uint8_t> packet, FlowEnd to) { rewrite(packet, true, to); }
void rewrite_destination(std::span<std::uint8_t> packet, FlowEnd to) { rewrite(packet, false, to); }

void rewrite_error(std::span<std::uint8_t> packet, FlowEnd to) {
  mend_address(packet.data() + 10, load32(packet.data() + 16), to.address.value);
  store32(packet.data() + 16, to.address.value);
  const auto icmp = packet.subspan(kIpv4HeaderSize);
  const auto inner = icmp.subspan(kIcmpHeaderSize);
  rewrite(inner, true, to);
  store16(icmp.data() + 2, 0);
  store16(icmp.data() + 2, checksum_finish(checksum_add(icmp)));
}

}  // namespace wirelab::wire
