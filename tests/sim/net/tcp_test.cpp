#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Pair {
  explicit Pair(const ChannelSettings& settings, std::uint64_t seed = 1,
                const tcp::Settings& to_use = Transport::kDefaults)
      : net(seed), a(net.node("a")), b(net.node("b")), link(net.link(a, b, settings)) {
    net.transport.listen(
        b, 80, [this](tcp::Connection& c) { return server_end = &c, &server; }, to_use);
  }
  tcp::Connection& connect(const tcp::Settings& settings = Transport::kDefaults) {
    return *net.transport.connect(a, net.at(b, 80), &client, settings);
  }
  Collector client, server;
  tcp::Connection* server_end = nullptr;
  Net net;
  NodeIndex a, b;
  LinkIndex link;
};

}  // namespace

TEST_CASE("a handshake takes one round trip and both ends agree") {
  Pair pair(path(25));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(51);
  CHECK(pair.client.connected);
  CHECK_FALSE(pair.server.connected);
  pair.net.run_ms(25);
  CHECK(pair.server.connected);
  CHECK(c.state() == tcp::State::established);
  CHECK(c.segment_payload() == 1448);  // 1500 - 20 - 20 - 12 of timestamps
  CHECK(c.stream_in() == pair.server.connection->stream_out());
  CHECK(c.stream_out() == pair.server.connection->stream_in());
}

