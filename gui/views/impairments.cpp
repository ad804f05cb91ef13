#include "gui/views/impairments.hpp"

#include <fmt/format.h>

#include <bit>

namespace wirelab::gui {

std::string impairments_of(const Look& look, EntityId channel) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " · ") + part; };
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
