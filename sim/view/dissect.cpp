#include "sim/view/dissect.hpp"

#include <fmt/format.h>

#include "sim/view/dissect_datagram.hpp"
#include "sim/view/dissect_http.hpp"
#include "sim/view/dissect_mqtt.hpp"
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
    {"Rest of a control packet",
     "It began in an earlier segment: TCP is a stream and knows no messages (RFC 9293, 3.9)."},
    {"Rest of a record", "It began in an earlier segment: TCP is a stream and knows no records (RFC 9293, 3.9)."},
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
    {"Payload", "The application's own bytes; MQTT does not look at them. Zero bytes are allowed."},
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
  std::vector<DissectedField> fields;

 private:
  Bytes packet_;
};

}  // namespace

std::string_view name_of(FieldLayer layer) {
  constexpr std::string_view names[] = {"IPv4", "TCP",  "MQTT", "MQTT", "payload", "other",
                                        "UDP",  "ICMP", "DNS",  "DHCP", "TLS",     "HTTP"};
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
  if (part.content == StreamPart::Content::other && begins_http(segment->payload)) {
    dissect_http(packet, at, dissector.fields);
    return dissector.fields;
  }
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
  while (at < packet.size())
    at = is_tls ? dissect_tls(packet, at, dissector.fields) : dissect_mqtt(packet, at, part.version, dissector.fields);
  return dissector.fields;
}

}  // namespace wirelab
