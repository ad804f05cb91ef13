// The broker by itself: bytes of a connection in, bytes out.
#include <catch2/catch.hpp>

#include "sim/protocol/mqtt/broker.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

// A connection as the broker sees it; what it wrote, and whether it closed.
struct Wire final : ByteChannel {
  std::vector<std::uint8_t> written;
  bool closed = false;
  StreamPlace place() const override { return {1, written.size()}; }
  std::uint64_t acknowledged() const override { return written.size(); }
  bool is_open() const override { return !closed; }
  bool has_room(std::size_t) const override { return true; }
  void write(Bytes bytes) override { written.insert(written.end(), bytes.begin(), bytes.end()); }
  void close() override { closed = true; }
};

struct Bench {
  EventQueue events;
  Tracer trace{events, nullptr};
  Broker broker{events, trace, trace.define(EntityKind::broker, "broker"), {}};
  // What it answers to the bytes of a new connection.
  std::vector<std::uint8_t> answer(Wire& wire, const std::vector<std::uint8_t>& sent) {
    const ConnectionIndex connection = broker.opened(&wire);
    broker.receive(connection, sent, 2, {0, sent.size()});
    return wire.written;
  }
};

std::vector<std::uint8_t> hello(std::uint8_t level) {
  Connect packet;
  packet.level = level;
  packet.client_id = "c";
  std::vector<std::uint8_t> out;
  encode(packet, out);
  return out;
}

}  // namespace

TEST_CASE("clients of 3.1 and 3.1.1 are served, others are told in their own words that they are not [MQTT-3.1.2-2]") {
  for (const std::uint8_t level : {std::uint8_t{3}, std::uint8_t{4}}) {
    Bench bench;
    Wire wire;
    CHECK(bench.answer(wire, hello(level)) == bytes({0x20, 2, 0, 0}));
    CHECK_FALSE(wire.closed);
  }
  Bench bench;
  Wire wire, newer, unknown;
  CHECK(bench.answer(newer, hello(5)) == bytes({0x20, 3, 0, 0x84, 0}));
  CHECK(newer.closed);
  CHECK(bench.answer(unknown, bytes({0x10, 10, 0, 4, 'M', 'Q', 'T', 'T', 6, 2, 0, 0})) == bytes({0x20, 2, 0, 1}));
  CHECK(unknown.closed);
}
