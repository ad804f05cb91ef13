// MQTT 5.0's packets: bytes by hand from the figures of the standard, what it forbids with the statement and the reason code, the
// tables of reasons and properties, and the way there and back with random contents.
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "sim/kernel/random.hpp"
#include "sim/wire/mqtt.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

tl::expected<Packet, Malformed> decode_whole5(const std::vector<std::uint8_t>& packet) {
  return decode_whole(packet, Version::v5);
}

struct Refusal {
  std::string statement;
  ReasonCode reason;
  bool operator==(const Refusal&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.statement << " " << static_cast<int>(refusal.reason);
}
Refusal refusal_of(const std::vector<std::uint8_t>& packet) {
  const auto decoded = decode_whole5(packet);
  return decoded ? Refusal{"", ReasonCode::success}
                 : Refusal{std::string(decoded.error().statement), decoded.error().reason};
}

Properties written(std::vector<std::uint8_t>& memory, const std::function<void(PropertyWriter&)>& write) {
  memory.clear();
  PropertyWriter writer(memory);
  write(writer);
  return Properties(memory);
}

constexpr auto kMalformed = ReasonCode::malformed_packet;
constexpr auto kProtocol = ReasonCode::protocol_error;

}  // namespace

TEST_CASE("packets of 5.0 are encoded to the bytes of the standard") {
  std::vector<std::uint8_t> out, memory;
  // Figure 3-6 of the standard, with the client identifier, will and credentials of our own.
  Connect connect;
  connect.level = 5;
  connect.keep_alive = 10;
  connect.client_id = "c";
  connect.properties = written(memory, [](auto& w) { w.number(Property::session_expiry_interval, 10); });
  std::vector<std::uint8_t> will_memory;
  connect.will = Will{"w", wire::bytes_of("x"), Qos::at_least_once, false,
                      written(will_memory, [](auto& w) { w.number(Property::will_delay_interval, 5); })};
  connect.user_name = "u";
  connect.password = wire::bytes_of("p");
  encode(connect, out);
  CHECK(out == bytes({0x10, 37, 0,    4, 'M', 'Q', 'T', 'T', 5, 0xce, 0, 10, 5,   0x11, 0, 0,   0, 10, 0,  1,
                      'c',  5,  0x18, 0, 0,   0,   5,   0,   1, 'w',  0, 1,  'x', 0,    1, 'u', 0, 1,  'p'}));
  out.clear();
  const Properties told = written(memory, [](auto& w) {
    w.number(Property::server_keep_alive, 30).text(Property::assigned_client_identifier, "z");
  });
  encode(Connack{true, ConnectCode::accepted, ReasonCode::success, told}, out, Version::v5);
  CHECK(out == bytes({0x20, 10, 1, 0, 7, 0x13, 0, 30, 0x12, 0, 1, 'z'}));
  out.clear();
  Publish publish{"a/b", wire::bytes_of("hi"), Qos::at_least_once, false, false, 10};
  encode(publish, out, Version::v5);
  CHECK(out == bytes({0x32, 10, 0, 3, 'a', '/', 'b', 0, 10, 0, 'h', 'i'}));
  out.clear();
  publish.topic = "";
  publish.properties = written(memory, [](auto& w) {
    w.number(Property::topic_alias, 3).number(Property::subscription_identifier, 128).pair("k", "v");
  });
  encode(publish, out, Version::v5);
  CHECK(out == bytes({0x32, 20, 0, 0, 0, 10, 13, 0x23, 0, 3, 0x0b, 0x80, 1, 0x26, 0, 1, 'k', 0, 1, 'v', 'h', 'i'}));
  // The same without properties below 5.0.
  out.clear();
  publish.topic = "a";
  encode(publish, out);
  CHECK(out == bytes({0x32, 7, 0, 1, 'a', 0, 10, 'h', 'i'}));
  out.clear();
  FilterRequest request{"a/b", Qos::exactly_once, true, true, RetainHandling::do_not_send};
  encode_subscribe(10, {&request, 1}, out, Version::v5);
  CHECK(out == bytes({0x82, 9, 0, 10, 0, 0, 3, 'a', '/', 'b', 0x2e}));
  out.clear();
  encode_unsuback(10, bytes({0, 0x11}), {}, out);
  CHECK(out == bytes({0xb0, 5, 0, 10, 0, 0, 0x11}));
}

