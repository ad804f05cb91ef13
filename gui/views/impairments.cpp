#include "gui/views/impairments.hpp"

#include <fmt/format.h>

#include <bit>

namespace wirelab::gui {

bool is_wireless(const Look& look, const IndexedChannel& channel) {
  const EntityKind from = look.kind_of(channel.from), to = look.kind_of(channel.to);
  return (from == EntityKind::access_point && to == EntityKind::device) ||
         (from == EntityKind::device && to == EntityKind::access_point);
}

std::string impairments_of(const Look& look, EntityId channel) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " · ") + part; };
  if (const IndexedChannel* wireless = look.index.channel(channel);
      wireless != nullptr && is_wireless(look, *wireless)) {
    const bool from_station = look.kind_of(wireless->from) == EntityKind::device;
    const std::int64_t tenths = look.value(from_station ? wireless->from : wireless->to, Field::wifi_signal);
    if (tenths != 0) add(fmt::format("{:.0f} dBm", static_cast<double>(tenths) / 10));
  }
  if (const IndexedChannel* hop = look.index.channel(channel); hop != nullptr && hop->is_hop) {
    const std::string name = look.name(channel);
    const std::size_t kind = name.rfind('(');
    add(name.substr(kind + 1, name.size() - kind - 2));
  }
  const auto loss = std::bit_cast<double>(look.value(channel, Field::link_loss));
  if (loss > 0) add(fmt::format("{:.3g} % loss", loss * 100));
  if (const std::int64_t delay = look.value(channel, Field::link_delay); delay >= 500'000) add(seconds_text(delay));
  if (const std::int64_t rate = look.value(channel, Field::link_rate); rate > 0 && rate < 50'000'000)
    add(rate >= 1'000'000 ? fmt::format("{:.3g} Mbit/s", static_cast<double>(rate) / 1e6)
                          : fmt::format("{:.3g} kbit/s", static_cast<double>(rate) / 1e3));
  if (const std::int64_t queued = look.value(channel, Field::queue_packets); queued > 0)
    add(fmt::format("{} queued", queued));
  return text;
}

}  // namespace wirelab::gui
