// What both versions demand of a broker, statement by statement, with a client of either. Identifiers of 5.0 are written MQTT5-....
#include <set>

#include "tests/sim/protocol/client_by_hand.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

Version either() { return GENERATE(Version::v3_1_1, Version::v5); }

// A session that outlives its connection, in the words of either version.
Props kept(Version version) {
  return version == Version::v5 ? Props().number(Property::session_expiry_interval, 1000) : Props();
}
std::unique_ptr<Peer> persistent(Bench& bench, Version version, std::string_view name) {
  return std::make_unique<Peer>(bench, version, name, false, kept(version));
}

std::vector<std::uint8_t> connect_bytes(Version version, std::string_view client_id) {
  Connect packet;
  packet.level = static_cast<std::uint8_t>(version);
  packet.client_id = client_id;
  std::vector<std::uint8_t> out;
  encode(packet, out);
  return out;
}

std::vector<std::uint8_t> publish_bytes(Version version, Publish packet) {
  std::vector<std::uint8_t> out;
  encode(packet, out, version);
  return out;
}

Publish message(std::string_view topic, std::string_view payload, Qos qos, PacketId id = 0, bool dup = false) {
  return Publish{topic, wire::bytes_of(payload), qos, false, dup, id, {}};
}

}  // namespace

TEST_CASE("CONNECT comes first, and once [MQTT-3.1.0-1, MQTT-3.1.0-2, MQTT5-3.1.0-1, MQTT5-3.1.0-2]") {
  const Version version = either();
  Bench bench;
  Peer early(bench, version);
  early.publish("t", "x", kQos0, 0, true);
  CHECK(early.closed);
  CHECK(early.quiet());  // in 5.0 no DISCONNECT comes before a CONNACK: MQTT5-3.14.0-1
  CHECK(bench.broker.retained() == 0);
  Peer twice(bench, version, "c");
  twice.send(connect_bytes(version, "c"));
  CHECK(twice.closed);
}

TEST_CASE(
    "a CONNECT that is malformed is answered by the end of the connection [MQTT-3.1.4-1, MQTT5-3.1.4-1, "
    "MQTT5-4.13.1-1]") {
  const Version version = either();
  for (std::size_t at = 0; at < connect_bytes(version, "c").size(); ++at) {
    // Each byte in turn says something that it may not: type and length, name, reserved flag, length of the identifier.
    if (at != 1 && at != 2 && at != 4 && at != 9) continue;
    CAPTURE(at);
    Bench bench;
    Peer peer(bench, version);
    auto broken = connect_bytes(version, "c");
    broken[at] = static_cast<std::uint8_t>(broken[at] + 1);  // MQTT-3.1.2-1, MQTT5-3.1.2-1, MQTT-3.1.2-3, MQTT5-3.1.2-3
    if (at == 1) broken.push_back('x');
    peer.send(broken);
    CHECK(peer.closed);
    CHECK((peer.quiet() || peer.get<Connack>().code == ConnectCode::unacceptable_version));
    CHECK(bench.broker.sessions() == 0);
  }
}

TEST_CASE("what comes behind a CONNECT that is refused is not looked at [MQTT-3.1.4-5, MQTT5-3.1.4-6]") {
  const Version version = either();
  struct Nobody final : Access {
    ReasonCode connect(const Connect&) override { return ReasonCode::not_authorized; }
  } access;
  Bench bench({}, &access);
  Peer peer(bench, version);
  auto all = connect_bytes(version, "c");
  Publish retained = message("t", "x", kQos0);
  retained.retain = true;
  const auto more = publish_bytes(version, retained);
  all.insert(all.end(), more.begin(), more.end());
  peer.send(all);
  const Connack answer = peer.get<Connack>();
  CHECK_FALSE(answer.session_present);  // MQTT-3.2.2-4, MQTT5-3.2.2-6
  CHECK(peer.closed);                   // MQTT-3.2.2-5, MQTT5-3.2.2-7, MQTT5-4.13.2-1
  CHECK(peer.quiet());
  CHECK(bench.broker.retained() == 0);
  CHECK(bench.broker.sessions() == 0);
}

