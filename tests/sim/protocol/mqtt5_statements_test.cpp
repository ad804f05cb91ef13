// What only 5.0 demands, statement by statement, as far as no other test of the broker and the client shows it.
#include "sim/protocol/mqtt/access_list.hpp"
#include "tests/sim/protocol/client_by_hand.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

Props expiry(std::uint32_t seconds) { return Props().number(Property::session_expiry_interval, seconds); }

}  // namespace

TEST_CASE("a reason string that would make a packet too large for its client is left out") {
  AccessList access;
  access.allow_anonymous = true;
  Bench bench({}, &access);
  Peer small(bench, Version::v5, "c", true, Props().number(Property::maximum_packet_size, 20));
  Peer large(bench, Version::v5, "d");
  for (Peer* peer : {&small, &large}) {
    peer->publish("$SYS/x", "", kQos1, 1);
    CHECK(peer->get<Puback>().properties.empty() == (peer == &small));  // MQTT-3.4.2-2
    peer->publish("$SYS/x", "", kQos2, 2);
    CHECK(peer->get<Pubrec>().properties.empty() == (peer == &small));  // MQTT-3.5.2-2
    peer->send(bytes({0xd0, 0}));
    CHECK(peer->get<Disconnect>().properties.empty() == (peer == &small));  // MQTT-3.14.2-3
  }
  BrokerSettings settings;
  settings.retain_available = false;
  Bench picky(settings);
  for (const std::uint32_t most : {20u, 1000u}) {
    Peer peer(picky, Version::v5);
    Connect packet;
    packet.client_id = "c";
    const Props properties = Props().number(Property::maximum_packet_size, most);
    packet.properties = properties;
    packet.will = Will{"w", {}, kQos0, true, {}};
    peer.connect(packet);
    CHECK(peer.get<Connack>().properties.empty() == (most == 20));  // MQTT-3.2.2-19
  }
}

TEST_CASE("every alias from 1 to the maximum is taken, in either direction") {
  BrokerSettings settings;
  settings.max_topic_alias = 50;
  Bench bench(settings);
  Peer publisher(bench, Version::v5, "p");
  Peer subscriber(bench, Version::v5, "s", true, Props().number(Property::topic_alias_maximum, 20));
  subscriber.subscribe("#");
  std::map<std::uint32_t, std::string> named;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t alias = 1; alias <= 50; ++alias) {
      const std::string topic = "t" + std::to_string(alias);
      publisher.publish(round == 0 ? topic : "", "", kQos0, 0, false,
                        Props().number(Property::topic_alias, alias));  // MQTT-3.3.2-12
      const Publish got = subscriber.get<Publish>();
      const std::uint32_t out = got.properties.number(Property::topic_alias).value_or(0);
      CHECK(out <= 20);  // MQTT-3.3.2-11, MQTT-3.1.2-26
      if (out != 0 && !got.topic.empty()) named[out] = got.topic;
      CHECK((got.topic.empty() ? named[out] : std::string(got.topic)) == topic);
    }
  }
  CHECK(named.size() == 20);
}

TEST_CASE("a client takes every alias that it has allowed, and ends the connection at others") {
  ByHand hand;
  OptionsOf5 five;
  five.topic_alias_maximum = 3;
  hand.user.client.options().five = std::make_shared<const OptionsOf5>(five);
  hand.open();
  hand.accept();
  const auto publish = [&](std::string_view topic, std::uint32_t alias) {
    const Props properties = Props().number(Property::topic_alias, alias);
    hand.feed_packet(Publish{topic, wire::bytes_of(topic), kQos0, false, false, 0, properties});
  };
  for (std::uint32_t alias = 1; alias <= 3; ++alias) publish("t" + std::to_string(alias), alias);  // MQTT-3.3.2-10
  CHECK(hand.user.got == Texts{"t1", "t2", "t3"});
  publish("t4", 4);
  CHECK(hand.tape.closed);
  CHECK(hand.user.got.size() == 3);
}

TEST_CASE("a client uses no alias that the server has not allowed, and drops them with the connection") {
  ByHand hand;
  for (const std::uint32_t allowed : {0u, 1u}) {
    hand.open();
    hand.accept(allowed == 0 ? Props() : Props().number(Property::topic_alias_maximum, allowed));
    for (int round = 0; round < 2; ++round) {
      for (const char* topic : {"a", "b"}) hand.user.publish(topic, "", kQos0);
    }
    std::vector<std::uint32_t> used;
    Texts topics;
    for (Bytes rest = hand.tape.written; !rest.empty();) {
      const auto header = **decode_fixed_header(rest, Version::v5);
      const auto packet = decode(header, rest.first(header.size()), Version::v5);
      const Publish& publish = std::get<Publish>(*packet);
      used.push_back(publish.properties.number(Property::topic_alias).value_or(0));
      topics.emplace_back(publish.topic);
      rest = rest.subspan(header.size());
    }
    // MQTT-3.2.2-17, MQTT-3.2.2-18, MQTT-3.3.2-9, MQTT-3.3.2-7: each connection begins anew
    CHECK(used == (allowed == 0 ? std::vector<std::uint32_t>{0, 0, 0, 0} : std::vector<std::uint32_t>{1, 0, 1, 0}));
    CHECK(topics == (allowed == 0 ? Texts{"a", "b", "a", "b"} : Texts{"a", "b", "", "b"}));
    hand.user.client.closed();
  }
}

