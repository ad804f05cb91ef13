// The broker with clients of 5.0: what CONNECT and CONNACK agree on, messages and their properties, flow control.
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

std::string text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("CONNACK says only what differs from the defaults") {
  BrokerSettings settings;
  settings.max_topic_alias = 0;
  Bench plain(settings);
  CHECK(Peer(plain, Version::v5, "c").connack.properties.empty());

  settings.max_in_flight = 5;  // ours to keep, and nothing to tell
  settings.receive_maximum = 7;
  settings.max_topic_alias = 3;
  settings.maximum_qos = kQos1;
  settings.retain_available = settings.wildcard_subscriptions = settings.shared_subscriptions = false;
  settings.subscription_identifiers = false;
  settings.max_packet_size = 1000;
  settings.longest_session_expiry = 60;
  settings.max_keep_alive = 30;
  Bench bench(settings);
  Peer client(bench, Version::v5, "c", true, Props().number(Property::session_expiry_interval, 100));
  const Properties told = client.connack.properties;
  CHECK(told.number(Property::receive_maximum) == 7u);
  CHECK(told.number(Property::topic_alias_maximum) == 3u);
  CHECK(told.number(Property::maximum_qos) == 1u);  // MQTT-3.2.2-9
  CHECK(told.number(Property::retain_available) == 0u);
  CHECK(told.number(Property::wildcard_subscription_available) == 0u);
  CHECK(told.number(Property::shared_subscription_available) == 0u);
  CHECK(told.number(Property::subscription_identifier_available) == 0u);
  CHECK(told.number(Property::maximum_packet_size) == 1000u);
  CHECK(told.number(Property::session_expiry_interval) == 60u);
  CHECK(told.number(Property::server_keep_alive) == 30u);  // the client had asked for none [MQTT5-3.2.2-21]
  bench.after_seconds(46);
  CHECK(client.dismissal() == ReasonCode::keep_alive_timeout);  // [MQTT5-3.1.2-21, MQTT5-3.1.2-22]
}

TEST_CASE("who has no client identifier is given one that nobody has [MQTT5-3.1.3-6, MQTT5-3.1.3-7, MQTT5-3.2.2-16]") {
  Bench bench;
  Peer taken(bench, Version::v5, "auto-1"), first(bench, Version::v5, "", false), second(bench, Version::v5, "");
  const auto name = [](const Peer& peer) { return peer.connack.properties.text(Property::assigned_client_identifier); };
  CHECK_FALSE(name(taken));
  CHECK(name(first) == "auto-2");
  CHECK(name(second) == "auto-3");
}

TEST_CASE("response information is for those who ask [MQTT5-3.1.2-28]") {
  BrokerSettings settings;
  settings.response_information = "answers/";
  Bench bench(settings);
  Peer asks(bench, Version::v5, "a", true, Props().number(Property::request_response_information, 1));
  Peer does_not(bench, Version::v5, "b");
  CHECK(asks.connack.properties.text(Property::response_information) == "answers/");
  CHECK_FALSE(does_not.connack.properties.text(Property::response_information));
}

TEST_CASE("packets of a client that come with its CONNECT are served, however early [MQTT5-3.1.4-5, MQTT5-3.2.0-1]") {
  Bench bench;
  Peer eager(bench, Version::v5);
  std::vector<std::uint8_t> all;
  Connect packet;
  packet.level = 5;
  packet.client_id = "eager";
  encode(packet, all);
  const FilterRequest filter{"t", kQos1};
  encode_subscribe(3, {&filter, 1}, all, Version::v5);
  encode(Publish{"t", wire::bytes_of(std::string_view("early")), kQos1, false, false, 4}, all, Version::v5);
  eager.send(all);
  CHECK(eager.get<Connack>().reason == ReasonCode::success);
  CHECK(eager.get<Suback>().packet_id == 3);
  CHECK(eager.get<Puback>().packet_id == 4);
  CHECK(eager.payloads() == Texts{"early"});
}

