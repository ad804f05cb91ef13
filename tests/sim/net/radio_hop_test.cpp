// BLE and IEEE 802.15.4 against closed forms: times of frames, waiting for events, back-off, retries, connections lost and found.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>

#include "sim/net/ble.hpp"
#include "sim/net/pan.hpp"

using namespace wirelab;

namespace {

template <typename Hop>
struct Star {
  template <typename... Arguments>
  explicit Star(std::uint64_t seed, int devices, double loss, Arguments... arguments)
      : store(std::make_shared<TraceStore>()), trace(events, store), hop(events, trace, seed, arguments...) {
    hop.add_member(0, 0, 0);
    for (int i = 1; i <= devices; ++i) {
      const std::string name = "d" + std::to_string(i);
      const HopMember member = hop.add_member(static_cast<NodeIndex>(i), trace.define(EntityKind::hop, name + ">g"),
                                              trace.define(EntityKind::hop, "g>" + name));
      hop.set_loss(member, loss);
    }
  }
  // Sends so many bytes and runs until it is known what came of it: nanoseconds, or -1 where it failed.
  std::int64_t send(HopMember from, HopMember to, std::size_t bytes) {
    const std::vector<std::uint8_t> content(bytes, 'x');
    const std::int64_t began = events.now().ns();
    std::int64_t took = -2;
    REQUIRE(hop.send(from, to, content, [&](HopFailure failure) {
      last = failure;
      took = failure == HopFailure::none ? events.now().ns() - began : -1;
    }));
    while (took == -2) REQUIRE(events.step(Instant::never()));
    return took;
  }
  std::size_t drain(HopMember member) {
    std::size_t count = 0;
    for (; hop.readable(member); ++count) hop.receive(member);
    return count;
  }
  std::size_t count(Kind kind, int field = -1) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::size_t found = 0;
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n)
      found += reader.record(n).kind == kind && (field < 0 || reader.record(n).field == field) ? 1 : 0;
    return found;
  }
  void run(Duration time) { events.run_until(events.now() + time); }
  EventQueue events;
  std::shared_ptr<TraceStore> store;
  Tracer trace;
  Hop hop;
  HopFailure last = HopFailure::none;
};
using Pan = Star<PersonalAreaNetwork>;
using Ble = Star<BleNetwork>;

}  // namespace

TEST_CASE("802.15.4: frames have the standard's length, and one sender its throughput") {
  // 133 bytes at 250 kbit/s, the longest that there is.
  CHECK(PersonalAreaNetwork::air_time(127) == Duration::microseconds(4256));
  CHECK(PersonalAreaNetwork::air_time(5) == Duration::microseconds(352));
  for (const std::size_t bytes : {1u, 20u, 116u}) {
    CAPTURE(bytes);
    Pan pan(7, 1, 0);
    REQUIRE(pan.hop.most_bytes() == 116);
    constexpr int kMessages = 3000;
    const std::int64_t began = pan.events.now().ns();
    for (int i = 0; i < kMessages; ++i) pan.send(1, 0, bytes), pan.drain(0);
    const double cycle = static_cast<double>(pan.events.now().ns() - began) / kMessages / 1000;
    // Back-off of 3.5 periods on average, listening, turning, the frame, turning, the answer; then the spacing.
    const double frame = 32.0 * static_cast<double>(6 + 9 + bytes + 2);
    const double spacing = bytes + 11 <= 18 ? 192 : 640;
    CHECK(cycle == Approx(3.5 * 320 + 128 + 192 + frame + 192 + 352 + spacing).epsilon(0.02));
  }
}

TEST_CASE("802.15.4: what is lost is sent again three times, and then given up") {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    constexpr double kLoss = 0.4;
    constexpr int kMessages = 4000;
    Pan pan(seed, 1, kLoss);
    int failed = 0;
    std::size_t arrived = 0;
    for (int i = 0; i < kMessages; ++i) {
      failed += pan.send(1, 0, 116) < 0 ? 1 : 0;
      arrived += pan.drain(0);
    }
    // A try fails where the frame or its answer is lost; the message where four fail. It has arrived where one frame did.
    const double answered = std::pow(1 - kLoss, 5.0 / 127);
    const double fails = std::pow(1 - (1 - kLoss) * answered, 4);
    CHECK(std::abs(failed - kMessages * fails) < 4 * std::sqrt(kMessages * fails));
    const double lost = std::pow(kLoss, 4) * kMessages;
    CHECK(std::abs(static_cast<double>(kMessages - arrived) - lost) < 4 * std::sqrt(lost));
    CHECK(pan.last != HopFailure::channel_busy);
  }
}