TEST_CASE("a client whose refusal 3.1.1 has no code for is not told [MQTT-3.2.2-6]") {
  BrokerSettings settings;
  settings.maximum_qos = kQos0;
  Bench bench(settings);
  Peer peer(bench, Version::v3_1_1);
  Connect packet;
  packet.client_id = "c";
  packet.will = Will{"w", {}, kQos1, false, {}};
  peer.connect(packet);
  CHECK(peer.closed);
  CHECK(peer.quiet());
}

TEST_CASE(
    "identifiers of 1 to 23 letters and digits are taken, and name the session [MQTT-3.1.3-2, MQTT-3.1.3-5, "
    "MQTT5-3.1.3-2, MQTT5-3.1.3-5]") {
  const Version version = either();
  Bench bench;
  const std::string all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t size = 1; size <= 23; ++size) {
    for (std::size_t at = 0; at + size <= all.size(); at += 13) {
      const std::string name = all.substr(at, size);
      CHECK_FALSE(persistent(bench, version, name)->connack.session_present);
      CHECK(persistent(bench, version, name)->connack.session_present);
    }
  }
}

TEST_CASE(
    "an empty identifier is given a name, or in 3.1.1 refused with a session that is to stay [MQTT-3.1.3-6, "
    "MQTT-3.1.3-8, MQTT-3.1.3-9]") {
  Bench bench;
  Peer a(bench, Version::v3_1_1, ""), b(bench, Version::v3_1_1, "");
  CHECK_FALSE(a.closed);
  CHECK(bench.broker.sessions() == 2);
  Peer stays(bench, Version::v3_1_1);
  Connect packet;
  packet.clean_session = false;
  stays.connect(packet);
  CHECK(stays.get<Connack>().code == ConnectCode::identifier_rejected);
  CHECK(stays.closed);
}

TEST_CASE(
    "CONNACK comes first, once, and says whether there is a session [MQTT-3.2.0-1, MQTT-3.2.2-1, MQTT-3.2.2-2, "
    "MQTT-3.2.2-3, MQTT-3.1.4-4, MQTT5-3.2.0-1, MQTT5-3.2.0-2, MQTT5-3.2.2-2, MQTT5-3.2.2-3, MQTT5-3.1.4-5]") {
  const Version version = either();
  Bench bench;
  Peer publisher(bench, version, "p");
  {
    const auto first = persistent(bench, version, "c");
    CHECK_FALSE(first->connack.session_present);
    first->subscribe("t", kQos1);
  }
  publisher.publish("t", "queued", kQos1, 1);
  {
    const auto second = persistent(bench, version, "c");  // its CONNACK is read before anything else
    CHECK(second->connack.session_present);
    CHECK(second->payloads() == Texts{"queued"});
    second->ping();
    second->get<Pingresp>();
    CHECK(second->quiet());
  }
  Peer clean(bench, version, "c", true);
  CHECK_FALSE(clean.connack.session_present);
}

TEST_CASE(
    "a session that is to stay keeps subscriptions and messages, a clean one nothing [MQTT-3.1.2-4, MQTT-3.1.2-5, "
    "MQTT-3.1.2-6, MQTT-3.1.4-3, MQTT-4.1.0-1, MQTT-4.1.0-2, MQTT-4.5.0-1, MQTT5-3.1.4-4, MQTT5-4.1.0-1, "
    "MQTT5-4.1.0-2, MQTT5-4.5.0-1]") {
  const Version version = either();
  Bench bench;
  Peer publisher(bench, version, "p");
  {
    const auto stays = persistent(bench, version, "stays");
    Peer leaves(bench, version, "leaves", true);
    for (Peer* peer : {stays.get(), &leaves}) {
      peer->subscribe("t", kQos2);
      bench.after_seconds(100);  // as long as the connection lasts, so does the session
      publisher.publish("t", "first", kQos1, 1);
      CHECK(peer->payloads() == Texts{"first"});
    }
    CHECK(stays->payloads() == Texts{"first"});  // of the second round
  }
  for (const char* payload : {"a", "b"}) publisher.publish("t", payload, payload[0] == 'a' ? kQos1 : kQos2, 3);
  const auto stays = persistent(bench, version, "stays");
  const auto leaves = persistent(bench, version, "leaves");
  CHECK(stays->payloads() == Texts{"a", "b"});
  CHECK_FALSE(leaves->connack.session_present);
  CHECK(leaves->quiet());
}

