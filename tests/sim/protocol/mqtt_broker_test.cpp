// The broker by itself, with clients of 3.1.1 and 3.1.
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

// A CONNECT of any level, as bytes: the encoder writes those of the standards only.
std::vector<std::uint8_t> hello(std::uint8_t level) {
  return bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', level, 2, 0, 0, 0, 1, 'c'});
}

}  // namespace

TEST_CASE("clients of 3.1 and 3.1.1 are served, those of unknown levels are not [MQTT-3.1.2-2]") {
  Bench bench;
  Peer old(bench, Version::v3_1), plain(bench, Version::v3_1_1), unknown(bench, Version::v3_1_1);
  Connect packet;
  packet.client_id = "old";
  old.connect(packet);
  CHECK(old.get<Connack>().code == ConnectCode::accepted);
  plain.send(hello(4));
  CHECK(plain.get<Connack>().code == ConnectCode::accepted);
  unknown.send(hello(6));
  CHECK(unknown.get<Connack>().code == ConnectCode::unacceptable_version);
  CHECK(unknown.closed);
}

TEST_CASE("messages go between clients of 3.1, 3.1.1 and 5.0, each in its own words") {
  const Version versions[] = {Version::v3_1, Version::v3_1_1, Version::v5};
  for (const Version from : versions) {
    for (const Version to : versions) {
      CAPTURE(name_of(from), name_of(to));
      Bench bench;
      Peer publisher(bench, from, "p"), subscriber(bench, to, "s");
      CHECK(subscriber.subscribe("t/#", kQos2) == std::vector<int>{2});
      publisher.publish("t/0", "zero", kQos0);
      publisher.publish("t/1", "one", kQos1, 5);
      CHECK(publisher.get<Puback>().packet_id == 5);
      publisher.publish("t/2", "two", kQos2, 6);
      CHECK(publisher.get<Pubrec>().packet_id == 6);
      publisher.acknowledge(PacketType::pubrel, 6);
      CHECK(publisher.get<Pubcomp>().packet_id == 6);
      CHECK(subscriber.payloads() == Texts{"zero", "one", "two"});
      CHECK(bench.broker.messages().in_use() == 0);
    }
  }
}

TEST_CASE("what an access list or a limit refuses of a client of 3.1.1 is acknowledged all the same [MQTT-3.3.5-2]") {
  Bench bench;
  Peer client(bench, Version::v3_1_1, "c"), watcher(bench, Version::v3_1_1, "w");
  watcher.subscribe("$SYS/#");
  client.publish("$SYS/broker/version", "mine", kQos1, 1);
  CHECK(client.get<Puback>().packet_id == 1);
  CHECK(watcher.quiet());
}

TEST_CASE("a full queue loses the newest message, or by choice the oldest") {
  for (const DropPolicy drop : {DropPolicy::newest, DropPolicy::oldest}) {
    BrokerSettings settings;
    settings.max_queued = 2;
    settings.drop = drop;
    Bench bench(settings);
    {
      Peer subscriber(bench, Version::v3_1_1, "s", false);
      subscriber.subscribe("t", kQos1);
    }
    Peer publisher(bench, Version::v3_1_1, "p");
    for (const char* payload : {"a", "b", "c"}) publisher.publish("t", payload, kQos1, 1);
    Peer subscriber(bench, Version::v3_1_1, "s", false);
    CHECK(subscriber.connack.session_present);
    CHECK(subscriber.payloads() == (drop == DropPolicy::newest ? Texts{"a", "b"} : Texts{"b", "c"}));
    CHECK(bench.broker.messages().in_use() == 0);
  }
  BrokerSettings settings;
  settings.max_queued_bytes = 10;  // topics and payloads
  Bench bench(settings);
  { Peer(bench, Version::v3_1_1, "s", false).subscribe("t", kQos1); }
  Peer publisher(bench, Version::v3_1_1, "p");
  for (const char* payload : {"1234", "1234", "1"}) publisher.publish("t", payload, kQos1, 1);
  CHECK(Peer(bench, Version::v3_1_1, "s", false).payloads() == Texts{"1234", "1234"});
}

