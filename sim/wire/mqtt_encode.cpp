// From packets to bytes.
#include "sim/kernel/check.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {
namespace {

using wire::Writer;

void put_header(PacketType type, std::uint8_t flags, std::size_t length, std::vector<std::uint8_t>& out) {
  check(length <= kMaximumRemainingLength, "a packet's remaining length fits four bytes");
  out.push_back(static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4) | flags));
  put_variable(static_cast<std::uint32_t>(length), out);
}

void put_field(Writer& writer, Bytes bytes) {
  check(bytes.size() <= 65535, "a field of a packet has at most 65,535 bytes");
  writer.u16(static_cast<std::uint16_t>(bytes.size()));
  writer.raw(bytes);
}
void put_field(Writer& writer, std::string_view text) { put_field(writer, wire::bytes_of(text)); }

// Nothing below 5.0; there at least a length of 0 [MQTT-2.2.2-1].
std::size_t size_of(Properties properties, Version version) {
  if (version != Version::v5) return 0;
  const std::size_t size = properties.bytes().size();
  check(size <= kMostVariable, "properties fit into a packet");
  return size_of_variable(static_cast<std::uint32_t>(size)) + size;
}
void put_properties(Properties properties, Version version, std::vector<std::uint8_t>& out) {
  if (version != Version::v5) return;
  put_variable(static_cast<std::uint32_t>(properties.bytes().size()), out);
  out.insert(out.end(), properties.bytes().begin(), properties.bytes().end());
}

// A packet of an identifier, if it has one, a reason and properties: what says nothing is left out, but for AUTH, which may leave
// out all or nothing.
void put_reason(PacketType type, std::uint8_t flags, std::optional<PacketId> id, ReasonCode reason,
                Properties properties, std::vector<std::uint8_t>& out) {
  check(!id || *id != 0, "a packet identifier is not 0");
  Writer writer(out);
  const std::size_t front = id ? 2 : 0;
  const bool plain = properties.empty() && (type != PacketType::auth || reason == ReasonCode::success);
  const bool nothing = plain && reason == ReasonCode::success;
  put_header(type, flags, front + (nothing ? 0 : plain ? 1 : 1 + size_of(properties, Version::v5)), out);
  if (id) writer.u16(*id);
  if (nothing) return;
  writer.u8(static_cast<std::uint8_t>(reason));
  if (!plain) put_properties(properties, Version::v5, out);
}

// A packet of an identifier, properties and codes.
void put_codes(PacketType type, PacketId id, Bytes codes, Properties properties, Version version,
               std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(type, 0, 2 + size_of(properties, version) + codes.size(), out);
  writer.u16(id);
  put_properties(properties, version, out);
  writer.raw(codes);
}

}  // namespace

