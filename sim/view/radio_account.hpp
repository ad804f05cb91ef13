// The energy of one radio, told from its state records alone: see RadioMeter, which writes them.
#pragma once

#include <array>
#include <cstdint>

#include "sim/trace/radio_energy.hpp"
#include "sim/trace/record.hpp"

namespace wirelab {

struct RadioAccount {
  static constexpr std::size_t kStates = static_cast<std::size_t>(RadioState::count_);
  std::array<std::int64_t, kStates> microwatts{};
  std::array<std::int64_t, kStates> ns{};  // in each state, before the present one began
  std::int64_t since = 0;
  RadioState state = RadioState::off;

  static bool follows(Field field) { return field >= Field::radio_state && field <= Field::radio_power; }
  /// A state record of one of these fields.
  void take(const Record& record) {
    switch (static_cast<Field>(record.field)) {
      case Field::radio_power: microwatts[record.key] = record.b; break;
      case Field::radio_time: ns[record.key] = record.b; break;
      case Field::radio_since: since = record.b; break;
      case Field::radio_state: state = static_cast<RadioState>(record.b); break;
      default: break;
    }
  }
  /// Nanoseconds until `now`.
  std::int64_t time_in(RadioState which, std::int64_t now) const {
    return ns[static_cast<std::size_t>(which)] + (which == state ? now - since : 0);
  }
  double millijoules(std::int64_t now) const {
    double sum = 0;
    for (std::size_t i = 0; i < kStates; ++i)
      sum += radio_millijoules(microwatts[i], time_in(static_cast<RadioState>(i), now));
    return sum;
  }
};

}  // namespace wirelab
