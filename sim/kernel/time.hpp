// Simulated time: an Instant on the clock of one simulation and a Duration between two instants, both a signed 64-bit
// count of nanoseconds (about 292 years). They are two types, so that two instants cannot be added. Arithmetic that
// would overflow is a fault of our own code and stops the program: text and script values are bounded where they
// enter (see units.hpp).
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "sim/kernel/check.hpp"

namespace wirelab {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration nanoseconds(std::int64_t n) { return Duration(n); }
  static constexpr Duration microseconds(std::int64_t n) { return Duration(n) * 1'000; }
  static constexpr Duration milliseconds(std::int64_t n) { return Duration(n) * 1'000'000; }
  static constexpr Duration seconds(std::int64_t n) { return Duration(n) * 1'000'000'000; }

  constexpr std::int64_t ns() const { return ns_; }
  /// Seconds for people and statistics, never for a decision of the simulation.
  constexpr double in_seconds() const { return static_cast<double>(ns_) / 1e9; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator-() const { return Duration(-ns_); }

  friend constexpr Duration operator+(Duration a, Duration b) {
    std::int64_t sum = 0;
    check(!__builtin_add_overflow(a.ns_, b.ns_, &sum), "a sum of durations fits 64 bits");
    return Duration(sum);
  }
  friend constexpr Duration operator-(Duration a, Duration b) {
    std::int64_t difference = 0;
    check(!__builtin_sub_overflow(a.ns_, b.ns_, &difference), "a difference of durations fits 64 bits");
    return Duration(difference);
  }
  friend constexpr Duration operator*(Duration a, std::int64_t factor) {
    std::int64_t product = 0;
    check(!__builtin_mul_overflow(a.ns_, factor, &product), "a multiple of a duration fits 64 bits");
    return Duration(product);
  }
  friend constexpr Duration operator/(Duration a, std::int64_t divisor) { return Duration(a.ns_ / divisor); }
  constexpr Duration& operator+=(Duration other) { return *this = *this + other; }

 private:
  constexpr explicit Duration(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

class Instant {
 public:
  /// The start of a simulation.
  constexpr Instant() = default;
  static constexpr Instant from_ns(std::int64_t ns) { return Instant(ns); }
  /// Later than every instant that happens; what a timer that is not armed is due at.
  static constexpr Instant never() { return Instant(std::numeric_limits<std::int64_t>::max()); }

  constexpr std::int64_t ns() const { return ns_; }
  constexpr double in_seconds() const { return static_cast<double>(ns_) / 1e9; }

  constexpr auto operator<=>(const Instant&) const = default;

  friend constexpr Instant operator+(Instant at, Duration d) {
    std::int64_t sum = 0;
    check(!__builtin_add_overflow(at.ns_, d.ns(), &sum), "an instant fits 64 bits");
    return Instant(sum);
  }
  friend constexpr Instant operator-(Instant at, Duration d) { return at + (-d); }
  friend constexpr Duration operator-(Instant a, Instant b) {
    std::int64_t difference = 0;
    check(!__builtin_sub_overflow(a.ns_, b.ns_, &difference), "the time between two instants fits 64 bits");
    return Duration::nanoseconds(difference);
  }

 private:
  constexpr explicit Instant(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

}  // namespace wirelab
