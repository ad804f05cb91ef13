#include "sim/view/dissect.hpp"

#include <fmt/format.h>

#include "sim/view/dissect_datagram.hpp"
#include "sim/view/dissect_tls.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab {
namespace {

using wire::Bytes;

// What the specification says, in a sentence: of fields by name. RFC 791, RFC 9293 and MQTT 3.1.1.
struct Meaning {
  std::string_view field;
  std::string_view text;
};
constexpr Meaning kMeanings[] = {
    {"Version, header length",
     "Four bits each: 4 is IPv4; the header's length counts words of 4 bytes (RFC 791, 3.1)."},
    {"Type of service",
     "Six bits for a class of service, two by which a router says that it is congested (RFC 2474, 3168)."},
    {"Urgent pointer", "Counts only where URG is set, which new applications should not do (RFC 6093)."},
    {"Total length", "Header and payload together, in bytes: 65,535 at most (RFC 791, 3.1)."},
    {"Flags, fragment", "Where \"don't fragment\" is set, a router drops what is too long and says so (RFC 791, 3.1)."},
    {"Protocol", "Whose header comes next: 1 is ICMP, 6 TCP, 17 UDP (RFC 791, 3.1; RFC 1700)."},
    {"Header checksum", "Over this header alone; every router computes it anew, since it changes TTL (RFC 791, 3.1)."},
    {"Source", "The address of the interface that sent it; a NAT router writes its own here (RFC 791, 3.1; RFC 3022)."},
    {"Destination", "The address that routers look up, longest prefix first (RFC 791, 3.1; RFC 1812, 5.2.4.3)."},
    {"Source port",
     "Names the sender's end; with the other port and both addresses it names the connection (RFC 9293, 3.1)."},
    {"Destination port",
     "Who is meant on that host: 1883 is MQTT, 8883 MQTT over TLS, 53 DNS, 67 DHCP (RFC 9293, 3.1; RFC 6335)."},
    {"User name", "For the server to check, with or without a password (MQTT-3.1.2-18, -19)."},
    {"Password",
     "Up to 65,535 bytes of any kind, readable to all on the way unless TLS hides it (MQTT 3.1.1, 3.1.3.5)."},
    {"Part of a control packet",
     "TCP is a stream: where one of its segments ends says nothing about MQTT (RFC 9293, 3.9)."},
    {"Rest of a control packet",
     "It began in an earlier segment: TCP is a stream and knows no messages (RFC 9293, 3.9)."},
    {"Rest of a record", "It began in an earlier segment: TCP is a stream and knows no records (RFC 9293, 3.9)."},
    {"First part", "The control packet goes on in the next segment: TCP is a stream (RFC 9293, 3.9)."},
    {"Time to live", "Each router takes one off; at 0 the packet is dropped and ICMP says so (RFC 791)."},
    {"Identification",
     "Tells the fragments of one packet from another's; with \"don't fragment\" it means little (RFC 6864)."},
    {"Sequence number", "The place of the first payload byte in the stream (RFC 9293, 3.4)."},
    {"Acknowledgement",
     "The next byte that the sender of this segment waits for: all before it has arrived (RFC 9293, 3.4)."},
    {"Flags (TCP)",
     "SYN opens, FIN closes, RST breaks off, ACK makes the acknowledgement count, PSH says: hand it on now."},
    {"Window", "How many more bytes the sender of this segment can take, before scaling (RFC 9293, 3.8.6; RFC 7323)."},
    {"Checksum", "Over header, payload and both addresses; a segment whose checksum is wrong is dropped in silence."},
    {"Options", "MSS, window scaling, timestamps and selective acknowledgements stand here (RFC 9293, 7323, 2018)."},
    {"Packet type", "The upper four bits of byte 0 (MQTT 3.1.1, 2.2.1)."},
    {"DUP", "1 where this may be a repetition of an earlier PUBLISH: only after a reconnection (MQTT-3.3.1-1)."},
    {"QoS", "0: at most once, 1: at least once, 2: exactly once, each for one hop (MQTT 3.1.1, 4.3)."},
    {"RETAIN",
     "From a client: keep this as the topic's last value. To a client: it is such a kept value (MQTT-3.3.1-5, -8)."},
    {"Remaining length", "Bytes that follow, in one to four bytes of seven bits each (MQTT 3.1.1, 2.2.3)."},
    {"Topic name", "Length in two bytes, then UTF-8; no wildcards in a PUBLISH (MQTT-3.3.2-2)."},
    {"Packet identifier",
     "Ties a PUBLISH to its acknowledgements, only where QoS is above 0; a resend keeps it (MQTT-2.3.1-2, -4)."},
    {"Payload", "The application's own bytes; MQTT does not look at them. Zero bytes are allowed."},
    {"Protocol name", "\"MQTT\", so that a server tells MQTT from other traffic (MQTT-3.1.2-1)."},
    {"Protocol level", "4 is MQTT 3.1.1."},
    {"Connect flags", "User name, password, will retain, will QoS (2 bits), will, clean session, reserved (3.1.2.3)."},
    {"Keep alive",
     "Seconds without a packet after which the client pings; after 1.5 times that the server closes (MQTT-3.1.2-24)."},
    {"Client identifier",
     "Names the session at the server; a second connection with it ends the first (MQTT-3.1.4-2)."},
    {"Will topic", "Where the server publishes if this connection ends without DISCONNECT (MQTT-3.1.2-8)."},
    {"Will message", "What it publishes then."},
    {"Session present", "1: the server still has this client's session, subscriptions and messages (MQTT-3.2.2-2)."},
    {"Return code", "0 accepts; 1 to 5 say why not (MQTT 3.1.1, table 3.1)."},
    {"Topic filter", "What is subscribed to; + stands for one level, # for all that follow (4.7.1)."},
    {"Requested QoS", "The most at which the server may send; it may grant less (MQTT-3.8.4-6)."},
    {"Granted QoS", "What the server granted, 0x80 for a refusal (MQTT-3.9.3-1)."},
};

std::string_view meaning_of(std::string_view name) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.field == name) return meaning.text;
  }
  return {};
}