TEST_CASE("802.15.4: who sends at the same time collides, and who never finds the air free gives up") {
  Pan pan(3, 12, 0);
  int done = 0, busy = 0, unanswered = 0;
  const std::vector<std::uint8_t> content(100, 'x');
  for (int round = 0; round < 200; ++round) {
    for (HopMember device = 1; device <= 12; ++device) {
      pan.hop.send(device, 0, content, [&](HopFailure failure) {
        ++done;
        busy += failure == HopFailure::channel_busy ? 1 : 0;
        unanswered += failure == HopFailure::no_answer ? 1 : 0;
      });
    }
    pan.run(Duration::milliseconds(200));
    pan.drain(0);
  }
  CHECK(done == 2400);
  CHECK(busy > 100);
  CHECK(busy + unanswered < 1800);
  CHECK(unanswered > 0);
  CHECK(pan.count(Kind::hop_frame, static_cast<int>(FrameFailure::collision)) > 100);
  // Two frames of 4.1 ms that collide need to begin within a turn of the radio; so with the air to itself none does.
  Pan alone(3, 1, 0);
  for (int i = 0; i < 200; ++i) alone.send(1, 0, 100), alone.drain(0);
  CHECK(alone.count(Kind::hop_frame) == 0);
}

TEST_CASE("802.15.4: out of reach there is no answer") {
  Pan pan(1, 2, 0);
  pan.hop.set_reach(2, false);
  CHECK(pan.send(2, 0, 10) == -1);
  CHECK(pan.last == HopFailure::no_answer);
  CHECK(pan.count(Kind::hop_frame, static_cast<int>(FrameFailure::no_answer)) == 4);
  CHECK(pan.send(1, 0, 10) > 0);
  CHECK(pan.send(0, 2, 10) == -1);
  pan.hop.set_reach(2, true);
  CHECK(pan.send(0, 2, 10) > 0);
  pan.hop.set_power(0, false);
  CHECK(pan.send(1, 0, 10) == -1);
}

