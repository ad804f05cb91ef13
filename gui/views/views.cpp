// The list of all views, and what several of them share.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gui/content.hpp"
#include "gui/look.hpp"
#include "sim/view/dissect.hpp"
#include "sim/view/names_of.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab::gui {

std::vector<View> make_views() {
  return {topology_view(), control_view(), sequence_view(),   machine_view(), plots_view(),  tcp_graph_view(),
          log_view(),      tap_view(),     radio_view(),      race_view(),    packet_view(), journey_view(),
          broker_view(),   topics_view(),  connection_view(), network_view()};
}

TableMaker made(Table table) {
  return [table = std::move(table)](const TraceStore::Reader&) { return table; };
}

Colour colour_of(const Exchange& exchange) {
  switch (static_cast<mqtt::PacketType>(exchange.first_byte >> 4)) {
    case mqtt::PacketType::publish:
      switch ((exchange.first_byte >> 1) & 3) {
        case 0: return Colour::qos0;
        case 1: return Colour::qos1;
        default: return Colour::qos2;
      }
    case mqtt::PacketType::puback:
    case mqtt::PacketType::pubrec:
    case mqtt::PacketType::pubrel:
    case mqtt::PacketType::pubcomp: return Colour::ok;
    default: return Colour::info;
  }
}

std::string packet_text(const Look& look, BlobNumber packet, bool in_a_line) {
  const IndexedPacket* known = look.index.packet(packet);
  const auto bytes = look.reader.blob(packet);
  if (known == nullptr || !known->is_hop) return in_a_line ? describe_packet(bytes) : describe_packet_short(bytes);
  constexpr std::size_t kFew = 16;
  const bool cut = !in_a_line && bytes.size() > kFew;
  return printable_text(cut ? bytes.first(kFew) : bytes) + (cut ? "..." : "");
}

std::string topic_of(const Look& look, const Exchange& exchange) {
  const auto bytes = bytes_of(look, exchange);
  const auto packet = decoded(bytes, exchange.version);
  const auto* publish = packet ? std::get_if<mqtt::Publish>(&*packet) : nullptr;
  return publish == nullptr ? "" : std::string(publish->topic);
}

std::uint16_t packet_id_of(const Look& look, const Exchange& exchange) {
  const auto bytes = bytes_of(look, exchange);
  const auto packet = decoded(bytes, exchange.version);
  if (!packet) return 0;
  return std::visit(
      [](const auto& p) -> std::uint16_t {
        if constexpr (requires { p.packet_id; }) return p.packet_id;
        return 0;
      },
      *packet);
}

std::string label_of(const Look& look, const Exchange& exchange, bool with_topic) {
  std::string label(mqtt::name_of(static_cast<mqtt::PacketType>(exchange.first_byte >> 4)));
  const bool publish = (exchange.first_byte >> 4) == 3;
  if (publish && (exchange.first_byte & 8) != 0) label += " DUP";
  if (const int qos = (exchange.first_byte >> 1) & 3; publish && qos > 0) label += fmt::format(" q{}", qos);
  const auto bytes = bytes_of(look, exchange);
  if (const auto packet = decoded(bytes, exchange.version)) {
    std::visit(
        [&](const auto& p) {
          if constexpr (requires { p.topic; }) {
            if (with_topic) label += " " + std::string(p.topic);
          }
          if constexpr (requires { p.packet_id; }) {
            if (p.packet_id != 0) label += fmt::format(" m{}", p.packet_id);  // as mosquitto writes them
          }
        },
        *packet);
  }
  return label;
}

std::string seconds_text(std::int64_t ns, int digits) {
  if (ns < 0) return "-" + seconds_text(-ns, digits);
  if (ns < 1'000'000) return fmt::format("{:.0f} us", static_cast<double>(ns) / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6);
  return fmt::format("{:.{}f} s", static_cast<double>(ns) / 1e9, digits);
}

}  // namespace wirelab::gui
