// How TCP finds losses and repairs them, against what captures of Linux show (truth/) and against closed forms.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "sim/protocol/tcp/congestion.hpp"
#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Pair {
  explicit Pair(const ChannelSettings& settings, const tcp::Settings& to_use = Transport::kDefaults,
                std::uint64_t seed = 1)
      : net(seed), a(net.node("a")), b(net.node("b")), link(net.link(a, b, settings)) {
    net.transport.listen(
        b, 80, [this](tcp::Connection& c) { return server_end = &c, &server; }, to_use);
    client_end = net.transport.connect(a, net.at(b, 80), &client, to_use);
  }
  Channel& forward() { return net.network.channel(link, a); }
  // The instants at which `a` emitted packets with data, in seconds from the first.
  std::vector<double> sendings(RecordNumber after = 0) {
    net.trace.flush();
    const TraceStore::Reader reader(*net.store);
    std::vector<double> at;
    std::int64_t first = 0;
    for (RecordNumber n = std::max(reader.first(), after + 1); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind != Kind::packet_sent || r.subject != client_end->stream_out() || r.b <= r.a) continue;
      if (at.empty()) first = r.at;
      at.push_back(static_cast<double>(r.at - first) / 1e9);
    }
    return at;
  }
  RecordNumber records() {
    net.trace.flush();
    return TraceStore::Reader(*net.store).last();
  }
  std::size_t resent(RetransmitReason reason) {
    net.trace.flush();
    const TraceStore::Reader reader(*net.store);
    std::size_t count = 0;
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      count += r.kind == Kind::retransmission && static_cast<RetransmitReason>(r.field) == reason ? 1 : 0;
    }
    return count;
  }
  Collector client, server;
  tcp::Connection* server_end = nullptr;
  tcp::Connection* client_end = nullptr;
  Net net;
  NodeIndex a, b;
  LinkIndex link;
};

// Talks for a while, so that the round trip is known.
void settle(Pair& pair) {
  pair.net.run_ms(200);
  for (int i = 0; i < 30; ++i) {
    pair.client_end->write(pattern(100));
    pair.net.run_ms(300);
  }
}

}  // namespace

TEST_CASE("a lone lost segment is probed, and then the time-out runs anew and doubles") {
  Pair pair(path(25, 1'000'000));
  settle(pair);
  const double rto = static_cast<double>(pair.client_end->round_trip().rto_us()) / 1e6;
  CHECK(rto > 0.25);
  CHECK(rto < 0.26);
  const RecordNumber before = pair.records();
  pair.forward().set_up(false);
  pair.client_end->write(pattern(100));
  pair.net.run(Duration::seconds(20));
  const std::vector<double> at = pair.sendings(before);
  REQUIRE(at.size() >= 7);
  // RFC 8985: 2 SRTT + 200 ms would be later than the time-out, so the probe comes at the time-out; then RTO, 2 RTO, 4 RTO ...
  double expected = rto;
  for (std::size_t i = 1; i < 7; ++i) {
    CAPTURE(i);
    CHECK(at[i] - at[i - 1] == Approx(expected).epsilon(0.001));
    if (i > 1) expected *= 2;
  }
  CHECK(pair.resent(RetransmitReason::probe) == 1);
}

TEST_CASE("with Linux's timer wheel the gaps are those of truth/rto_schedule.csv") {
  // Each gap of the measured schedules, by its place.
  std::vector<std::vector<double>> measured;
  std::ifstream file("truth/rto_schedule.csv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream gaps(line.substr(line.rfind(',') + 1));
    double gap = 0;
    for (std::size_t i = 0; gaps >> gap; ++i) {
      if (measured.size() <= i) measured.resize(i + 1);
      measured[i].push_back(gap);
    }
  }
  REQUIRE(measured.size() >= 7);
  tcp::Settings linux_like;
  linux_like.timer_wheel = true;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Pair pair(path(25, 1'000'000), linux_like, seed);
    settle(pair);
    const RecordNumber before = pair.records();
    pair.forward().set_up(false);
    pair.client_end->write(pattern(100));
    pair.net.run(Duration::seconds(20));
    const std::vector<double> at = pair.sendings(before);
    REQUIRE(at.size() >= 7);
    for (std::size_t i = 0; i + 1 < std::min<std::size_t>(at.size(), 7); ++i) {
      std::vector<double> gaps = measured[i];
      std::sort(gaps.begin(), gaps.end());
      CAPTURE(i, gaps.front(), gaps.back());
      // Within what was seen, but for a slot of the wheel.
      const double slot = i < 3 ? 0.033 : 0.26;
      CHECK(at[i + 1] - at[i] >= gaps[gaps.size() / 2] - slot);
      CHECK(at[i + 1] - at[i] <= gaps[gaps.size() / 2] + slot);
    }
  }
}