TEST_CASE("what says nothing is left out") {
  std::vector<std::uint8_t> out, memory;
  encode_acknowledgement(PacketType::puback, 7, ReasonCode::success, {}, out);
  CHECK(out == bytes({0x40, 2, 0, 7}));
  out.clear();
  encode_acknowledgement(PacketType::pubrel, 7, ReasonCode::packet_identifier_not_found, {}, out);
  CHECK(out == bytes({0x62, 3, 0, 7, 0x92}));
  out.clear();
  encode_acknowledgement(PacketType::pubrec, 7, ReasonCode::success,
                         written(memory, [](auto& w) { w.text(Property::reason_string, "r"); }), out);
  CHECK(out == bytes({0x50, 8, 0, 7, 0, 4, 0x1f, 0, 1, 'r'}));
  out.clear();
  encode(Disconnect{}, out);
  encode(Disconnect{ReasonCode::session_taken_over}, out);
  encode(Auth{}, out);
  encode(Auth{ReasonCode::continue_authentication}, out);
  CHECK(out == bytes({0xe0, 0, 0xe0, 1, 0x8e, 0xf0, 0, 0xf0, 2, 0x18, 0}));
  // All forms are read.
  CHECK(std::get<Puback>(*decode_whole5(bytes({0x40, 2, 0, 7}))).reason == ReasonCode::success);
  CHECK(std::get<Puback>(*decode_whole5(bytes({0x40, 3, 0, 7, 0x10}))).reason == ReasonCode::no_matching_subscribers);
  CHECK(std::get<Puback>(*decode_whole5(bytes({0x40, 4, 0, 7, 0x10, 0}))).properties.empty());
  CHECK(std::get<Disconnect>(*decode_whole5(bytes({0xe0, 1, 0x04}))).reason == ReasonCode::disconnect_with_will);
  CHECK(std::get<Auth>(*decode_whole5(bytes({0xf0, 0}))).reason == ReasonCode::success);
}

