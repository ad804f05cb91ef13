// From bytes to packets: what is malformed is refused, with the statement of the version's standard that it offends.
#include "sim/wire/mqtt.hpp"

#include <algorithm>
#include <array>

#include "sim/kernel/check.hpp"

namespace wirelab::mqtt {
namespace {

using wire::Reader;

constexpr std::array<PacketRule, 15> kRules{{
    {PacketType::connect, "CONNECT", true, false, 0, "3.1"},
    {PacketType::connack, "CONNACK", false, true, 0, "3.2"},
    {PacketType::publish, "PUBLISH", true, true, 0, "3.3"},
    {PacketType::puback, "PUBACK", true, true, 0, "3.4"},
    {PacketType::pubrec, "PUBREC", true, true, 0, "3.5"},
    {PacketType::pubrel, "PUBREL", true, true, 2, "3.6"},
    {PacketType::pubcomp, "PUBCOMP", true, true, 0, "3.7"},
    {PacketType::subscribe, "SUBSCRIBE", true, false, 2, "3.8"},
    {PacketType::suback, "SUBACK", false, true, 0, "3.9"},
    {PacketType::unsubscribe, "UNSUBSCRIBE", true, false, 2, "3.10"},
    {PacketType::unsuback, "UNSUBACK", false, true, 0, "3.11"},
    {PacketType::pingreq, "PINGREQ", true, false, 0, "3.12"},
    {PacketType::pingresp, "PINGRESP", false, true, 0, "3.13"},
    {PacketType::disconnect, "DISCONNECT", true, false, 0, "3.14"},
    {PacketType::auth, "AUTH", false, false, 0, "3.15"},
}};

tl::unexpected<Malformed> malformed(std::string_view what, std::string_view statement,
                                    ReasonCode reason = ReasonCode::malformed_packet) {
  return tl::make_unexpected(Malformed{what, statement, reason});
}

// The two standards number their statements each for itself.
std::string_view in(Version version, std::string_view before, std::string_view since_5) {
  return version == Version::v5 ? since_5 : before;
}

Bytes take_field(Reader& reader) { return reader.take(reader.u16()); }

Malformed too_short(Version version) {
  return {"the packet ends in the middle of a field", in(version, "MQTT-4.8.0-1", "MQTT-4.13.1-1")};
}
Malformed trailing(Version version) {
  return {"bytes are left over at the end of the packet", in(version, "MQTT-4.8.0-1", "MQTT-4.13.1-1")};
}
// What is wrong with a text that is_valid_utf8() refuses.
Malformed text_error(Bytes text, Version version) {
  return std::find(text.begin(), text.end(), 0) == text.end()
             ? Malformed{"a text is not valid UTF-8", in(version, "MQTT-1.5.3-1", "MQTT-1.5.4-1")}
             : Malformed{"a text has a null character", in(version, "MQTT-1.5.3-2", "MQTT-1.5.4-2")};
}

// The statement that demands the flags of a packet's first byte.
std::string_view flags_statement(PacketType type, Version version) {
  switch (type) {
    case PacketType::pubrel: return "MQTT-3.6.1-1";
    case PacketType::subscribe: return "MQTT-3.8.1-1";
    case PacketType::unsubscribe: return "MQTT-3.10.1-1";
    case PacketType::disconnect: return "MQTT-3.14.1-1";
    case PacketType::auth: return "MQTT-3.15.1-1";
    default: return in(version, "MQTT-2.2.2-2", "MQTT-2.1.3-1");
  }
}

// Properties of 5.0 into `properties`; nothing below it. What is wrong with them, if anything.
std::optional<Malformed> take_properties(Reader& reader, Version version, PacketSet place, Properties& properties) {
  if (version != Version::v5) return std::nullopt;
  const auto taken = decode_properties(reader, place);
  if (!taken) return taken.error();
  properties = *taken;
  return std::nullopt;
}

std::optional<Malformed> take_will(Reader& reader, std::uint8_t flags, Version version, Connect& packet) {
  const std::uint8_t qos = (flags >> 3) & 3;
  Will will;
  if (const auto wrong = take_properties(reader, version, kWill, will.properties)) return wrong;
  const Bytes topic = take_field(reader);
  will.topic = wire::text_of(topic);
  will.payload = take_field(reader);
  will.retain = (flags & 0x20) != 0;
  if (qos > 2) return Malformed{"the will's QoS is 3", in(version, "MQTT-3.1.2-14", "MQTT-3.1.2-12")};
  will.qos = static_cast<Qos>(qos);
  if (!reader.ok()) return too_short(version);
  if (!is_valid_utf8(topic)) return text_error(topic, version);
  if (will.topic.empty()) return Malformed{"the will's topic is empty", "MQTT-4.7.3-1"};
  if (!is_valid_topic(will.topic))
    return Malformed{"the will's topic has a wildcard", in(version, "MQTT-4.7.1-1", "MQTT-4.7.0-1")};
  packet.will = will;
  return std::nullopt;
}

// `shortest`: the remaining length has no byte too many; of which version a CONNECT is shows only now.
tl::expected<Packet, Malformed> decode_connect(Bytes body, bool shortest) {
  Reader reader(body);
  Connect packet;
  const Bytes protocol = take_field(reader);
  packet.level = reader.u8();
  const std::uint8_t flags = reader.u8();
  packet.keep_alive = reader.u16();
  const auto version = packet.level == 5 ? Version::v5 : Version::v3_1_1;
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  const std::string_view name = wire::text_of(protocol);
  if (name != "MQTT" && name != "MQIsdp") return malformed("the protocol name is not \"MQTT\"", "MQTT-3.1.2-1");
  // The server answers that it does not know the version [MQTT-3.1.2-2]; the rest may have another form. 3.1 called itself MQIsdp.
  if (packet.level < 3 || packet.level > 5 || (name == "MQIsdp") != (packet.level == 3)) {
    if (packet.level >= 3 && packet.level <= 5) packet.level = 0;
    return Packet{packet};
  }
  if (version == Version::v5 && !shortest)
    return malformed("the remaining length takes more bytes than it needs", "MQTT-1.5.5-1");
  // 3.1 passes over what its flags say of a will that there is none of, and over texts that they promise and that do not come.
  const bool strict = packet.level > 3;
  if ((flags & 0x01) != 0) return malformed("the reserved flag of CONNECT is set", "MQTT-3.1.2-3");
  packet.clean_session = (flags & 0x02) != 0;
  if (const auto wrong = take_properties(reader, version, set_of(PacketType::connect), packet.properties))
    return tl::make_unexpected(*wrong);
  const Bytes client_id = take_field(reader);
  packet.client_id = wire::text_of(client_id);
  if (!is_valid_utf8(client_id)) return tl::make_unexpected(text_error(client_id, version));
  if ((flags & 0x04) != 0) {
    if (const auto wrong = take_will(reader, flags, version, packet)) return tl::make_unexpected(*wrong);
  } else if (strict && (flags & 0x18) != 0) {
    return malformed("a will QoS is set without a will", in(version, "MQTT-3.1.2-13", "MQTT-3.1.2-11"));
  } else if (strict && (flags & 0x20) != 0) {
    return malformed("will retain is set without a will", in(version, "MQTT-3.1.2-15", "MQTT-3.1.2-13"));
  }
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if ((flags & 0x80) != 0 && (strict || !reader.empty())) {
    const Bytes user = take_field(reader);
    if (!is_valid_utf8(user)) return tl::make_unexpected(text_error(user, version));
    packet.user_name = wire::text_of(user);
  }
  if ((flags & 0x40) != 0 && (strict || !reader.empty())) {
    if (strict && (flags & 0x80) == 0 && version != Version::v5)
      return malformed("a password comes without a user name", "MQTT-3.1.2-22");
    packet.password = take_field(reader);
  }
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if (!reader.empty()) return tl::make_unexpected(trailing(version));
  return Packet{packet};
}

tl::expected<Packet, Malformed> decode_connack(Bytes body, Version version) {
  const std::string_view statement = in(version, "MQTT-4.8.0-1", "MQTT-3.2.2-1");
  if (version != Version::v5 && body.size() != 2) return malformed("CONNACK has not exactly two bytes", statement);
  if (body.size() < 2) return tl::make_unexpected(too_short(version));
  if ((body[0] & 0xfe) != 0) return malformed("reserved bits of CONNACK are set", statement);
  if (body[0] != 0 && body[1] != 0)
    return malformed("session present comes with a refusal", in(version, "MQTT-3.2.2-4", "MQTT-3.2.2-6"));
  Connack packet;
  packet.session_present = body[0] != 0;
  if (version != Version::v5) {
    if (body[1] > 5) return malformed("CONNACK has a return code above 5", statement);
    packet.code = static_cast<ConnectCode>(body[1]);
    return Packet{packet};
  }
  if (!may_carry(PacketType::connack, body[1]))
    return malformed("CONNACK has a reason code of another packet", "MQTT-3.2.2-8");
  packet.reason = static_cast<ReasonCode>(body[1]);
  Reader reader(body.subspan(2));
  if (const auto wrong = take_properties(reader, version, set_of(PacketType::connack), packet.properties))
    return tl::make_unexpected(*wrong);
  if (!reader.empty()) return tl::make_unexpected(trailing(version));
  return Packet{packet};
}

tl::expected<Packet, Malformed> decode_publish(std::uint8_t flags, Bytes body, Version version) {
  Publish packet;
  const std::uint8_t qos = (flags >> 1) & 3;
  if (qos == 3) return malformed("both QoS bits of PUBLISH are set", "MQTT-3.3.1-4");
  packet.qos = static_cast<Qos>(qos);
  packet.dup = (flags & 8) != 0;
  packet.retain = (flags & 1) != 0;
  if (packet.dup && qos == 0) return malformed("DUP is set at QoS 0", "MQTT-3.3.1-2");
  Reader reader(body);
  const Bytes topic = take_field(reader);
  packet.topic = wire::text_of(topic);
  if (qos > 0) packet.packet_id = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if (!is_valid_utf8(topic)) return tl::make_unexpected(text_error(topic, version));
  if (qos > 0 && packet.packet_id == 0)
    return malformed("the packet identifier is 0", in(version, "MQTT-2.3.1-1", "MQTT-2.2.1-3"));
  if (const auto wrong = take_properties(reader, version, set_of(PacketType::publish), packet.properties))
    return tl::make_unexpected(*wrong);
  if (packet.topic.empty()) {
    if (version != Version::v5) return malformed("the topic of a PUBLISH is empty", "MQTT-4.7.3-1");
    if (!packet.properties.number(Property::topic_alias))
      return malformed("the topic of a PUBLISH is empty and it has no topic alias", "3.3.2.1",
                       ReasonCode::protocol_error);
  } else if (!is_valid_topic(packet.topic)) {
    return malformed("the topic of a PUBLISH has a wildcard", "MQTT-3.3.2-2");
  }
  packet.payload = reader.rest();
  return Packet{packet};
}

// PUBACK to PUBCOMP, and 3.1.1's UNSUBACK.
template <typename T>
tl::expected<Packet, Malformed> decode_acknowledgement(PacketType type, Bytes body, Version version) {
  T packet;
  if (version != Version::v5 && body.size() != 2)
    return malformed("an acknowledgement has not exactly two bytes", "MQTT-4.8.0-1");
  Reader reader(body);
  packet.packet_id = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if (packet.packet_id == 0)
    return malformed("the packet identifier is 0", in(version, "MQTT-2.3.1-6", "MQTT-2.2.1-5"));
  if constexpr (requires { packet.reason; }) {
    if (reader.empty()) return Packet{packet};
    const std::uint8_t reason = reader.u8();
    if (!may_carry(type, reason)) {
      constexpr std::string_view statements[] = {"MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.6.2-1", "MQTT-3.7.2-1"};
      return malformed("an acknowledgement has a reason code of another packet",
                       statements[static_cast<std::size_t>(type) - static_cast<std::size_t>(PacketType::puback)]);
    }
    packet.reason = static_cast<ReasonCode>(reason);
    if (reader.empty()) return Packet{packet};
    if (const auto wrong = take_properties(reader, version, set_of(type), packet.properties))
      return tl::make_unexpected(*wrong);
    if (!reader.empty()) return tl::make_unexpected(trailing(version));
  }
  return Packet{packet};
}

// Which rule of section 4.7 or 4.8.2 a filter breaks, if any.
std::optional<Malformed> filter_error(std::string_view filter, Version version) {
  if (version == Version::v5 && filter.starts_with("$share/")) {
    const auto shared = shared_filter(filter);
    if (!shared && filter.starts_with("$share//"))
      return Malformed{"the name of a shared subscription is empty", "MQTT-4.8.2-1"};
    if (!shared)
      return Malformed{"a shared subscription is $share/NAME/FILTER, without a wildcard in its name", "MQTT-4.8.2-2"};
    filter = shared->filter;
  }
  if (is_valid_filter(filter)) return std::nullopt;
  if (filter.empty()) return Malformed{"a topic filter is empty", "MQTT-4.7.3-1"};
  const std::size_t hash = filter.find('#');
  const bool hash_is_wrong =
      hash != std::string_view::npos && (hash + 1 != filter.size() || (hash > 0 && filter[hash - 1] != '/'));
  return hash_is_wrong ? Malformed{"\"#\" stands elsewhere than alone at the end of a filter",
                                   in(version, "MQTT-4.7.1-2", "MQTT-4.7.1-1")}
                       : Malformed{"\"+\" shares a level of a filter with other characters",
                                   in(version, "MQTT-4.7.1-3", "MQTT-4.7.1-2")};
}

// The byte behind a filter of SUBSCRIBE.
std::optional<Malformed> options_error(std::uint8_t options, std::string_view filter, Version version) {
  if (version != Version::v5) {
    if (options > 2) return Malformed{"a requested QoS is above 2", "MQTT-3.8.3-4"};
    return std::nullopt;
  }
  if ((options & 0xc0) != 0) return Malformed{"reserved bits of subscription options are set", "MQTT-3.8.3-5"};
  if ((options & 3) == 3) return Malformed{"a requested QoS is 3", "3.8.3.1", ReasonCode::protocol_error};
  if ((options & 0x30) == 0x30) return Malformed{"retain handling is 3", "3.8.3.1", ReasonCode::protocol_error};
  if ((options & 4) != 0 && filter.starts_with("$share/"))
    return Malformed{"no local is set on a shared subscription", "MQTT-3.8.3-4", ReasonCode::protocol_error};
  return std::nullopt;
}

template <typename T>
tl::expected<Packet, Malformed> decode_filters(PacketType type, Bytes body, Version version) {
  const bool with_options = type == PacketType::subscribe;
  Reader reader(body);
  T packet;
  packet.packet_id = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if (packet.packet_id == 0)
    return malformed("the packet identifier is 0", in(version, "MQTT-2.3.1-1", "MQTT-2.2.1-3"));
  if (const auto wrong = take_properties(reader, version, set_of(type), packet.properties))
    return tl::make_unexpected(*wrong);
  packet.filters = FilterList(reader.rest(), with_options);
  if (reader.empty()) {
    const std::string_view subscribe = in(version, "MQTT-3.8.3-3", "MQTT-3.8.3-2");
    return malformed("the list of filters is empty", with_options ? subscribe : "MQTT-3.10.3-2",
                     ReasonCode::protocol_error);
  }
  while (!reader.empty()) {
    const Bytes filter = take_field(reader);
    const std::uint8_t options = with_options ? reader.u8() : std::uint8_t{0};
    if (!reader.ok()) return tl::make_unexpected(too_short(version));
    if (!is_valid_utf8(filter)) return tl::make_unexpected(text_error(filter, version));
    if (const auto wrong = filter_error(wire::text_of(filter), version)) return tl::make_unexpected(*wrong);
    if (const auto wrong = options_error(options, wire::text_of(filter), version)) return tl::make_unexpected(*wrong);
  }
  return Packet{packet};
}

// SUBACK, and 5.0's UNSUBACK.
template <typename T>
tl::expected<Packet, Malformed> decode_codes(PacketType type, Bytes body, Version version) {
  Reader reader(body);
  T packet;
  packet.packet_id = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(too_short(version));
  if (packet.packet_id == 0)
    return malformed("the packet identifier is 0", in(version, "MQTT-2.3.1-7", "MQTT-2.2.1-6"));
  if (const auto wrong = take_properties(reader, version, set_of(type), packet.properties))
    return tl::make_unexpected(*wrong);
  packet.codes = reader.rest();
  if (packet.codes.empty())
    return malformed("an answer has no reason code",
                     type == PacketType::suback ? in(version, "MQTT-3.8.4-5", "MQTT-3.8.4-6") : "MQTT-3.11.3-1");
  for (const std::uint8_t code : packet.codes) {
    if (version != Version::v5 && code > 2 && code != kSubscribeFailed)
      return malformed("SUBACK has a reserved return code", "MQTT-3.9.3-2");
    if (version == Version::v5 && !may_carry(type, code))
      return malformed("an answer has a reason code of another packet",
                       type == PacketType::suback ? "MQTT-3.9.3-2" : "MQTT-3.11.3-2");
  }
  return Packet{packet};
}

template <typename T>
tl::expected<Packet, Malformed> decode_empty(Bytes body, Version version) {
  if (!body.empty()) return tl::make_unexpected(trailing(version));
  return Packet{T{}};
}

// DISCONNECT of 5.0, and AUTH: what is left out is success without properties. Only DISCONNECT may leave out the properties alone
// (3.14.2.2.1), and AUTH names its method where it says anything (3.15.2.2.2).
template <typename T>
tl::expected<Packet, Malformed> decode_reason(PacketType type, Bytes body) {
  T packet;
  if (body.empty()) return Packet{packet};
  Reader reader(body);
  const std::uint8_t reason = reader.u8();
  if (!may_carry(type, reason))
    return malformed("a packet has a reason code of another",
                     type == PacketType::disconnect ? "MQTT-3.14.2-1" : "MQTT-3.15.2-1");
  packet.reason = static_cast<ReasonCode>(reason);
  if (reader.empty() && type == PacketType::disconnect) return Packet{packet};
  if (const auto wrong = take_properties(reader, Version::v5, set_of(type), packet.properties))
    return tl::make_unexpected(*wrong);
  if (type == PacketType::auth && !packet.properties.find(Property::authentication_method))
    return malformed("AUTH names no authentication method", "3.15.2.2.2", ReasonCode::protocol_error);
  if (!reader.empty()) return tl::make_unexpected(trailing(Version::v5));
  return Packet{packet};
}

}  // namespace

const PacketRule* rule_of(PacketType type) {
  const auto value = static_cast<std::size_t>(type);
  return value >= 1 && value <= kRules.size() ? &kRules[value - 1] : nullptr;
}

std::string_view name_of(PacketType type) {
  const PacketRule* rule = rule_of(type);
  return rule != nullptr ? rule->name : "reserved";
}

std::string_view name_of(ConnectCode code) {
  constexpr std::array<std::string_view, 6> names{
      "accepted",           "unacceptable protocol version", "identifier rejected",
      "server unavailable", "bad user name or password",     "not authorized"};
  return names[static_cast<std::size_t>(code)];
}

PacketType type_of(const Packet& packet) { return static_cast<PacketType>(packet.index() + 1); }

std::uint8_t first_byte(const Packet& packet) {
  const PacketType type = type_of(packet);
  unsigned flags = rule_of(type)->flags;
  if (const auto* p = std::get_if<Publish>(&packet))
    flags = (p->dup ? 8u : 0u) | (static_cast<unsigned>(p->qos) << 1) | (p->retain ? 1u : 0u);
  return static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4) | flags);
}