TEST_CASE("retained messages are no part of a session [MQTT-3.1.2-7]") {
  const Version version = either();
  Bench bench;
  Peer(bench, version, "p").publish("t", "kept", kQos1, 1, true);
  CHECK(bench.broker.sessions() == 0);
  Peer subscriber(bench, version, "s");
  subscriber.subscribe("t");
  CHECK(subscriber.payloads() == Texts{"kept"});
}

TEST_CASE(
    "the last retained message of a topic is kept, with its QoS, until an empty one takes it away [MQTT-3.3.1-5, "
    "MQTT-3.3.1-6, MQTT-3.3.1-7, MQTT-3.3.1-8, MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11, MQTT-3.3.1-12, "
    "MQTT5-3.3.1-5, MQTT5-3.3.1-6, MQTT5-3.3.1-7, MQTT5-3.3.1-8]") {
  const Version version = either();
  Bench bench;
  Peer publisher(bench, version, "p"), established(bench, version, "e");
  established.subscribe("t", kQos2);
  const auto newcomer_gets = [&] {
    Peer newcomer(bench, version, "n");
    newcomer.subscribe("t", kQos2);
    Texts found;
    while (!newcomer.quiet()) {
      const Publish got = newcomer.get<Publish>();
      CHECK(got.retain);
      found.push_back(std::to_string(static_cast<int>(got.qos)) + std::string(wire::text_of(got.payload)));
    }
    return found;
  };
  const auto publish = [&](std::string_view payload, Qos qos, bool retain) {
    publisher.publish("t", payload, qos, qos == kQos0 ? 0 : 1, retain);
    const Publish got = established.get<Publish>();
    CHECK_FALSE(got.retain);
    CHECK(wire::text_of(got.payload) == payload);  // the empty one, too
    if (got.qos == kQos1) established.acknowledge(PacketType::puback, got.packet_id);
  };
  CHECK(newcomer_gets().empty());
  publish("a", kQos1, true);
  CHECK(newcomer_gets() == Texts{"1a"});
  publish("passing", kQos0, false);
  CHECK(newcomer_gets() == Texts{"1a"});
  publish("b", kQos0, true);
  CHECK(newcomer_gets() == Texts{"0b"});
  publish("", kQos1, true);
  CHECK(newcomer_gets().empty());
  CHECK(bench.broker.retained() == 0);
}

TEST_CASE(
    "DUP tells of our own repetition only [MQTT-3.3.1-1, MQTT-3.3.1-2, MQTT-3.3.1-3, MQTT5-3.3.1-1, MQTT5-3.3.1-2, "
    "MQTT5-3.3.1-3]") {
  const Version version = either();
  Bench bench;
  Peer publisher(bench, version, "p");
  {
    const auto subscriber = persistent(bench, version, "s");
    subscriber->subscribe("t", kQos1);
    publisher.send(publish_bytes(version, message("t", "repeated by its client", kQos1, 1, true)));
    CHECK_FALSE(subscriber->get<Publish>().dup);  // MQTT-4.3.2-1, MQTT5-4.3.2-2
  }
  const auto again = persistent(bench, version, "s");
  CHECK(again->get<Publish>().dup);
  again->subscribe("u", kQos0);
  publisher.publish("u", "x");
  CHECK_FALSE(again->get<Publish>().dup);  // MQTT-4.3.1-1, MQTT5-4.3.1-1
}