TEST_CASE(
    "properties of a message reach the subscriber as they are, user properties in order, with the expiry counted "
    "down") {
  Bench bench;
  Peer subscriber(bench, Version::v5, "s"), publisher(bench, Version::v5, "p");
  subscriber.subscribe("t", kQos1);
  publisher.publish("t", "x", kQos1, 1, false,
                    Props()
                        .pair("a", "1")
                        .number(Property::payload_format_indicator, 1)
                        .pair("b", "2")
                        .text(Property::content_type, "text/plain")
                        .pair("a", "3")
                        .text(Property::response_topic, "answers")
                        .binary(Property::correlation_data, "17")
                        .number(Property::message_expiry_interval, 60)
                        .number(Property::topic_alias, 1));
  const Publish got = subscriber.get<Publish>();
  CHECK(got.properties.number(Property::payload_format_indicator) == 1u);      // MQTT5-3.3.2-4
  CHECK(got.properties.text(Property::content_type) == "text/plain");          // MQTT5-3.3.2-20
  CHECK(got.properties.text(Property::response_topic) == "answers");           // MQTT5-3.3.2-15
  CHECK(text_of(*got.properties.binary(Property::correlation_data)) == "17");  // MQTT5-3.3.2-16
  CHECK(got.properties.number(Property::message_expiry_interval) == 60u);
  CHECK_FALSE(got.properties.number(Property::topic_alias));  // it is each connection's own: MQTT5-3.3.2-7
  Texts pairs;
  got.properties.for_each([&](const PropertyValue& value) {
    if (value.id == Property::user_property) pairs.push_back(text_of(value.bytes) + text_of(value.second));
  });
  CHECK(pairs == Texts{"a1", "b2", "a3"});  // MQTT5-3.3.2-17, MQTT5-3.3.2-18, MQTT5-3.1.3-10
}

