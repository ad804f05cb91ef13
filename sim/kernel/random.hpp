// Random streams. A stream is named by (seed, entity, purpose), so that adding a device, or a draw in one place, changes no
// other stream. Draw n of a stream is a pure function of its name and n: Philox4x32-10 (Salmon et al., SC'11, from
// the Random123 library) with the seed as key and (n, hash of the names) as counter. A stream is 24 bytes.
//
// Every draw is portable: integers, exact arithmetic and the functions of mathematics.hpp only.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/kernel/time.hpp"

namespace wirelab {

/// A probability as an integer ratio n / 2^64. 1 is kept as a case of its own.
class Probability {
 public:
  constexpr Probability() = default;
  /// The nearest ratio to `p`, which must lie in [0, 1].
  static Probability of(double p);
  bool never() const { return threshold_ == 0 && !always_; }
  bool always() const { return always_; }
  double value() const;
  bool operator==(const Probability&) const = default;

 private:
  friend class RandomStream;
  std::uint64_t threshold_ = 0;
  bool always_ = false;
};

class RandomStream {
 public:
  RandomStream() = default;
  RandomStream(std::uint64_t seed, std::string_view entity, std::string_view purpose);

  /// 64 random bits.
  std::uint64_t bits();
  /// A whole number in [0, count), each as likely; count must not be 0. Multiply-high with rejection, so without bias.
  std::uint64_t below(std::uint64_t count);
  /// A multiple of 2^-53 in [0, 1).
  double unit();
  /// True with the given probability. Always takes one draw, so that a changed probability shifts no later draw.
  bool chance(Probability p);
  /// Uniform in [low, high], both in nanoseconds inclusive.
  Duration between(Duration low, Duration high);
  /// Exponential with the given mean, above 0.
  double exponential(double mean);
  /// Standard normal, by the polar method of Marsaglia.
  double normal();
  /// Pareto with the given smallest value and shape (alpha), both above 0. The mean is infinite for a shape up to 1.
  double pareto(double smallest, double shape);

 private:
  std::uint64_t seed_ = 0;
  std::uint64_t name_ = 0;
  std::uint64_t draws_ = 0;
};

}  // namespace wirelab
