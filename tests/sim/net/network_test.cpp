#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

TEST_CASE("a packet of 1500 bytes on 9600 bit/s takes exactly its time") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  net.link(a, b, path(0, 9600));
  Instant arrived;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes) { arrived = net.events.now(); });
  net.transport.send_udp(a, 9, net.at(b, 7), pattern(1472));
  net.run_ms(5000);
  CHECK(arrived.ns() == 1'250'000'000);
}

TEST_CASE("back to back packets lose no part of a nanosecond") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  net.link(a, b, path(0, 9600));
  Instant last;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes) { last = net.events.now(); });
  for (int i = 0; i < 300; ++i)
    net.transport.send_udp(a, 9, net.at(b, 7), pattern(1));  // 29 bytes: 24 166 666.67 ns each
  net.run_ms(10'000);
  CHECK(last.ns() == 300LL * 29 * 8 * 1'000'000'000 / 9600);
}

TEST_CASE("a full queue drops what comes last") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  ChannelSettings settings = path(1, 1'000'000);
  settings.queue_packets = 5;
  net.link(a, b, settings);
  int arrived = 0;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes) { ++arrived; });
  for (int i = 0; i < 20; ++i) net.transport.send_udp(a, 9, net.at(b, 7), pattern(100));
  net.expect_fold_equals_live();
  net.run_ms(1000);
  CHECK(arrived == 6);  // five waiting and the one being sent
  CHECK(net.count(Kind::packet_dropped) == 14);
  net.expect_fold_equals_live();
}

TEST_CASE("loss is as often as it was set, and comes in bursts where that was set") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  constexpr int n = 20000;
  const auto lost_of = [&](const ChannelSettings& settings, int& runs) {
    Net net(seed);
    const NodeIndex a = net.node("a");
    const NodeIndex b = net.node("b");
    net.link(a, b, settings);
    std::vector<bool> arrived(n);
    int next = 0;
    net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes bytes) { arrived[wire::load32(bytes.data())] = true; });
    for (; next < n; ++next) {
      std::uint8_t number[4];
      wire::store32(number, static_cast<std::uint32_t>(next));
      net.transport.send_udp(a, 9, net.at(b, 7), number);
      net.run_ms(10);
    }
    int lost = 0;
    runs = 0;
    for (int i = 0; i < n; ++i) {
      lost += arrived[i] ? 0 : 1;
      runs += !arrived[i] && (i == 0 || arrived[i - 1]) ? 1 : 0;
    }
    return lost;
  };
  int runs = 0;
  const int independent = lost_of(path(1, 0, 0.1), runs);
  CHECK(std::abs(independent - 2000) < 4.5 * std::sqrt(n * 0.1 * 0.9));
  CHECK(std::abs(static_cast<double>(independent) / runs - 1 / 0.9) < 0.06);

  ChannelSettings bursts = path(1, 0);
  bursts.loss_kind = LossKind::gilbert_elliott;
  bursts.burst.good_to_bad = 0.02;
  bursts.burst.bad_to_good = 0.25;
  bursts.burst.loss_bad = 1;
  const int in_bursts = lost_of(bursts, runs);
  CHECK(in_bursts / double{n} == Approx(0.02 / 0.27).margin(0.012));         // share of the bad state
  CHECK(static_cast<double>(in_bursts) / runs == Approx(4.0).margin(0.85));  // mean burst: 1 / bad_to_good

  ChannelSettings timed = path(1, 0);
  timed.loss_kind = LossKind::gilbert_elliott_in_time;
  timed.burst.loss_bad = 1;
  timed.burst.mean_good = Duration::milliseconds(900);
  timed.burst.mean_bad = Duration::milliseconds(100);
  CHECK(lost_of(timed, runs) / double{n} == Approx(0.1).margin(0.03));
}