TEST_CASE("what 5.0 forbids is an error that names the statement and the reason code") {
  // header and texts
  CHECK_FALSE(decode_fixed_header(bytes({0xf0, 0})));
  CHECK(decode_fixed_header(bytes({0xf0, 0}), Version::v5));
  CHECK(decode_fixed_header(bytes({0x80, 0}), Version::v5).error().statement == "MQTT-3.8.1-1");
  CHECK(decode_fixed_header(bytes({0xc0, 0x80, 0}), Version::v5).error().statement == "MQTT-1.5.5-1");
  CHECK(refusal_of(bytes({0x30, 5, 0, 2, 0xc0, 0x80, 0})) == Refusal{"MQTT-1.5.4-1", kMalformed});
  CHECK(refusal_of(bytes({0x30, 4, 0, 1, 0, 0})) == Refusal{"MQTT-1.5.4-2", kMalformed});
  // CONNECT
  const auto connect = [](int flags, std::initializer_list<int> rest) {
    std::vector<std::uint8_t> out =
        bytes({0x10, static_cast<int>(10 + rest.size()), 0, 4, 'M', 'Q', 'T', 'T', 5, flags, 0, 0});
    for (const int v : rest) out.push_back(static_cast<std::uint8_t>(v));
    return out;
  };
  CHECK(refusal_of(connect(0x03, {0, 0, 0})) == Refusal{"MQTT-3.1.2-3", kMalformed});
  CHECK(refusal_of(connect(0x0a, {0, 0, 0})) == Refusal{"MQTT-3.1.2-11", kMalformed});
  CHECK(refusal_of(connect(0x22, {0, 0, 0})) == Refusal{"MQTT-3.1.2-13", kMalformed});
  CHECK(refusal_of(connect(0x1e, {0, 0, 0, 0, 0, 1, 'w', 0, 0})) == Refusal{"MQTT-3.1.2-12", kMalformed});
  CHECK(refusal_of(connect(0x06, {0, 0, 0, 0, 0, 1, '#', 0, 0})) == Refusal{"MQTT-4.7.0-1", kMalformed});
  CHECK(refusal_of(connect(0x42, {0, 0, 0, 0, 1, 'p'})).statement.empty());  // a password alone is allowed in 5.0
  CHECK(refusal_of(connect(0x02, {0, 0, 0, 9})) == Refusal{"MQTT-4.13.1-1", kMalformed});
  CHECK(refusal_of(connect(0x02, {3, 0x21, 0, 0, 0, 0})) == Refusal{"2.2.2.2", kProtocol});  // receive maximum 0
  CHECK(refusal_of(connect(0x02, {5, 0x27, 0, 0, 0, 0, 0, 0})) == Refusal{"2.2.2.2", kProtocol});
  CHECK(refusal_of(connect(0x02, {2, 0x17, 2, 0, 0})) == Refusal{"2.2.2.2", kProtocol});
  CHECK(refusal_of(connect(0x02, {6, 0x21, 0, 1, 0x21, 0, 1, 0, 0})) == Refusal{"2.2.2.2", kProtocol});  // twice
  CHECK(refusal_of(connect(0x02, {3, 0x16, 0, 0, 0, 0})) == Refusal{"3.1.2.11.10", kProtocol});  // data without method
  CHECK(refusal_of(connect(0x02, {2, 0x24, 1, 0, 0})) == Refusal{"2.2.2.2", kMalformed});        // CONNACK's
  CHECK(refusal_of(connect(0x02, {2, 0x05, 1, 0, 0})) == Refusal{"2.2.2.2", kMalformed});        // nobody's
  CHECK(refusal_of(connect(0x02, {9, 0x11, 0, 0})) == Refusal{"MQTT-2.2.2-1", kMalformed});
  // CONNACK
  CHECK(refusal_of(bytes({0x20, 3, 1, 0x87, 0})) == Refusal{"MQTT-3.2.2-6", kMalformed});
  CHECK(refusal_of(bytes({0x20, 3, 0, 1, 0})) == Refusal{"MQTT-3.2.2-8", kMalformed});
  CHECK(refusal_of(bytes({0x20, 3, 2, 0, 0})) == Refusal{"MQTT-3.2.2-1", kMalformed});
  // PUBLISH
  CHECK(refusal_of(bytes({0x30, 3, 0, 0, 0})) == Refusal{"3.3.2.1", kProtocol});
  CHECK(refusal_of(bytes({0x30, 6, 0, 0, 3, 0x23, 0, 0})) == Refusal{"MQTT-3.3.2-8", ReasonCode::topic_alias_invalid});
  CHECK(refusal_of(bytes({0x30, 4, 0, 1, '+', 0})) == Refusal{"MQTT-3.3.2-2", kMalformed});
  CHECK(refusal_of(bytes({0x30, 8, 0, 1, 'a', 4, 0x08, 0, 1, '#'})) == Refusal{"MQTT-3.3.2-14", kMalformed});
  CHECK(refusal_of(bytes({0x32, 6, 0, 1, 'a', 0, 0, 0})) == Refusal{"MQTT-2.2.1-3", kMalformed});
  CHECK(refusal_of(bytes({0x30, 8, 0, 1, 'a', 4, 0x0b, 1, 0x0b, 2})).statement.empty());  // two subscriptions match
  CHECK(refusal_of(bytes({0x30, 6, 0, 1, 'a', 2, 0x0b, 0})) == Refusal{"2.2.2.2", kProtocol});
  // acknowledgements
  CHECK(refusal_of(bytes({0x40, 3, 0, 7, 0x92})) == Refusal{"MQTT-3.4.2-1", kMalformed});
  CHECK(refusal_of(bytes({0x50, 3, 0, 7, 0x01})) == Refusal{"MQTT-3.5.2-1", kMalformed});
  CHECK(refusal_of(bytes({0x62, 3, 0, 7, 0x10})) == Refusal{"MQTT-3.6.2-1", kMalformed});
  CHECK(refusal_of(bytes({0x70, 3, 0, 7, 0x80})) == Refusal{"MQTT-3.7.2-1", kMalformed});
  CHECK(refusal_of(bytes({0x40, 2, 0, 0})) == Refusal{"MQTT-2.2.1-5", kMalformed});
  // SUBSCRIBE, UNSUBSCRIBE and their answers
  const auto subscribe = [](const std::string& filter, int options) {
    std::vector<std::uint8_t> out =
        bytes({0x82, static_cast<int>(6 + filter.size()), 0, 1, 0, 0, static_cast<int>(filter.size())});
    out.insert(out.end(), filter.begin(), filter.end());
    out.push_back(static_cast<std::uint8_t>(options));
    return out;
  };
  CHECK(refusal_of(subscribe("a", 0x40)) == Refusal{"MQTT-3.8.3-5", kMalformed});
  CHECK(refusal_of(subscribe("a", 3)) == Refusal{"3.8.3.1", kProtocol});
  CHECK(refusal_of(subscribe("a", 0x30)) == Refusal{"3.8.3.1", kProtocol});
  CHECK(refusal_of(subscribe("$share/g/a", 4)) == Refusal{"MQTT-3.8.3-4", kProtocol});
  CHECK(refusal_of(subscribe("$share/g/a", 1)).statement.empty());
  CHECK(refusal_of(subscribe("$share/g", 1)) == Refusal{"MQTT-4.8.2-2", kMalformed});
  CHECK(refusal_of(subscribe("$share//a", 1)) == Refusal{"MQTT-4.8.2-1", kMalformed});
  CHECK(refusal_of(subscribe("$share/+/a", 1)) == Refusal{"MQTT-4.8.2-2", kMalformed});
  CHECK(refusal_of(subscribe("a#", 1)) == Refusal{"MQTT-4.7.1-1", kMalformed});
  CHECK(refusal_of(subscribe("a+", 1)) == Refusal{"MQTT-4.7.1-2", kMalformed});
  CHECK(refusal_of(bytes({0x82, 3, 0, 1, 0})) == Refusal{"MQTT-3.8.3-2", kProtocol});
  CHECK(refusal_of(bytes({0xa2, 3, 0, 1, 0})) == Refusal{"MQTT-3.10.3-2", kProtocol});
  CHECK(refusal_of(bytes({0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, 'a', 0})) == Refusal{"2.2.2.2", kProtocol});
  CHECK(refusal_of(bytes({0x90, 4, 0, 1, 0, 0x11})) == Refusal{"MQTT-3.9.3-2", kMalformed});
  CHECK(refusal_of(bytes({0xb0, 4, 0, 1, 0, 0x02})) == Refusal{"MQTT-3.11.3-2", kMalformed});
  // DISCONNECT and AUTH
  CHECK(refusal_of(bytes({0xe0, 1, 0x10})) == Refusal{"MQTT-3.14.2-1", kMalformed});
  CHECK(refusal_of(bytes({0xf0, 1, 0x87})) == Refusal{"MQTT-3.15.2-1", kMalformed});
  CHECK(refusal_of(bytes({0xf0, 1, 0x18})) ==
        Refusal{"MQTT-2.2.2-1", kMalformed});  // the length of its properties is missing
  CHECK(refusal_of(bytes({0xf0, 2, 0x18, 0})) == Refusal{"3.15.2.2.2", kProtocol});  // which method?
  CHECK(refusal_of(bytes({0xf0, 6, 0x18, 4, 0x15, 0, 1, 'm'})).statement.empty());
  // lengths of variable size
  CHECK(refusal_of(bytes({0x82, 2, 0, 1})) == Refusal{"MQTT-2.2.2-1", kMalformed});
  CHECK(refusal_of(bytes({0x82, 8, 0, 1, 0x80, 0, 0, 1, 'a', 0})) == Refusal{"MQTT-1.5.5-1", kMalformed});
  CHECK(refusal_of(bytes({0x82, 10, 0, 1, 3, 0x0b, 0x81, 0, 0, 1, 'a', 0})) == Refusal{"MQTT-1.5.5-1", kMalformed});
  CHECK(refusal_of(bytes({0x10, 0x8d, 0, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 0, 0, 0})).statement == "MQTT-1.5.5-1");
  // texts of properties
  CHECK(refusal_of(bytes({0x30, 10, 0, 1, 'a', 6, 0x26, 0, 1, 0xff, 0, 0})) == Refusal{"MQTT-1.5.7-1", kMalformed});
  CHECK(refusal_of(bytes({0x30, 7, 0, 1, 'a', 3, 0x08, 0, 0})) == Refusal{"MQTT-4.7.3-1", kMalformed});
}

