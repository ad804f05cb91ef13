// For tests of MQTT's codec: packets written down byte by byte, and decoded whole.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <vector>

#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

inline std::vector<std::uint8_t> bytes(std::initializer_list<int> values) {
  std::vector<std::uint8_t> out;
  for (const int v : values) out.push_back(static_cast<std::uint8_t>(v));
  return out;
}

inline tl::expected<Packet, Malformed> decode_whole(const std::vector<std::uint8_t>& packet,
                                                    Version version = Version::v3_1_1) {
  const auto header = decode_fixed_header(packet, version);
  if (!header) return tl::make_unexpected(header.error());
  REQUIRE(header->has_value());
  REQUIRE((*header)->size() == packet.size());
  return decode(**header, packet, version);
}

}  // namespace wirelab::mqtt
