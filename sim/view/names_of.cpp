#include "sim/view/names_of.hpp"

#include <fmt/format.h>

#include "sim/view/dissect_http.hpp"
#include "sim/wire/icmp.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab {
namespace {

std::string flags_of(const wire::TcpFlags& flags) {
  std::string text;
  const auto add = [&](bool set, const char* name) {
    if (set) text += (text.empty() ? "" : ", ") + std::string(name);
  };
  add(flags.syn, "SYN");
  add(flags.fin, "FIN");
  add(flags.rst, "RST");
  add(flags.psh, "PSH");
  add(flags.ack, "ACK");
  return text;
}

}  // namespace

std::string describe_packet(wire::Bytes packet) {
  const auto ip = wire::decode_ipv4(packet);
  if (!ip) return "malformed packet";
  const wire::Bytes payload = packet.subspan(wire::kIpv4HeaderSize);
  if (ip->protocol == wire::kTcp) {
    const auto segment = wire::decode_tcp(payload, ip->source, ip->destination);
    if (!segment) return "malformed TCP";
    const wire::TcpHeader& tcp = segment->header;
    return fmt::format("TCP {}:{} > {}:{} [{}] Len={} Win={}", to_string(ip->source), tcp.source_port,
                       to_string(ip->destination), tcp.destination_port, flags_of(tcp.flags), segment->payload.size(),
                       tcp.window);
  }
  if (ip->protocol == wire::kUdp) {
    const auto udp = wire::decode_udp(payload, ip->source, ip->destination);
    if (!udp) return "malformed UDP";
    return fmt::format("UDP {}:{} > {}:{} Len={}", to_string(ip->source), udp->source_port, to_string(ip->destination),
                       udp->destination_port, payload.size() - wire::kUdpHeaderSize);
  }
  const auto icmp = wire::decode_icmp(payload);
  if (!icmp) return "malformed ICMP";
  return fmt::format("ICMP {} > {} type {} code {}", to_string(ip->source), to_string(ip->destination),
                     static_cast<int>(icmp->type), icmp->code);
}

std::string describe_packet_short(wire::Bytes packet) {
  const auto ip = wire::decode_ipv4(packet);
  if (!ip) return "malformed";
  const wire::Bytes payload = packet.subspan(wire::kIpv4HeaderSize);
  if (ip->protocol == wire::kUdp) return fmt::format("UDP, {} bytes", payload.size() - wire::kUdpHeaderSize);
  if (ip->protocol == wire::kIcmp) return "ICMP";
  const auto segment = wire::decode_tcp(payload, ip->source, ip->destination);
  if (!segment) return "malformed";
  if (begins_http(segment->payload)) return http_in_short(segment->payload);
  wire::TcpFlags flags = segment->header.flags;
  flags.psh = false;
  std::string text = flags_of(flags);
  if (!segment->payload.empty()) text += fmt::format(", {} bytes", segment->payload.size());
  if (segment->header.sack_count > 0) text += ", SACK";
  return text;
}

std::string describe_mqtt(wire::Bytes bytes, mqtt::Version version) {
  const auto header = mqtt::decode_fixed_header(bytes, version);
  if (!header || !header->has_value() || (*header)->size() > bytes.size()) return "part of a packet";
  const auto packet = mqtt::decode(**header, bytes.first((*header)->size()), version);
  if (!packet) return fmt::format("malformed {}", mqtt::name_of((*header)->type));
  const std::string_view name = mqtt::name_of((*header)->type);
  return std::visit(
      [&](const auto& p) -> std::string {
        using T = std::decay_t<decltype(p)>;
        if constexpr (std::is_same_v<T, mqtt::Publish>) {
          std::string text = fmt::format("{} {} (QoS {}", name, p.topic, static_cast<int>(p.qos));
          if (p.packet_id != 0) text += fmt::format(", id {}", p.packet_id);
          if (p.dup) text += ", DUP";
          if (p.retain) text += ", RETAIN";
          return text + ")";
        } else if constexpr (std::is_same_v<T, mqtt::Connect>) {
          return fmt::format("{} {} (clean session {}, keep alive {} s{})", name, p.client_id, p.clean_session ? 1 : 0,
                             p.keep_alive, p.will ? ", will" : "");
        } else if constexpr (std::is_same_v<T, mqtt::Connack>) {
          const std::string_view said =
              version == mqtt::Version::v5 ? mqtt::name_of(p.reason, mqtt::PacketType::connack) : mqtt::name_of(p.code);
          return fmt::format("{} ({}, session present {})", name, said, p.session_present ? 1 : 0);
        } else if constexpr (std::is_same_v<T, mqtt::Subscribe> || std::is_same_v<T, mqtt::Unsubscribe>) {
          mqtt::FilterList filters = p.filters;
          std::string text;
          while (const auto request = filters.next()) text += (text.empty() ? "" : ", ") + std::string(request->filter);
          return fmt::format("{} {} (id {})", name, text, p.packet_id);
        } else if constexpr (requires {
                               p.packet_id;
                               p.reason;
                             }) {
          if (p.reason == mqtt::ReasonCode::success) return fmt::format("{} (id {})", name, p.packet_id);
          return fmt::format("{} (id {}, {})", name, p.packet_id, mqtt::name_of(p.reason, (*header)->type));
        } else if constexpr (requires { p.packet_id; }) {
          return fmt::format("{} (id {})", name, p.packet_id);
        } else if constexpr (requires { p.reason; }) {
          if (p.reason == mqtt::ReasonCode::success) return std::string(name);
          return fmt::format("{} ({})", name, mqtt::name_of(p.reason, (*header)->type));
        } else {
          return std::string(name);
        }
      },
      *packet);
}

}  // namespace wirelab