TEST_CASE(
    "the time that a message waits is taken off its expiry interval, and then it is dropped [MQTT5-3.3.2-5, "
    "MQTT5-3.3.2-6]") {
  Bench bench;
  const Props kept = Props().number(Property::session_expiry_interval, 1000);
  { Peer(bench, Version::v5, "s", true, kept).subscribe("t", kQos1); }
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("t", "short", kQos1, 1, true, Props().number(Property::message_expiry_interval, 10));
  publisher.publish("t", "long", kQos1, 2, false, Props().number(Property::message_expiry_interval, 60));
  bench.after_seconds(20.5);
  Peer subscriber(bench, Version::v5, "s", false, kept);
  const Publish got = subscriber.get<Publish>();
  CHECK(text_of(got.payload) == "long");
  CHECK(got.properties.number(Property::message_expiry_interval) == 40u);  // 39.5 s are left
  subscriber.acknowledge(PacketType::puback, got.packet_id);
  CHECK(subscriber.quiet());
  // Retained messages expire, too.
  CHECK(Peer(bench, Version::v5, "late").subscribe("t") == std::vector<int>{0});
  Peer late(bench, Version::v5, "late");
  late.subscribe("t");
  CHECK(late.quiet());
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("topic aliases of a client's: introduced, used, replaced, and refused beyond the maximum") {
  BrokerSettings settings;
  settings.max_topic_alias = 2;
  Bench bench(settings);
  Peer subscriber(bench, Version::v5, "s");
  subscriber.subscribe("#");
  const auto alias = [](std::uint32_t n) { return Props().number(Property::topic_alias, n); };
  const auto topics = [&] {
    Texts found;
    while (!subscriber.quiet()) found.emplace_back(subscriber.get<Publish>().topic);
    return found;
  };
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("a", "", kQos0, 0, false, alias(1));
  publisher.publish("b", "", kQos0, 0, false, alias(2));
  publisher.publish("", "", kQos0, 0, false, alias(1));
  publisher.publish("c", "", kQos0, 0, false, alias(1));
  publisher.publish("", "", kQos0, 0, false, alias(1));
  CHECK(topics() == Texts{"a", "b", "a", "c", "c"});
  publisher.publish("d", "", kQos0, 0, false, alias(3));  // MQTT5-3.3.2-9
  CHECK(publisher.dismissal() == ReasonCode::topic_alias_invalid);
  // Another connection knows nothing of them: MQTT5-3.3.2-7.
  Peer again(bench, Version::v5, "p");
  again.publish("", "", kQos0, 0, false, alias(1));
  CHECK(again.dismissal() == ReasonCode::protocol_error);
  CHECK(topics().empty());
}

TEST_CASE("a topic alias of 0 is refused [MQTT5-3.3.2-8]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  // The writer of properties refuses it, too; so by hand: topic "t", one property.
  publisher.send(bytes({0x30, 7, 0, 1, 't', 3, 0x23, 0, 0}));
  CHECK(publisher.dismissal() == ReasonCode::topic_alias_invalid);
}

TEST_CASE("topic aliases of ours are used as far as the client allows them [MQTT5-3.1.2-26, MQTT5-3.1.2-27]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  Peer subscriber(bench, Version::v5, "s", true, Props().number(Property::topic_alias_maximum, 1));
  Peer without(bench, Version::v5, "w");
  subscriber.subscribe("#");
  without.subscribe("#");
  for (int round = 0; round < 2; ++round) {
    for (const char* topic : {"long/topic/a", "long/topic/b"}) publisher.publish(topic, "x");
  }
  const auto next = [&] {
    const Publish got = subscriber.get<Publish>();
    return std::string(got.topic) + ":" + std::to_string(got.properties.number(Property::topic_alias).value_or(0));
  };
  CHECK(next() == "long/topic/a:1");
  CHECK(next() == "long/topic/b:0");
  CHECK(next() == ":1");
  CHECK(next() == "long/topic/b:0");
  for (int i = 0; i < 4; ++i) CHECK(without.get<Publish>().properties.empty());
}

TEST_CASE(
    "a message larger than the client's maximum packet size is passed over, as if it were delivered [MQTT5-3.1.2-24, "
    "MQTT5-3.1.2-25]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  Peer subscriber(bench, Version::v5, "s", true, Props().number(Property::maximum_packet_size, 30));
  subscriber.subscribe("t", kQos2);
  const std::string large(40, 'x');
  publisher.publish("t", large, kQos0);
  publisher.publish("t", large, kQos1, 1);
  publisher.publish("t", "small", kQos1, 2);
  CHECK(subscriber.payloads() == Texts{"small"});
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("a packet larger than ours ends the connection with 0x95 [MQTT5-3.2.2-15]") {
  BrokerSettings settings;
  settings.max_packet_size = 100;
  Bench bench(settings);
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("t", std::string(100, 'x'));
  CHECK(publisher.dismissal() == ReasonCode::packet_too_large);
}

TEST_CASE("the broker's messages wait for the client's receive maximum [MQTT5-3.3.4-9, MQTT5-4.9.0-2]") {
  Bench bench;
  const Props kept = Props().number(Property::session_expiry_interval, 100).number(Property::receive_maximum, 2);
  std::vector<PacketId> first;
  {
    Peer subscriber(bench, Version::v5, "s", true, Props().number(Property::session_expiry_interval, 100));
    subscriber.subscribe("t", kQos2);
    Peer publisher(bench, Version::v5, "p");
    for (int i = 0; i < 5; ++i) publisher.publish("t", std::to_string(i), kQos1, 1);
    for (int i = 0; i < 5; ++i) subscriber.get<Publish>();
    CHECK(subscriber.quiet());
  }
  // On the next connection only two of the five may be sent again at once.
  Peer subscriber(bench, Version::v5, "s", false, kept);
  CHECK(subscriber.connack.session_present);
  for (const char* expected : {"0", "1"}) {
    const Publish got = subscriber.get<Publish>();
    CHECK(got.dup);
    CHECK(text_of(got.payload) == expected);
    first.push_back(got.packet_id);
  }
  CHECK(subscriber.quiet());
  subscriber.acknowledge(PacketType::puback, first[0]);
  const Publish third = subscriber.get<Publish>();
  CHECK(text_of(third.payload) == "2");
  CHECK(subscriber.quiet());
  // Messages of QoS 0 do not wait: MQTT5-4.9.0-3.
  Peer(bench, Version::v5, "p").publish("t", "at once", kQos0);
  CHECK(text_of(subscriber.get<Publish>().payload) == "at once");
  subscriber.acknowledge(PacketType::puback, first[1]);
  subscriber.acknowledge(PacketType::puback, third.packet_id);
  CHECK(subscriber.payloads() == Texts{"3", "4"});
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE(
    "more QoS 2 messages than the receive maximum draw 0x93, whether or not anyone subscribes [MQTT5-3.3.4-7, "
    "MQTT5-3.3.4-8]") {
  BrokerSettings settings;
  settings.receive_maximum = 2;
  Bench bench(settings);
  Peer publisher(bench, Version::v5, "p");
  for (int i = 0; i < 10; ++i) publisher.publish("t", "", kQos1, 9);  // answered at once
  CHECK(publisher.payloads().empty());
  publisher.publish("t", "a", kQos2, 1);
  publisher.publish("t", "b", kQos2, 2);
  publisher.publish("t", "b", kQos2, 2);  // the same one again
  for (int i = 0; i < 3; ++i) publisher.get<Pubrec>();
  publisher.acknowledge(PacketType::pubrel, 1);
  publisher.get<Pubcomp>();
  publisher.publish("t", "c", kQos2, 3);
  publisher.get<Pubrec>();
  publisher.publish("$SYS/x", "refused", kQos1, 4);
  publisher.get<Puback>();
  publisher.publish("t", "d", kQos2, 5);
  CHECK(publisher.dismissal() == ReasonCode::receive_maximum_exceeded);
}

TEST_CASE("a PUBREC of 0x80 or above frees the place of a message [MQTT5-4.3.3-3, MQTT5-4.9.0-2]") {
  BrokerSettings settings;
  settings.max_in_flight = 1;
  Bench bench(settings);
  Peer publisher(bench, Version::v5, "p"), subscriber(bench, Version::v5, "s");
  subscriber.subscribe("t", kQos2);
  publisher.publish("t", "a", kQos2, 1);
  publisher.publish("t", "b", kQos2, 2);
  const Publish a = subscriber.get<Publish>();
  CHECK(subscriber.quiet());
  subscriber.acknowledge(PacketType::pubrec, a.packet_id, ReasonCode::quota_exceeded);
  const Publish b = subscriber.get<Publish>();
  CHECK(text_of(b.payload) == "b");
  CHECK(subscriber.quiet());
  // One that is not known is answered so.
  subscriber.acknowledge(PacketType::pubrec, 999);
  CHECK(subscriber.get<Pubrel>().reason == ReasonCode::packet_identifier_not_found);
  subscriber.acknowledge(PacketType::pubrel, 999);
  CHECK(subscriber.get<Pubcomp>().reason == ReasonCode::packet_identifier_not_found);
}

TEST_CASE("PUBACK and PUBREC say 0x10 where nobody subscribes, and nothing where somebody does") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("t", "", kQos1, 1);
  CHECK(publisher.get<Puback>().reason == ReasonCode::no_matching_subscribers);
  publisher.publish("t", "", kQos2, 2);
  CHECK(publisher.get<Pubrec>().reason == ReasonCode::no_matching_subscribers);
  Peer(bench, Version::v5, "s", true, Props().number(Property::session_expiry_interval, 9)).subscribe("t", kQos2);
  publisher.publish("t", "", kQos1, 1);
  CHECK(publisher.get<Puback>().reason == ReasonCode::success);
  publisher.publish("t", "", kQos2, 3);
  CHECK(publisher.get<Pubrec>().reason == ReasonCode::success);
}

TEST_CASE("a payload that is said to be UTF-8 and is not is refused with 0x99") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p"), subscriber(bench, Version::v5, "s");
  subscriber.subscribe("t", kQos2);
  const Props utf8 = Props().number(Property::payload_format_indicator, 1);
  publisher.publish("t", "\xff", kQos1, 1, false, utf8);
  CHECK(publisher.get<Puback>().reason == ReasonCode::payload_format_invalid);
  publisher.publish("t", "\xff", kQos2, 2, false, utf8);
  CHECK(publisher.get<Pubrec>().reason == ReasonCode::payload_format_invalid);
  publisher.publish("t", "\xff", kQos0, 0, false, utf8);
  CHECK(subscriber.quiet());
  publisher.publish("t", "\xc3\xa4", kQos0, 0, false, utf8);
  CHECK(subscriber.payloads() == Texts{"\xc3\xa4"});
  Peer unlucky(bench, Version::v5);
  Connect packet;
  packet.client_id = "u";
  const Props of_will = utf8;
  packet.will = Will{"w", wire::bytes_of(std::string_view("\xff")), kQos0, false, of_will};
  unlucky.connect(packet);
  CHECK(unlucky.get<Connack>().reason == ReasonCode::payload_format_invalid);
}

TEST_CASE("what CONNACK has excluded ends the connection, or the CONNECT, with its own reason") {
  BrokerSettings settings;
  settings.maximum_qos = kQos1;
  settings.retain_available = false;
  Bench bench(settings);
  Peer a(bench, Version::v5, "a"), b(bench, Version::v5, "b");
  a.publish("t", "", kQos2, 1);
  CHECK(a.dismissal() == ReasonCode::qos_not_supported);  // MQTT5-3.2.2-11
  b.publish("t", "", kQos0, 0, true);
  CHECK(b.dismissal() == ReasonCode::retain_not_supported);  // MQTT5-3.2.2-14
  const auto with_will = [&](Qos qos, bool retain) {
    Peer client(bench, Version::v5);
    Connect packet;
    packet.client_id = "w";
    packet.will = Will{"w", {}, qos, retain, {}};
    client.connect(packet);
    const Connack answer = client.get<Connack>();
    CHECK(client.closed == is_failure(answer.reason));  // MQTT5-3.2.2-7
    return answer.reason;
  };
  CHECK(with_will(kQos2, false) == ReasonCode::qos_not_supported);    // MQTT5-3.2.2-12
  CHECK(with_will(kQos1, true) == ReasonCode::retain_not_supported);  // MQTT5-3.2.2-13
  CHECK(with_will(kQos1, false) == ReasonCode::success);
  // A SUBSCRIBE may ask for more than is granted: MQTT5-3.2.2-10.
  CHECK(Peer(bench, Version::v5, "c").subscribe("t", kQos2) == std::vector<int>{1});
}

TEST_CASE(
    "errors are answered with DISCONNECT and their reason, which may be explained [MQTT5-4.13.1-1, MQTT5-4.13.2-1]") {
  Bench bench;
  Peer a(bench, Version::v5, "a"), b(bench, Version::v5, "b"), c(bench, Version::v5, "c"), d(bench, Version::v5, "d");
  a.send(bytes({0x31, 0}));
  CHECK(a.dismissal() == ReasonCode::malformed_packet);
  Connect packet;
  packet.client_id = "b";
  b.connect(packet);
  const Disconnect told = b.get<Disconnect>();
  CHECK(told.reason == ReasonCode::protocol_error);  // MQTT5-3.1.0-2
  CHECK(told.properties.text(Property::reason_string) == "a second CONNECT came on one connection");
  c.send(bytes({0xd0, 0}));  // PINGRESP
  CHECK(c.dismissal() == ReasonCode::protocol_error);
  d.publish("t", "", kQos0, 0, false, Props().number(Property::subscription_identifier, 1));  // MQTT5-3.3.4-6
  CHECK(d.dismissal() == ReasonCode::protocol_error);
}

TEST_CASE("who does not want explanations gets them in CONNACK and DISCONNECT only [MQTT5-3.1.2-29]") {
  Bench bench;
  Peer curt(bench, Version::v5, "a", true, Props().number(Property::request_problem_information, 0));
  Peer plain(bench, Version::v5, "b");
  for (Peer* peer : {&curt, &plain}) peer->publish("$SYS/x", "", kQos1, 1);
  CHECK(curt.get<Puback>().properties.empty());
  const Puback told = plain.get<Puback>();
  CHECK(told.reason == ReasonCode::not_authorized);
  CHECK(told.properties.text(Property::reason_string) == "topics under $SYS are the broker's own");
}

TEST_CASE("a message that expires on its way goes again with a second left, and never with what has wrapped") {
  Bench bench;
  const Props kept = Props().number(Property::session_expiry_interval, 1000);
  {
    Peer subscriber(bench, Version::v5, "s", true, kept);
    subscriber.subscribe("t", kQos1);
    Peer(bench, Version::v5, "p")
        .publish("t", "x", kQos1, 1, false, Props().number(Property::message_expiry_interval, 5));
    CHECK(subscriber.get<Publish>().properties.number(Property::message_expiry_interval) == 5u);
  }
  bench.after_seconds(60);
  Peer subscriber(bench, Version::v5, "s", false, kept);
  CHECK(subscriber.get<Publish>().properties.number(Property::message_expiry_interval) == 1u);
}

TEST_CASE("what has expired in a full queue makes room") {
  BrokerSettings settings;
  settings.max_queued = 3;
  Bench bench(settings);
  const Props kept = Props().number(Property::session_expiry_interval, 1000);
  { Peer(bench, Version::v5, "s", true, kept).subscribe("t", kQos1); }
  Peer publisher(bench, Version::v5, "p");
  for (int i = 0; i < 3; ++i)
    publisher.publish("t", "old", kQos1, 1, false, Props().number(Property::message_expiry_interval, 1));
  bench.after_seconds(2);
  publisher.publish("t", "new", kQos1, 2);
  CHECK(Peer(bench, Version::v5, "s", false, kept).payloads() == Texts{"new"});
}

TEST_CASE(
    "an alias does not make a message too large that fits without it, and answers that do not fit end the connection") {
  Bench bench;
  Peer small(bench, Version::v5, "s", true,
             Props().number(Property::maximum_packet_size, 20).number(Property::topic_alias_maximum, 5));
  CHECK(small.subscribe("topic") == std::vector<int>{0});
  bench.broker.publish("topic", wire::bytes_of(std::string_view("0123456789")), kQos0, false);  // 20 bytes
  CHECK(small.get<Publish>().topic == "topic");
  std::vector<FilterRequest> many(30, FilterRequest{"a"});
  std::vector<std::uint8_t> out;
  encode_subscribe(7, many, out, Version::v5);
  small.send(out);
  CHECK(small.dismissal() == ReasonCode::packet_too_large);  // MQTT-3.1.2-24
}

TEST_CASE("messages of QoS 0 that wait are not overtaken by later ones") {
  BrokerSettings settings;
  settings.queue_qos0 = true;
  Bench bench(settings);
  const Props one = Props().number(Property::session_expiry_interval, 1000).number(Property::receive_maximum, 1);
  { Peer(bench, Version::v5, "s", true, one).subscribe("#", kQos1); }
  for (const char* payload : {"a", "b"})
    bench.broker.publish("u", wire::bytes_of(std::string_view(payload)), kQos1, false);
  bench.broker.publish("t", wire::bytes_of(std::string_view("first")), kQos0, false);
  Peer subscriber(bench, Version::v5, "s", false, one);
  bench.broker.publish("t", wire::bytes_of(std::string_view("second")), kQos0, false);
  CHECK(subscriber.payloads() == Texts{"a", "b", "first", "second"});
}

TEST_CASE("a will may not go where its client may not publish: under $SYS nobody may") {
  Bench bench;
  Peer peer(bench, Version::v5);
  Connect packet;
  packet.client_id = "c";
  packet.will = Will{"$SYS/broker/version", {}, kQos0, true, {}};
  peer.connect(packet);
  CHECK(peer.get<Connack>().reason == ReasonCode::not_authorized);
}

TEST_CASE(
    "many filters in one packet are as many subscriptions, and bring no more retained messages than the session "
    "takes") {
  BrokerSettings settings;
  settings.max_queued = 10;
  Bench bench(settings);
  for (int i = 0; i < 100; ++i) bench.broker.publish("r/" + std::to_string(i), bytes({'x'}), kQos1, true);
  Peer client(bench, Version::v5, "c");
  CHECK(client.subscribe(std::vector<FilterRequest>(50, FilterRequest{"#", kQos0})).size() == 50);
  CHECK(client.payloads().size() == 5000);
  CHECK(client.subscribe(std::vector<FilterRequest>{{"r/#", kQos1}, {"r/+", kQos1}, {"#", kQos1}}).size() == 3);
  CHECK(client.payloads().size() == 30);  // 20 on their way and 10 that wait; the others are lost, and said to be
}
