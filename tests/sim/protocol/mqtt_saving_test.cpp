// What of a broker survives its process: by way of bytes, into another one.
#include "sim/kernel/random.hpp"
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

Props expiry(std::uint32_t seconds) { return Props().number(Property::session_expiry_interval, seconds); }

// A broker in the midst of things.
void fill(Bench& bench) {
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("kept/1", "retained", kQos1, 1, true, Props().text(Property::content_type, "text/plain"));
  publisher.publish("kept/2", "short", kQos1, 2, true, Props().number(Property::message_expiry_interval, 50));
  Peer subscriber(bench, Version::v5, "s", true, expiry(1000));
  subscriber.subscribe({{"t", kQos2}}, Props().number(Property::subscription_identifier, 7));
  subscriber.subscribe({{"$share/g/u", kQos1}});
  for (int i = 0; i < 3; ++i) {
    publisher.publish("t", std::to_string(i), i == 1 ? kQos2 : kQos1, static_cast<PacketId>(10 + i));
    if (i == 1) publisher.acknowledge(PacketType::pubrel, 11);
  }
  const Publish first = subscriber.get<Publish>();
  const Publish second = subscriber.get<Publish>();
  CHECK(first.packet_id == 1);
  subscriber.acknowledge(PacketType::pubrec, second.packet_id);
  subscriber.publish("v", "held or received", kQos2, 99);
  subscriber.cut();
  publisher.publish("t", "queued", kQos1, 20);
  Peer(bench, Version::v3_1_1, "old", false).subscribe("#", kQos1);
  Peer(bench, Version::v5, "gone", true, expiry(60)).subscribe("x");
  Peer(bench, Version::v5, "clean").subscribe("x");
}

}  // namespace

TEST_CASE("what was saved is taken up: sessions, what they have in flight and queued, and what is retained") {
  BrokerSettings settings;
  settings.max_in_flight = 2;
  settings.manners.deliver_at_release = GENERATE(false, true);
  std::vector<std::uint8_t> disk;
  {
    Bench before(settings);
    fill(before);
    disk = encode(before.broker.saved());
  }
  const auto saved = decode_saved_broker(disk);
  REQUIRE(saved.has_value());
  CHECK(encode(*saved) == disk);
  Bench bench(settings);
  bench.after_seconds(5);
  bench.broker.restore(*saved, Duration::seconds(100));
  CHECK(bench.broker.sessions() == 2);  // one has expired meanwhile, one ended with its connection
  {
    Peer subscriber(bench, Version::v5, "s", false, expiry(1000));
    CHECK(subscriber.connack.session_present);
    const Publish first = subscriber.get<Publish>();
    CHECK((first.dup && first.packet_id == 1 && wire::text_of(first.payload) == "0"));
    CHECK(first.properties.number(Property::subscription_identifier) == 7u);
    CHECK(subscriber.get<Pubrel>().packet_id == 2);
    CHECK(subscriber.quiet());
    // Its own QoS 2 message is not taken twice.
    Peer watcher(bench, Version::v5, "w");
    watcher.subscribe("v");
    std::vector<std::uint8_t> again;
    encode(Publish{"v", {}, kQos2, false, true, 99, {}}, again, Version::v5);
    subscriber.send(again);
    subscriber.get<Pubrec>();
    subscriber.acknowledge(PacketType::pubrel, 99);
    CHECK(watcher.payloads() == (settings.manners.deliver_at_release ? Texts{"held or received"} : Texts{}));
    subscriber.get<Pubcomp>();
    subscriber.acknowledge(PacketType::puback, 1);
    subscriber.acknowledge(PacketType::pubcomp, 2);
    CHECK(subscriber.payloads() == Texts{"2", "queued"});
    bench.broker.publish("u", wire::bytes_of(std::string_view("shared")), kQos1, false);
    CHECK(subscriber.payloads() == Texts{"shared"});
  }
  Peer late(bench, Version::v5, "late");
  late.subscribe("kept/+", kQos1);
  const Publish retained = late.get<Publish>();
  CHECK(wire::text_of(retained.payload) == "retained");
  CHECK(retained.properties.text(Property::content_type) == "text/plain");
  late.acknowledge(PacketType::puback, retained.packet_id);
  CHECK(late.quiet());  // the other one has expired
  // The rest of the session's time: 1000 s from the end of its last connection.
  CHECK(Peer(bench, Version::v3_1_1, "old", false).connack.session_present);
}

TEST_CASE("a session that was saved expires when it would have") {
  Bench before;
  { Peer(before, Version::v5, "s", true, expiry(100)); }
  before.after_seconds(30);
  const SavedBroker saved = before.broker.saved();
  for (const int seconds : {69, 71}) {
    Bench bench;
    bench.broker.restore(saved, Duration::seconds(20));
    bench.after_seconds(seconds - 20);
    CHECK(bench.broker.sessions() == (seconds < 70 ? 1 : 0));
  }
}

TEST_CASE("no bytes upset the reading of what was saved") {
  Bench before;
  fill(before);
  const auto disk = encode(before.broker.saved());
  CHECK_FALSE(decode_saved_broker({}).has_value());
  CHECK(decode_saved_broker(bytes({'x'})).error() == "it is no state of a broker");
  for (std::size_t size = 0; size < disk.size(); ++size)
    CHECK_FALSE(decode_saved_broker(Bytes(disk).first(size)).has_value());
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  RandomStream random(seed, "disk", "test");
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    auto broken = disk;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
      broken[17 + random.below(broken.size() - 17)] = static_cast<std::uint8_t>(random.bits());
    const auto saved = decode_saved_broker(broken);
    if (!saved) continue;
    ++taken;
    Bench bench;
    bench.broker.restore(*saved, Duration::seconds(static_cast<std::int64_t>(random.below(100))));
    Peer subscriber(bench, Version::v5, "s", false);
    subscriber.payloads();
    bench.after_seconds(2000);
    subscriber.cut();
    bench.broker.crash();
    CHECK(bench.broker.messages().in_use() == 0);
  }
  CHECK(taken > 100);
}
