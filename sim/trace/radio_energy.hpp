// Energy from the state records of a radio: so many nanoseconds in a state that draws so many microwatts.
#pragma once

#include <cstdint>

namespace wirelab {

/// A microwatt for a nanosecond is a femtojoule.
constexpr double radio_millijoules(std::int64_t microwatts, std::int64_t ns) {
  return static_cast<double>(microwatts) * static_cast<double>(ns) * 1e-12;
}

}  // namespace wirelab
