#include "sim/wire/udp.hpp"

namespace wirelab::wire {

void encode(const UdpHeader& header, Ipv4Address source, Ipv4Address destination, std::uint8_t* out,
            std::size_t payload_size) {
  const std::size_t length = kUdpHeaderSize + payload_size;
  store16(out, header.source_port);
  store16(out + 2, header.destination_port);
  store16(out + 4, static_cast<std::uint16_t>(length));
  store16(out + 6, 0);
  const std::uint16_t sum =
      checksum_finish(checksum_add({out, length}, pseudo_header_sum(source, destination, kUdp, length)));
  store16(out + 6, sum == 0 ? std::uint16_t{0xffff} : sum);
}

std::optional<UdpHeader> decode_udp(Bytes segment, Ipv4Address source, Ipv4Address destination) {
  if (segment.size() < kUdpHeaderSize || load16(segment.data() + 4) != segment.size()) return std::nullopt;
  if (load16(segment.data() + 6) != 0) {
    const std::uint64_t pseudo = pseudo_header_sum(source, destination, kUdp, segment.size());
    if (checksum_finish(checksum_add(segment, pseudo)) != 0) return std::nullopt;
  }
  return UdpHeader{load16(segment.data()), load16(segment.data() + 2)};
}

}  // namespace wirelab::wire