TEST_CASE(
    "each PUBLISH is answered by its QoS, with its identifier [MQTT-3.3.4-1, MQTT-2.3.1-6, MQTT-4.5.0-2, "
    "MQTT5-3.3.4-1, MQTT5-2.2.1-5, MQTT5-4.5.0-2]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c");
  client.publish("t", "", kQos0);
  CHECK(client.quiet());
  client.publish("t", "", kQos1, 1000);
  CHECK(client.get<Puback>().packet_id == 1000);  // MQTT-4.3.2-2, MQTT5-4.3.2-4
  client.publish("t", "", kQos2, 2000);
  CHECK(client.get<Pubrec>().packet_id == 2000);  // MQTT-4.3.3-2, MQTT5-4.3.3-8
  client.acknowledge(PacketType::pubrel, 2000);
  CHECK(client.get<Pubcomp>().packet_id == 2000);  // MQTT5-4.3.3-11
  CHECK(client.quiet());
}

TEST_CASE(
    "a QoS 2 message is passed on once before its PUBREL, and its identifier is new after it [MQTT-4.3.3-2, "
    "MQTT5-4.3.3-10, MQTT5-4.3.3-12]") {
  const Version version = either();
  BrokerSettings settings;
  settings.manners.deliver_at_release = GENERATE(false, true);
  Bench bench(settings);
  Peer publisher(bench, version, "p"), subscriber(bench, version, "s");
  subscriber.subscribe("t", kQos0);
  for (const bool dup : {false, true, false}) {
    publisher.send(publish_bytes(version, message("t", "x", kQos2, 7, dup)));
    publisher.get<Pubrec>();
  }
  publisher.acknowledge(PacketType::pubrel, 7);
  publisher.get<Pubcomp>();
  CHECK(subscriber.payloads() == Texts{"x"});
  publisher.acknowledge(PacketType::pubrel, 7);  // once more, as a client does that has lost the PUBCOMP
  publisher.get<Pubcomp>();
  CHECK(subscriber.quiet());
  publisher.send(publish_bytes(version, message("t", "y", kQos2, 7, true)));
  publisher.get<Pubrec>();
  publisher.acknowledge(PacketType::pubrel, 7);
  CHECK(subscriber.payloads() == Texts{"y"});
}

TEST_CASE("after its PUBACK an identifier stands for a new message, whatever DUP says [MQTT-4.3.2-2, MQTT5-4.3.2-5]") {
  const Version version = either();
  Bench bench;
  Peer publisher(bench, version, "p"), subscriber(bench, version, "s");
  subscriber.subscribe("t", kQos0);
  for (const char* payload : {"a", "b"}) {
    publisher.send(publish_bytes(version, message("t", payload, kQos1, 7, true)));
    publisher.get<Puback>();
  }
  CHECK(subscriber.payloads() == Texts{"a", "b"});
}