TEST_CASE("ping crosses routers, and errors come back from where they arise") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex r1 = net.node("r1");
  const NodeIndex r2 = net.node("r2");
  const NodeIndex b = net.node("b");
  net.link(a, r1, path(1, 0));
  net.link(r1, r2, path(2, 0));
  net.link(r2, b, path(3, 0));
  CHECK(net.network.routing().hops(a, b) == 3);
  net.network.ping(a, net.network.node(b).address, 1, 56);
  net.run_ms(100);
  const auto seen = [&] {
    net.trace.flush();
    const TraceStore::Reader reader(*net.store);
    Record last;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
      if (reader.record(i).kind == Kind::icmp_received) last = reader.record(i);
    }
    return last;
  };
  CHECK(seen().field == 0);       // echo reply
  CHECK(seen().a == 12'000'000);  // there and back
  net.transport.send_udp(a, 9, net.at(b, 99), pattern(5));
  net.run_ms(100);
  CHECK(seen().field == (3 << 8 | 3));  // port unreachable
  net.network.ping(a, wire::Ipv4Address{0x0a630101}, 2, 56);
  net.run_ms(100);
  CHECK(seen().field == (3 << 8 | 1));  // host unreachable, from r1
}

TEST_CASE("cutting a cable drops what waits and what is under way, and says so") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  const LinkIndex link = net.link(a, b, path(100, 100'000));
  int arrived = 0;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes) { ++arrived; });
  for (int i = 0; i < 10; ++i) net.transport.send_udp(a, 9, net.at(b, 7), pattern(97));  // 125 bytes: 10 ms each
  net.run_ms(55);
  net.network.channel(link, a).set_up(false);
  net.transport.send_udp(a, 9, net.at(b, 7), pattern(1));
  net.expect_fold_equals_live();
  net.network.channel(link, a).set_up(true);
  net.transport.send_udp(a, 9, net.at(b, 7), pattern(1));
  net.run_ms(500);
  CHECK(arrived == 1);
  CHECK(net.count(Kind::packet_dropped) == 11);
  CHECK(net.network.packets().in_use() == 0);
}

TEST_CASE("a packet never overtakes another on an ordered link, also when its delay falls") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  const LinkIndex link = net.link(a, b, path(200));
  net.network.ping(a, net.network.node(b).address, 1, 8);
  net.network.channel(link, a).change(path(10));
  net.network.channel(link, b).change(path(10));
  net.network.ping(a, net.network.node(b).address, 2, 8);
  net.run_ms(1000);
  net.trace.flush();
  const TraceStore::Reader reader(*net.store);
  std::vector<BlobNumber> sent, arrived;
  for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
    const Record& r = reader.record(i);
    if (r.kind == Kind::packet_sent && r.entity == net.network.node(a).entity) sent.push_back(r.key);
    if (r.kind == Kind::packet_arrived && r.entity == net.network.node(b).entity) arrived.push_back(r.key);
  }
  CHECK(sent.size() == 2);
  CHECK(sent == arrived);
}

TEST_CASE("when a link has its bursts does not depend on the traffic") {
  // One draw of a long burst every second or every millisecond: the same seconds are bad.
  const auto bad_seconds = [](std::int64_t every_ms) {
    Net net(5);
    const NodeIndex a = net.node("a");
    const NodeIndex b = net.node("b");
    ChannelSettings settings = path(1);
    settings.loss_kind = LossKind::gilbert_elliott_in_time;
    settings.burst.loss_bad = 1;
    settings.burst.mean_good = Duration::seconds(20);
    settings.burst.mean_bad = Duration::seconds(10);
    net.network.add_link(a, b, settings, path(1));
    std::vector<bool> bad;
    for (int second = 0; second < 300; ++second) {
      const std::size_t before = net.count(Kind::packet_dropped);
      net.network.ping(a, net.network.node(b).address, 1, 8);  // on the full second in both
      bad.push_back(net.count(Kind::packet_dropped) > before);
      for (std::int64_t ms = 0; ms < 1000; ms += every_ms) {
        net.run_ms(every_ms);
        if (ms + every_ms < 1000) net.network.ping(a, net.network.node(b).address, 1, 8);
      }
    }
    return bad;
  };
  const auto seldom = bad_seconds(1000);
  CHECK(seldom == bad_seconds(100));
  CHECK(std::count(seldom.begin(), seldom.end(), true) > 30);
}
