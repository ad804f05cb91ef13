// What MQTT 3.1.1 says of each packet's form, packet by packet.
#include <catch2/catch.hpp>

#include "sim/wire/mqtt.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab::mqtt;

TEST_CASE("the flags of each packet of 3.1.1 are those of its table, and no others") {
  // Table 2.2: MQTT-2.2.2-1
  const int flags[16] = {-1, 0, 0, -2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, -1};
  for (int type = 0; type < 16; ++type) {
    for (int given = 0; given < 16; ++given) {
      CAPTURE(type, given);
      if (type == 3) {
        const bool right = (given & 6) != 6 && ((given & 8) == 0 || (given & 6) != 0);
        const auto packet =
            (given & 6) == 0 ? bytes({0x30 | given, 3, 0, 1, 'a'}) : bytes({0x30 | given, 5, 0, 1, 'a', 0, 1});
        CHECK(decode_whole(packet).has_value() == right);
        continue;
      }
      // MQTT-3.3.1-4, MQTT-3.3.1-2, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1
      CHECK(decode_fixed_header(bytes({type << 4 | given, 0})).has_value() == (given == flags[type]));
    }
  }
}

TEST_CASE("CONNECT of 3.1.1 has its fields in order, those that its flags promise and no others") {
  // MQTT-3.1.3-1, MQTT-3.1.3-3, MQTT-3.1.2-9, MQTT-3.1.2-19, MQTT-3.1.2-21: identifier, will topic, message, user name, password
  const auto whole =
      bytes({0x10, 25, 0, 4, 'M', 'Q', 'T', 'T', 4, 0xee, 0, 0, 0, 1, 'c', 0, 1, 'w', 0, 1, 'x', 0, 1, 'u', 0, 1, 'p'});
  const auto packet = decode_whole(whole);
  REQUIRE(packet);
  const Connect& connect = std::get<Connect>(*packet);
  CHECK(connect.client_id == "c");
  CHECK(connect.will->topic == "w");
  CHECK(wirelab::wire::text_of(connect.will->payload) == "x");
  CHECK(connect.user_name == "u");
  CHECK(wirelab::wire::text_of(*connect.password) == "p");
  const auto with_flags = [&](int flags) {
    auto other = whole;
    other[9] = static_cast<std::uint8_t>(flags);
    return decode_whole(other).has_value();
  };
  CHECK_FALSE(with_flags(0x6e));  // a password without a user name: MQTT-3.1.2-22
  CHECK_FALSE(with_flags(0xae));  // MQTT-3.1.2-20
  CHECK_FALSE(with_flags(0x2e));  // MQTT-3.1.2-18
  CHECK_FALSE(with_flags(0xc2));  // MQTT-3.1.2-11
  CHECK_FALSE(with_flags(0xca));  // MQTT-3.1.2-13
  CHECK_FALSE(with_flags(0xe2));  // MQTT-3.1.2-15
  CHECK_FALSE(with_flags(0xfe));  // MQTT-3.1.2-14
  CHECK_FALSE(with_flags(0xef));  // MQTT-3.1.2-3
  for (const std::size_t at : {14u, 17u, 23u}) {
    CAPTURE(at);  // MQTT-3.1.3-4, MQTT-3.1.3-10, MQTT-3.1.3-11
    auto broken = whole;
    broken[at] = 0xff;
    CHECK_FALSE(decode_whole(broken));
  }
}

TEST_CASE("packets of 3.1.1 have the identifiers, filters and codes that they need") {
  CHECK(decode_whole(bytes({0x82, 6, 0, 1, 0, 1, 'a', 0})));
  CHECK_FALSE(decode_whole(bytes({0x82, 6, 0, 0, 0, 1, 'a', 0})));     // MQTT-2.3.1-1
  CHECK_FALSE(decode_whole(bytes({0xa2, 5, 0, 0, 0, 1, 'a'})));        // MQTT-2.3.1-1
  CHECK_FALSE(decode_whole(bytes({0x82, 6, 0, 1, 0, 1, 0xff, 0})));    // MQTT-3.8.3-1
  CHECK_FALSE(decode_whole(bytes({0x82, 2, 0, 1})));                   // MQTT-3.8.3-3
  CHECK_FALSE(decode_whole(bytes({0x82, 6, 0, 1, 0, 1, 'a', 0x40})));  // MQTT-3.8.3-4
  CHECK_FALSE(decode_whole(bytes({0xa2, 5, 0, 1, 0, 1, 0xff})));       // MQTT-3.10.3-1
  CHECK_FALSE(decode_whole(bytes({0xa2, 2, 0, 1})));                   // MQTT-3.10.3-2
  for (int code = 0; code < 256; ++code) {
    CAPTURE(code);  // MQTT-3.9.3-2
    CHECK(decode_whole(bytes({0x90, 3, 0, 1, code})).has_value() == (code <= 2 || code == 0x80));
  }
  CHECK_FALSE(decode_whole(bytes({0x20, 2, 1, 2})));              // MQTT-3.2.2-4
  CHECK_FALSE(decode_whole(bytes({0x30, 3, 0, 1, 0})));           // MQTT-4.7.3-2
  CHECK_FALSE(decode_whole(bytes({0x30, 3, 0, 1, '+'})));         // MQTT-4.7.1-1
  CHECK_FALSE(decode_whole(bytes({0x30, 4, 0, 2, 0xc3, 0x28})));  // MQTT-3.3.2-1
}

TEST_CASE("a PUBLISH of QoS 0 has no packet identifier [MQTT-2.3.1-5, MQTT5-2.2.1-2]") {
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    std::vector<std::uint8_t> none, one;
    encode(Publish{"t", {}, Qos::at_most_once, false, false, 0, {}}, none, version);
    encode(Publish{"t", {}, Qos::at_least_once, false, false, 9, {}}, one, version);
    CHECK(one.size() == none.size() + 2);
    CHECK(std::get<Publish>(*decode_whole(none, version)).packet_id == 0);
  }
}

TEST_CASE("properties are never left out without a word [MQTT5-2.2.2-1]") {
  std::vector<std::uint8_t> out;
  encode(Publish{"t", {}, Qos::at_most_once, false, false, 0, {}}, out, Version::v5);
  CHECK(out == bytes({0x30, 4, 0, 1, 't', 0}));
}