TEST_CASE(
    "the broker's own messages: new identifiers, kept over connections until they are answered [MQTT-2.3.1-2, "
    "MQTT-2.3.1-3, MQTT-2.3.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1, MQTT5-2.2.1-4, MQTT5-4.3.2-1, MQTT5-4.3.2-3, "
    "MQTT5-4.3.3-1, MQTT5-4.3.3-2, MQTT5-4.3.3-3, MQTT5-4.3.3-4, MQTT5-4.3.3-5, MQTT5-4.3.3-6]") {
  const Version version = either();
  Bench bench;
  std::vector<PacketId> ids;
  {
    const auto subscriber = persistent(bench, version, "s");
    subscriber->subscribe("t", kQos2);
    for (const Qos qos : {kQos1, kQos2, kQos2}) bench.broker.publish("t", {}, qos, false);
    for (int i = 0; i < 3; ++i) {
      const Publish got = subscriber->get<Publish>();
      CHECK_FALSE(got.dup);
      CHECK(got.packet_id != 0);
      ids.push_back(got.packet_id);
    }
    CHECK(std::set<PacketId>(ids.begin(), ids.end()).size() == 3);
    subscriber->acknowledge(PacketType::pubrec, ids[2]);
    CHECK(subscriber->get<Pubrel>().packet_id == ids[2]);
  }
  const auto subscriber = persistent(bench, version, "s");
  // In the order in which they were sent; of the third one only PUBREL [MQTT-4.4.0-1, MQTT-4.6.0-1, MQTT5-4.6.0-1].
  CHECK(subscriber->get<Publish>().packet_id == ids[0]);
  CHECK(subscriber->get<Publish>().packet_id == ids[1]);
  CHECK(subscriber->get<Pubrel>().packet_id == ids[2]);
  CHECK(subscriber->quiet());
  subscriber->acknowledge(PacketType::puback, ids[0]);
  subscriber->acknowledge(PacketType::pubrec, ids[1]);
  CHECK(subscriber->get<Pubrel>().packet_id == ids[1]);
  // A PUBCOMP that says nothing of them ends nothing.
  subscriber->acknowledge(PacketType::pubcomp, ids[0]);
  subscriber->acknowledge(PacketType::pubcomp, ids[1]);
  subscriber->acknowledge(PacketType::pubcomp, ids[2]);
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE(
    "acknowledgements and releases come in the order of what they answer [MQTT-4.6.0-2, MQTT-4.6.0-3, MQTT-4.6.0-4, "
    "MQTT5-4.6.0-2, MQTT5-4.6.0-3, MQTT5-4.6.0-4]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c"), subscriber(bench, version, "s");
  const std::vector<PacketId> first{5, 3, 9}, second{8, 2, 6};
  for (const PacketId id : first) client.publish("t", "", kQos1, id);
  for (const PacketId id : first) CHECK(client.get<Puback>().packet_id == id);
  for (const PacketId id : second) client.publish("t", "", kQos2, id);
  for (const PacketId id : second) CHECK(client.get<Pubrec>().packet_id == id);
  subscriber.subscribe("u", kQos2);
  for (int i = 0; i < 3; ++i) bench.broker.publish("u", {}, kQos2, false);
  std::vector<PacketId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(subscriber.get<Publish>().packet_id);
  for (const std::size_t i : {2, 0, 1}) subscriber.acknowledge(PacketType::pubrec, ids[i]);
  for (const std::size_t i : {2, 0, 1}) CHECK(subscriber.get<Pubrel>().packet_id == ids[i]);
}

TEST_CASE(
    "messages of a publisher reach a subscriber in their order, QoS by QoS [MQTT-4.6.0-5, MQTT-4.6.0-6, MQTT5-4.6.0-5, "
    "MQTT5-4.6.0-6]") {
  const Version version = either();
  BrokerSettings settings;
  settings.max_in_flight = 3;
  Bench bench(settings);
  Peer publisher(bench, version, "p"), subscriber(bench, version, "s");
  subscriber.subscribe("t/+", kQos2);
  std::map<Qos, Texts> expected, found;
  for (int i = 0; i < 60; ++i) {
    const Qos qos = static_cast<Qos>(i * 7 % 3);
    publisher.publish(i % 2 == 0 ? "t/a" : "t/b", std::to_string(i), qos,
                      qos == kQos0 ? 0 : static_cast<PacketId>(i + 1));
    expected[qos].push_back(std::to_string(i));
  }
  while (!subscriber.quiet()) {
    const Packet packet = subscriber.next();
    if (const auto* release = std::get_if<Pubrel>(&packet))
      subscriber.acknowledge(PacketType::pubcomp, release->packet_id);
    const auto* publish = std::get_if<Publish>(&packet);
    if (publish == nullptr) continue;
    found[publish->qos].emplace_back(wire::text_of(publish->payload));
    if (publish->qos == kQos1) subscriber.acknowledge(PacketType::puback, publish->packet_id);
    if (publish->qos == kQos2) subscriber.acknowledge(PacketType::pubrec, publish->packet_id);
  }
  CHECK(found == expected);
}