class Dissector {
 public:
  explicit Dissector(Bytes packet) : packet_(packet) {}

  void add(FieldLayer layer, std::string_view name, std::string value, std::size_t begin, std::size_t end) {
    fields.push_back({layer, std::string(name), std::move(value), static_cast<std::uint32_t>(begin),
                      static_cast<std::uint32_t>(std::min(end, packet_.size())), meaning_of(name)});
  }
  std::size_t offset_of(const void* inside) const {
    return static_cast<std::size_t>(static_cast<const std::uint8_t*>(inside) - packet_.data());
  }
  void ip(const wire::Ipv4Header& header) {
    const auto field = [&](std::string_view name, std::string value, std::size_t begin, std::size_t end) {
      add(FieldLayer::ip, name, std::move(value), begin, end);
    };
    field("Version, header length", "4, 20 bytes", 0, 1);
    field("Type of service", fmt::format("{:#04x}", packet_[1]), 1, 2);
    field("Total length", fmt::format("{}", header.total_length), 2, 4);
    field("Identification", fmt::format("{:#06x}", header.identification), 4, 6);
    field("Flags, fragment", header.dont_fragment ? "don't fragment" : "may be fragmented", 6, 8);
    field("Time to live", fmt::format("{}", header.time_to_live), 8, 9);
    const char* protocol = header.protocol == wire::kTcp    ? "TCP"
                           : header.protocol == wire::kUdp  ? "UDP"
                           : header.protocol == wire::kIcmp ? "ICMP"
                                                            : "?";
    field("Protocol", fmt::format("{} ({})", protocol, header.protocol), 9, 10);
    field("Header checksum", fmt::format("{:#06x}", wire::load16(packet_.data() + 10)), 10, 12);
    field("Source", to_string(header.source), 12, 16);
    field("Destination", to_string(header.destination), 16, 20);
  }
  void tcp(const wire::TcpSegment& segment) {
    const wire::TcpHeader& header = segment.header;
    const std::size_t at = wire::kIpv4HeaderSize;
    const auto field = [&](std::string_view name, std::string value, std::size_t begin, std::size_t end) {
      add(FieldLayer::transport, name, std::move(value), at + begin, at + end);
    };
    field("Source port", fmt::format("{}", header.source_port), 0, 2);
    field("Destination port",
          fmt::format("{}{}", header.destination_port,
                      header.destination_port == 1883   ? " (MQTT)"
                      : header.destination_port == 8883 ? " (MQTT over TLS)"
                                                        : ""),
          2, 4);
    field("Sequence number", fmt::format("{}", header.sequence), 4, 8);
    field("Acknowledgement", fmt::format("{}", header.acknowledgement), 8, 12);
    std::string flags;
    const auto flag = [&](bool set, const char* name) {
      if (set) flags += (flags.empty() ? "" : " ") + std::string(name);
    };
    flag(header.flags.syn, "SYN"), flag(header.flags.fin, "FIN"), flag(header.flags.rst, "RST");
    flag(header.flags.psh, "PSH"), flag(header.flags.ack, "ACK");
    field("Flags (TCP)", flags, 12, 14);
    field("Window", fmt::format("{}", header.window), 14, 16);
    field("Checksum", fmt::format("{:#06x}", wire::load16(packet_.data() + at + 16)), 16, 18);
    field("Urgent pointer", fmt::format("{}", wire::load16(packet_.data() + at + 18)), 18, 20);
    const std::size_t size = wire::header_size(header);
    if (size <= wire::kTcpHeaderSize) return;
    std::string options;
    if (header.maximum_segment_size != 0) options += fmt::format("MSS {} ", header.maximum_segment_size);
    if (header.sack_permitted) options += "SACK permitted ";
    if (header.window_scale != wire::TcpHeader::kNoWindowScale)
      options += fmt::format("scale {} ", header.window_scale);
    if (header.has_timestamps) options += fmt::format("time {} echo {} ", header.timestamp, header.timestamp_echo);
    for (std::uint8_t i = 0; i < header.sack_count; ++i)
      options += fmt::format("SACK {}-{} ", header.sack[i].begin, header.sack[i].end);
    if (!options.empty()) options.pop_back();
    field("Options", options, wire::kTcpHeaderSize, size);
  }
  // The control packet at `at`; returns where the next one begins, or the packet's end.
  std::size_t control_packet(std::size_t at) {
    const Bytes rest = packet_.subspan(at);
    const auto header = mqtt::decode_fixed_header(rest);
    if (!header || !header->has_value()) {
      add(FieldLayer::mqtt_header, "Part of a control packet", fmt::format("{} bytes", rest.size()), at,
          packet_.size());
      return packet_.size();
    }
    const mqtt::FixedHeader& fixed = **header;
    const auto head = [&](std::string_view name, std::string value, std::size_t begin, std::size_t end) {
      add(FieldLayer::mqtt_header, name, std::move(value), at + begin, at + end);
    };
    head("Packet type", fmt::format("{} ({})", mqtt::name_of(fixed.type), static_cast<int>(fixed.type)), 0, 1);
    if (fixed.type == mqtt::PacketType::publish) {
      head("DUP", (fixed.flags & 8) != 0 ? "1" : "0", 0, 1);
      head("QoS", fmt::format("{}", (fixed.flags >> 1) & 3), 0, 1);
      head("RETAIN", (fixed.flags & 1) != 0 ? "1" : "0", 0, 1);
    }
    head("Remaining length", fmt::format("{}", fixed.remaining_length), 1, fixed.header_size);
    if (fixed.size() > rest.size()) {
      add(FieldLayer::mqtt_variable, "First part", fmt::format("{} of {} bytes", rest.size(), fixed.size()),
          at + fixed.header_size, packet_.size());
      return packet_.size();
    }
    const auto packet = mqtt::decode(fixed, rest.first(fixed.size()));
    const std::size_t body = at + fixed.header_size;
    if (!packet) {
      add(FieldLayer::other, "Malformed", std::string(packet.error().what), body, at + fixed.size());
    } else {
      std::visit([&](const auto& p) { variable(p, body, at + fixed.size()); }, *packet);
    }
    return at + fixed.size();
  }
  std::vector<DissectedField> fields;