TEST_CASE("a stream arrives whole and in order whatever the link loses") {
  const std::uint64_t seed = GENERATE(range(1, 7));
  const double loss = GENERATE(0.0, 0.02, 0.1, 0.3);
  CAPTURE(seed, loss);
  ChannelSettings settings = path(20, 2'000'000, loss);
  settings.jitter = Duration::milliseconds(seed % 2 == 0 ? 5 : 0);
  settings.in_order = seed % 4 != 0;
  Pair pair(settings, seed);
  tcp::Connection& c = pair.connect();
  const auto bytes = pattern(100'000);
  REQUIRE(c.write(bytes) == 0);
  while (!pair.client.connected) pair.net.run_ms(100);
  c.close();
  for (int i = 0; i < 4000 && !(pair.client.closed && pair.server.closed); ++i) {
    pair.net.run_ms(1000);
    if (i == 3) pair.net.expect_fold_equals_live();
  }
  CHECK((pair.server.bytes == bytes));
  CHECK(pair.server.peer_closed);
  CHECK(pair.client.reason == tcp::CloseReason::orderly);
  if (loss == 0.0 && settings.in_order) CHECK(pair.net.count(Kind::retransmission) == 0);
  CHECK(pair.net.transport.connections() == 0);
  CHECK(pair.net.network.packets().in_use() == 0);
  pair.net.expect_fold_equals_live();
}

TEST_CASE("a link of 10 Mbit/s is filled") {
  Pair pair(path(10));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  const auto bytes = pattern(2'000'000);
  c.write(bytes);
  pair.net.run_ms(2200);
  // 2 MB at 1448 in 1500 bytes a packet take 1.66 s, and slow start some round trips more.
  CHECK(pair.server.bytes.size() == bytes.size());
}

TEST_CASE("one lost segment among many is repaired by fast retransmit, without a time-out") {
  Pair pair(path(25));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  const auto bytes = pattern(14480);
  c.write(bytes);
  // Cut the cable for the time of one packet in the middle of the flight.
  Channel& channel = pair.net.network.channel(pair.link, pair.a);
  ChannelSettings lossy = channel.settings();
  lossy.loss = 1;
  pair.net.run(Duration::microseconds(2300));
  channel.change(lossy);
  pair.net.run(Duration::microseconds(1200));
  channel.change(path(25));
  pair.net.run_ms(180);
  CHECK((pair.server.bytes == bytes));
  CHECK(pair.net.count(Kind::retransmission) == 1);
}

TEST_CASE("a connection to a closed port is refused, to nowhere unreachable, into a dead cable timed out") {
  Pair pair(path(5));
  Collector other;
  pair.net.transport.connect(pair.a, pair.net.at(pair.b, 81), &other);
  pair.net.run_ms(20);
  CHECK(other.reason == tcp::CloseReason::refused);

  const NodeIndex c = pair.net.node("c");
  pair.net.link(pair.b, c, path(5));
  Collector nowhere;
  pair.net.transport.connect(pair.a, {wire::Ipv4Address{0x0a630101}, 80}, &nowhere);
  pair.net.run_ms(50);
  CHECK(nowhere.reason == tcp::CloseReason::unreachable);

  pair.net.network.channel(pair.link, pair.a).set_up(false);
  const Instant begin = pair.net.events.now();
  pair.connect();
  while (!pair.client.closed && pair.net.events.step(Instant::from_ns(400'000'000'000))) {
  }
  CHECK(pair.client.reason == tcp::CloseReason::timed_out);
  CHECK((pair.net.events.now() - begin) == Duration::seconds(1 + 1 + 1 + 1 + 1 + 2 + 4));
}

TEST_CASE("a peer that does not read closes its window, and opens it again") {
  tcp::Settings small;
  small.receive_window = small.receive_window_most = 8192;
  Pair pair(path(5), 1, small);
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  pair.server.reading = false;
  const auto bytes = pattern(50'000);
  c.write(bytes);
  pair.net.run_ms(20'000);
  CHECK(pair.server.bytes.empty());
  CHECK(c.acknowledged() <= 8192 + 1);
  pair.server.reading = true;
  for (int i = 0; i < 400; ++i) {
    if (pair.server.connection != nullptr) pair.server.connection->read_more();
    pair.net.run_ms(100);
  }
  CHECK((pair.server.bytes == bytes));
  pair.net.expect_fold_equals_live();
}

TEST_CASE("small writes wait for each other with Nagle and do not without") {
  tcp::Settings nodelay;
  nodelay.nodelay = true;
  for (const bool nagle : {true, false}) {
    Pair pair(path(25));
    tcp::Connection& c = pair.connect(nagle ? Transport::kDefaults : nodelay);
    pair.net.run_ms(200);
    const std::uint8_t byte[1] = {42};
    c.write(byte);
    c.write(byte);
    pair.net.run_ms(30);
    CHECK(pair.server.bytes.size() == (nagle ? 1u : 2u));
    pair.net.run_ms(500);
    CHECK(pair.server.bytes.size() == 2);
  }
}

// Linux's rules, each against what a capture of it shows (truth/README.md).
TEST_CASE("the first segments are acknowledged at once, and talk to and fro within 40 ms") {
  Pair pair(path(1));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  const std::uint8_t byte[1] = {42};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    c.write(byte);
    pair.net.run_ms(3);
    CHECK(c.acknowledged() == i);
  }
  // An answer within 40 ms begins a talk: now an acknowledgement waits for data to ride on.
  pair.server_end->write(byte);
  pair.net.run_ms(100);
  c.write(byte);
  pair.net.run_ms(41);
  CHECK(c.acknowledged() == 3);
  pair.net.run_ms(2);
  CHECK(c.acknowledged() == 4);
  // It had waited in vain, so the talk is over.
  c.write(byte);
  pair.net.run_ms(3);
  CHECK(c.acknowledged() == 5);
  // More than a full segment is acknowledged at once in any case.
  pair.server_end->write(byte);
  pair.net.run_ms(10);
  c.write(pattern(2896));
  pair.net.run_ms(10);
  CHECK(c.acknowledged() == 2901);
}

TEST_CASE("after a pause the window begins again, and the threshold remembers") {
  Pair pair(path(10, 0));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  c.write(pattern(300'000));
  while (c.acknowledged() < 300'000) pair.net.run_ms(1);
  const std::uint32_t window = c.congestion().window;
  REQUIRE(window > 60);
  // The RTO is 220 ms: 20 of round trip and the floor of 200. The last data went a round trip ago; a pause of more than one RTO
  // and less than two halves the window once.
  pair.net.run_ms(300);
  const std::uint8_t byte[1] = {42};
  c.write(byte);
  CHECK(c.congestion().window == window / 2);
  CHECK(c.congestion().threshold >= window / 4 * 3);
  pair.net.run_ms(20'000);
  c.write(byte);
  CHECK(c.congestion().window == 10);
}

TEST_CASE("a connection without answer gives up after Linux's time and no sooner") {
  Pair pair(path(5));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  pair.net.network.channel(pair.link, pair.a).set_up(false);
  c.write(pattern(10));
  // Linux's "hypothetical" time for 15 doublings of 200 ms, capped at 120 s; the time-out that passes it ends the connection.
  pair.net.run(Duration::milliseconds(924'600));
  CHECK_FALSE(pair.client.closed);
  pair.net.run(Duration::seconds(120));
  CHECK(pair.client.reason == tcp::CloseReason::timed_out);
}

TEST_CASE("the retransmission time-out follows RFC 6298 with Linux's floor") {
  // By hand, from the rules of RFC 6298 with Linux's floor and its slower fall: units of 1 us.
  tcp::RoundTrip t;
  CHECK(t.rto_us() == 1'000'000);
  t.sample(Duration::milliseconds(100), 0, 10);  // SRTT = R, 4 RTTVAR = 2 R
  CHECK(t.srtt_us() == 100'000);
  CHECK(t.rto_us() == 300'000);
  // The deviation is 50 + (200 - 50) / 4 = 87.5, which counts at once; SRTT = 7/8 x 100 + 1/8 x 300 = 125.
  t.sample(Duration::milliseconds(300), 5, 10);
  CHECK(t.srtt_us() == 125'000);
  CHECK(t.rto_us() == 125'000 + 4 * 87'500);
  // Downwards it falls by a quarter of what is too much, once a round trip.
  std::uint64_t bytes = 10;
  std::int64_t variance = 4 * 87'500;
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 3; ++k) t.sample(Duration::microseconds(t.srtt_us()), bytes + 1, bytes + 10);
    bytes += 10;
    CHECK(t.rto_us() - t.srtt_us() <= variance);
    CHECK(t.rto_us() - t.srtt_us() >= variance - (variance - 200'000) / 4 - 1);
    variance = t.rto_us() - t.srtt_us();
  }
  CHECK(variance < 200'010);  // the floor stands in the place of 4 RTTVAR
  CHECK(variance >= 200'000);
  const std::int64_t once = t.rto_us();
  t.backoff = 3;
  CHECK(t.rto_us() == 8 * once);
  t.backoff = 40;
  CHECK(t.rto_us() == 120'000'000);
  t.sample(Duration::milliseconds(40), bytes, bytes);
  CHECK(t.backoff == 0);
}

TEST_CASE("the window doubles each round trip in slow start, and a time-out halves the threshold once") {
  Pair pair(path(50, 0));  // no rate: nothing is lost
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(200);
  CHECK(c.congestion().window == 10);
  c.write(pattern(2'000'000));
  std::uint32_t expected = 10;
  for (int round = 0; round < 3; ++round) {  // until the receive window of 128 KiB is what limits
    pair.net.run_ms(100);
    expected *= 2;
    CAPTURE(round);
    CHECK(c.congestion().window >= expected - 2);  // the last ACK of a round may be a delayed one
    CHECK(c.congestion().window <= expected);
  }
  const std::uint32_t before = c.congestion().window;
  pair.net.network.channel(pair.link, pair.a).set_up(false);
  pair.net.run(Duration::seconds(3));
  CHECK(c.congestion().window == 1);
  CHECK(c.congestion().threshold >= before / 2);
  CHECK(c.congestion().threshold <= before);  // ACKs that were still under way opened it meanwhile
  const std::uint32_t threshold = c.congestion().threshold;
  pair.net.run(Duration::seconds(10));
  CHECK(c.congestion().threshold == threshold);
}

TEST_CASE("a peer whose window is closed and who answers is waited for, and served at once when it opens") {
  tcp::Settings small;
  small.receive_window = small.receive_window_most = 8192;
  Pair pair(path(5), 1, small);
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  pair.server.reading = false;
  const auto bytes = pattern(50'000);
  c.write(bytes);
  pair.net.run(Duration::seconds(1800));  // RFC 9293, MUST-37: longer than any time-out
  CHECK_FALSE(pair.client.closed);
  CHECK(c.congestion().window >= 10);  // probes are no sign of congestion
  pair.server.reading = true;
  pair.server.connection->read_more();
  const std::uint64_t before = c.acknowledged();
  pair.net.run_ms(25);  // a round trip: the window update, and the data that follows it
  CHECK(pair.server.bytes.size() > before);
  for (int i = 0; i < 100; ++i) {
    pair.server.connection->read_more();
    pair.net.run_ms(50);
  }
  CHECK((pair.server.bytes == bytes));
  pair.net.expect_fold_equals_live();
}

TEST_CASE("a peer that vanishes behind a closed window is given up") {
  tcp::Settings small;
  small.receive_window = small.receive_window_most = 8192;
  Pair pair(path(5), 1, small);
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  pair.server.reading = false;
  c.write(pattern(50'000));
  pair.net.run(Duration::seconds(60));
  pair.net.network.channel(pair.link, pair.a).set_up(false);
  pair.net.run(Duration::seconds(900));
  CHECK_FALSE(pair.client.closed);
  pair.net.run(Duration::seconds(400));
  CHECK(pair.client.reason == tcp::CloseReason::timed_out);
}

TEST_CASE("an idle connection outlives the wrap of its timestamps") {
  Pair pair(path(5));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  for (int i = 1; i <= 3; ++i) {
    c.write(pattern(10));
    pair.net.run(Duration::seconds(26 * 86400));
    CAPTURE(i);
    CHECK(pair.server.bytes.size() == 10u * static_cast<unsigned>(i));
  }
  CHECK_FALSE(pair.client.closed);
  CHECK(pair.net.count(Kind::retransmission) == 0);
}

TEST_CASE("closing before the handshake is over lets it end first") {
  Pair pair(path(50));
  pair.connect();
  while (pair.net.count(Kind::packet_arrived) == 0) pair.net.run_ms(1);
  // The SYN-ACK is lost, and the server closes meanwhile.
  pair.net.network.channel(pair.link, pair.b).set_up(false);
  pair.net.network.channel(pair.link, pair.b).set_up(true);
  REQUIRE(pair.server_end != nullptr);
  CHECK(pair.server_end->state() == tcp::State::syn_received);
  pair.server_end->close();
  pair.net.run(Duration::seconds(5));
  CHECK(pair.client.connected);
  CHECK(pair.client.peer_closed);
  CHECK(pair.client.reason == tcp::CloseReason::orderly);
}

TEST_CASE("sending begins with one segment after losses in the handshake, and closing over unread data resets") {
  Pair pair(path(5));
  pair.net.network.channel(pair.link, pair.a).set_up(false);
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(2500);
  pair.net.network.channel(pair.link, pair.a).set_up(true);
  pair.net.run_ms(700);
  REQUIRE(pair.client.connected);
  CHECK(c.congestion().window == 1);
  pair.server.reading = false;
  c.write(pattern(100));
  pair.net.run_ms(100);
  pair.server.connection->close();
  pair.net.run_ms(100);
  CHECK(pair.client.reason == tcp::CloseReason::reset);
}

TEST_CASE("who closes while it reads late has read all: the peer sees an end, and no reset") {
  // As a process that was asleep when its data came.
  struct Sleeper final : tcp::User {
    bool awake = false;
    std::size_t read = 0;
    std::size_t on_data(tcp::Connection& c, wire::Bytes data, std::uint64_t) override {
      if (!awake) return 0;
      read += data.size();
      c.close();
      return data.size();
    }
    void on_connected(tcp::Connection& c) override { connection = &c; }
    tcp::Connection* connection = nullptr;
  } sleeper;
  Net net;
  const NodeIndex a = net.node("a"), b = net.node("b");
  net.link(a, b, path(10));
  Collector client;
  net.transport.listen(b, 80, [&](tcp::Connection&) { return &sleeper; });
  net.transport.connect(a, net.at(b, 80), &client);
  net.run_ms(50);
  client.connection->write(pattern(5000));
  net.run_ms(50);
  CHECK(sleeper.read == 0);
  sleeper.awake = true;
  sleeper.connection->read_more();
  net.run_ms(200);
  CHECK(sleeper.read == 5000);
  CHECK(client.peer_closed);
  CHECK(client.reason != tcp::CloseReason::reset);
  net.expect_fold_equals_live();
}

TEST_CASE("a FIN that the program may still answer is acknowledged late by Linux, at once by lwIP") {
  for (const bool linux : {true, false}) {
    Net net;
    const NodeIndex a = net.node("a"), b = net.node("b");
    net.link(a, b, path(10));
    const tcp::Settings settings = linux ? tcp::Settings{} : tcp::lwip_like(false);
    Collector client, server;
    server.close_with_peer = false;
    net.transport.listen(
        b, 80, [&](tcp::Connection&) { return &server; }, settings);
    net.transport.connect(a, net.at(b, 80), &client, settings);
    net.run_ms(500);
    client.connection->close();
    // There after 10 ms, back after another 10: unless it waits for 40 ms, or longer in the ticks of lwIP.
    net.run_ms(25);
    CHECK(server.peer_closed);
    CAPTURE(linux);
    CHECK((client.connection->state() == tcp::State::fin_wait_2) == !linux);
    net.run_ms(60);
    CHECK(client.connection->state() == tcp::State::fin_wait_2);
  }
}

TEST_CASE("a port that comes round again opens a new connection where the old one is in TIME-WAIT") {
  Pair pair(path(10));
  pair.server.close_with_peer = false;
  tcp::Connection& first = pair.connect();
  pair.net.run_ms(100);
  const std::uint16_t port = first.local().port;
  const std::uint32_t began = first.initial_sequence();
  pair.server_end->close();  // so it is the server that remembers
  pair.net.run_ms(100);
  REQUIRE(pair.server_end->state() == tcp::State::time_wait);
  // The other ports, each refused.
  Collector refused;
  for (int i = 1; i < 28'232; ++i) {
    pair.net.transport.connect(pair.a, pair.net.at(pair.b, 81), &refused);
    if (i % 1000 == 0) pair.net.run_ms(50);
  }
  pair.net.run_ms(1000);
  pair.client = Collector();
  tcp::Connection& again = pair.connect();
  CHECK(again.local().port == port);
  CHECK(again.initial_sequence() != began);
  pair.net.run_ms(25);
  CHECK(pair.client.connected);
}

TEST_CASE("where all ports towards a peer are in use, no connection is opened") {
  Net net;
  const NodeIndex a = net.node("a"), b = net.node("b");
  net.link(a, b, path(10));
  Collector user;
  net.network.set_node_up(b, false);
  for (int i = 0; i < 28'232; ++i) REQUIRE(net.transport.connect(a, net.at(b, 80), &user) != nullptr);
  CHECK(net.transport.connect(a, net.at(b, 80), &user) == nullptr);
  CHECK(net.transport.connect(a, net.at(b, 81), &user) != nullptr);
}

TEST_CASE("a cut of five seconds loses nothing and the connection lives") {
  Pair pair(path(25));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  for (const NodeIndex end : {pair.a, pair.b}) pair.net.network.channel(pair.link, end).set_up(false);
  c.write(pattern(100));
  pair.net.run_ms(5000);
  for (const NodeIndex end : {pair.a, pair.b}) pair.net.network.channel(pair.link, end).set_up(true);
  pair.net.run_ms(10'000);
  CHECK(pair.server.bytes == pattern(100));
  CHECK(c.state() == tcp::State::established);
}

TEST_CASE("a host that lost power and came back answers an old connection by RST") {
  Pair pair(path(5));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(100);
  pair.net.network.set_node_up(pair.b, false);
  pair.net.transport.forget_node(pair.b);
  pair.net.run_ms(1000);
  CHECK_FALSE(pair.client.closed);
  pair.net.network.set_node_up(pair.b, true);
  c.write(pattern(10));
  pair.net.run_ms(100);
  CHECK(pair.client.reason == tcp::CloseReason::reset);
}

TEST_CASE("both ends may open at once, and close at once") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  net.link(a, b, path(10));
  Collector one, two;
  // Both take their first ephemeral port, so each calls the port that the other calls from.
  tcp::Connection& c1 = *net.transport.connect(a, net.at(b, 32768), &one);
  tcp::Connection& c2 = *net.transport.connect(b, net.at(a, 32768), &two);
  net.run_ms(100);
  REQUIRE(one.connected);
  REQUIRE(two.connected);
  c1.write(pattern(10));
  c2.write(pattern(20));
  net.run_ms(200);
  CHECK(two.bytes == pattern(10));
  CHECK(one.bytes == pattern(20));
  c1.close();
  c2.close();
  net.run_ms(61'000);
  CHECK(one.reason == tcp::CloseReason::orderly);
  CHECK(two.reason == tcp::CloseReason::orderly);
  net.expect_fold_equals_live();
}

TEST_CASE("a smaller MTU on the way is found by ICMP") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex r = net.node("r");
  const NodeIndex b = net.node("b");
  net.link(a, r, path(5));
  ChannelSettings narrow = path(5);
  narrow.mtu = 600;
  net.link(r, b, narrow);
  Collector client, server;
  net.transport.listen(b, 80, [&](tcp::Connection&) { return &server; });
  tcp::Connection& c = *net.transport.connect(a, net.at(b, 80), &client);
  net.run_ms(100);
  c.write(pattern(20'000));
  net.run_ms(3000);
  CHECK(server.bytes == pattern(20'000));
}

TEST_CASE("a receiver's window is tuned to what the path carries, and is what limits it where it is not") {
  // 100 Mbit/s and a round trip of 200 ms hold 2.5 MB; 64 KiB a round trip are 2.6 Mbit/s.
  const auto megabytes_in = [](const tcp::Settings& settings, double& window) {
    Pair pair(path(100, 100'000'000), 1, settings);
    tcp::Connection& c = pair.connect(settings);
    pair.net.run_ms(300);
    const auto bytes = pattern(4'000'000);
    for (int i = 0; i < 10; ++i) {
      c.write(bytes);
      pair.net.run_ms(1000);
    }
    pair.net.expect_fold_equals_live();
    const TraceStore::Reader reader(*pair.net.store);
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind == Kind::state && static_cast<Field>(r.field) == Field::tcp_rcv_wnd)
        window = std::max(window, static_cast<double>(r.b));
    }
    return static_cast<double>(pair.server.bytes.size()) / 1e6;
  };
  double tuned_window = 0, fixed_window = 0;
  const double tuned = megabytes_in(Transport::kDefaults, tuned_window);
  tcp::Settings fixed;
  fixed.receive_window_most = fixed.receive_window;
  const double untuned = megabytes_in(fixed, fixed_window);
  CHECK(untuned == Approx(65535.0 / 0.2 * 10 / 1e6).epsilon(0.06));
  CHECK(tuned > 30);
  CHECK(fixed_window <= 131070);
  CHECK(tuned_window > 2'500'000);
  CHECK(tuned_window <= 16 * 1024 * 1024);
}

TEST_CASE("windows are offered as Linux offers them at first") {
  // 65536 bytes, in whole segments: 44 of 1460 bytes in a SYN, 45 of 1448 in a SYN-ACK with timestamps; in units of 1024 from then on.
  Pair pair(path(5));
  tcp::Connection& c = pair.connect();
  pair.net.run_ms(50);
  c.write(pattern(100));
  pair.net.run_ms(50);
  std::vector<std::pair<int, int>> windows;  // and scales
  pair.net.trace.flush();
  const TraceStore::Reader reader(*pair.net.store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    const Record& r = reader.record(n);
    if (r.kind != Kind::packet_sent) continue;
    const auto packet = reader.blob(r.key);
    const auto ip = wire::decode_ipv4(packet);
    const auto segment = wire::decode_tcp(packet.subspan(wire::kIpv4HeaderSize), ip->source, ip->destination);
    windows.emplace_back(segment->header.window, segment->header.flags.syn ? segment->header.window_scale : 0);
  }
  REQUIRE(windows.size() >= 5);
  CHECK(windows[0] == std::pair{64240, 10});
  CHECK(windows[1] == std::pair{65160, 10});
  CHECK(windows[2] == std::pair{63, 0});  // 64512
  CHECK(windows[3] == std::pair{63, 0});
  CHECK(windows[4] == std::pair{64, 0});  // 65536
}

TEST_CASE("what is out of the window and empty is answered twice a second by Linux, and each time by lwIP") {
  const auto answers = [](const tcp::Settings& settings) {
    Pair pair(path(5), 1, settings);
    tcp::Connection& c = pair.connect(settings);
    pair.net.run_ms(100);
    const std::size_t before = pair.net.count(Kind::packet_sent);
    // Each acknowledgement is far beyond what the peer may send, as from the other end of another connection.
    wire::TcpSegment stray;
    stray.header.flags.ack = true;
    stray.header.sequence = 0x40000000;
    stray.header.acknowledgement = 1;
    for (int i = 0; i < 100; ++i) {
      c.receive(stray);
      pair.net.run_ms(10);
    }
    return pair.net.count(Kind::packet_sent) - before;
  };
  tcp::Settings linux_like;
  linux_like.timestamps = false;
  CHECK(answers(linux_like) == 2);  // tcp_invalid_ratelimit: 500 ms
  CHECK(answers(tcp::lwip_like()) == 100);
}
