#include "sim/kernel/random.hpp"

#define XXH_INLINE_ALL
#include <Random123/philox.h>
#include <xxhash.h>

#include <cmath>
#include <string>

#include "sim/kernel/mathematics.hpp"
#include "sim/kernel/wide.hpp"

namespace wirelab {

Probability Probability::of(double p) {
  check(p >= 0.0 && p <= 1.0, "a probability lies in [0, 1]");
  Probability result;
  result.always_ = p == 1.0;
  if (!result.always_) result.threshold_ = static_cast<std::uint64_t>(std::ldexp(p, 64));
  return result;
}

double Probability::value() const { return always_ ? 1.0 : std::ldexp(static_cast<double>(threshold_), -64); }

RandomStream::RandomStream(std::uint64_t seed, std::string_view entity, std::string_view purpose) : seed_(seed) {
  std::string name(entity);
  name += '\0';
  name += purpose;
  name_ = XXH3_64bits(name.data(), name.size());
}

std::uint64_t RandomStream::bits() {
  const std::uint64_t block = draws_ >> 1;
  const philox4x32_ctr_t counter = {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                                     static_cast<std::uint32_t>(name_), static_cast<std::uint32_t>(name_ >> 32)}};
  const philox4x32_key_t key = {{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}};
  const philox4x32_ctr_t out = philox4x32(counter, key);
  const std::size_t half = (draws_ & 1) * 2;
  ++draws_;
  return out.v[half] | (static_cast<std::uint64_t>(out.v[half + 1]) << 32);
}

std::uint64_t RandomStream::below(std::uint64_t count) {
  check(count > 0, "a draw is made among at least one number");
  for (;;) {
    const WideUnsigned product = static_cast<WideUnsigned>(bits()) * count;
    const auto low = static_cast<std::uint64_t>(product);
    if (low >= count || low >= (0 - count) % count) return static_cast<std::uint64_t>(product >> 64);
  }
}

double RandomStream::unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

bool RandomStream::chance(Probability p) { return (bits() < p.threshold_) | p.always_; }

Duration RandomStream::between(Duration low, Duration high) {
  check(low <= high, "a range runs from low to high");
  const auto width = static_cast<std::uint64_t>((high - low).ns()) + 1;
  return low + Duration::nanoseconds(static_cast<std::int64_t>(below(width)));
}

double RandomStream::exponential(double mean) {
  const double u = 1.0 - unit();  // in (0, 1]
  return -mathematics::log(u) * mean + 0.0;
}

double RandomStream::normal() {
  for (;;) {
    const double x = 2.0 * unit() - 1.0;
    const double y = 2.0 * unit() - 1.0;
    const double square = x * x + y * y;
    if (square >= 1.0 || square == 0.0) continue;
    return x * std::sqrt(-2.0 * mathematics::log(square) / square);
  }
}

double RandomStream::pareto(double smallest, double shape) {
  const double u = 1.0 - unit();
  return smallest * mathematics::exp(-mathematics::log(u) / shape);
}

}  // namespace wirelab