TEST_CASE("a CONNECT says of which version it is") {
  const auto level_of = [](const std::vector<std::uint8_t>& packet) {
    const auto decoded = decode_whole5(packet);
    REQUIRE(decoded);
    return static_cast<int>(std::get<Connect>(*decoded).level);
  };
  CHECK(level_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'c'})) == 4);
  CHECK(level_of(bytes({0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 0, 0, 1, 'c'})) == 3);
  CHECK(level_of(bytes({0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 0, 0, 1, 'c'})) == 5);
  CHECK(level_of(bytes({0x10, 10, 0, 4, 'M', 'Q', 'T', 'T', 6, 2, 0, 0})) == 6);  // whatever follows
  CHECK(level_of(bytes({0x10, 12, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 4, 2, 0, 0})) == 0);
  std::vector<std::uint8_t> out;
  Connect old;
  old.level = 3;
  old.client_id = "c";
  encode(old, out);
  CHECK(out == bytes({0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 0, 0, 1, 'c'}));
}

TEST_CASE("3.1 is read with the freedom that it had") {
  // A will's QoS without a will, a user name that is promised and does not come, DUP on a SUBSCRIBE that is sent again.
  CHECK(decode_whole(bytes({0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 0x0a, 0, 0, 0, 1, 'c'})));
  CHECK(decode_whole(bytes({0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 0xc2, 0, 0, 0, 1, 'c'})));
  CHECK(decode_whole(bytes({0x8a, 6, 0, 1, 0, 1, 'a', 0}), Version::v3_1));
  CHECK_FALSE(decode_whole(bytes({0x8b, 6, 0, 1, 0, 1, 'a', 0}), Version::v3_1));
  std::vector<std::uint8_t> out;
  encode(Connack{true}, out, Version::v3_1);
  CHECK(out == bytes({0x20, 2, 0, 0}));
}