std::string_view name_of(Version version) {
  return version == Version::v3_1 ? "3.1" : version == Version::v3_1_1 ? "3.1.1" : "5.0";
}

std::optional<FilterRequest> FilterList::next() {
  if (rest_.empty()) return std::nullopt;
  Reader reader(rest_);
  FilterRequest request;
  request.filter = wire::text_of(take_field(reader));
  if (with_options_) {
    const std::uint8_t options = reader.u8();
    request.qos = static_cast<Qos>(options & 3);
    request.no_local = (options & 4) != 0;
    request.retain_as_published = (options & 8) != 0;
    request.retain_handling = static_cast<RetainHandling>(options >> 4 & 3);
  }
  rest_ = reader.rest();
  return request;
}

tl::expected<std::optional<FixedHeader>, Malformed> decode_fixed_header(Bytes bytes, Version version) {
  if (bytes.empty()) return std::nullopt;
  FixedHeader header;
  header.type = static_cast<PacketType>(bytes[0] >> 4);
  header.flags = bytes[0] & 15;
  const PacketRule* rule = rule_of(header.type);
  if (rule == nullptr || (header.type == PacketType::auth && version != Version::v5))
    return malformed("the packet type is reserved", in(version, "2.2.1", "2.1.2"));
  // 3.1 sets DUP on what it sends again, whatever it is.
  const bool any_dup = version == Version::v3_1 && rule->flags != 0;
  if (header.type != PacketType::publish && (any_dup ? header.flags & 7 : header.flags) != rule->flags)
    return malformed("reserved flags of byte 0 are not as they must be", flags_statement(header.type, version));
  std::size_t shift = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (i >= bytes.size()) return std::nullopt;
    header.remaining_length |= static_cast<std::size_t>(bytes[i] & 127) << shift;
    shift += 7;
    if ((bytes[i] & 128) != 0) continue;
    if (bytes[i] == 0 && i > 1 && version == Version::v5)
      return malformed("the remaining length takes more bytes than it needs", "MQTT-1.5.5-1");
    header.header_size = i + 1;
    return header;
  }
  return malformed("the remaining length has more than four bytes", in(version, "MQTT-4.8.0-1", "1.5.5"));
}