TEST_CASE("a probe carries what Nagle held back, and the hole is filled at once") {
  Pair pair(path(25, 1'000'000));
  settle(pair);
  pair.forward().set_up(false);
  pair.client_end->write(pattern(100));
  pair.net.run_ms(10);
  pair.forward().set_up(true);
  pair.client_end->write(pattern(60));  // held: a small segment is not acknowledged
  const std::size_t before = pair.server.bytes.size();
  pair.net.run_ms(230);
  CHECK(pair.server.bytes.size() == before);
  pair.net.run_ms(130);  // the probe with the 60 bytes, its SACK, the repair
  CHECK(pair.server.bytes.size() == before + 160);
  CHECK(pair.resent(RetransmitReason::timeout) == 0);
  CHECK(pair.resent(RetransmitReason::probe) == 0);
}

TEST_CASE("a delay that is taken for loss is found out, and the window put back") {
  Pair pair(path(25));
  pair.net.run_ms(200);
  pair.client_end->write(pattern(60'000));
  pair.net.run_ms(1000);
  pair.client_end->write(pattern(14'480));
  const std::uint32_t window = pair.client_end->congestion().window;
  const std::uint32_t threshold = pair.client_end->congestion().threshold;
  // All ACKs are late by 800 ms: nothing is lost, yet the time-out comes.
  ChannelSettings late = path(825);
  late.in_order = true;
  pair.net.network.channel(pair.link, pair.b).change(late);
  pair.net.run_ms(600);
  CHECK(pair.client_end->congestion().window < window);
  CHECK(pair.resent(RetransmitReason::timeout) >= 1);
  pair.net.network.channel(pair.link, pair.b).change(path(25));
  pair.net.run_ms(1500);
  CHECK(pair.server.bytes.size() == 74'480);
  CHECK(pair.client_end->congestion().window >= window);
  CHECK(pair.client_end->congestion().threshold >= threshold);
}

TEST_CASE("recovery brings the window to the threshold in step with what arrives") {
  tcp::Settings reno;
  reno.congestion = &tcp::new_reno();
  for (const bool cubic : {true, false}) {
    CAPTURE(cubic);
    Pair pair(path(25, 10'000'000), cubic ? Transport::kDefaults : reno);
    pair.net.run_ms(200);
    pair.client_end->write(pattern(400'000));
    pair.net.run_ms(180);
    const std::uint32_t before = pair.client_end->congestion().window;
    ChannelSettings lossy = path(25);
    lossy.loss = 1;
    pair.forward().change(lossy);
    pair.net.run(Duration::microseconds(1300));  // a packet takes 1.2 ms
    pair.forward().change(path(25));
    std::uint32_t most = 0;
    std::uint32_t least = ~0u;
    for (int i = 0; i < 1500; ++i) {
      pair.net.run(Duration::microseconds(100));
      const auto& state = pair.client_end->congestion();
      if (state.threshold == tcp::CongestionState::kInfinite || state.threshold >= state.window) {
        most = std::max(most, state.window);
      }
      least = std::min(least, state.window);
    }
    const std::uint32_t threshold = pair.client_end->congestion().threshold;
    // RFC 9438: beta is 0.7; RFC 5681: one half of what is in flight.
    if (cubic) {
      CHECK(threshold >= before * 717 / 1024);
      CHECK(threshold <= most * 717 / 1024 + 1);
    } else {
      CHECK(threshold >= before / 2 - 1);
      CHECK(threshold <= most / 2 + 1);
    }
    CHECK(least >= threshold / 2);
    pair.net.run_ms(3000);
    CHECK(pair.server.bytes.size() == 400'000);
    CHECK(pair.resent(RetransmitReason::timeout) == 0);
  }
}

TEST_CASE("after a time-out new data goes first, and repairs wait for what it draws") {
  // RFC 5682, section 3.1, step 2.b: ten segments are lost, and more waits. The repaired head's ACK draws new data alone.
  Pair pair(path(25, 10'000'000));
  settle(pair);
  const RecordNumber before = pair.records();
  pair.forward().set_up(false);
  pair.client_end->write(pattern(14 * 1448));
  pair.net.run_ms(250);
  pair.forward().set_up(true);
  pair.net.run_ms(3000);
  CHECK(pair.server.bytes.size() == 30 * 100 + 14 * 1448);
  pair.net.trace.flush();
  const TraceStore::Reader reader(*pair.net.store);
  std::int64_t head = 0, next_repair = 0;
  int fresh = 0;
  std::int64_t newest = 0;
  for (RecordNumber n = before + 1; n <= reader.last(); ++n) {
    const Record& r = reader.record(n);
    if (r.kind == Kind::retransmission) {
      const bool timeout = static_cast<RetransmitReason>(r.field) == RetransmitReason::timeout;
      if (head == 0 && timeout) {
        head = r.at;
      } else if (head != 0 && next_repair == 0) {
        next_repair = r.at;
      }
    }
    if (r.kind != Kind::packet_sent || r.subject != pair.client_end->stream_out() || r.b <= r.a) continue;
    if (head != 0 && next_repair == 0 && r.a >= newest) ++fresh;
    newest = std::max(newest, r.b);
  }
  REQUIRE(head != 0);
  CHECK(fresh >= 1);
  // One round trip for the head, another for what was new.
  CHECK(next_repair - head > 95'000'000);
}

TEST_CASE("CUBIC's window follows the curve of RFC 9438") {
  tcp::CongestionState state;
  const tcp::CongestionAlgorithm& cubic = tcp::cubic();
  state.window = 1000;
  Instant now = Instant() + Duration::seconds(10);
  state.threshold = cubic.threshold_after_loss(state, 1000, now);
  CHECK(state.threshold == 700);
  state.window = state.threshold;
  // K = cube root of (1000 - 700) / 0.4 = 9.0856 s; a round trip of 100 ms, one acknowledgement a segment.
  const Instant begin = now;
  while (now - begin < Duration::milliseconds(9086)) {
    const std::uint32_t window = state.window;
    for (std::uint32_t i = 0; i < window; ++i) {
      const tcp::AckSample sample{1, now, now, Duration::milliseconds(1), Duration::milliseconds(100), {}, 0, 0};
      cubic.measured(state, sample);
      cubic.acknowledged(state, sample);
      now = now + Duration::milliseconds(100) / window;
    }
    const double t = static_cast<double>((now - begin).ns()) / 1e9 - 9.0856;
    const double curve = 0.4 * t * t * t + 1000;
    CAPTURE(t, curve, state.window);
    CHECK(state.window >= curve * 0.97);
    CHECK(state.window <= curve * 1.03);
  }
  CHECK(state.window >= 985);
  CHECK(state.window <= 1010);
  // Fast convergence: a second loss below the last maximum lowers the plateau further.
  state.window = 900;
  cubic.threshold_after_loss(state, 900, now);
  CHECK(state.cubic->last_most == 900 * (1024 + 717) / 2048);
}

TEST_CASE(
    "a transfer of a million bytes takes Linux's time, without a loss: HyStart leaves slow start before the queue is "
    "full") {
  // truth/bulk.csv: CUBIC, 10 Mbit/s, 25 ms, a queue of 100 packets: 925.0 ms of data, no retransmission.
  ChannelSettings settings = path(25);
  settings.queue_packets = 100;
  Pair pair(settings);
  pair.net.run_ms(200);
  const auto bytes = pattern(1'000'000);
  pair.client_end->write(bytes);
  int ms = 0;
  while (pair.client_end->acknowledged() < bytes.size() && ms < 3000) pair.net.run_ms(1), ++ms;
  CHECK(ms > 925 * 0.97);
  CHECK(ms < 925 * 1.03);
  CHECK(pair.net.count(Kind::retransmission) == 0);
}

TEST_CASE("keep-alive probes find out that the peer is gone, and keep quiet while it talks") {
  tcp::Settings settings;
  settings.keep_alive = Duration::seconds(60);
  settings.keep_alive_interval = Duration::seconds(10);
  settings.keep_alive_probes = 3;
  Pair pair(path(5), settings);
  pair.net.run_ms(100);
  // A peer that is there answers every probe.
  pair.net.run(Duration::seconds(600));
  CHECK_FALSE(pair.client.closed);
  pair.net.expect_fold_equals_live();
  // Behind a cut cable it does not: 60 s of silence, of which some have passed, three probes 10 s apart, and 10 s more.
  pair.net.network.channel(pair.link, pair.a).set_up(false);
  pair.net.network.channel(pair.link, pair.b).set_up(false);
  pair.net.run(Duration::seconds(25));
  CHECK_FALSE(pair.client.closed);
  pair.net.run(Duration::seconds(70));
  CHECK(pair.client.closed);
  CHECK(pair.client.reason == tcp::CloseReason::timed_out);
  CHECK(pair.server.reason == tcp::CloseReason::timed_out);
}

TEST_CASE("a user time-out ends a connection whose data nobody acknowledges") {
  tcp::Settings settings;
  settings.give_up = Duration::seconds(5);
  Pair pair(path(5), settings);
  pair.net.run_ms(100);
  pair.forward().set_up(false);
  pair.client_end->write(pattern(10));
  pair.net.run(Duration::seconds(4));
  CHECK_FALSE(pair.client.closed);
  pair.net.run(Duration::seconds(5));  // the next time-out after it
  CHECK(pair.client.reason == tcp::CloseReason::timed_out);
}
