// A packet taken apart for people: every field with its value, the bytes it lies in and what the specification says of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/bytes.hpp"
#include "sim/wire/mqtt.hpp"

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
  dhcp,
  tls,
  http
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

/// What the payload of a segment belongs to, and the offset in it at which the first unit begins: a control packet of MQTT, or a
/// record of TLS.
struct StreamPart {
  enum class Content : std::uint8_t { other, mqtt, tls };
  static constexpr std::size_t kNone = ~std::size_t{0};  // no unit begins here
  Content content = Content::other;
  std::size_t first = kNone;
  mqtt::Version version = mqtt::Version::v3_1_1;  // of MQTT
};

/// The fields of an IPv4 packet, in order of their bytes. What does not end in this segment is shown as a part.
std::vector<DissectedField> dissect(wire::Bytes packet, StreamPart part);
/// The beginning of a payload, and how long it is where that is not all: UTF-8 as it is, but for control characters; of other
/// bytes what is printable ASCII.
std::string printable_text(wire::Bytes bytes);

}  // namespace wirelab
