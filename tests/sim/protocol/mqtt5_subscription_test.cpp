// Subscriptions of 5.0 at the broker: their options and identifiers, shared ones, and what is retained for them.
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

Props identifier(std::uint32_t number) { return Props().number(Property::subscription_identifier, number); }

std::vector<std::uint32_t> identifiers_of(const Publish& packet) {
  std::vector<std::uint32_t> found;
  packet.properties.for_each([&](const PropertyValue& value) {
    if (value.id == Property::subscription_identifier) found.push_back(value.number);
  });
  return found;
}

}  // namespace

TEST_CASE(
    "of overlapping subscriptions one copy comes, with the highest QoS and every identifier [MQTT5-3.3.4-2, "
    "MQTT5-3.3.4-3, MQTT5-3.3.4-4]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  const Props kept = Props().number(Property::session_expiry_interval, 9);
  {
    Peer subscriber(bench, Version::v5, "s", true, kept);
    subscriber.subscribe({{"a/#", kQos2}}, identifier(3));
    subscriber.subscribe({{"a/+", kQos0}}, identifier(268'435'455));
    subscriber.subscribe({{"+/b", kQos1}});
    publisher.publish("a/b", "x", kQos1, 1);
    const Publish got = subscriber.get<Publish>();
    CHECK(got.qos == kQos1);
    CHECK(identifiers_of(got) == std::vector<std::uint32_t>{3, 268'435'455});
    CHECK(subscriber.quiet());
  }
  // The same after it has waited.
  publisher.publish("a/b", "y", kQos1, 1);
  Peer subscriber(bench, Version::v5, "s", false, kept);
  for (int i = 0; i < 2; ++i) {
    const Publish got = subscriber.get<Publish>();
    CHECK(identifiers_of(got) == std::vector<std::uint32_t>{3, 268'435'455});
    subscriber.acknowledge(PacketType::puback, got.packet_id);
  }
  // A subscription that is replaced has the new identifier, or none.
  subscriber.subscribe({{"a/#", kQos0}});
  subscriber.subscribe({{"a/+", kQos0}}, identifier(7));
  publisher.publish("a/b", "z");
  CHECK(identifiers_of(subscriber.get<Publish>()) == std::vector<std::uint32_t>{7});
}

TEST_CASE("No Local keeps a client's own messages from it, and nobody else's [MQTT5-3.8.3-3]") {
  Bench bench;
  Peer client(bench, Version::v5, "c"), other(bench, Version::v5, "o");
  FilterRequest filter{"t", kQos1};
  filter.no_local = true;
  client.subscribe({filter});
  client.publish("t", "mine", kQos1, 1, true);
  CHECK(client.get<Puback>().reason == ReasonCode::no_matching_subscribers);
  CHECK(client.quiet());
  client.subscribe({filter});  // nor what it has left retained
  CHECK(client.quiet());
  client.subscribe({{"+", kQos0}});  // but another of its subscriptions lets it through
  CHECK(client.payloads() == Texts{"mine"});
  client.unsubscribe({"+"});
  other.publish("t", "another's");
  CHECK(client.payloads() == Texts{"another's"});
}

TEST_CASE("RETAIN is handed on as published where that is asked for, else it is 0 [MQTT5-3.3.1-12, MQTT5-3.3.1-13]") {
  Bench bench;
  Peer plain(bench, Version::v5, "a"), bridge(bench, Version::v5, "b"), publisher(bench, Version::v5, "p");
  FilterRequest filter{"t", kQos0};
  plain.subscribe({filter});
  filter.retain_as_published = true;
  bridge.subscribe({filter});
  for (const bool retain : {true, false}) {
    publisher.publish("t", "x", kQos0, 0, retain);
    CHECK_FALSE(plain.get<Publish>().retain);
    CHECK(bridge.get<Publish>().retain == retain);
  }
}

TEST_CASE(
    "retained messages come on each SUBSCRIBE, on the first only, or never [MQTT5-3.3.1-9, MQTT5-3.3.1-10, "
    "MQTT5-3.3.1-11]") {
  Bench bench;
  Peer(bench, Version::v5, "p").publish("t/1", "kept", kQos1, 1, true);
  const auto how_often = [&](RetainHandling handling, std::string_view client) {
    Peer peer(bench, Version::v5, client);
    FilterRequest filter{"t/+", kQos1};
    filter.retain_handling = handling;
    std::size_t count = 0;
    for (int i = 0; i < 3; ++i) {
      CHECK(peer.subscribe({filter}, identifier(5)) == std::vector<int>{1});
      while (!peer.quiet()) {
        const Publish got = peer.get<Publish>();
        CHECK(got.retain);  // MQTT5-3.3.1-8
        CHECK(identifiers_of(got) == std::vector<std::uint32_t>{5});
        ++count;
      }
    }
    return count;
  };
  CHECK(how_often(RetainHandling::send, "a") == 3);
  CHECK(how_often(RetainHandling::send_if_new, "b") == 1);
  CHECK(how_often(RetainHandling::do_not_send, "c") == 0);
  Peer(bench, Version::v5, "p").publish("t/1", "", kQos1, 1, true);  // MQTT5-3.3.1-6
  CHECK(how_often(RetainHandling::send, "d") == 0);
  CHECK(bench.broker.retained() == 0);
}

