#include <catch2/catch.hpp>

#include "sim/kernel/random.hpp"
#include "sim/wire/dns.hpp"

using namespace wirelab;
using namespace wirelab::wire;

// RFC 1035, sections 4.1.1, 4.1.2 and 4.1.3, by hand: a question for www.example.com and its answer.
TEST_CASE("a question and its answer are written to known bytes") {
  DnsMessage question;
  question.id = 0x1234;
  question.name = "www.example.com";
  std::vector<std::uint8_t> bytes;
  encode(question, bytes);
  const std::vector<std::uint8_t> expected{0x12, 0x34, 0x01, 0x00, 0,   1,   0,   0,   0,   0,   0,
                                           0,    3,    'w',  'w',  'w', 7,   'e', 'x', 'a', 'm', 'p',
                                           'l',  'e',  3,    'c',  'o', 'm', 0,   0,   1,   0,   1};
  CHECK(bytes == expected);
  DnsMessage answer = question;
  answer.is_response = answer.authoritative = answer.recursion_available = true;
  answer.answers = {{300, *parse_address("93.184.216.34")}};
  bytes.clear();
  encode(answer, bytes);
  REQUIRE(bytes.size() == expected.size() + 16);
  CHECK(bytes[2] == 0x85);
  CHECK(bytes[3] == 0x80);
  const std::vector<std::uint8_t> record{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 93, 184, 216, 34};
  CHECK(std::equal(record.begin(), record.end(), bytes.begin() + static_cast<std::ptrdiff_t>(expected.size())));
}

TEST_CASE("DNS messages come back as they went, and nothing malformed is read beyond its end") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  RandomStream random(seed, "dns", "test");
  for (int round = 0; round < 300; ++round) {
    DnsMessage message;
    message.id = static_cast<std::uint16_t>(random.bits());
    message.is_response = random.below(2) != 0;
    message.recursion_desired = random.below(2) != 0;
    message.code = static_cast<DnsCode>(random.below(6));
    for (std::uint64_t label = 0, labels = 1 + random.below(4); label < labels; ++label) {
      if (!message.name.empty()) message.name += '.';
      for (std::uint64_t i = 0, n = 1 + random.below(63); i < n && message.name.size() < 250; ++i)
        message.name += static_cast<char>('a' + random.below(26));
    }
    if (!is_host_name(message.name)) continue;
    for (std::uint64_t i = 0, n = random.below(5); i < n; ++i)
      message.answers.push_back(
          {static_cast<std::uint32_t>(random.bits()), {static_cast<std::uint32_t>(random.bits())}});
    std::vector<std::uint8_t> bytes;
    encode(message, bytes);
    const auto read = decode_dns(bytes);
    REQUIRE(read);
    REQUIRE(*read == message);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) REQUIRE_FALSE(decode_dns(Bytes(bytes).first(cut)));
    for (int flip = 0; flip < 50; ++flip) {
      std::vector<std::uint8_t> broken = bytes;
      broken[random.below(broken.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
      (void)decode_dns(broken);  // the sanitizers watch
    }
  }
}

TEST_CASE("names that point in circles, or ahead, are refused") {
  std::vector<std::uint8_t> bytes{0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c, 0, 1, 0, 1};
  CHECK_FALSE(decode_dns(bytes));  // at itself
  bytes[13] = 0x10;
  CHECK_FALSE(decode_dns(bytes));  // ahead
  bytes[12] = 1, bytes[13] = 'a', bytes[14] = 0xc0, bytes[15] = 0x0c;
  CHECK_FALSE(decode_dns(bytes));  // back to its own beginning
}

TEST_CASE("host names are what RFC 1123 calls so") {
  for (const char* good : {"a", "test.mosquitto.org", "10-0.example", "_mqtt._tcp.example", "A.B"})
    CHECK(is_host_name(good));
  for (const std::string& bad :
       {std::string(), std::string("a..b"), std::string(".a"), std::string("a."), std::string("-a"), std::string("a-"),
        std::string("a b"), std::string(64, 'a'), std::string("ä")})
    CHECK_FALSE(is_host_name(bad));
}
