#include <catch2/catch.hpp>

#include "sim/kernel/random.hpp"
#include "sim/wire/dhcp.hpp"

using namespace wirelab;
using namespace wirelab::wire;

TEST_CASE("DHCP messages have the fixed fields of RFC 2131 and come back as they went") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  RandomStream random(seed, "dhcp", "test");
  const auto address = [&] {
    return Ipv4Address{random.below(3) == 0 ? 0 : static_cast<std::uint32_t>(random.bits())};
  };
  for (int round = 0; round < 300; ++round) {
    DhcpMessage message;
    message.type = static_cast<DhcpType>(1 + random.below(7));
    message.transaction = static_cast<std::uint32_t>(random.bits());
    message.seconds = static_cast<std::uint16_t>(random.bits());
    message.client_address = address();
    message.your_address = address();
    for (auto& byte : message.hardware) byte = static_cast<std::uint8_t>(random.bits());
    message.requested = address();
    message.server = address();
    message.lease = static_cast<std::uint32_t>(random.bits());
    message.mask = address();
    message.router = address();
    message.name_server = address();
    message.host_name = std::string(random.below(64), 'h');
    std::vector<std::uint8_t> bytes;
    encode(message, bytes);
    REQUIRE(bytes.size() >= 300);
    REQUIRE(load32(bytes.data() + 236) == 0x63825363);
    REQUIRE(load32(bytes.data() + 4) == message.transaction);
    const auto read = decode_dhcp(bytes);
    REQUIRE(read);
    REQUIRE(*read == message);
    for (std::size_t cut = 0; cut < 243; ++cut) REQUIRE_FALSE(decode_dhcp(Bytes(bytes).first(cut)));
    for (int flip = 0; flip < 50; ++flip) {
      std::vector<std::uint8_t> broken = bytes;
      broken[random.below(broken.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
      (void)decode_dhcp(broken);  // the sanitizers watch
    }
  }
}
