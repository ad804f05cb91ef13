// What a tap makes of packets: streams put together in any order, and what is readable told apart from what is not.
#include <catch2/catch.hpp>

#include "sim/view/tap.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"

using namespace wirelab;
using Seen = TapLine::Kind;

namespace {

constexpr wire::Ipv4Address kClient{0x0a000002}, kHub{0x0a000001};

std::vector<std::uint8_t> segment(std::uint32_t sequence, wire::Bytes payload, bool syn = false) {
  wire::TcpHeader header;
  header.source_port = 32768, header.destination_port = 1883;
  header.sequence = sequence;
  header.flags.syn = syn, header.flags.ack = !syn;
  const std::size_t headers = wire::kIpv4HeaderSize + wire::header_size(header);
  std::vector<std::uint8_t> packet(headers + payload.size());
  std::copy(payload.begin(), payload.end(), packet.begin() + static_cast<std::ptrdiff_t>(headers));
  wire::encode(header, kClient, kHub, packet.data() + wire::kIpv4HeaderSize, payload.size());
  wire::Ipv4Header ip;
  ip.source = kClient, ip.destination = kHub, ip.protocol = wire::kTcp;
  ip.total_length = static_cast<std::uint16_t>(packet.size());
  wire::encode(ip, packet.data());
  return packet;
}

std::vector<std::uint8_t> conversation() {
  std::vector<std::uint8_t> bytes;
  mqtt::Connect connect;
  connect.client_id = "kitchen";
  connect.user_name = "ana";
  connect.password = wire::bytes_of("sesame");
  mqtt::encode(connect, bytes);
  mqtt::encode(mqtt::Publish{"sensors/t", wire::bytes_of("21.5"), mqtt::Qos::at_most_once, false, false, 0}, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a tap puts a stream together, repeated, out of order and over the wrap of sequence numbers") {
  const auto bytes = conversation();
  const std::uint32_t first = 0xffff'fff8;  // wraps within the conversation
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    for (const bool backwards : {false, true}) {
      CAPTURE(piece, backwards);
      std::vector<std::vector<std::uint8_t>> packets;
      for (std::size_t at = 0; at < bytes.size(); at += piece)
        packets.push_back(segment(first + static_cast<std::uint32_t>(at),
                                  wire::Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at))));
      if (backwards) std::reverse(packets.begin(), packets.end());
      Tap tap;
      tap.see(0, segment(first - 1, {}, true));
      for (std::size_t i = 0; i < packets.size(); ++i) {
        tap.see(static_cast<std::int64_t>(i), packets[i]);
        tap.see(static_cast<std::int64_t>(i), packets[i]);     // sent again
        if (i == 0) tap.see(0, segment(first - 1, {}, true));  // a copy of the SYN that was under way for longer
      }
      REQUIRE(tap.lines().size() == 3);
      CHECK(tap.lines()[0].text == "CONNECT as \"kitchen\"");
      CHECK(tap.lines()[1].text == "user name \"ana\", password \"sesame\"");
      CHECK(tap.lines()[2].text == "PUBLISH sensors/t \"21.5\"");
      CHECK(tap.count(Seen::content) == 1);
      CHECK(tap.count(Seen::credentials) == 1);
      CHECK(tap.count(Seen::hidden) == 0);
    }
  }
}

TEST_CASE("whatever a tap sees, it goes on") {
  const auto bytes = conversation();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Tap tap;
    tap.see(0, segment(0, {}, true));
    tap.see(1, segment(1, wire::Bytes(bytes).first(cut)));
    CHECK(tap.lines().size() <= 3);
  }
  const auto whole = segment(1, bytes);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Tap tap;
    tap.see(0, wire::Bytes(whole).first(cut));
    CHECK(tap.packets() == 1);
  }
  Tap tap;
  tap.see_sealed(0, "phone", "ap", 120);
  CHECK(tap.count(Seen::hidden) == 1);
  CHECK(tap.hidden_bytes() == 120);
}