TEST_CASE(
    "SUBACK answers each filter in turn, in one packet with the identifier of its SUBSCRIBE [MQTT-2.3.1-7, "
    "MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-4, MQTT-3.8.4-5, MQTT-3.9.3-1, MQTT5-2.2.1-6, MQTT5-3.8.4-1, "
    "MQTT5-3.8.4-2, MQTT5-3.8.4-5, MQTT5-3.8.4-7, MQTT5-3.9.3-1]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c");
  const FilterRequest filters[] = {{"a", kQos2}, {"b", kQos0}, {"c", kQos1}, {"a", kQos1}};
  std::vector<std::uint8_t> out;
  encode_subscribe(4711, filters, out, version);
  client.send(out);
  const Suback answer = client.get<Suback>();
  CHECK(answer.packet_id == 4711);
  CHECK(std::vector<int>(answer.codes.begin(), answer.codes.end()) == std::vector<int>{2, 0, 1, 1});
  CHECK(client.quiet());
  CHECK(bench.broker.subscriptions() == 3);
}

TEST_CASE(
    "a filter that is subscribed to again is replaced, and retained messages come again [MQTT-3.8.4-3, MQTT5-3.8.4-3, "
    "MQTT5-3.8.4-4]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c"), publisher(bench, version, "p");
  publisher.publish("t", "kept", kQos1, 1, true);
  client.subscribe("t", kQos1);
  const Publish first = client.get<Publish>();
  CHECK(first.qos == kQos1);
  client.subscribe("t", kQos0);
  CHECK(bench.broker.subscriptions() == 1);
  CHECK(client.get<Publish>().qos == kQos0);  // the retained one again
  client.acknowledge(PacketType::puback, first.packet_id);
  publisher.publish("t", "once", kQos1, 2);
  CHECK(client.payloads() == Texts{"once"});
}

TEST_CASE(
    "a message goes out at the lower of its own and the granted QoS, of several grants the highest [MQTT-3.8.4-6, "
    "MQTT-3.3.5-1, MQTT5-3.8.4-8, MQTT5-3.3.4-2]") {
  const Version version = either();
  for (const Qos sent : {kQos0, kQos1, kQos2}) {
    for (const Qos granted : {kQos0, kQos1, kQos2}) {
      Bench bench;
      Peer client(bench, version, "c");
      client.subscribe("t", granted);
      client.subscribe("+", kQos0);
      bench.broker.publish("t", {}, sent, false);
      CHECK(client.get<Publish>().qos == std::min(sent, granted));
      CHECK(client.quiet());
    }
  }
}

TEST_CASE(
    "UNSUBSCRIBE deletes what is the same letter by letter, and finishes what was begun [MQTT-3.10.4-1, MQTT-3.10.4-2, "
    "MQTT-3.10.4-3, MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6, MQTT5-3.10.4-1, MQTT5-3.10.4-2, MQTT5-3.10.4-3, "
    "MQTT5-3.10.4-4, MQTT5-3.10.4-5, MQTT5-3.10.4-6]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c");
  client.subscribe("a/b", kQos2);
  client.subscribe("a/+", kQos1);
  bench.broker.publish("a/b", {}, kQos2, false);
  const Publish begun = client.get<Publish>();
  const auto unsubscribe = [&](std::vector<std::string_view> filters, PacketId id) {
    std::vector<std::uint8_t> out;
    encode_unsubscribe(id, filters, out, version);
    client.send(out);
    CHECK(client.get<Unsuback>().packet_id == id);
    CHECK(client.quiet());
  };
  unsubscribe({"A/b", "a/#", "a", "+/b", "nobody/has/it"}, 21);
  CHECK(bench.broker.subscriptions() == 2);
  unsubscribe({"a/+", "a/b"}, 22);
  CHECK(bench.broker.subscriptions() == 0);
  bench.broker.publish("a/b", {}, kQos2, false);
  CHECK(client.quiet());
  client.acknowledge(PacketType::pubrec, begun.packet_id);
  CHECK(client.get<Pubrel>().packet_id == begun.packet_id);
}

