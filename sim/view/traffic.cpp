#include "sim/view/traffic.hpp"

#include <algorithm>

#include "sim/wire/ipv4.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab {

// From the fixed places of the headers: a packet that is damaged on the way is counted when it leaves, whole.
void Traffic::count(Direction& direction, wire::Bytes packet) {
  ++direction.packets;
  const std::size_t ip = std::min(packet.size(), wire::kIpv4HeaderSize);
  constexpr std::size_t kProtocol = 9, kDataOffset = 12;  // RFC 791, 3.1; RFC 9293, 3.1
  constexpr std::size_t kIcmpHeader = 8;                  // RFC 792
  const wire::Bytes body = packet.subspan(ip);
  const std::uint8_t protocol = packet.size() > kProtocol ? packet[kProtocol] : std::uint8_t{0};
  std::size_t header = 0;
  if (protocol == wire::kTcp && body.size() > kDataOffset) {
    header = static_cast<std::size_t>(body[kDataOffset] >> 4) * 4;
  } else if (protocol == wire::kUdp) {
    header = wire::kUdpHeaderSize;
  } else if (protocol == wire::kIcmp) {
    header = kIcmpHeader;
  }
  header = std::min(header, body.size());
  direction.ip += ip;
  direction.transport += header;
  direction.payload += body.size() - header;
}

}  // namespace wirelab