 private:
  template <typename T>
  void variable(const T& p, std::size_t body, std::size_t end) {
    const auto field = [&](std::string_view name, std::string value, std::size_t begin, std::size_t to) {
      add(FieldLayer::mqtt_variable, name, std::move(value), begin, to);
    };
    const auto text = [&](std::string_view name, std::string_view value) {
      const std::size_t begin = offset_of(value.data());
      field(name, std::string(value), begin - 2, begin + value.size());
    };
    if constexpr (std::is_same_v<T, mqtt::Publish>) {
      text("Topic name", p.topic);
      std::size_t at = body + 2 + p.topic.size();
      if (p.packet_id != 0) field("Packet identifier", fmt::format("{}", p.packet_id), at, at + 2), at += 2;
      add(FieldLayer::mqtt_payload, "Payload", printable_text(p.payload), at, end);
    } else if constexpr (std::is_same_v<T, mqtt::Connect>) {
      const bool old = p.level == static_cast<std::uint8_t>(mqtt::Version::v3_1);
      const std::string_view protocol = old ? "MQIsdp" : "MQTT";
      const std::size_t at = body + 2 + protocol.size();
      field("Protocol name", std::string(protocol), body, at);
      field("Protocol level", fmt::format("{}", p.level), at, at + 1);
      if (p.level != 4 && !old) return;
      field("Connect flags", fmt::format("clean session {}, will {}", p.clean_session ? 1 : 0, p.will ? 1 : 0), at + 1,
            at + 2);
      field("Keep alive", fmt::format("{} s", p.keep_alive), at + 2, at + 4);
      text("Client identifier", p.client_id);
      if (p.will) {
        text("Will topic", p.will->topic);
        const std::size_t begin = offset_of(p.will->payload.data());
        field("Will message", printable_text(p.will->payload), begin - 2, begin + p.will->payload.size());
      }
      if (p.user_name) text("User name", *p.user_name);
      if (p.password) {
        const std::size_t begin = offset_of(p.password->data());
        field("Password", fmt::format("{} bytes", p.password->size()), begin - 2, begin + p.password->size());
      }
    } else if constexpr (std::is_same_v<T, mqtt::Connack>) {
      field("Session present", p.session_present ? "1" : "0", body, body + 1);
      field("Return code", fmt::format("{} {}", static_cast<int>(p.code), mqtt::name_of(p.code)), body + 1, body + 2);
    } else if constexpr (std::is_same_v<T, mqtt::Subscribe> || std::is_same_v<T, mqtt::Unsubscribe>) {
      field("Packet identifier", fmt::format("{}", p.packet_id), body, body + 2);
      mqtt::FilterList filters = p.filters;
      while (const auto request = filters.next()) {
        text("Topic filter", request->filter);
        const std::size_t at = offset_of(request->filter.data()) + request->filter.size();
        if constexpr (std::is_same_v<T, mqtt::Subscribe>)
          field("Requested QoS", fmt::format("{}", static_cast<int>(request->qos)), at, at + 1);
      }
    } else if constexpr (std::is_same_v<T, mqtt::Suback>) {
      field("Packet identifier", fmt::format("{}", p.packet_id), body, body + 2);
      for (std::size_t i = 0; i < p.codes.size(); ++i)
        field("Granted QoS", fmt::format("{:#04x}", p.codes[i]), body + 2 + i, body + 3 + i);
    } else if constexpr (requires { p.packet_id; }) {
      field("Packet identifier", fmt::format("{}", p.packet_id), body, body + 2);
    }
  }
  Bytes packet_;
};

}  // namespace