TEST_CASE("retained messages are those that a filter selects, in the order in which they were published") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  const Texts topics{"b", "a", "a/b", "a/b/c", "/", "a//c", "$x", "$x/a", "b/b"};
  for (const std::string& topic : topics) publisher.publish(topic, topic, kQos0, 0, true);
  for (const std::string_view filter : {"#", "+", "a/#", "+/b", "a/+/c", "$x", "$x/#", "+/a", "/+", "b", "c", "/#"}) {
    Texts expected;
    for (const std::string& topic : topics) {
      if (matches(filter, topic)) expected.push_back(topic);
    }
    Peer subscriber(bench, Version::v5, "s");
    subscriber.subscribe(filter);
    CAPTURE(filter);
    CHECK(subscriber.payloads() == expected);
  }
}

TEST_CASE(
    "a shared subscription gives each message to one of its members in turn, and retained ones to nobody "
    "[MQTT5-4.8.2-4]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  publisher.publish("t", "retained", kQos0, 0, true);
  Peer a(bench, Version::v5, "a"), b(bench, Version::v5, "b"), alone(bench, Version::v5, "c");
  CHECK(a.subscribe({{"$share/g/t", kQos1}}, identifier(4)) == std::vector<int>{1});
  b.subscribe("$share/g/+", kQos0);
  CHECK(a.quiet());
  alone.subscribe("t");
  CHECK(alone.payloads() == Texts{"retained"});
  b.unsubscribe({"$share/g/+"});
  b.subscribe("$share/g/t", kQos0);
  for (int i = 0; i < 4; ++i) publisher.publish("t", std::to_string(i), kQos1, 1);
  const Publish first = a.get<Publish>();
  CHECK(first.qos == kQos1);  // the QoS that was granted to the one that gets it: MQTT5-4.8.2-3
  CHECK(identifiers_of(first) == std::vector<std::uint32_t>{4});
  a.acknowledge(PacketType::puback, first.packet_id);
  CHECK(a.payloads() == Texts{"2"});
  CHECK(b.payloads() == Texts{"1", "3"});
  CHECK(alone.payloads() == Texts{"0", "1", "2", "3"});
  // Another group is another subscription.
  alone.subscribe("$share/h/t");
  publisher.publish("t", "4");
  CHECK(alone.payloads() == Texts{"4", "4"});
  // Who has no connection is passed over, as long as anybody has one.
  b.cut();
  for (int i = 5; i < 8; ++i) publisher.publish("t", std::to_string(i));
  CHECK(a.payloads() == Texts{"4", "5", "6", "7"});
}

TEST_CASE("clients of 3.1.1 may share subscriptions, too") {
  Bench bench;
  Peer old(bench, Version::v3_1_1, "old"), fresh(bench, Version::v5, "fresh"), publisher(bench, Version::v5, "p");
  CHECK(old.subscribe("$share/g/t") == std::vector<int>{0});
  fresh.subscribe("$share/g/t");
  for (const char* payload : {"a", "b"}) publisher.publish("t", payload);
  CHECK(old.payloads() == Texts{"a"});
  CHECK(fresh.payloads() == Texts{"b"});
}

TEST_CASE("UNSUBACK says of each filter whether there was such a subscription [MQTT5-3.11.3-1, MQTT5-3.11.3-2]") {
  Bench bench;
  Peer client(bench, Version::v5, "c");
  client.subscribe("a");
  CHECK(client.unsubscribe({"a", "b", "a"}) == std::vector<int>{0, 0x11, 0x11});
}

TEST_CASE("what is not available, or has too many levels, is refused filter by filter [MQTT5-3.8.4-6, MQTT5-3.9.3-1]") {
  BrokerSettings settings;
  settings.wildcard_subscriptions = settings.shared_subscriptions = settings.subscription_identifiers = false;
  settings.max_topic_levels = 3;
  settings.max_subscriptions = 2;
  Bench bench(settings);
  Peer client(bench, Version::v5, "c");
  CHECK(client.subscribe({{"a/+", kQos1}, {"$share/g/a", kQos1}, {"a/b/c/d", kQos1}, {"a", kQos2}, {"b"}, {"c"}}) ==
        std::vector<int>{0xa2, 0x9e, 0x8f, 2, 0, 0x97});
  CHECK(Peer(bench, Version::v3_1_1, "old").subscribe("+") == std::vector<int>{0x80});
  client.publish("a/b/c/d", "", kQos1, 1);
  CHECK(client.get<Puback>().reason == ReasonCode::topic_name_invalid);
  client.subscribe({{"a"}}, identifier(1));
  CHECK(client.dismissal() == ReasonCode::subscription_identifiers_not_supported);
}
