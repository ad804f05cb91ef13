// TCP as microcontrollers run it: what lwip_like() offers, counts and gives up, against lwIP's own constants.
#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

const tcp::Settings kLwip = tcp::lwip_like();

struct Small : Net {
  explicit Small(std::uint64_t seed = 1) : Net(seed) {
    a = node("a");
    b = node("b");
    cable = link(a, b, path(20));
  }
  // The segments that `from` sent, with their instants.
  std::vector<std::pair<double, wire::TcpSegment>> sent_by(NodeIndex from) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::vector<std::pair<double, wire::TcpSegment>> all;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
      const Record& r = reader.record(i);
      if (r.kind != Kind::packet_sent || r.entity != network.node(from).entity) continue;
      const auto bytes = reader.blob(r.key);
      const auto header = wire::decode_ipv4(bytes);
      const auto segment = wire::decode_tcp(bytes.subspan(wire::kIpv4HeaderSize), header->source, header->destination);
      all.emplace_back(static_cast<double>(r.at) / 1e9, *segment);
    }
    return all;
  }
  NodeIndex a, b;
  LinkIndex cable;
};

// When the only connection that was opened at `a` was over.
double ended_at(Small& net) {
  net.trace.flush();
  const TraceStore::Reader reader(*net.store);
  double at = 0;
  for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
    const Record& r = reader.record(i);
    if (r.kind == Kind::state && r.field == static_cast<std::uint16_t>(Field::tcp_state) && r.b == 0)
      at = static_cast<double>(r.at) / 1e9;
  }
  return at;
}

}  // namespace

TEST_CASE("a small stack offers four segments, and no timestamps, window scaling or SACK") {
  Small net;
  Collector client, server;
  net.transport.listen(net.b, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(net.a, net.at(net.b, 80), &client, kLwip)->write(pattern(50'000));
  net.run_ms(60'000);
  CHECK(server.bytes == pattern(50'000));
  for (const auto& [at, segment] : net.sent_by(net.a)) {
    CHECK(segment.header.window <= 4 * 1460);
    CHECK_FALSE(segment.header.has_timestamps);
    CHECK_FALSE(segment.header.sack_permitted);
    CHECK(segment.header.window_scale == wire::TcpHeader::kNoWindowScale);
  }
  // The other end gets no more than what is offered under way, even if it runs Linux.
  Collector down_client, down_server;
  net.transport.listen(net.b, 81, [&](tcp::Connection&) { return &down_server; });
  net.transport.connect(net.a, net.at(net.b, 81), &down_client, kLwip);
  net.run_ms(1000);
  const Instant begun = net.events.now();
  down_server.connection->write(pattern(58'400));
  while (down_client.bytes.size() < 58'400 && net.events.now() - begun < Duration::seconds(60)) net.run_ms(1);
  CHECK(down_client.bytes == pattern(58'400));
  // 40 segments, 4 a round trip of 40 ms at best.
  CHECK(net.events.now() - begun >= Duration::milliseconds(380));
}

TEST_CASE("a SYN without an answer is sent seven times at a steady pace of three seconds") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  Small net(seed);
  net.network.channel(net.cable, net.a).set_up(false);
  Collector client;
  net.transport.connect(net.a, net.at(net.b, 80), &client, kLwip);
  net.run_ms(60'000);
  const auto syns = net.sent_by(net.a);
  REQUIRE(syns.size() == 7);
  CHECK(syns[1].first - syns[0].first >= 2.5);  // the first of the six ticks comes at any part of one
  CHECK(syns[1].first - syns[0].first <= 3.0);
  for (std::size_t i = 2; i < syns.size(); ++i) CHECK(syns[i].first - syns[i - 1].first == Approx(3.0));
  CHECK(client.reason == tcp::CloseReason::timed_out);
  CHECK(ended_at(net) - syns.back().first == Approx(0.5));  // the tick after the last one
}

TEST_CASE("time-outs are whole ticks of half a second, double, and end after twelve") {
  Small net;
  Collector client, server;
  net.transport.listen(net.b, 80, [&](tcp::Connection&) { return &server; });
  tcp::Connection& connection = *net.transport.connect(net.a, net.at(net.b, 80), &client, kLwip);
  for (int i = 0; i < 40; ++i) {
    connection.write(pattern(10));
    net.run_ms(1000);
  }
  // A round trip far below a tick: the average is 0 and the deviation stays at 3 quarters of a tick (sv >> 2 is 0 below 4).
  CHECK(connection.round_trip().rto_us() == 1'500'000);
  net.network.channel(net.cable, net.a).set_up(false);
  const std::size_t before = net.sent_by(net.a).size();
  connection.write(pattern(10));
  net.run(Duration::seconds(3600));
  const auto all = net.sent_by(net.a);
  REQUIRE(all.size() == before + 13);
  CHECK(all[before + 1].first - all[before].first >= 1.0);
  CHECK(all[before + 1].first - all[before].first <= 1.5);
  for (std::size_t i = 2; i <= 12; ++i) {
    const double wait = 1.5 * static_cast<double>(1u << std::min<std::size_t>(i - 1, 7));
    CHECK(all[before + i].first - all[before + i - 1].first == Approx(wait).margin(0.51));
  }
  CHECK(client.reason == tcp::CloseReason::timed_out);
}

TEST_CASE("every second segment is acknowledged at once, another one at the next quarter of a second") {
  Small net;
  Collector client, server;
  net.transport.listen(net.b, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(net.a, net.at(net.b, 80), &client, kLwip);
  net.run_ms(1000);
  const auto acks_after = [&](std::size_t bytes) {
    const std::size_t before = net.sent_by(net.a).size();
    const double from = net.events.now().in_seconds();
    server.connection->write(pattern(bytes));
    net.run_ms(2000);
    const auto all = net.sent_by(net.a);
    std::vector<double> waits;
    for (std::size_t i = before; i < all.size(); ++i) waits.push_back(all[i].first - from);
    return waits;
  };
  const auto one = acks_after(100);
  REQUIRE(one.size() == 1);
  CHECK(one[0] >= 0.02);
  CHECK(one[0] <= 0.28);
  const auto two = acks_after(2920);
  REQUIRE(two.size() == 1);
  CHECK(two[0] < 0.03);
}

TEST_CASE("a small stack that may tells what it has beyond a gap") {
  const tcp::Settings telling = tcp::lwip_like(true);
  Small net(3);
  Collector client, server;
  net.transport.listen(net.b, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(net.a, net.at(net.b, 80), &client, telling);
  net.run_ms(1000);
  net.network.channel(net.cable, net.b).change(path(20, 10'000'000, 0.1));
  server.connection->write(pattern(100'000));
  net.run_ms(60'000);
  CHECK(client.bytes == pattern(100'000));
  std::size_t told = 0;
  for (const auto& [at, segment] : net.sent_by(net.a)) told += segment.header.sack_count > 0 ? 1 : 0;
  CHECK(told > 3);
}
