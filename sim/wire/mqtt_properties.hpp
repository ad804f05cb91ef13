// The properties of MQTT 5.0 (section 2.2.2): one table of what each is and which packets may have it. A packet's properties stay
// the bytes that they are: they are checked once, when the packet is decoded, and read on demand; so they are handed on as they
// came, in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/wire/bytes.hpp"
#include "sim/wire/mqtt_reasons.hpp"

namespace wirelab::mqtt {

using wire::Bytes;

/// What is wrong with a packet, malformed or against the protocol, the statement of the standard it offends, and the reason code of
/// 5.0 that tells the peer.
struct Malformed {
  std::string_view what;       // "the topic of a PUBLISH has a wildcard"
  std::string_view statement;  // "MQTT-3.3.2-2"; where the standard demands without a number, its section
  ReasonCode reason = ReasonCode::malformed_packet;
};

enum class Property : std::uint8_t {
  payload_format_indicator = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0b,
  session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1a,
  server_reference = 0x1c,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2a
};

/// flag: a byte of 0 or 1.
enum class PropertyType : std::uint8_t { flag, two_bytes, four_bytes, variable, text, binary, text_pair };

/// Where properties may stand beside the packets: before the will's topic in CONNECT.
inline constexpr PacketSet kWill = 1;

struct PropertyRule {
  Property id;
  std::string_view name;  // as the standard writes it
  PropertyType type;
  PacketSet places;
  bool not_zero = false;
};
std::span<const PropertyRule> properties();
/// nullptr if the standard knows no such property.
const PropertyRule* rule_of(Property id);

struct PropertyValue {
  Property id;
  std::uint32_t number = 0;  // of a flag or a number
  Bytes bytes;               // of text and binary data; the name of a pair
  Bytes second;              // the value of a pair
};

/// The properties of a decoded packet.
class Properties {
 public:
  Properties() = default;
  /// Of bytes without the length before them, which must have been checked or written by PropertyWriter.
  explicit Properties(Bytes bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  Bytes bytes() const { return bytes_; }
  std::optional<PropertyValue> find(Property id) const;
  std::optional<std::uint32_t> number(Property id) const;
  std::optional<std::string_view> text(Property id) const;
  std::optional<Bytes> binary(Property id) const;
  /// Calls see(const PropertyValue&) for each, in order.
  template <typename See>
  void for_each(See&& see) const {
    for (Bytes rest = bytes_; !rest.empty();) see(take(rest));
  }
  bool operator==(const Properties& other) const;

 private:
  static PropertyValue take(Bytes& rest);
  Bytes bytes_;
};

/// Takes the length and the properties that a packet of such a place has at the front of `reader`.
tl::expected<Properties, Malformed> decode_properties(wire::Reader& reader, PacketSet place);

/// Appends properties to bytes, which Properties can read and encoders take.
class PropertyWriter {
 public:
  explicit PropertyWriter(std::vector<std::uint8_t>& out) : out_(out) {}
  PropertyWriter& number(Property id, std::uint32_t value);
  PropertyWriter& text(Property id, std::string_view value);
  PropertyWriter& binary(Property id, Bytes value);
  PropertyWriter& pair(std::string_view name, std::string_view value);  // a user property
  /// As it is.
  PropertyWriter& copy(const PropertyValue& value);

 private:
  void begin(Property id, bool (*is)(PropertyType));
  void field(Bytes bytes);
  std::vector<std::uint8_t>& out_;
};

/// A variable byte integer (section 1.5.5): its size, writing and reading. Reading fails on more than four bytes and on more than
/// are needed [MQTT-1.5.5-1].
inline constexpr std::uint32_t kMostVariable = 268'435'455;
constexpr std::size_t size_of_variable(std::uint32_t value) {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}
void put_variable(std::uint32_t value, std::vector<std::uint8_t>& out);
std::optional<std::uint32_t> take_variable(wire::Reader& reader);

/// UTF-8 as section 1.5.4 (3.1.1: 1.5.3) wants it: well formed, no surrogates, no U+0000.
bool is_valid_utf8(Bytes bytes);
/// A topic name one can publish to: not empty, no wildcards [MQTT-4.7.3-1, MQTT-3.3.2-2].
bool is_valid_topic(std::string_view topic);

}  // namespace wirelab::mqtt