TEST_CASE("the tables of reasons and properties are whole and in order") {
  CHECK(reasons().size() == 43);
  CHECK(properties().size() == 27);
  for (std::size_t i = 1; i < reasons().size(); ++i) CHECK(reasons()[i - 1].code < reasons()[i].code);
  for (const ReasonRule& rule : reasons()) CHECK(rule_of(rule.code) == &rule);
  for (const PropertyRule& rule : properties()) CHECK(rule_of(rule.id) == &rule);
  CHECK(rule_of(static_cast<ReasonCode>(0x03)) == nullptr);
  CHECK(rule_of(static_cast<Property>(0x2b)) == nullptr);
  CHECK(name_of(ReasonCode::success, PacketType::disconnect) == "Normal disconnection");
  CHECK(name_of(ReasonCode::success, PacketType::suback) == "Granted QoS 0");
  CHECK(may_carry(PacketType::suback, 0x97));
  CHECK_FALSE(may_carry(PacketType::unsuback, 0x97));
}

TEST_CASE("shared subscriptions are taken apart") {
  CHECK(shared_filter("$share/group/a/b")->group == "group");
  CHECK(shared_filter("$share/group/a/b")->filter == "a/b");
  CHECK(shared_filter("$share/group//")->filter == "/");
  CHECK_FALSE(shared_filter("share/group/a"));
  CHECK_FALSE(shared_filter("$share/group/"));
  CHECK_FALSE(shared_filter("$share/group"));
}

TEST_CASE("properties come back as they were written, in their order, and no mutation crashes") {
  const std::uint64_t seed = GENERATE(range(1, 6));
  CAPTURE(seed);
  RandomStream random(seed, "codec 5", "test");
  const auto text = [&](std::size_t most) {
    std::string out;
    for (std::size_t i = random.below(most) + 1; i > 0; --i) out += static_cast<char>('a' + random.below(26));
    return out;
  };
  for (int round = 0; round < 2000; ++round) {
    // Each property that the packet, or a will, may have, with even chances; user properties up to three times.
    const auto place = static_cast<PacketSet>(1u << random.below(16));
    std::vector<std::uint8_t> memory, again;
    PropertyWriter writer(memory);
    bool has_method = false;
    for (const PropertyRule& rule : properties()) {
      if ((rule.places & place) == 0 || random.below(2) == 0) continue;
      if (rule.id == Property::authentication_data && !has_method) continue;
      has_method = has_method || rule.id == Property::authentication_method;
      switch (rule.type) {
        case PropertyType::flag: writer.number(rule.id, static_cast<std::uint32_t>(random.below(2))); break;
        case PropertyType::two_bytes:
          writer.number(rule.id, static_cast<std::uint32_t>(1 + random.below(65535)));
          break;
        case PropertyType::four_bytes:
          writer.number(rule.id, static_cast<std::uint32_t>(1 + random.below(1u << 31)));
          break;
        case PropertyType::variable:
          writer.number(rule.id, static_cast<std::uint32_t>(1 + random.below(kMostVariable)));
          break;
        case PropertyType::text: writer.text(rule.id, text(20)); break;
        case PropertyType::binary: writer.binary(rule.id, wire::bytes_of(text(20))); break;
        case PropertyType::text_pair:
          for (std::size_t i = random.below(3) + 1; i > 0; --i) writer.pair(text(9), text(9));
          break;
      }
    }
    std::vector<std::uint8_t> packet;
    put_variable(static_cast<std::uint32_t>(memory.size()), packet);
    packet.insert(packet.end(), memory.begin(), memory.end());
    wire::Reader reader(packet);
    const auto read = decode_properties(reader, place);
    CAPTURE(read ? std::string_view() : read.error().what);
    REQUIRE(read);
    REQUIRE(reader.empty());
    PropertyWriter copier(again);
    read->for_each([&](const PropertyValue& value) { copier.copy(value); });
    REQUIRE(again == memory);
    for (int k = 0; k < 5; ++k) {
      std::vector<std::uint8_t> broken = packet;
      broken[random.below(broken.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      if (random.below(3) == 0) broken.resize(random.below(broken.size()) + 1);
      wire::Reader rest(broken);
      const auto result = decode_properties(rest, place);
      if (!result) REQUIRE_FALSE(result.error().statement.empty());
    }
  }
}
