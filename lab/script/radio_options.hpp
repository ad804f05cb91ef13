// The option "radio" of a device: what its radio draws.
#pragma once

#include <string>

#include "lab/script/options.hpp"
#include "sim/device/radio_power.hpp"

namespace wirelab::script {

/// radio = "esp32", or { model = "lte-m", transmit = 400, tail = "5s" } with powers in mW. Nothing where there is none.
std::optional<RadioPower> read_radio(lua_State* L, Options& options, const std::string& where);

}  // namespace wirelab::script