std::string_view name_of(FieldLayer layer) {
  constexpr std::string_view names[] = {"IPv4", "TCP",  "MQTT", "MQTT", "payload", "other",
                                        "UDP",  "ICMP", "DNS",  "DHCP", "TLS"};
  return names[static_cast<std::size_t>(layer)];
}

std::string printable_text(Bytes bytes) {
  constexpr std::size_t kMost = 80;
  std::size_t shown = std::min(bytes.size(), kMost);
  const std::string_view whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_text = mqtt::is_valid_utf8(bytes) && whole.find('\0') == std::string_view::npos;
  // Not within a character.
  while (is_text && shown < bytes.size() && shown > 0 && (bytes[shown] & 0xc0) == 0x80) --shown;
  std::string out;
  for (const std::uint8_t b : bytes.first(shown))
    out += b >= 0x20 && b != 0x7f && (b < 0x80 || is_text) ? static_cast<char>(b) : '.';
  if (shown < bytes.size()) out += fmt::format("... ({} bytes)", bytes.size());
  return out;
}

std::vector<DissectedField> dissect(Bytes packet, StreamPart part) {
  Dissector dissector(packet);
  const auto ip = wire::decode_ipv4(packet);
  if (!ip) {
    dissector.add(FieldLayer::other, "Malformed packet", fmt::format("{} bytes", packet.size()), 0, packet.size());
    return dissector.fields;
  }
  dissector.ip(*ip);
  const Bytes body = packet.subspan(wire::kIpv4HeaderSize);
  const auto segment = ip->protocol == wire::kTcp ? wire::decode_tcp(body, ip->source, ip->destination) : std::nullopt;
  if (!segment && dissect_datagram(packet, *ip, dissector.fields)) return dissector.fields;
  if (!segment) {
    dissector.add(FieldLayer::transport, "Body", fmt::format("{} bytes", body.size()), wire::kIpv4HeaderSize,
                  packet.size());
    return dissector.fields;
  }
  dissector.tcp(*segment);
  std::size_t at = packet.size() - segment->payload.size();
  if (segment->payload.empty()) return dissector.fields;
  const bool is_tls = part.content == StreamPart::Content::tls;
  if (part.content == StreamPart::Content::other) {
    dissector.add(FieldLayer::other, "Payload", printable_text(segment->payload), at, packet.size());
    return dissector.fields;
  }
  if (part.first != 0) {
    const std::size_t end = part.first == StreamPart::kNone ? packet.size() : std::min(at + part.first, packet.size());
    dissector.add(is_tls ? FieldLayer::tls : FieldLayer::other,
                  is_tls ? "Rest of a record" : "Rest of a control packet", fmt::format("{} bytes", end - at), at, end);
    at = end;
  }
  while (at < packet.size()) at = is_tls ? dissect_tls(packet, at, dissector.fields) : dissector.control_packet(at);
  return dissector.fields;
}

}  // namespace wirelab
