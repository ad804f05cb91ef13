// The lists of MQTT 5.0, typed once more from the standard's tables: which reason codes a packet may carry, and which flags it has.
#include <catch2/catch.hpp>
#include <set>

#include "sim/wire/mqtt.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab::mqtt;

namespace {

// All codes that are read in the packet which make(code) gives.
template <typename Make>
std::set<int> codes_of(Make&& make) {
  std::set<int> found;
  for (int code = 0; code < 256; ++code) {
    if (decode_whole(make(code), Version::v5)) found.insert(code);
  }
  return found;
}

}  // namespace

TEST_CASE("each packet carries the reason codes of its table, and no others") {
  const auto acknowledgement = [](int first) { return [first](int code) { return bytes({first, 3, 0, 7, code}); }; };
  const std::set<int> of_publish{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  CHECK(codes_of(acknowledgement(0x40)) == of_publish);                 // PUBACK, table 3-4: MQTT-3.4.2-1
  CHECK(codes_of(acknowledgement(0x50)) == of_publish);                 // PUBREC, table 3-5: MQTT-3.5.2-1
  CHECK(codes_of(acknowledgement(0x62)) == std::set<int>{0x00, 0x92});  // PUBREL, table 3-6: MQTT-3.6.2-1
  CHECK(codes_of(acknowledgement(0x70)) == std::set<int>{0x00, 0x92});  // PUBCOMP, table 3-7: MQTT-3.7.2-1
  // CONNACK, table 3-1: MQTT-3.2.2-8
  CHECK(codes_of([](int code) {
          return bytes({0x20, 3, 0, code, 0});
        }) == std::set<int>{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                            0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f});
  // SUBACK, table 3-8: MQTT-3.9.3-2
  CHECK(codes_of([](int code) {
          return bytes({0x90, 4, 0, 1, 0, code});
        }) == std::set<int>{0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2});
  // UNSUBACK, table 3-9: MQTT-3.11.3-2
  CHECK(codes_of([](int code) {
          return bytes({0xb0, 4, 0, 1, 0, code});
        }) == std::set<int>{0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91});
  // DISCONNECT, table 3-10, and 0x8C, which stands in table 2-6 only: MQTT-3.14.2-1
  CHECK(codes_of([](int code) {
          return bytes({0xe0, 1, code});
        }) == std::set<int>{0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
                            0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2});
  // AUTH, table 3-11: MQTT-3.15.2-1
  CHECK(codes_of([](int code) {
          return bytes({0xf0, 6, code, 4, 0x15, 0, 1, 'm'});
        }) == std::set<int>{0x00, 0x18, 0x19});
}

TEST_CASE("the flags of each packet are those of its table, and no others") {
  // Table 2-2: MQTT-2.1.3-1, MQTT5-2.1.3-1. PUBLISH's say something: DUP, QoS, RETAIN.
  const int flags[16] = {-1, 0, 0, -2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0};
  for (int type = 0; type < 16; ++type) {
    for (int given = 0; given < 16; ++given) {
      CAPTURE(type, given);
      if (type == 3) {
        const bool right = (given & 6) != 6 && ((given & 8) == 0 || (given & 6) != 0);
        const auto packet =
            (given & 6) == 0 ? bytes({0x30 | given, 4, 0, 1, 'a', 0}) : bytes({0x30 | given, 6, 0, 1, 'a', 0, 1, 0});
        CHECK(decode_whole(packet, Version::v5).has_value() == right);
        continue;
      }
      // MQTT-3.3.1-4, MQTT-3.3.1-2, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1, MQTT-3.15.1-1
      CHECK(decode_fixed_header(bytes({type << 4 | given, 0}), Version::v5).has_value() == (given == flags[type]));
    }
  }
}

TEST_CASE("texts of properties are UTF-8 and responses go to no wildcards") {
  const auto publish = [](int property, std::initializer_list<int> text) {
    std::vector<std::uint8_t> out =
        bytes({0x30, static_cast<int>(7 + text.size()), 0, 1, 'a', static_cast<int>(3 + text.size()), property, 0,
               static_cast<int>(text.size())});
    for (const int c : text) out.push_back(static_cast<std::uint8_t>(c));
    return decode_whole(out, Version::v5).has_value();
  };
  CHECK(publish(0x08, {'a'}));
  CHECK_FALSE(publish(0x08, {0xff}));      // MQTT-3.3.2-13
  CHECK_FALSE(publish(0x08, {'+'}));       // MQTT-3.3.2-14
  CHECK_FALSE(publish(0x08, {'a', '#'}));  // MQTT-3.3.2-14
  CHECK(publish(0x03, {'a', '#'}));
  CHECK_FALSE(publish(0x03, {0xed, 0xa0, 0x80}));  // MQTT-3.3.2-19
}

TEST_CASE("CONNECT has its fields in order, those that its flags promise and no others") {
  Connect packet;
  packet.level = 5;
  packet.client_id = "c";
  packet.user_name = "u";
  packet.password = wirelab::wire::bytes_of(std::string_view("p"));
  packet.will = Will{"w", wirelab::wire::bytes_of(std::string_view("x")), Qos::at_least_once, true, {}};
  std::vector<std::uint8_t> whole;
  encode(packet, whole);
  // MQTT-3.1.3-1, MQTT-3.1.3-3, MQTT-3.1.2-9: identifier, will properties, topic, payload, user name, password
  CHECK(whole == bytes({0x10, 27, 0, 4, 'M', 'Q', 'T', 'T', 5, 0xee, 0,   0, 0, 0,  1,
                        'c',  0,  0, 1, 'w', 0,   1,   'x', 0, 1,    'u', 0, 1, 'p'}));
  // A flag that promises what does not come, or hides what does: MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.1.2-18, MQTT-3.1.2-19
  for (const int flag : {0x80, 0x40, 0x04}) {
    CAPTURE(flag);
    std::vector<std::uint8_t> other = whole;
    other[9] = static_cast<std::uint8_t>(other[9] & ~flag & (flag == 0x04 ? ~0x38 : ~0));
    CHECK_FALSE(decode_whole(other, Version::v5));
    Connect less = packet;
    if (flag == 0x80) less.user_name.reset();
    if (flag == 0x40) less.password.reset();
    if (flag == 0x04) less.will.reset();
    std::vector<std::uint8_t> without;
    encode(less, without);
    CHECK(decode_whole(without, Version::v5));
    without[9] = static_cast<std::uint8_t>(without[9] | flag);
    CHECK_FALSE(decode_whole(without, Version::v5));
  }
  // MQTT-3.1.3-4, MQTT-3.1.3-11, MQTT-3.1.3-12: the texts are UTF-8
  for (const std::size_t at : {15u, 19u, 25u}) {
    CAPTURE(at);
    std::vector<std::uint8_t> broken = whole;
    broken[at] = 0xff;
    CHECK_FALSE(decode_whole(broken, Version::v5));
  }
}

TEST_CASE("filters are UTF-8, and a packet has at least one") {
  CHECK_FALSE(decode_whole(bytes({0x82, 7, 0, 1, 0, 0, 1, 0xff, 0}), Version::v5));  // MQTT-3.8.3-1
  CHECK_FALSE(decode_whole(bytes({0xa2, 6, 0, 1, 0, 0, 1, 0xff}), Version::v5));     // MQTT-3.10.3-1
  CHECK_FALSE(decode_whole(bytes({0x82, 7, 0, 1, 0, 0, 1, 0, 0}), Version::v5));     // MQTT-4.7.3-2
  CHECK_FALSE(decode_whole(bytes({0xa2, 5, 0, 1, 0, 0, 0}), Version::v5));           // MQTT-4.7.3-1
  CHECK_FALSE(decode_whole(bytes({0x82, 2, 0, 1}), Version::v5));                    // MQTT-2.2.2-1
  CHECK_FALSE(decode_whole(bytes({0x82, 6, 0, 0, 0, 0, 1, 'a'}), Version::v5));      // MQTT-2.2.1-3
}