TEST_CASE(
    "a client pings when it has nothing else to say, by the server's keep alive if that has one [MQTT5-3.1.2-20, "
    "MQTT5-3.1.2-21, MQTT5-3.2.2-21]") {
  for (const std::uint32_t server : {0u, 4u}) {
    ByHand hand;
    hand.open();
    CHECK(hand.tape.types() == std::vector<PacketType>{PacketType::connect});  // MQTT-3.1.0-1
    hand.accept(server == 0 ? Props() : Props().number(Property::server_keep_alive, server));
    const double interval = server == 0 ? 10 : 4;
    for (int i = 0; i < 5; ++i) {
      hand.bench.after_seconds(interval * 0.9);
      hand.user.publish("t", "", kQos0);
    }
    CHECK(hand.tape.types() == std::vector<PacketType>(5, PacketType::publish));
    hand.bench.after_seconds(interval * 1.01);
    CHECK(hand.tape.types().back() == PacketType::pingreq);
  }
}

TEST_CASE("a client that ends closes, and says nothing more [MQTT5-3.14.4-1, MQTT5-3.14.4-2]") {
  ByHand hand;
  hand.open();
  hand.accept();
  hand.user.client.disconnect(ReasonCode::disconnect_with_will);
  CHECK(hand.tape.types() == std::vector<PacketType>{PacketType::disconnect});
  CHECK(hand.tape.closed);
  hand.user.publish("t", "", kQos1);
  hand.bench.after_seconds(100);
  CHECK(hand.tape.types().size() == 1);
}

TEST_CASE("a client sends new packets under identifiers that are not in use [MQTT5-2.2.1-3]") {
  ByHand hand;
  hand.user.client.options().max_in_flight = 500;
  hand.open();
  hand.accept();
  for (int i = 0; i < 400; ++i) hand.user.publish("t", "", i % 2 == 0 ? kQos1 : kQos2);
  std::set<PacketId> ids;
  for (int i = 0; i < 20; ++i) {
    const FilterRequest request{"t", kQos0};
    CHECK(ids.insert(hand.user.client.subscribe({&request, 1})).second);
  }
  for (Bytes rest = hand.tape.written; !rest.empty();) {
    const auto header = **decode_fixed_header(rest, Version::v5);
    const auto packet = decode(header, rest.first(header.size()), Version::v5);
    if (const auto* publish = std::get_if<Publish>(&*packet)) CHECK(ids.insert(publish->packet_id).second);
    rest = rest.subspan(header.size());
  }
  CHECK(ids.size() == 420);
  CHECK_FALSE(ids.contains(0));
}

TEST_CASE("a client answers what it gets by its QoS, and does not repeat what was refused") {
  ByHand hand;
  hand.open();
  hand.accept();
  hand.feed_packet(Publish{"t", {}, kQos1, false, false, 5, {}});
  hand.feed_packet(Publish{"t", {}, kQos2, false, false, 6, {}});
  hand.feed_packet(Publish{"t", {}, kQos0, false, false, 0, {}});
  CHECK(hand.tape.types() ==
        std::vector<PacketType>{PacketType::puback, PacketType::pubrec});  // MQTT-3.3.4-1, MQTT-4.5.0-2
  hand.user.publish("t", "", kQos2);
  CHECK(hand.user.client.in_flight() == 1);
  std::vector<std::uint8_t> refusal;
  encode_acknowledgement(PacketType::pubrec, 1, ReasonCode::quota_exceeded, {}, refusal);
  hand.feed(refusal);
  CHECK(hand.user.client.in_flight() == 0);  // MQTT-4.4.0-2
  CHECK(hand.user.refused == std::vector<ReasonCode>{ReasonCode::quota_exceeded});
}

TEST_CASE("a full window holds back messages of QoS 1 and 2 only [MQTT5-3.3.4-8, MQTT5-3.3.4-10, MQTT5-4.9.0-3]") {
  ByHand hand;
  hand.open();
  hand.accept(Props().number(Property::receive_maximum, 1));
  hand.user.publish("t", "a", kQos1);
  hand.user.publish("t", "b", kQos1);
  hand.user.publish("t", "c", kQos0);
  const FilterRequest request{"t", kQos0};
  hand.user.client.subscribe({&request, 1});
  CHECK(hand.tape.types() == std::vector<PacketType>{PacketType::publish, PacketType::publish, PacketType::subscribe});

  Bench bench;
  Peer subscriber(bench, Version::v5, "s", true, Props().number(Property::receive_maximum, 1));
  subscriber.subscribe("#", kQos2);
  for (const Qos qos : {kQos1, kQos2, kQos0}) bench.broker.publish("t", {}, qos, false);
  CHECK(subscriber.get<Publish>().qos == kQos1);
  CHECK(subscriber.get<Publish>().qos == kQos0);
  subscriber.ping();
  subscriber.get<Pingresp>();
  CHECK(subscriber.subscribe("t") == std::vector<int>{0});
  CHECK(subscriber.quiet());
}

