#include "sim/wire/mqtt.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "sim/kernel/random.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

std::string statement_of(const std::vector<std::uint8_t>& packet) {
  const auto decoded = decode_whole(packet);
  return decoded ? "" : std::string(decoded.error().statement);
}

}  // namespace

// Bytes by hand from the figures of the standard.
TEST_CASE("packets are encoded to the bytes of the standard") {
  std::vector<std::uint8_t> out;
  encode(Publish{"a/b", wire::bytes_of("hi"), Qos::exactly_once, true, true, 10}, out);
  CHECK(out == bytes({0x3d, 9, 0, 3, 'a', '/', 'b', 0, 10, 'h', 'i'}));
  out.clear();
  Connect connect;
  connect.client_id = "c";
  connect.keep_alive = 10;
  connect.user_name = "u";
  connect.password = wire::bytes_of("p");
  connect.will = Will{"w", wire::bytes_of("x"), Qos::at_least_once, true};
  encode(connect, out);
  CHECK(out == bytes({0x10, 25, 0, 4,   'M', 'Q', 'T', 'T', 4, 0xee, 0, 10, 0,  1,
                      'c',  0,  1, 'w', 0,   1,   'x', 0,   1, 'u',  0, 1,  'p'}));
  out.clear();
  encode(Connack{true, ConnectCode::accepted}, out);
  CHECK(out == bytes({0x20, 2, 1, 0}));
  out.clear();
  encode_acknowledgement(PacketType::pubrel, 0x1234, out);
  CHECK(out == bytes({0x62, 2, 0x12, 0x34}));
  out.clear();
  const FilterRequest filters[] = {{"a/b", Qos::at_least_once}, {"c/d", Qos::exactly_once}};
  encode_subscribe(10, filters, out);
  CHECK(out == bytes({0x82, 14, 0, 10, 0, 3, 'a', '/', 'b', 1, 0, 3, 'c', '/', 'd', 2}));
  out.clear();
  encode_empty(PacketType::pingreq, out);
  encode_empty(PacketType::disconnect, out);
  CHECK(out == bytes({0xc0, 0, 0xe0, 0}));
}

// Table 2.4 of the standard: the sizes at which the remaining length grows by a byte.
TEST_CASE("the remaining length takes one to four bytes") {
  for (const auto& [length, size] :
       {std::pair{127u, 2u}, {128u, 3u}, {16383u, 3u}, {16384u, 4u}, {2097151u, 4u}, {2097152u, 5u}}) {
    std::vector<std::uint8_t> payload(length - 3);
    std::vector<std::uint8_t> out;
    encode(Publish{"t", payload, Qos::at_most_once, false, false, 0}, out);
    const auto header = decode_fixed_header(out);
    REQUIRE(header);
    REQUIRE(header->has_value());
    CHECK((*header)->header_size == size);
    CHECK((*header)->remaining_length == length);
  }
  CHECK_FALSE(decode_fixed_header(bytes({0x30, 0xff, 0xff, 0xff, 0xff, 1})));
  CHECK(decode_fixed_header(bytes({0x30, 0xff}))->has_value() == false);
}