TEST_CASE("no more messages are in flight than the window allows, and the others follow in order") {
  BrokerSettings settings;
  settings.max_in_flight = 2;
  Bench bench(settings);
  Peer subscriber(bench, Version::v3_1_1, "s"), publisher(bench, Version::v3_1_1, "p");
  subscriber.subscribe("t", kQos1);
  for (const char* payload : {"a", "b", "c"}) publisher.publish("t", payload, kQos1, 1);
  const Publish first = subscriber.get<Publish>();
  subscriber.get<Publish>();
  CHECK(subscriber.quiet());
  subscriber.acknowledge(PacketType::puback, first.packet_id);
  CHECK(subscriber.payloads() == Texts{"c"});
}

TEST_CASE("topics under $SYS tell of the broker, and wildcards at the front do not select them [MQTT-4.7.2-1]") {
  BrokerSettings settings;
  settings.sys_interval = Duration::seconds(10);
  Bench bench(settings);
  bench.broker.start();
  bench.after_seconds(1);
  Peer client(bench, Version::v3_1_1, "c");
  client.subscribe("#");
  CHECK(client.quiet());
  client.subscribe("+/broker/clients/connected");
  CHECK(client.quiet());
  client.subscribe("$SYS/broker/clients/connected");
  CHECK(client.payloads() == Texts{"0"});
  bench.after_seconds(10);
  CHECK(client.payloads() == Texts{"1"});
  bench.after_seconds(10);
  CHECK(client.payloads().empty());  // nothing has changed
}

TEST_CASE("sessions and retained messages are bounded where that is set, and what is there goes on") {
  BrokerSettings settings;
  settings.max_sessions = 2;
  settings.max_retained = 1;
  Bench bench(settings);
  Peer a(bench, Version::v5, "a"), b(bench, Version::v3_1_1, "b", false);
  Peer too_many(bench, Version::v5), old(bench, Version::v3_1_1);
  Connect packet;
  packet.client_id = "c";
  too_many.connect(packet);
  CHECK(too_many.get<Connack>().reason == ReasonCode::quota_exceeded);
  old.connect(packet);
  CHECK(old.get<Connack>().code == ConnectCode::server_unavailable);
  CHECK_FALSE(Peer(bench, Version::v3_1_1, "b", false).closed);  // it has its session
  a.publish("t", "one", kQos1, 1, true);
  a.get<Puback>();
  a.publish("u", "two", kQos1, 2, true);
  a.get<Puback>();  // passed on, had anybody subscribed, and not kept
  CHECK(bench.broker.retained() == 1);
  a.publish("t", "instead", kQos1, 3, true);
  CHECK(a.get<Puback>().reason == ReasonCode::no_matching_subscribers);
  CHECK(bench.broker.retained() == 1);
}

TEST_CASE("messages that have expired make room wherever they stand in a queue, and among what is retained") {
  BrokerSettings settings;
  settings.max_queued = 3;
  settings.max_retained = 1;
  Bench bench(settings);
  const Props stays = Props().number(Property::session_expiry_interval, 1000);
  { Peer(bench, Version::v5, "s", true, stays).subscribe("t", kQos1); }
  Peer publisher(bench, Version::v5, "p");
  const Props short_lived = Props().number(Property::message_expiry_interval, 10);
  publisher.publish("t", "long", kQos1, 1);
  publisher.publish("t", "short", kQos1, 2, false, short_lived);
  publisher.publish("t", "short, too", kQos1, 3, false, short_lived);
  publisher.publish("r/1", "short", kQos0, 0, true, short_lived);
  publisher.publish("r/2", "refused", kQos0, 0, true);
  CHECK(bench.broker.retained() == 1);
  bench.after_seconds(11);
  publisher.publish("t", "new", kQos1, 4);
  publisher.publish("r/2", "kept", kQos0, 0, true);
  CHECK(Peer(bench, Version::v5, "s", false, stays).payloads() == Texts{"long", "new"});
  Peer reader(bench, Version::v5, "r");
  reader.subscribe("r/#");
  CHECK(reader.payloads() == Texts{"kept"});
}