void encode(const Connect& packet, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  const auto version = static_cast<Version>(packet.level);
  const std::string_view protocol = version == Version::v3_1 ? "MQIsdp" : "MQTT";
  std::size_t length = 2 + protocol.size() + 4 + size_of(packet.properties, version) + 2 + packet.client_id.size();
  std::uint8_t flags = packet.clean_session ? 0x02 : 0;
  if (packet.will) {
    length += size_of(packet.will->properties, version) + 4 + packet.will->topic.size() + packet.will->payload.size();
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
  put_header(PacketType::connect, 0, length, out);
  put_field(writer, protocol);
  writer.u8(packet.level);
  writer.u8(flags);
  writer.u16(packet.keep_alive);
  put_properties(packet.properties, version, out);
  put_field(writer, packet.client_id);
  if (packet.will) {
    put_properties(packet.will->properties, version, out);
    put_field(writer, packet.will->topic);
    put_field(writer, packet.will->payload);
  }
  if (packet.user_name) put_field(writer, *packet.user_name);
  if (packet.password) put_field(writer, *packet.password);
}

void encode(const Connack& packet, std::vector<std::uint8_t>& out, Version version) {
  Writer writer(out);
  const bool since_5 = version == Version::v5;
  put_header(PacketType::connack, 0, 2 + size_of(packet.properties, version), out);
  writer.u8(packet.session_present && version != Version::v3_1 ? 1 : 0);  // reserved in 3.1
  writer.u8(since_5 ? static_cast<std::uint8_t>(packet.reason) : static_cast<std::uint8_t>(packet.code));
  put_properties(packet.properties, version, out);
}

void encode(const Publish& packet, std::vector<std::uint8_t>& out, Version version) {
  Writer writer(out);
  const auto qos = static_cast<std::uint8_t>(packet.qos);
  const auto flags = static_cast<std::uint8_t>((packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0));
  put_header(PacketType::publish, flags,
             2 + packet.topic.size() + (qos > 0 ? 2 : 0) + size_of(packet.properties, version) + packet.payload.size(),
             out);
  put_field(writer, packet.topic);
  check(qos == 0 || packet.packet_id != 0, "a packet identifier is not 0");
  if (qos > 0) writer.u16(packet.packet_id);
  put_properties(packet.properties, version, out);
  writer.raw(packet.payload);
}

void encode_acknowledgement(PacketType type, PacketId packet_id, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  put_header(type, rule_of(type)->flags, 2, out);
  writer.u16(packet_id);
}

void encode_acknowledgement(PacketType type, PacketId packet_id, ReasonCode reason, Properties properties,
                            std::vector<std::uint8_t>& out) {
  put_reason(type, rule_of(type)->flags, packet_id, reason, properties, out);
}

void encode_subscribe(PacketId packet_id, std::span<const FilterRequest> filters, std::vector<std::uint8_t>& out,
                      Version version, Properties properties) {
  Writer writer(out);
  std::size_t length = 2 + size_of(properties, version);
  for (const FilterRequest& request : filters) length += 3 + request.filter.size();
  put_header(PacketType::subscribe, 2, length, out);
  writer.u16(packet_id);
  put_properties(properties, version, out);
  for (const FilterRequest& request : filters) {
    put_field(writer, request.filter);
    unsigned options = static_cast<unsigned>(request.qos);
    if (version == Version::v5)
      options |= (request.no_local ? 4u : 0u) | (request.retain_as_published ? 8u : 0u) |
                 static_cast<unsigned>(request.retain_handling) << 4;
    writer.u8(static_cast<std::uint8_t>(options));
  }
}

void encode_suback(PacketId packet_id, Bytes codes, std::vector<std::uint8_t>& out, Version version,
                   Properties properties) {
  put_codes(PacketType::suback, packet_id, codes, properties, version, out);
}

void encode_unsubscribe(PacketId packet_id, std::span<const std::string_view> filters, std::vector<std::uint8_t>& out,
                        Version version, Properties properties) {
  Writer writer(out);
  std::size_t length = 2 + size_of(properties, version);
  for (const std::string_view filter : filters) length += 2 + filter.size();
  put_header(PacketType::unsubscribe, 2, length, out);
  writer.u16(packet_id);
  put_properties(properties, version, out);
  for (const std::string_view filter : filters) put_field(writer, filter);
}

void encode_unsuback(PacketId packet_id, Bytes codes, Properties properties, std::vector<std::uint8_t>& out) {
  put_codes(PacketType::unsuback, packet_id, codes, properties, Version::v5, out);
}

void encode_empty(PacketType type, std::vector<std::uint8_t>& out) { put_header(type, 0, 0, out); }

void encode(const Disconnect& packet, std::vector<std::uint8_t>& out) {
  put_reason(PacketType::disconnect, 0, std::nullopt, packet.reason, packet.properties, out);
}

void encode(const Auth& packet, std::vector<std::uint8_t>& out) {
  put_reason(PacketType::auth, 0, std::nullopt, packet.reason, packet.properties, out);
}

}  // namespace wirelab::mqtt
