// The version of the program, as `wirelab --version` says it and as every journal keeps it.
#pragma once

#include <string_view>

namespace wirelab {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace wirelab