tl::expected<Packet, Malformed> decode(const FixedHeader& header, Bytes packet, Version version) {
  check(packet.size() == header.size(), "a packet is decoded whole");
  const Bytes body = packet.subspan(header.header_size);
  const PacketType type = header.type;
  const bool since_5 = version == Version::v5;
  switch (type) {
    case PacketType::connect:
      return decode_connect(body, header.header_size == 1 + size_of_variable(static_cast<std::uint32_t>(body.size())));
    case PacketType::connack: return decode_connack(body, version);
    case PacketType::publish: return decode_publish(header.flags, body, version);
    case PacketType::puback: return decode_acknowledgement<Puback>(type, body, version);
    case PacketType::pubrec: return decode_acknowledgement<Pubrec>(type, body, version);
    case PacketType::pubrel: return decode_acknowledgement<Pubrel>(type, body, version);
    case PacketType::pubcomp: return decode_acknowledgement<Pubcomp>(type, body, version);
    case PacketType::subscribe: return decode_filters<Subscribe>(type, body, version);
    case PacketType::suback: return decode_codes<Suback>(type, body, version);
    case PacketType::unsubscribe: return decode_filters<Unsubscribe>(type, body, version);
    case PacketType::unsuback:
      return since_5 ? decode_codes<Unsuback>(type, body, version)
                     : decode_acknowledgement<Unsuback>(type, body, version);
    case PacketType::pingreq: return decode_empty<Pingreq>(body, version);
    case PacketType::pingresp: return decode_empty<Pingresp>(body, version);
    case PacketType::disconnect:
      return since_5 ? decode_reason<Disconnect>(type, body) : decode_empty<Disconnect>(body, version);
    case PacketType::auth: return decode_reason<Auth>(type, body);
  }
  return malformed("the packet type is reserved", in(version, "2.2.1", "2.1.2"));
}

}  // namespace wirelab::mqtt
