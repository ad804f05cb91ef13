#include "sim/wire/mqtt.hpp"

#include <algorithm>
#include <array>

#include "sim/kernel/check.hpp"

namespace wirelab::mqtt {
namespace {

using wire::Reader;
using wire::Writer;

constexpr std::array<PacketRule, 14> kRules{{
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
}};

tl::unexpected<Malformed> malformed(std::string_view what, std::string_view statement) {
  return tl::make_unexpected(Malformed{what, statement});
}

Bytes take_field(Reader& reader) { return reader.take(reader.u16()); }

constexpr Malformed kShort{"the packet ends in the middle of a field", "MQTT-4.8.0-1"};
constexpr Malformed kBadUtf8{"a text is not valid UTF-8", "MQTT-1.5.3-1"};
constexpr Malformed kNullCharacter{"a text has a null character", "MQTT-1.5.3-2"};
// What is wrong with a text that is_valid_utf8() refuses.
Malformed text_error(Bytes text) {
  return std::find(text.begin(), text.end(), 0) == text.end() ? kBadUtf8 : kNullCharacter;
}

constexpr Malformed kTrailing{"bytes are left over at the end of the packet", "MQTT-4.8.0-1"};

tl::expected<Packet, Malformed> decode_connect(Bytes body) {
  Reader reader(body);
  Connect packet;
  const Bytes protocol = take_field(reader);
  packet.level = reader.u8();
  const std::uint8_t flags = reader.u8();
  packet.keep_alive = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(kShort);
  if (wire::text_of(protocol) != "MQTT") return malformed("the protocol name is not \"MQTT\"", "MQTT-3.1.2-1");
  if (packet.level != 4)
    return Packet{packet};  // the server answers return code 1 [MQTT-3.1.2-2]; the rest may have another form
  if ((flags & 0x01) != 0) return malformed("the reserved flag of CONNECT is set", "MQTT-3.1.2-3");
  packet.clean_session = (flags & 0x02) != 0;
  const Bytes client_id = take_field(reader);
  packet.client_id = wire::text_of(client_id);
  if (!is_valid_utf8(client_id)) return tl::make_unexpected(text_error(client_id));
  const std::uint8_t will_qos = (flags >> 3) & 3;
  if ((flags & 0x04) != 0) {
    Will will;
    const Bytes topic = take_field(reader);
    will.topic = wire::text_of(topic);
    will.payload = take_field(reader);
    will.retain = (flags & 0x20) != 0;
    if (will_qos > 2) return malformed("the will's QoS is 3", "MQTT-3.1.2-14");
    will.qos = static_cast<Qos>(will_qos);
    if (!reader.ok()) return tl::make_unexpected(kShort);
    if (!is_valid_utf8(topic)) return tl::make_unexpected(text_error(topic));
    if (!is_valid_topic(will.topic)) {
      return will.topic.empty() ? malformed("the will's topic is empty", "MQTT-4.7.3-1")
                                : malformed("the will's topic has a wildcard", "MQTT-4.7.1-1");
    }
    packet.will = will;
  } else if ((flags & 0x38) != 0) {
    return will_qos != 0 ? malformed("a will QoS is set without a will", "MQTT-3.1.2-13")
                         : malformed("will retain is set without a will", "MQTT-3.1.2-15");
  }
  if ((flags & 0x80) != 0) {
    const Bytes user = take_field(reader);
    if (!is_valid_utf8(user)) return tl::make_unexpected(text_error(user));
    packet.user_name = wire::text_of(user);
  }
  if ((flags & 0x40) != 0) {
    if ((flags & 0x80) == 0) return malformed("a password comes without a user name", "MQTT-3.1.2-22");
    packet.password = take_field(reader);
  }
  if (!reader.ok()) return tl::make_unexpected(kShort);
  if (!reader.empty()) return tl::make_unexpected(kTrailing);
  return Packet{packet};
}

tl::expected<Packet, Malformed> decode_connack(Bytes body) {
  if (body.size() != 2) return malformed("CONNACK has not exactly two bytes", "MQTT-4.8.0-1");
  if ((body[0] & 0xfe) != 0) return malformed("reserved bits of CONNACK are set", "MQTT-4.8.0-1");
  if (body[1] > 5) return malformed("CONNACK has a return code above 5", "MQTT-4.8.0-1");
  if (body[0] != 0 && body[1] != 0) return malformed("session present comes with a refusal", "MQTT-3.2.2-4");
  return Packet{Connack{body[0] != 0, static_cast<ConnectCode>(body[1])}};
}

tl::expected<Packet, Malformed> decode_publish(std::uint8_t flags, Bytes body) {
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
  if (!reader.ok()) return tl::make_unexpected(kShort);
  if (!is_valid_utf8(topic)) return tl::make_unexpected(text_error(topic));
  if (packet.topic.empty()) return malformed("the topic of a PUBLISH is empty", "MQTT-4.7.3-1");
  if (!is_valid_topic(packet.topic)) return malformed("the topic of a PUBLISH has a wildcard", "MQTT-3.3.2-2");
  if (qos > 0 && packet.packet_id == 0) return malformed("the packet identifier is 0", "MQTT-2.3.1-1");
  packet.payload = reader.rest();
  return Packet{packet};
}

template <typename T>
tl::expected<Packet, Malformed> decode_id_only(Bytes body) {
  if (body.size() != 2) return malformed("an acknowledgement has not exactly two bytes", "MQTT-4.8.0-1");
  const PacketId id = wire::load16(body.data());
  if (id == 0) return malformed("the packet identifier is 0", "MQTT-2.3.1-1");
  return Packet{T{id}};
}

// Which rule of section 4.7 a filter breaks, if any.
std::optional<Malformed> filter_error(std::string_view filter) {
  if (is_valid_filter(filter)) return std::nullopt;
  if (filter.empty()) return Malformed{"a topic filter is empty", "MQTT-4.7.3-1"};
  const std::size_t hash = filter.find('#');
  const bool hash_is_wrong =
      hash != std::string_view::npos && (hash + 1 != filter.size() || (hash > 0 && filter[hash - 1] != '/'));
  return hash_is_wrong ? Malformed{"\"#\" stands elsewhere than alone at the end of a filter", "MQTT-4.7.1-2"}
                       : Malformed{"\"+\" shares a level of a filter with other characters", "MQTT-4.7.1-3"};
}

template <typename T>
tl::expected<Packet, Malformed> decode_filters(Bytes body, bool with_qos) {
  Reader reader(body);
  T packet;
  packet.packet_id = reader.u16();
  if (!reader.ok()) return tl::make_unexpected(kShort);
  if (packet.packet_id == 0) return malformed("the packet identifier is 0", "MQTT-2.3.1-1");
  packet.filters = FilterList(reader.rest(), with_qos);
  if (reader.empty()) {
    return malformed("the list of filters is empty", with_qos ? "MQTT-3.8.3-3" : "MQTT-3.10.3-2");
  }
  while (!reader.empty()) {
    const Bytes filter = take_field(reader);
    const std::uint8_t qos = with_qos ? reader.u8() : std::uint8_t{0};
    if (!reader.ok()) return tl::make_unexpected(kShort);
    if (!is_valid_utf8(filter)) return tl::make_unexpected(text_error(filter));
    if (const auto wrong = filter_error(wire::text_of(filter))) return tl::make_unexpected(*wrong);
    if (qos > 2) return malformed("a requested QoS is above 2", "MQTT-3.8.3-4");
  }
  return Packet{packet};
}

tl::expected<Packet, Malformed> decode_suback(Bytes body) {
  Reader reader(body);
  Suback packet;
  packet.packet_id = reader.u16();
  packet.codes = reader.rest();
  if (!reader.ok() || packet.codes.empty()) return tl::make_unexpected(kShort);
  if (packet.packet_id == 0) return malformed("the packet identifier is 0", "MQTT-2.3.1-1");
  for (const std::uint8_t code : packet.codes) {
    if (code > 2 && code != kSubscribeFailed) return malformed("SUBACK has a reserved return code", "MQTT-3.9.3-2");
  }
  return Packet{packet};
}

template <typename T>
tl::expected<Packet, Malformed> decode_empty(Bytes body) {
  if (!body.empty()) return tl::make_unexpected(kTrailing);
  return Packet{T{}};
}

std::size_t length_size(std::size_t length) { return length < 128 ? 1 : length < 16384 ? 2 : length < 2097152 ? 3 : 4; }

void put_header(Writer& writer, PacketType type, std::uint8_t flags, std::size_t length) {
  check(length <= kMaximumRemainingLength, "a packet's remaining length fits four bytes");
  writer.u8(static_cast<std::uint8_t>((static_cast<std::uint8_t>(type) << 4) | flags));
  for (std::size_t i = length_size(length); i > 1; --i) {
    writer.u8(static_cast<std::uint8_t>((length & 127) | 128));
    length >>= 7;
  }
  writer.u8(static_cast<std::uint8_t>(length));
}

void put_field(Writer& writer, Bytes bytes) {
  check(bytes.size() <= 65535, "a field of a packet has at most 65,535 bytes");
  writer.u16(static_cast<std::uint16_t>(bytes.size()));
  writer.raw(bytes);
}
void put_field(Writer& writer, std::string_view text) { put_field(writer, wire::bytes_of(text)); }

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

std::optional<FilterRequest> FilterList::next() {
  if (rest_.empty()) return std::nullopt;
  Reader reader(rest_);
  FilterRequest request;
  request.filter = wire::text_of(take_field(reader));
  if (with_qos_) request.qos = static_cast<Qos>(reader.u8());
  rest_ = reader.rest();
  return request;
}

tl::expected<std::optional<FixedHeader>, Malformed> decode_fixed_header(Bytes bytes) {
  if (bytes.empty()) return std::nullopt;
  FixedHeader header;
  header.type = static_cast<PacketType>(bytes[0] >> 4);
  header.flags = bytes[0] & 15;
  const PacketRule* rule = rule_of(header.type);
  if (rule == nullptr) return malformed("the packet type is reserved", "MQTT-2.2.2-2");
  if (header.type != PacketType::publish && header.flags != rule->flags) {
    return malformed("reserved flags of byte 0 are not as they must be", "MQTT-2.2.2-2");
  }
  std::size_t shift = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (i >= bytes.size()) return std::nullopt;
    header.remaining_length |= static_cast<std::size_t>(bytes[i] & 127) << shift;
    shift += 7;
    if ((bytes[i] & 128) == 0) {
      header.header_size = i + 1;
      return header;
    }
  }
  return malformed("the remaining length has more than four bytes", "MQTT-4.8.0-1");
}

tl::expected<Packet, Malformed> decode(const FixedHeader& header, Bytes packet) {
  check(packet.size() == header.size(), "a packet is decoded whole");
  const Bytes body = packet.subspan(header.header_size);
  switch (header.type) {
    case PacketType::connect: return decode_connect(body);
    case PacketType::connack: return decode_connack(body);
    case PacketType::publish: return decode_publish(header.flags, body);
    case PacketType::puback: return decode_id_only<Puback>(body);
    case PacketType::pubrec: return decode_id_only<Pubrec>(body);
    case PacketType::pubrel: return decode_id_only<Pubrel>(body);
    case PacketType::pubcomp: return decode_id_only<Pubcomp>(body);
    case PacketType::subscribe: return decode_filters<Subscribe>(body, true);
    case PacketType::suback: return decode_suback(body);
    case PacketType::unsubscribe: return decode_filters<Unsubscribe>(body, false);
    case PacketType::unsuback: return decode_id_only<Unsuback>(body);
    case PacketType::pingreq: return decode_empty<Pingreq>(body);
    case PacketType::pingresp: return decode_empty<Pingresp>(body);
    case PacketType::disconnect: return decode_empty<Disconnect>(body);
  }
  return malformed("the packet type is reserved", "MQTT-2.2.2-2");
}

void encode(const Connect& packet, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  std::size_t length = 10 + 2 + packet.client_id.size();
  std::uint8_t flags = packet.clean_session ? 0x02 : 0;
  if (packet.will) {
    length += 4 + packet.will->topic.size() + packet.will->payload.size();
    flags |= static_cast<std::uint8_t>(0x04 | (static_cast<unsigned>(packet.will->qos) << 3) |
                                       (packet.will->retain ? 0x20u : 0u));
  }
  if (packet.user_name) {
    length += 2 + packet.user_name->size();
    flags |= 0x80;
  }
  if (packet.password) {
    length += 2 + packet.password->size();
    flags |= 0x40;
  }
  put_header(writer, PacketType::connect, 0, length);
  put_field(writer, "MQTT");
  writer.u8(packet.level);
  writer.u8(flags);
  writer.u16(packet.keep_alive);
  put_field(writer, packet.client_id);
  if (packet.will) {
    put_field(writer, packet.will->topic);
    put_field(writer, packet.will->payload);
  }
  if (packet.user_name) put_field(writer, *packet.user_name);
  if (packet.password) put_field(writer, *packet.password);
}

void encode(const Connack& packet, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(writer, PacketType::connack, 0, 2);
  writer.u8(packet.session_present ? 1 : 0);
  writer.u8(static_cast<std::uint8_t>(packet.code));
}

void encode(const Publish& packet, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  const auto qos = static_cast<std::uint8_t>(packet.qos);
  const auto flags = static_cast<std::uint8_t>((packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0));
  put_header(writer, PacketType::publish, flags, 2 + packet.topic.size() + (qos > 0 ? 2 : 0) + packet.payload.size());
  put_field(writer, packet.topic);
  if (qos > 0) writer.u16(packet.packet_id);
  writer.raw(packet.payload);
}

void encode_acknowledgement(PacketType type, PacketId packet_id, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(writer, type, rule_of(type)->flags, 2);
  writer.u16(packet_id);
}

void encode_subscribe(PacketId packet_id, std::span<const FilterRequest> filters, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  std::size_t length = 2;
  for (const FilterRequest& request : filters) length += 3 + request.filter.size();
  put_header(writer, PacketType::subscribe, 2, length);
  writer.u16(packet_id);
  for (const FilterRequest& request : filters) {
    put_field(writer, request.filter);
    writer.u8(static_cast<std::uint8_t>(request.qos));
  }
}

void encode_suback(PacketId packet_id, Bytes codes, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(writer, PacketType::suback, 0, 2 + codes.size());
  writer.u16(packet_id);
  writer.raw(codes);
}

void encode_unsubscribe(PacketId packet_id, std::span<const std::string_view> filters, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  std::size_t length = 2;
  for (const std::string_view filter : filters) length += 2 + filter.size();
  put_header(writer, PacketType::unsubscribe, 2, length);
  writer.u16(packet_id);
  for (const std::string_view filter : filters) put_field(writer, filter);
}

void encode_empty(PacketType type, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(writer, type, 0, 0);
}

}  // namespace wirelab::mqtt
