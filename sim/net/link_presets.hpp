// Links that have a name: what a scenario means by "lte-m" or "satellite", with the source of each figure.
#pragma once

#include <span>
#include <string_view>

#include "sim/net/link_settings.hpp"

namespace wirelab {

/// `up` is what the first end of the link sends: the device's side, in all of these.
struct LinkPreset {
  std::string_view name;
  std::string_view source;
  ChannelSettings up, down;
};

std::span<const LinkPreset> link_presets();

}  // namespace wirelab
