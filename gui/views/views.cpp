// The list of all views, and what several of them share.
#include <fmt/format.h>

#include <algorithm>

#include "gui/look.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab::gui {

std::vector<View> make_views() {
  return {topology_view(), control_view(), sequence_view(), machine_view(), plots_view(),     log_view(),
          packet_view(),   journey_view(), broker_view(),   topics_view(),  connection_view()};
}

const Exchange* Look::exchange(RecordNumber sent) const {
  const auto& all = index.exchanges();
  const auto found = std::partition_point(all.begin(), all.end(), [&](const Exchange& e) { return e.sent < sent; });
  return found != all.end() && found->sent == sent ? &*found : nullptr;
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

std::string label_of(const Look& look, const Exchange& exchange, bool with_topic) {
  std::string label(mqtt::name_of(static_cast<mqtt::PacketType>(exchange.first_byte >> 4)));
  const bool publish = (exchange.first_byte >> 4) == 3;
  if (publish && (exchange.first_byte & 8) != 0) label += " DUP";
  // The bytes lie in whichever packet carried the beginning of the range.
  const Record& sent = look.reader.record(exchange.sent);
  for (RecordNumber n = exchange.sent + 1; n <= std::min(look.reader.last(), exchange.sent + 12); ++n) {
    const Record& r = look.reader.record(n);
    if (r.kind != Kind::packet_sent || r.subject != exchange.stream || r.a > sent.a || r.b <= sent.a) continue;
    const auto packet = look.reader.blob(r.key);
    const auto payload = static_cast<std::size_t>(r.b - r.a);
    if (packet.size() < payload) break;
    const auto bytes = packet.subspan(packet.size() - payload + static_cast<std::size_t>(sent.a - r.a));
    const auto header = mqtt::decode_fixed_header(bytes);
    if (!header || !header->has_value() || (*header)->size() > bytes.size()) break;
    const auto decoded = mqtt::decode(**header, bytes.first((*header)->size()));
    if (!decoded) break;
    std::visit(
        [&](const auto& p) {
          if constexpr (requires { p.topic; }) {
            if (with_topic) label += " " + std::string(p.topic);
          }
          if constexpr (requires { p.packet_id; }) {
            if (p.packet_id != 0) label += fmt::format(" {}", p.packet_id);
          }
        },
        *decoded);
    break;
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