TEST_CASE("what the standard forbids is an error that names the statement") {
  CHECK(statement_of(bytes({0x36, 6, 0, 1, 'a', 0, 1, 'x'})) == "MQTT-3.3.1-4");  // QoS 3
  CHECK(statement_of(bytes({0x38, 3, 0, 1, 'a'})) == "MQTT-3.3.1-2");             // DUP at QoS 0
  CHECK(statement_of(bytes({0x30, 3, 0, 1, '#'})) == "MQTT-3.3.2-2");
  CHECK(statement_of(bytes({0x30, 2, 0, 0})) == "MQTT-4.7.3-1");
  CHECK(statement_of(bytes({0x32, 5, 0, 1, 'a', 0, 0})) == "MQTT-2.3.1-1");
  CHECK(statement_of(bytes({0x30, 4, 0, 2, 0xc0, 0x80})) == "MQTT-1.5.3-1");        // overlong
  CHECK(statement_of(bytes({0x30, 5, 0, 3, 0xed, 0xa0, 0x80})) == "MQTT-1.5.3-1");  // surrogate
  CHECK(statement_of(bytes({0x30, 3, 0, 1, 0})) == "MQTT-1.5.3-2");
  CHECK(statement_of(bytes({0x80, 6, 0, 1, 0, 1, 'a', 0})) == "MQTT-3.8.1-1");  // SUBSCRIBE without flag 2
  CHECK(statement_of(bytes({0x82, 2, 0, 1})) == "MQTT-3.8.3-3");
  CHECK(statement_of(bytes({0x82, 6, 0, 1, 0, 1, 'a', 3})) == "MQTT-3.8.3-4");
  CHECK(statement_of(bytes({0x82, 8, 0, 1, 0, 3, 'a', '/', '#', 0})) == "");
  CHECK(statement_of(bytes({0x82, 7, 0, 1, 0, 2, 'a', '#', 0})) == "MQTT-4.7.1-2");
  CHECK(statement_of(bytes({0x82, 7, 0, 1, 0, 2, 'a', '+', 0})) == "MQTT-4.7.1-3");
  CHECK(statement_of(bytes({0x82, 5, 0, 1, 0, 0, 0})) == "MQTT-4.7.3-1");
  CHECK(statement_of(bytes({0x40, 2, 0, 0})) == "MQTT-2.3.1-6");
  CHECK(statement_of(bytes({0x40, 3, 0, 1, 0})) == "MQTT-4.8.0-1");
  CHECK(statement_of(bytes({0xc0, 1, 0})) == "MQTT-4.8.0-1");
  CHECK(statement_of(bytes({0x20, 2, 1, 1})) == "MQTT-3.2.2-4");
  CHECK(statement_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x03, 0, 0, 0, 1, 'c'})) == "MQTT-3.1.2-3");
  CHECK(statement_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x42, 0, 0, 0, 1, 'c'})) == "MQTT-3.1.2-22");
  CHECK(statement_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x22, 0, 0, 0, 1, 'c'})) == "MQTT-3.1.2-15");
  CHECK(statement_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x0a, 0, 0, 0, 1, 'c'})) == "MQTT-3.1.2-13");
  CHECK(statement_of(bytes({0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02, 0, 0, 0, 1, 'c', 'x'})) == "MQTT-4.8.0-1");
  CHECK(statement_of(bytes({0x10, 13, 0, 4, 'M', 'Q', 'T', 'U', 4, 0x02, 0, 0, 0, 1, 'c'})) == "MQTT-3.1.2-1");
  CHECK_FALSE(decode_fixed_header(bytes({0x00, 0})));
  CHECK_FALSE(decode_fixed_header(bytes({0xf0, 0})));
}