TEST_CASE(
    "a message of QoS 2 that has been sent does not expire any more, and is brought to its end [MQTT5-4.3.3-7, "
    "MQTT5-4.3.3-13]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  PacketId id = 0;
  {
    Peer subscriber(bench, Version::v5, "s", true, expiry(1000));
    subscriber.subscribe("t", kQos2);
    publisher.publish("t", "x", kQos2, 1, false, Props().number(Property::message_expiry_interval, 5));
    id = subscriber.get<Publish>().packet_id;
  }
  bench.after_seconds(4);
  {
    Peer subscriber(bench, Version::v5, "s", false, expiry(1000));
    CHECK(subscriber.get<Publish>().packet_id == id);
    subscriber.acknowledge(PacketType::pubrec, id);
    subscriber.get<Pubrel>();
  }
  bench.after_seconds(60);
  Peer subscriber(bench, Version::v5, "s", false, expiry(1000));
  CHECK(subscriber.get<Pubrel>().packet_id == id);
  subscriber.acknowledge(PacketType::pubcomp, id);
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("after a PUBREC of 0x80 or above an identifier stands for a new message [MQTT5-4.3.3-9]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p"), subscriber(bench, Version::v5, "s");
  subscriber.subscribe("#", kQos2);
  publisher.publish("$SYS/x", "refused", kQos2, 3);
  CHECK(is_failure(publisher.get<Pubrec>().reason));
  publisher.publish("t", "new", kQos2, 3);
  CHECK(publisher.get<Pubrec>().reason == ReasonCode::success);
  CHECK(subscriber.payloads() == Texts{"new"});
}

TEST_CASE(
    "a QoS 2 message of a shared subscription stays with the member that it was sent to [MQTT5-4.8.2-4, MQTT5-4.8.2-5, "
    "MQTT5-4.8.2-6]") {
  Bench bench;
  Peer other(bench, Version::v5, "other");
  const auto send_to_first = [&](Peer& first) {
    other.unsubscribe({"$share/g/t"});
    first.subscribe("$share/g/t", kQos2);
    other.subscribe("$share/g/t", kQos2);
    bench.broker.publish("t", {}, kQos2, false);
    return first.get<Publish>().packet_id;
  };
  PacketId id = 0;
  {
    Peer first(bench, Version::v5, "first", true, expiry(100));
    id = send_to_first(first);
  }
  {
    Peer first(bench, Version::v5, "first", false, expiry(100));
    CHECK(first.get<Publish>().packet_id == id);
    CHECK(first.subscribe("x") == std::vector<int>{0});
    first.acknowledge(PacketType::pubrec, id, ReasonCode::unspecified_error);
    CHECK(first.quiet());
    first.disconnect(ReasonCode::success, expiry(0));
  }
  CHECK(other.quiet());
  {
    Peer first(bench, Version::v5, "first");
    send_to_first(first);
  }  // its session ends
  CHECK(other.quiet());
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("without a method in CONNECT there is no AUTH and no method in CONNACK [MQTT5-4.12.0-6]") {
  struct Knows final : Access {
    AuthenticationStep authenticate(std::string_view, Bytes, std::vector<std::uint8_t>&) override { return {}; }
  } access;
  Bench bench({}, &access);
  Peer peer(bench, Version::v5, "c");
  CHECK_FALSE(peer.connack.properties.text(Property::authentication_method));
  CHECK(peer.quiet());
}

TEST_CASE(
    "a client answers a challenge with 0x18, and authenticates again by the same method [MQTT5-4.12.0-3, "
    "MQTT5-4.12.0-5, MQTT5-4.12.1-1, MQTT5-4.12.1-2]") {
  struct Grumpy final : Access {
    AuthenticationStep authenticate(std::string_view method, Bytes data, std::vector<std::uint8_t>& state) override {
      CHECK(method == "m");
      if (state.empty() && !in)
        return state.push_back(1), AuthenticationStep{ReasonCode::continue_authentication, {}, {}};
      if (in) return {ReasonCode::not_authorized, {}, {}};
      in = data.size() == 1;
      return {};
    }
    bool in = false;
  } access;
  Bench bench({}, &access);
  TestClient client(bench, "c");
  OptionsOf5 five;
  five.authentication_method = "m";
  client.client.options().five = std::make_shared<const OptionsOf5>(five);
  client.answer = "!";
  client.connect();
  client.settle();
  CHECK(client.connacks == 1);
  client.client.authenticate(ReasonCode::reauthenticate, {});
  client.settle();
  CHECK(client.ended == 1);
  CHECK(client.client.last_reason() == ReasonCode::not_authorized);
}

TEST_CASE("a server of another version than 3, 4 and 5 is not spoken to [MQTT5-3.1.2-2]") {
  Bench bench;
  Peer peer(bench, Version::v5);
  peer.send(bytes({0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 7, 2, 0, 0, 0, 0, 1, 'c'}));
  CHECK(peer.closed);
}
