#include <catch2/catch.hpp>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/wire/icmp.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/udp.hpp"

using namespace wirelab;
using namespace wirelab::wire;

// RFC 1071, section 3: the sum of 00 01 f2 03 f4 f5 f6 f7 is ddf2, its complement 220d.
TEST_CASE("the Internet checksum gives the RFC's example") {
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(checksum_finish(checksum_add(bytes)) == 0x220d);
  const std::uint8_t odd[] = {0x00, 0x01, 0xf2};
  CHECK(checksum_finish(checksum_add(odd)) == static_cast<std::uint16_t>(~0xf201));
}

// The header of a well-known example (Wikipedia, "IPv4 header checksum"): 4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7.
TEST_CASE("an IPv4 header is written to known bytes") {
  Ipv4Header header;
  header.total_length = 0x73;
  header.protocol = kUdp;
  header.source = *parse_address("192.168.0.1");
  header.destination = *parse_address("192.168.0.199");
  std::uint8_t out[20];
  encode(header, out);
  CHECK(load16(out + 10) == 0xb861);
  for (int hops = 0; hops < 63; ++hops) {
    REQUIRE(decrement_time_to_live(out));
    REQUIRE(checksum_finish(checksum_add(out)) == 0);
  }
  CHECK_FALSE(decrement_time_to_live(out));
  CHECK(to_string(header.destination) == "192.168.0.199");
  for (const char* wrong : {"1.2.3", "1.2.3.256", "1.2.3.4.", "a.b.c.d", "1.2.3.4 "}) CHECK_FALSE(parse_address(wrong));
}

TEST_CASE("TCP segments come back as they went, and a flipped bit is noticed") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  RandomStream random(seed, "tcp", "test");
  const Ipv4Address a{0x0a000001}, b{0x0a000002};
  for (int round = 0; round < 2000; ++round) {
    TcpHeader header;
    header.source_port = static_cast<std::uint16_t>(random.bits());
    header.destination_port = static_cast<std::uint16_t>(random.bits());
    header.sequence = static_cast<std::uint32_t>(random.bits());
    header.acknowledgement = static_cast<std::uint32_t>(random.bits());
    header.window = static_cast<std::uint16_t>(random.bits());
    header.flags = {random.below(2) == 0, random.below(2) == 0, random.below(2) == 0, random.below(2) == 0,
                    random.below(2) == 0};
    header.has_timestamps = random.below(2) == 0;
    header.timestamp = header.has_timestamps ? static_cast<std::uint32_t>(random.bits()) : 0;
    header.sack_permitted = random.below(2) == 0;
    if (random.below(2) == 0) header.maximum_segment_size = 1460;
    if (random.below(2) == 0) header.window_scale = static_cast<std::uint8_t>(random.below(15));
    // 40 bytes of options: a SYN has no SACK blocks.
    if (header.maximum_segment_size == 0 && header.window_scale == TcpHeader::kNoWindowScale)
      header.sack_count = static_cast<std::uint8_t>(random.below(4));
    for (std::size_t i = 0; i < header.sack_count; ++i)
      header.sack[i] = {static_cast<std::uint32_t>(random.bits()), static_cast<std::uint32_t>(random.bits())};
    const std::size_t size = header_size(header);
    REQUIRE(size <= 60);
    const std::size_t payload = random.below(100);
    std::vector<std::uint8_t> out(size + payload);
    for (std::size_t i = size; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(random.bits());
    encode(header, a, b, out.data(), payload);
    const auto back = decode_tcp(out, a, b);
    REQUIRE(back);
    REQUIRE(back->header.sequence == header.sequence);
    REQUIRE(back->header.window == header.window);
    REQUIRE(back->header.flags.syn == header.flags.syn);
    REQUIRE(back->header.timestamp == header.timestamp);
    REQUIRE(back->header.maximum_segment_size == header.maximum_segment_size);
    REQUIRE(back->header.window_scale == header.window_scale);
    REQUIRE(back->header.sack_permitted == header.sack_permitted);
    REQUIRE(back->header.sack_count == header.sack_count);
    REQUIRE(back->payload.size() == payload);
    out[random.below(out.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    REQUIRE_FALSE(decode_tcp(out, a, b));
  }
}

// What a Linux host sends: 60 bytes of IP and TCP header for a SYN, 52 for other segments (truth/README.md).
TEST_CASE("headers have Linux's sizes") {
  TcpHeader syn;
  syn.maximum_segment_size = 1460;
  syn.sack_permitted = true;
  syn.has_timestamps = true;
  syn.window_scale = 7;
  CHECK(kIpv4HeaderSize + header_size(syn) == 60);
  TcpHeader data;
  data.has_timestamps = true;
  CHECK(kIpv4HeaderSize + header_size(data) == 52);
}

TEST_CASE("UDP and ICMP come back as they went") {
  const Ipv4Address a{0x0a000001}, b{0x0a000002};
  std::vector<std::uint8_t> datagram(kUdpHeaderSize + 3, 7);
  encode(UdpHeader{5353, 53}, a, b, datagram.data(), 3);
  CHECK(decode_udp(datagram, a, b)->destination_port == 53);
  datagram.back() ^= 1;
  CHECK_FALSE(decode_udp(datagram, a, b));
  std::vector<std::uint8_t> out;
  IcmpMessage message;
  message.type = IcmpType::unreachable;
  message.code = kFragmentationNeeded;
  message.next_mtu = 600;
  encode(message, out);
  CHECK(decode_icmp(out)->next_mtu == 600);
}