TEST_CASE("PINGREQ is answered [MQTT-3.12.4-1, MQTT5-3.12.4-1]") {
  Bench bench;
  Peer client(bench, either(), "c");
  client.ping();
  client.get<Pingresp>();
  CHECK(client.quiet());
}

TEST_CASE(
    "a client that is silent for one and a half keep alives is taken for lost, and no earlier [MQTT-3.1.2-24, "
    "MQTT5-3.1.2-22, MQTT5-3.2.2-22]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version);
  Connect packet;
  packet.client_id = "c";
  packet.keep_alive = 10;
  client.connect(packet);
  client.get<Connack>();
  for (int i = 0; i < 3; ++i) {
    bench.after_seconds(14.9);
    CHECK_FALSE(client.closed);
    client.publish("t", "");  // any packet counts
  }
  bench.after_seconds(15.1);
  CHECK(client.closed);
}

TEST_CASE(
    "the will is stored, sent when the connection breaks, and forgotten then or at DISCONNECT [MQTT-3.1.2-8, "
    "MQTT-3.1.2-10, MQTT-3.1.2-12, MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.14.4-3, MQTT5-3.1.2-7, MQTT5-3.1.2-8, "
    "MQTT5-3.1.2-10, MQTT5-3.14.4-3]") {
  const Version version = either();
  Bench bench;
  Peer watcher(bench, version, "w");
  watcher.subscribe("will/#", kQos2);
  const auto client = [&](const char* name, bool retain) {
    return std::make_unique<Peer>(bench, version, name, false, kept(version),
                                  Will{"will/x", wire::bytes_of(std::string_view(name)), kQos1, retain, {}});
  };
  client("broken", false)->cut();
  CHECK(watcher.payloads() == Texts{"broken"});
  CHECK(bench.broker.retained() == 0);
  client("retained", true)->cut();
  CHECK(watcher.payloads() == Texts{"retained"});
  CHECK(bench.broker.retained() == 1);
  client("polite", false)->disconnect();
  CHECK(watcher.payloads().empty());
  // It is not sent again when the session that had it goes on without one.
  persistent(bench, version, "broken")->cut();
  persistent(bench, version, "polite")->cut();
  CHECK(watcher.payloads().empty());
}

TEST_CASE("a newcomer with the same identifier ends the old connection [MQTT-3.1.4-2]") {
  Bench bench;
  Peer old(bench, Version::v3_1_1, "c"), fresh(bench, Version::v3_1_1, "c");
  CHECK(old.closed);
  CHECK_FALSE(fresh.closed);
}

TEST_CASE(
    "topics are compared byte by byte, up to the longest [MQTT-4.7.3-3, MQTT-4.7.3-4, MQTT-1.5.3-3, MQTT-3.3.2-3, "
    "MQTT5-4.7.3-3, MQTT5-4.7.3-4, MQTT5-1.5.4-3, MQTT5-3.3.2-3]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c"), publisher(bench, version, "p");
  // A letter with its accent in one character and in two, a mark at the front, cases, blanks, empty levels, 65,535 bytes.
  const std::string longest(65535, 'x');
  const Texts topics{"\xc3\xa4", "a\xcc\x88", "\xef\xbb\xbfx", "x", "X", " x", "x/", "/x", "//", longest};
  for (const std::string& filter : topics) {
    CHECK(client.subscribe(filter) == std::vector<int>{0});
    for (const std::string& topic : topics) {
      publisher.publish(topic, topic.substr(0, 10));
      if (topic != filter) continue;
      CHECK(client.get<Publish>().topic == topic);
    }
    CHECK(client.quiet());
    client.unsubscribe({filter});
  }
}

TEST_CASE("wildcards at the front do not select topics with a dollar sign [MQTT-4.7.2-1, MQTT5-4.7.2-1]") {
  const Version version = either();
  Bench bench;
  Peer client(bench, version, "c");
  client.subscribe("#", kQos0);
  client.subscribe("+/x", kQos0);
  bench.broker.publish("$own/x", {}, kQos0, false);
  CHECK(client.quiet());
  client.subscribe("$own/#", kQos0);
  bench.broker.publish("$own/x", {}, kQos0, false);
  CHECK(client.get<Publish>().topic == "$own/x");
}