TEST_CASE("memory is limited over all clients: what is beyond it is lost, and subscriptions are refused") {
  BrokerSettings settings;
  settings.memory_limit = 2000;
  Bench bench(settings);
  const Props stays = Props().number(Property::session_expiry_interval, 1000);
  { CHECK(Peer(bench, Version::v5, "s", true, stays).subscribe("t", kQos1) == std::vector<int>{1}); }
  Peer publisher(bench, Version::v5, "p");
  for (PacketId id = 1; id <= 10; ++id) publisher.publish("t", std::string(400, 'x'), kQos1, id);
  publisher.publish("kept", std::string(1000, 'x'), kQos0, 0, true);
  CHECK(bench.broker.retained() == 0);
  CHECK(bench.broker.memory() <= 2000);
  CHECK(Peer(bench, Version::v5, "other").subscribe("u/" + std::string(1500, 'x')) == std::vector<int>{0x97});
  CHECK(Peer(bench, Version::v5, "s", false, stays).payloads().size() == 4);
  publisher.publish("kept", std::string(1000, 'x'), kQos0, 0, true);
  CHECK(bench.broker.retained() == 1);
}

TEST_CASE("packets that come in part fill no memory: who holds most of it goes") {
  BrokerSettings settings;
  settings.memory_limit = 10'000;
  Bench bench(settings);
  Peer calm(bench, Version::v5, "calm"), small(bench, Version::v5, "small"), large(bench, Version::v5, "large");
  calm.subscribe("t");
  const std::string payload(8'000, 'x');
  std::vector<std::uint8_t> whole;
  encode(Publish{"t", wire::bytes_of(payload), kQos0, false, false, 0, {}}, whole, Version::v5);
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::vector<std::uint8_t>(whole.begin() + static_cast<std::ptrdiff_t>(from),
                                     whole.begin() + static_cast<std::ptrdiff_t>(to));
  };
  small.send(part(0, 3'000));
  large.send(part(0, 7'500));  // together more than may be
  CHECK(large.get<Disconnect>().reason == ReasonCode::quota_exceeded);
  CHECK(large.closed);
  small.send(part(3'000, whole.size()));
  CHECK(calm.payloads() == Texts{payload});
  // What came in part and was completed counts no more.
  for (int i = 0; i < 3; ++i) {
    small.send(part(0, 5'000));
    small.send(part(5'000, whole.size()));
  }
  CHECK(calm.payloads().size() == 3);
  CHECK(!small.closed);
}

TEST_CASE("the filters of one client are limited in levels, and those that it gives up count no more") {
  BrokerSettings settings;
  settings.max_filter_levels = 5;
  Bench bench(settings);
  Peer client(bench, Version::v5, "c");
  CHECK(client.subscribe({{"a/b/c", kQos0}, {"d/e", kQos0}, {"f", kQos0}, {"d/e", kQos1}}) ==
        std::vector<int>{0, 0, 0x97, 1});
  CHECK(client.unsubscribe({"d/e"}) == std::vector<int>{0});
  CHECK(client.subscribe({{"f/g", kQos0}, {"h", kQos0}}) == std::vector<int>{0, 0x97});
}

TEST_CASE("one SUBSCRIBE does not ask for retained messages without end") {
  Bench bench;
  Peer client(bench, Version::v5, "c"), other(bench, Version::v5, "o");
  for (int i = 0; i < 1000; ++i) client.publish("t/" + std::to_string(i), "x", kQos0, 0, true);
  const FilterRequest own{"#", kQos0, true};  // No Local: all are its own
  CHECK(client.subscribe(std::vector<FilterRequest>(999, own)).size() == 999);
  CHECK_FALSE(client.closed);
  client.subscribe(std::vector<FilterRequest>(1010, own));
  CHECK(client.get<Suback>().codes.size() == 1010);
  CHECK(client.dismissal() == ReasonCode::quota_exceeded);
  CHECK_FALSE(other.closed);
}

TEST_CASE("who takes over its own session needs no place among the connections") {
  BrokerSettings settings;
  settings.max_connections = 2;
  Bench bench(settings);
  Peer a(bench, Version::v5, "a"), b(bench, Version::v5, "b");
  CHECK(Peer(bench, Version::v5, "c").connack.reason == ReasonCode::quota_exceeded);
  CHECK(Peer(bench, Version::v5, "a").connack.reason == ReasonCode::success);
}
