// What a radio draws in each of its states, by model, with the source of each figure. The power is that of the whole chip or
// module, as data sheets give it, so a radio's energy includes what its processor needs to run it, and not what sensors and
// programs add.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/kernel/time.hpp"
#include "sim/trace/vocabulary.hpp"

namespace wirelab {

struct RadioPower {
  std::string_view name;
  std::string_view source;
  /// Microwatts by RadioState.
  std::array<std::int64_t, static_cast<std::size_t>(RadioState::count_)> microwatts{};
  /// How long it stays idle after the last packet before it sleeps; 0: it sleeps only where it is told to.
  Duration tail;
};

std::span<const RadioPower> radio_models();

}  // namespace wirelab