TEST_CASE(
    "a packet that the standard forbids ends its connection, and no other [MQTT-4.8.0-1, MQTT-2.2.2-2, MQTT-1.5.3-1, "
    "MQTT-1.5.3-2, MQTT5-4.13.1-1]") {
  const Version version = either();
  Bench bench;
  Peer other(bench, version, "other");
  const std::vector<std::vector<std::uint8_t>> forbidden{
      bytes({0x31, 2, 0, 0}),           // a PUBLISH without a topic
      bytes({0x36, 3, 0, 1, 'a'}),      // QoS 3: MQTT-3.3.1-4, MQTT5-3.3.1-4
      bytes({0x60, 2, 0, 1}),           // PUBREL's flags: MQTT-3.6.1-1, MQTT5-3.6.1-1
      bytes({0x80, 2, 0, 1}),           // SUBSCRIBE's: MQTT-3.8.1-1, MQTT5-3.8.1-1
      bytes({0xa0, 2, 0, 1}),           // UNSUBSCRIBE's: MQTT-3.10.1-1, MQTT5-3.10.1-1
      bytes({0xe1, 0}),                 // DISCONNECT's: MQTT-3.14.1-1, MQTT5-3.14.1-1
      bytes({0xf1, 0}),                 // AUTH's: MQTT5-3.15.1-1
      bytes({0x20, 2, 0, 0}),           // a CONNACK
      bytes({0x30, 4, 0, 1, 0xff, 0}),  // no UTF-8: MQTT5-1.5.4-1, MQTT-3.3.2-1, MQTT5-3.3.2-1
      bytes({0x30, 4, 0, 1, 0, 0}),     // U+0000: MQTT5-1.5.4-2
      bytes({0x00, 0}),
  };
  for (const auto& packet : forbidden) {
    CAPTURE(static_cast<int>(packet[0]));
    Peer peer(bench, version, "c");
    peer.send(packet);
    CHECK(peer.closed);
    while (!peer.quiet()) {
      const Disconnect told = peer.get<Disconnect>();  // in 5.0
      CHECK(is_failure(told.reason));
      CHECK_FALSE(told.properties.number(Property::session_expiry_interval));  // MQTT5-3.14.2-2
    }
  }
  other.ping();
  other.get<Pingresp>();
}

TEST_CASE("a broker without wildcards refuses filters that have one [MQTT-3.8.3-2]") {
  BrokerSettings settings;
  settings.wildcard_subscriptions = false;
  Bench bench(settings);
  Peer client(bench, Version::v3_1_1, "c");
  CHECK(client.subscribe("a/+") == std::vector<int>{0x80});
  CHECK(client.subscribe("#") == std::vector<int>{0x80});
  CHECK(client.subscribe("a") == std::vector<int>{0});
}

TEST_CASE("a client of 3.1.1 pings when it has nothing else to say [MQTT-3.1.2-23]") {
  ByHand hand(Version::v3_1_1);
  hand.open();
  hand.accept();
  for (int i = 0; i < 5; ++i) {
    hand.bench.after_seconds(9);
    hand.user.publish("t", "", kQos0);
  }
  CHECK(hand.tape.types() == std::vector<PacketType>(5, PacketType::publish));
  hand.bench.after_seconds(10.1);
  CHECK(hand.tape.types().back() == PacketType::pingreq);
}

TEST_CASE("a client of 3.1.1 that ends closes, and says nothing more [MQTT-3.14.4-1, MQTT-3.14.4-2]") {
  ByHand hand(Version::v3_1_1);
  hand.open();
  hand.accept();
  hand.user.client.disconnect();
  CHECK(hand.tape.types() == std::vector<PacketType>{PacketType::disconnect});
  CHECK(hand.tape.closed);
  hand.user.publish("t", "", kQos1);
  hand.bench.after_seconds(100);
  CHECK(hand.tape.types().size() == 1);
}