TEST_CASE("what is encoded decodes to the same, and no mutation of it crashes") {
  const std::uint64_t seed = GENERATE(range(1, 6));
  CAPTURE(seed);
  RandomStream random(seed, "codec", "test");
  const auto text = [&](std::size_t most) {
    std::string out;
    for (std::size_t i = random.below(most) + 1; i > 0; --i) out += static_cast<char>('a' + random.below(26));
    return out;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> out;
    const std::string topic = text(40);
    const std::string payload = text(300);
    const auto qos = static_cast<Qos>(random.below(3));
    const auto id = static_cast<PacketId>(random.below(65535) + 1);
    const bool retain = random.below(2) == 0;
    switch (random.below(4)) {
      case 0: {
        encode(Publish{topic, wire::bytes_of(payload), qos, retain, false, qos == Qos::at_most_once ? PacketId{0} : id},
               out);
        const auto packet = decode_whole(out);
        REQUIRE(packet);
        const auto& publish = std::get<Publish>(*packet);
        REQUIRE(publish.topic == topic);
        REQUIRE(wire::text_of(publish.payload) == payload);
        REQUIRE(publish.qos == qos);
        REQUIRE(publish.retain == retain);
        REQUIRE(first_byte(*packet) == out[0]);
        break;
      }
      case 1: {
        Connect connect;
        connect.client_id = topic;
        connect.clean_session = retain;
        connect.keep_alive = id;
        if (random.below(2) == 0) connect.will = Will{topic, wire::bytes_of(payload), qos, retain};
        encode(connect, out);
        const auto packet = decode_whole(out);
        REQUIRE(packet);
        const auto& back = std::get<Connect>(*packet);
        REQUIRE(back.client_id == topic);
        REQUIRE(back.keep_alive == id);
        REQUIRE(back.will.has_value() == connect.will.has_value());
        if (back.will) REQUIRE(wire::text_of(back.will->payload) == payload);
        break;
      }
      case 2: {
        const FilterRequest filters[] = {{topic, qos}, {"+/#", Qos::at_most_once}};
        encode_subscribe(id, filters, out);
        const auto packet = decode_whole(out);
        REQUIRE(packet);
        FilterList list = std::get<Subscribe>(*packet).filters;
        const auto first = list.next();
        REQUIRE(first->filter == topic);
        REQUIRE(first->qos == qos);
        REQUIRE(list.next()->filter == "+/#");
        REQUIRE_FALSE(list.next());
        break;
      }
      default: {
        const auto type = static_cast<PacketType>(4 + random.below(4));
        encode_acknowledgement(type, id, out);
        const auto packet = decode_whole(out);
        REQUIRE(packet);
        REQUIRE(type_of(*packet) == type);
      }
    }
    for (int k = 0; k < 5; ++k) {
      std::vector<std::uint8_t> broken = out;
      broken[random.below(broken.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      if (random.below(3) == 0) broken.resize(random.below(broken.size()) + 1);
      const auto header = decode_fixed_header(broken);
      if (!header || !header->has_value() || (*header)->size() > broken.size()) continue;
      const auto packet = decode(**header, Bytes(broken).first((*header)->size()));
      if (!packet) REQUIRE_FALSE(packet.error().statement.empty());
    }
  }
}

// Section 4.7 with its own examples.
TEST_CASE("filters select topics as section 4.7 says") {
  const auto yes = [](const char* filter, const char* topic) {
    return is_valid_filter(filter) && matches(filter, topic);
  };
  CHECK(yes("sport/tennis/player1/#", "sport/tennis/player1"));
  CHECK(yes("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  CHECK(yes("sport/#", "sport"));
  CHECK(yes("#", "anything/at/all"));
  CHECK(yes("sport/tennis/+", "sport/tennis/player1"));
  CHECK_FALSE(yes("sport/tennis/+", "sport/tennis/player1/ranking"));
  CHECK_FALSE(yes("sport/+", "sport"));
  CHECK(yes("sport/+", "sport/"));
  CHECK(yes("+/+", "/finance"));
  CHECK(yes("/+", "/finance"));
  CHECK_FALSE(yes("+", "/finance"));
  CHECK_FALSE(yes("#", "$SYS/monitor/Clients"));
  CHECK_FALSE(yes("+/monitor/Clients", "$SYS/monitor/Clients"));
  CHECK(yes("$SYS/#", "$SYS/monitor/Clients"));
  CHECK(yes("$SYS/monitor/+", "$SYS/monitor/Clients"));
  CHECK_FALSE(yes("/telemetry/*", "/telemetry/temperature"));  // * is an ordinary character
  CHECK(yes("/telemetry/*", "/telemetry/*"));
  CHECK_FALSE(yes("ACCOUNTS", "Accounts"));
  for (const char* wrong : {"", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "+a", "a/b+/c", "##"})
    CHECK_FALSE(is_valid_filter(wrong));
  for (const char* wrong : {"", "a/+", "#", "a#"}) CHECK_FALSE(is_valid_topic(wrong));
}
