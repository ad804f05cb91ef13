// mosquitto.conf, as much of it as `wirelab serve --config` knows.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "live/settings.hpp"

namespace wirelab::live {

/// Reads the file into `settings`. An error names file and line, what is wrong there, and what was probably meant.
tl::expected<void, std::string> read_config(const std::string& path, Settings& settings);

/// The options that are known, a line each, for people.
std::string config_help();

}  // namespace wirelab::live
