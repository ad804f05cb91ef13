#include <catch2/catch.hpp>

#include "sim/kernel/random.hpp"
#include "sim/wire/icmp.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/translate.hpp"
#include "sim/wire/udp.hpp"

using namespace wirelab;
using namespace wirelab::wire;

namespace {

struct Random {
  explicit Random(std::uint64_t seed) : stream(seed, "translate", "test") {}
  Ipv4Address address() { return {static_cast<std::uint32_t>(stream.bits())}; }
  std::uint16_t port() { return static_cast<std::uint16_t>(stream.bits()); }
  std::vector<std::uint8_t> packet(std::uint8_t protocol, Ipv4Address source, Ipv4Address destination) {
    std::vector<std::uint8_t> payload(stream.below(40));
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(stream.bits());
    std::vector<std::uint8_t> bytes(kIpv4HeaderSize);
    if (protocol == kIcmp) {
      IcmpMessage message;
      message.identifier = port();
      message.body = payload;
      encode(message, bytes);
    } else {
      const std::size_t head = protocol == kTcp ? kTcpHeaderSize : kUdpHeaderSize;
      bytes.resize(kIpv4HeaderSize + head);
      bytes.insert(bytes.end(), payload.begin(), payload.end());
      TcpHeader tcp;
      tcp.source_port = port();
      tcp.destination_port = port();
      if (protocol == kTcp) encode(tcp, source, destination, bytes.data() + kIpv4HeaderSize, payload.size());
      if (protocol == kUdp)
        encode(UdpHeader{port(), port()}, source, destination, bytes.data() + kIpv4HeaderSize, payload.size());
    }
    Ipv4Header header;
    header.total_length = static_cast<std::uint16_t>(bytes.size());
    header.protocol = protocol;
    header.source = source;
    header.destination = destination;
    encode(header, bytes.data());
    return bytes;
  }
  RandomStream stream;
};

bool is_right(Bytes packet) {
  const auto header = decode_ipv4(packet);
  if (!header) return false;
  const Bytes rest = packet.subspan(kIpv4HeaderSize);
  switch (header->protocol) {
    case kTcp: return decode_tcp(rest, header->source, header->destination).has_value();
    case kUdp: return decode_udp(rest, header->source, header->destination).has_value();
    default: return decode_icmp(rest).has_value();
  }
}

}  // namespace

TEST_CASE("what is rewritten has the new ends and right checksums") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    const std::uint8_t protocol = std::array<std::uint8_t, 3>{kTcp, kUdp, kIcmp}[random.stream.below(3)];
    std::vector<std::uint8_t> packet = random.packet(protocol, random.address(), random.address());
    REQUIRE(is_right(packet));
    const FlowEnd to{random.address(), random.port()};
    const bool source = random.stream.below(2) != 0;
    const Flow before = *flow_of(packet);
    source ? rewrite_source(packet, to) : rewrite_destination(packet, to);
    REQUIRE(is_right(packet));
    const Flow after = *flow_of(packet);
    REQUIRE((source ? after.source : after.destination) == to);
    REQUIRE((source ? after.destination.address : after.source.address) ==
            (source ? before.destination.address : before.source.address));
  }
}

TEST_CASE("an ICMP error is rewritten inside and out, and a corrupted one is left alone") {
  Random random(5);
  const Ipv4Address outside = *parse_address("198.51.100.7");
  for (int round = 0; round < 500; ++round) {
    const auto inner = random.packet(kUdp, outside, random.address());
    IcmpMessage message;
    message.type = IcmpType::unreachable;
    message.code = kPortUnreachable;
    message.body = Bytes(inner).first(kIpv4HeaderSize + 8);
    std::vector<std::uint8_t> error(kIpv4HeaderSize);
    encode(message, error);
    Ipv4Header header;
    header.total_length = static_cast<std::uint16_t>(error.size());
    header.protocol = kIcmp;
    header.source = random.address();
    header.destination = outside;
    encode(header, error.data());
    std::vector<std::uint8_t> broken = error;
    broken[kIpv4HeaderSize + random.stream.below(error.size() - kIpv4HeaderSize)] ^= 0x10;
    REQUIRE(packet_in_error(broken).empty());
    REQUIRE_FALSE(packet_in_error(error).empty());
    const FlowEnd to{random.address(), random.port()};
    rewrite_error(error, to);
    REQUIRE(is_right(error));
    REQUIRE(decode_ipv4(error)->destination == to.address);
    REQUIRE(flow_of(packet_in_error(error))->source == to);
  }
}
