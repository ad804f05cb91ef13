// A packet taken apart for people: every field with its value, the bytes it lies in and what the specification says of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab {

enum class FieldLayer : std::uint8_t {
  ip,
  transport,
  mqtt_header,
  mqtt_variable,
  mqtt_payload,
  other,
  udp,
  icmp,
  dns,
  dhcp
};
/// "IPv4", "TCP" ...
std::string_view name_of(FieldLayer layer);

struct DissectedField {
  FieldLayer layer = FieldLayer::other;
  std::string name;
  std::string value;
  std::uint32_t begin = 0;  // in the packet
  std::uint32_t end = 0;
  std::string_view meaning;  // may be empty
};

/// The fields of an IPv4 packet, in order of their bytes. `first_control_packet` is the offset in the TCP payload at which a
/// control packet of MQTT begins, kNoControlPacket where none does, or kNoMqtt where the stream carries something else; what
/// does not end in this segment is shown as a part.
inline constexpr std::size_t kNoControlPacket = ~std::size_t{0};
inline constexpr std::size_t kNoMqtt = kNoControlPacket - 1;
std::vector<DissectedField> dissect(wire::Bytes packet, std::size_t first_control_packet);
/// The beginning of a payload, and how long it is where that is not all: UTF-8 as it is, but for control characters; of other
/// bytes what is printable ASCII.
std::string printable_text(wire::Bytes bytes);

}  // namespace wirelab
