#include "sim/wire/mqtt_properties.hpp"

#include <algorithm>
#include <array>

#include "sim/kernel/check.hpp"

namespace wirelab::mqtt {
namespace {

using enum PacketType;
using enum PropertyType;

constexpr PacketSet kMessage = set_of(publish) | kWill;
constexpr PacketSet kAnswers = set_of(puback, pubrec, pubrel, pubcomp, suback, unsuback);
constexpr PacketSet kHello = set_of(connect, connack);

constexpr std::array<PropertyRule, 27> kProperties{{
    {Property::payload_format_indicator, "Payload Format Indicator", flag, kMessage},
    {Property::message_expiry_interval, "Message Expiry Interval", four_bytes, kMessage},
    {Property::content_type, "Content Type", text, kMessage},
    {Property::response_topic, "Response Topic", text, kMessage},
    {Property::correlation_data, "Correlation Data", binary, kMessage},
    {Property::subscription_identifier, "Subscription Identifier", variable, set_of(publish, subscribe), true},
    {Property::session_expiry_interval, "Session Expiry Interval", four_bytes, kHello | set_of(disconnect)},
    {Property::assigned_client_identifier, "Assigned Client Identifier", text, set_of(connack)},
    {Property::server_keep_alive, "Server Keep Alive", two_bytes, set_of(connack)},
    {Property::authentication_method, "Authentication Method", text, kHello | set_of(auth)},
    {Property::authentication_data, "Authentication Data", binary, kHello | set_of(auth)},
    {Property::request_problem_information, "Request Problem Information", flag, set_of(connect)},
    {Property::will_delay_interval, "Will Delay Interval", four_bytes, kWill},
    {Property::request_response_information, "Request Response Information", flag, set_of(connect)},
    {Property::response_information, "Response Information", text, set_of(connack)},
    {Property::server_reference, "Server Reference", text, set_of(connack, disconnect)},
    {Property::reason_string, "Reason String", text, kAnswers | set_of(connack, disconnect, auth)},
    {Property::receive_maximum, "Receive Maximum", two_bytes, kHello, true},
    {Property::topic_alias_maximum, "Topic Alias Maximum", two_bytes, kHello},
    {Property::topic_alias, "Topic Alias", two_bytes, set_of(publish), true},
    {Property::maximum_qos, "Maximum QoS", flag, set_of(connack)},
    {Property::retain_available, "Retain Available", flag, set_of(connack)},
    {Property::user_property, "User Property", text_pair,
     kMessage | kHello | kAnswers | set_of(subscribe, unsubscribe, disconnect, auth)},
    {Property::maximum_packet_size, "Maximum Packet Size", four_bytes, kHello, true},
    {Property::wildcard_subscription_available, "Wildcard Subscription Available", flag, set_of(connack)},
    {Property::subscription_identifier_available, "Subscription Identifier Available", flag, set_of(connack)},
    {Property::shared_subscription_available, "Shared Subscription Available", flag, set_of(connack)},
}};

// Places in the table by identifier, made at compile time.
constexpr auto kPlaces = [] {
  std::array<std::uint8_t, 0x2b> places{};
  for (std::size_t i = 0; i < kProperties.size(); ++i)
    places[static_cast<std::size_t>(kProperties[i].id)] = static_cast<std::uint8_t>(i + 1);
  return places;
}();

PropertyValue read_value(const PropertyRule& rule, wire::Reader& reader) {
  PropertyValue value{rule.id, 0, {}, {}};
  switch (rule.type) {
    case flag: value.number = reader.u8(); break;
    case two_bytes: value.number = reader.u16(); break;
    case four_bytes: value.number = reader.u32(); break;
    case variable:
      if (const auto number = take_variable(reader)) {
        value.number = *number;
      } else {
        reader.take(reader.size() + 1);  // fails
      }
      break;
    case text:
    case binary: value.bytes = reader.take(reader.u16()); break;
    case text_pair:
      value.bytes = reader.take(reader.u16());
      value.second = reader.take(reader.u16());
      break;
  }
  return value;
}

Malformed protocol_error(std::string_view what, std::string_view where) {
  return {what, where, ReasonCode::protocol_error};
}

std::optional<Malformed> wrong_text(Bytes text) {
  if (is_valid_utf8(text)) return std::nullopt;
  const bool has_null = std::find(text.begin(), text.end(), 0) != text.end();
  return has_null ? Malformed{"a text has a null character", "MQTT-1.5.4-2"}
                  : Malformed{"a text is not valid UTF-8", "MQTT-1.5.4-1"};
}

std::optional<Malformed> wrong_value(const PropertyRule& rule, const PropertyValue& value) {
  if (rule.type == flag && value.number > 1) return protocol_error("a property of 0 or 1 has another value", "2.2.2.2");
  if (rule.not_zero && value.number == 0) {
    if (rule.id == Property::topic_alias)
      return Malformed{"a topic alias is 0", "MQTT-3.3.2-8", ReasonCode::topic_alias_invalid};
    return protocol_error("a property that must not be 0 is", "2.2.2.2");
  }
  if (rule.type == text) {
    if (const auto wrong = wrong_text(value.bytes)) return wrong;
  }
  if (rule.type == text_pair && (wrong_text(value.bytes) || wrong_text(value.second)))
    return Malformed{"a user property is not of two valid texts", "MQTT-1.5.7-1"};
  if (rule.id == Property::response_topic && value.bytes.empty())
    return Malformed{"a response topic is empty", "MQTT-4.7.3-1"};
  if (rule.id == Property::response_topic && !is_valid_topic(wire::text_of(value.bytes)))
    return Malformed{"a response topic has a wildcard", "MQTT-3.3.2-14"};
  return std::nullopt;
}

// The server's PUBLISH names every subscription that it matches.
bool may_repeat(Property id, PacketSet place) {
  return id == Property::user_property || (id == Property::subscription_identifier && place == set_of(publish));
}

}  // namespace

std::span<const PropertyRule> properties() { return kProperties; }

const PropertyRule* rule_of(Property id) {
  const auto at = static_cast<std::size_t>(id);
  return at < kPlaces.size() && kPlaces[at] != 0 ? &kProperties[kPlaces[at] - 1] : nullptr;
}

PropertyValue Properties::take(Bytes& rest) {
  wire::Reader reader(rest);
  const PropertyRule* rule = rule_of(static_cast<Property>(reader.u8()));
  check(rule != nullptr, "properties were checked when their packet was decoded");
  const PropertyValue value = read_value(*rule, reader);
  rest = reader.rest();
  return value;
}

std::optional<PropertyValue> Properties::find(Property id) const {
  for (Bytes rest = bytes_; !rest.empty();) {
    const PropertyValue value = take(rest);
    if (value.id == id) return value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Properties::number(Property id) const {
  const auto found = find(id);
  return found ? std::optional(found->number) : std::nullopt;
}
std::optional<std::string_view> Properties::text(Property id) const {
  const auto found = find(id);
  return found ? std::optional(wire::text_of(found->bytes)) : std::nullopt;
}
std::optional<Bytes> Properties::binary(Property id) const {
  const auto found = find(id);
  return found ? std::optional(found->bytes) : std::nullopt;
}

bool Properties::operator==(const Properties& other) const { return std::ranges::equal(bytes_, other.bytes_); }

tl::expected<Properties, Malformed> decode_properties(wire::Reader& reader, PacketSet place) {
  constexpr Malformed kShort{"the packet ends before its properties do", "MQTT-2.2.2-1"};
  constexpr Malformed kNoVariable{"a variable byte integer has more bytes than it needs, or than four", "MQTT-1.5.5-1"};
  const auto length = take_variable(reader);
  if (!length) return tl::make_unexpected(reader.ok() ? kNoVariable : kShort);
  const Bytes bytes = reader.take(*length);
  if (!reader.ok()) return tl::make_unexpected(kShort);
  std::uint64_t seen = 0;  // a bit an identifier
  for (wire::Reader values(bytes); !values.empty();) {
    const auto id = static_cast<Property>(values.u8());
    const PropertyRule* rule = rule_of(id);
    if (rule == nullptr) return tl::make_unexpected(Malformed{"a property has an unknown identifier", "2.2.2.2"});
    if ((rule->places & place) == 0)
      return tl::make_unexpected(Malformed{"a property stands in a packet that cannot have it", "2.2.2.2"});
    if (wire::Reader ahead(values.rest()); rule->type == variable && !take_variable(ahead) && ahead.ok())
      return tl::make_unexpected(kNoVariable);
    const PropertyValue value = read_value(*rule, values);
    if (!values.ok()) return tl::make_unexpected(kShort);
    if (const auto wrong = wrong_value(*rule, value)) return tl::make_unexpected(*wrong);
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(id);
    if ((seen & bit) != 0 && !may_repeat(id, place))
      return tl::make_unexpected(protocol_error("a property stands twice in a packet", "2.2.2.2"));
    seen |= bit;
  }
  const auto has = [&](Property id) { return (seen >> static_cast<unsigned>(id) & 1) != 0; };
  if (has(Property::authentication_data) && !has(Property::authentication_method))
    return tl::make_unexpected(protocol_error("authentication data comes without a method", "3.1.2.11.10"));
  return Properties(bytes);
}

// The identifier of a property that is of this type.
void PropertyWriter::begin(Property id, bool (*is)(PropertyType)) {
  const PropertyRule* rule = rule_of(id);
  check(rule != nullptr && is(rule->type), "a property is written as what it is");
  out_.push_back(static_cast<std::uint8_t>(id));
}

void PropertyWriter::field(Bytes bytes) {
  check(bytes.size() <= 65535, "a property has at most 65,535 bytes");
  wire::Writer writer(out_);
  writer.u16(static_cast<std::uint16_t>(bytes.size()));
  writer.raw(bytes);
}

PropertyWriter& PropertyWriter::number(Property id, std::uint32_t value) {
  begin(id, [](PropertyType type) { return type <= variable; });
  const PropertyRule& rule = *rule_of(id);
  check(value != 0 || !rule.not_zero, "a property that must not be 0 is not");
  wire::Writer writer(out_);
  switch (rule.type) {
    case flag:
      check(value <= 1, "a flag is 0 or 1");
      writer.u8(static_cast<std::uint8_t>(value));
      break;
    case two_bytes:
      check(value <= 65535, "a number of two bytes fits them");
      writer.u16(static_cast<std::uint16_t>(value));
      break;
    case four_bytes: writer.u32(value); break;
    default: put_variable(value, out_);
  }
  return *this;
}

PropertyWriter& PropertyWriter::text(Property id, std::string_view value) {
  begin(id, [](PropertyType type) { return type == PropertyType::text; });
  field(wire::bytes_of(value));
  return *this;
}

PropertyWriter& PropertyWriter::binary(Property id, Bytes value) {
  begin(id, [](PropertyType type) { return type == PropertyType::binary; });
  field(value);
  return *this;
}

PropertyWriter& PropertyWriter::pair(std::string_view name, std::string_view value) {
  begin(Property::user_property, [](PropertyType type) { return type == text_pair; });
  field(wire::bytes_of(name));
  field(wire::bytes_of(value));
  return *this;
}

PropertyWriter& PropertyWriter::copy(const PropertyValue& value) {
  const PropertyRule* rule = rule_of(value.id);
  check(rule != nullptr, "a property that is written is one of the standard's");
  if (rule->type == text_pair) return pair(wire::text_of(value.bytes), wire::text_of(value.second));
  if (rule->type == PropertyType::text) return text(value.id, wire::text_of(value.bytes));
  if (rule->type == PropertyType::binary) return binary(value.id, value.bytes);
  return number(value.id, value.number);
}

void put_variable(std::uint32_t value, std::vector<std::uint8_t>& out) {
  check(value <= kMostVariable, "a variable byte integer fits four bytes");
  for (; value >= 128; value >>= 7) out.push_back(static_cast<std::uint8_t>((value & 127) | 128));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::optional<std::uint32_t> take_variable(wire::Reader& reader) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint8_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    value |= static_cast<std::uint32_t>(byte & 127) << (7 * i);
    if ((byte & 128) != 0) continue;
    if (byte == 0 && i > 0) return std::nullopt;  // a byte more than needed
    return value;
  }
  return std::nullopt;
}

}  // namespace wirelab::mqtt