TEST_CASE("BLE: a message waits for the next event, half an interval on average") {
  BleSettings settings;
  settings.interval = Duration::milliseconds(100);
  Ble ble(5, 1, 0, settings);
  ble.hop.start();
  ble.run(Duration::seconds(1));
  REQUIRE(ble.hop.connected(1));
  RandomStream phases(5, "test", "phases");
  double sum = 0;
  std::int64_t least = INT64_MAX, most = 0;
  constexpr int kMessages = 2000;
  for (int i = 0; i < kMessages; ++i) {
    ble.run(Duration::milliseconds(200) + phases.between({}, Duration::milliseconds(100)));
    const std::int64_t took = ble.send(1, 0, 20);
    ble.drain(0);
    sum += static_cast<double>(took);
    least = std::min(least, took), most = std::max(most, took);
  }
  // The event: an empty packet of 80 us, 150 us, 37 bytes of 8 us, 150 us, the empty packet that acknowledges.
  constexpr double kEvent = 80 + 150 + 8 * 37 + 150 + 80;
  CHECK(sum / kMessages / 1000 == Approx(50'000 + kEvent).epsilon(0.03));
  CHECK(static_cast<double>(least) / 1000 >= kEvent);
  CHECK(static_cast<double>(most) / 1000 <= 100'000 + kEvent);
}

TEST_CASE("BLE: each loss costs an interval, and nothing is lost or doubled") {
  for (const std::uint64_t seed : {1u, 2u}) {
    CAPTURE(seed);
    constexpr double kLoss = 0.2;
    BleSettings settings;
    Ble ble(seed, 1, kLoss, settings);
    ble.hop.start();
    ble.run(Duration::seconds(3));
    REQUIRE(ble.hop.connected(1));
    double events = 0;
    constexpr int kMessages = 3000;
    std::size_t arrived = 0;
    for (int i = 0; i < kMessages; ++i) {
      ble.run(Duration::milliseconds(10));  // the last event is over
      const std::int64_t to_anchor = 50'000'000 - ble.events.now().ns() % 50'000'000;
      const std::int64_t took = ble.send(1, 0, 20);
      REQUIRE(took > 0);
      events += std::floor(static_cast<double>(took - to_anchor) / 50e6) + 1;
      arrived += ble.drain(0);
    }
    CHECK(arrived == kMessages);
    // The piece needs the gateway's empty packet and itself; then the packet that acknowledges it, in the same event or, where
    // that is lost, as the first of a later one.
    const double empty = std::pow(1 - kLoss, 10.0 / 37);
    const double piece = 1 - kLoss;
    const double wanted = 1 / (empty * piece) + (1 - empty) / empty;
    CHECK(events / kMessages == Approx(wanted).epsilon(0.04));
  }
}

TEST_CASE("BLE: a loss after a long silence does not end the connection") {
  Ble ble(4, 1, 0.5, BleSettings{});
  ble.hop.start();
  ble.run(Duration::seconds(5));
  REQUIRE(ble.hop.connected(1));
  for (int i = 0; i < 200; ++i) {
    ble.run(Duration::seconds(30));
    CHECK(ble.send(1, 0, 20) > 0);
    ble.drain(0);
  }
}

TEST_CASE("BLE: a long value goes in pieces, several an event") {
  BleSettings settings;
  settings.mtu = 247;
  for (const std::uint32_t pdu : {27u, 251u}) {
    CAPTURE(pdu);
    settings.pdu = pdu;
    Ble ble(1, 1, 0, settings);
    ble.hop.start();
    ble.run(Duration::seconds(1));
    REQUIRE(ble.hop.most_bytes() == 244);
    const std::int64_t to_anchor = 50'000'000 - ble.events.now().ns() % 50'000'000;
    const double took = static_cast<double>(ble.send(1, 0, 244) - to_anchor) / 1000;
    // 251 bytes with the headers of ATT and L2CAP: ten pieces of 27, the last of 8, or one.
    const double exchange = 80 + 150 + 80 + 150;  // without the payload's bytes
    const double pieces = pdu == 27 ? 10 : 1;
    CHECK(took == Approx(pieces * exchange + 251 * 8 + 80).margin(2));
    CHECK(ble.drain(0) == 1);
  }
}

TEST_CASE("BLE: a connection is lost after the supervision time-out, and found again by advertising") {
  BleSettings settings;
  settings.supervision = Duration::seconds(2);
  Ble ble(9, 1, 0, settings);
  std::vector<std::int64_t> changes;
  ble.hop.set_changed(1, [&] { changes.push_back(ble.events.now().ns()); });
  ble.hop.start();
  ble.run(Duration::seconds(10));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] >= 100'000'000);
  CHECK(changes[0] <= 110'000'000);
  ble.hop.set_reach(1, false);
  CHECK(ble.send(1, 0, 5) == -1);  // it waits for an event that never succeeds, until the connection is lost
  CHECK(ble.last == HopFailure::not_connected);
  CHECK_FALSE(ble.hop.connected(1));
  CHECK(static_cast<double>(ble.events.now().ns()) == Approx(12e9).margin(51e6));
  CHECK(ble.send(1, 0, 5) == -1);
  ble.run(Duration::seconds(5));
  const std::int64_t back = ble.events.now().ns();
  ble.hop.set_reach(1, true);
  ble.run(Duration::seconds(1));
  CHECK(ble.hop.connected(1));
  CHECK(changes.back() - back <= 110'000'000);
  CHECK(ble.send(0, 1, 5) > 0);
  // The gateway loses its power for a moment: the device notices only later, and the gateway has forgotten it at once.
  ble.hop.set_power(0, false);
  ble.run(Duration::milliseconds(300));
  ble.hop.set_power(0, true);
  CHECK(ble.send(1, 0, 5) == -1);
  ble.run(Duration::seconds(3));
  CHECK(ble.hop.connected(1));
}
