#include "sim/kernel/mathematics.hpp"

#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

#include "sim/kernel/check.hpp"
#include "sim/kernel/wide.hpp"

static_assert(FLT_EVAL_METHOD == 0, "doubles must be computed as doubles: build for SSE2 or a like unit");

namespace wirelab::mathematics {
namespace {

constexpr double kLn2High = 0x1.62e42fee00000p-1;  // the leading bits of ln 2, so that k * kLn2High is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kPi = 0x1.921fb54442d18p+1;
constexpr double kHalfPi = 0x1.921fb54442d18p+0;
// pi / 2 in three parts of 33 bits, so that k times a part is exact for k below 2^20
constexpr double kHalfPi1 = 0x1.921fb54400000p+0;
constexpr double kHalfPi2 = 0x1.0b4611a600000p-34;
constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// x in [-pi/4, pi/4], by the Taylor series: the first term left out is below 1e-18.
double sin_core(double x) {
  const double z = x * x;
  double sum = 0.0;
  for (int n = 19; n >= 3; n -= 2) sum = (1.0 + sum) * (-z / static_cast<double>((n - 1) * n));
  return x + x * sum;
}

double cos_core(double x) {
  const double z = x * x;
  double sum = 0.0;
  for (int n = 18; n >= 2; n -= 2) sum = (1.0 + sum) * (-z / static_cast<double>((n - 1) * n));
  return 1.0 + sum;
}

// The quadrant of x and what is left of it.
int reduce(double x, double& rest) {
  if (std::fabs(x) > 1e6) x = std::fmod(x, 4.0 * kHalfPi);
  const double k = std::floor(x / kHalfPi + 0.5);
  rest = ((x - k * kHalfPi1) - k * kHalfPi2) - k * kHalfPi3;
  return static_cast<int>(static_cast<std::int64_t>(k) & 3);
}

// x not below 0. Brought below tan(pi/8) by atan x = pi/2 - atan(1/x) and atan x = pi/4 + atan((x - 1) / (x + 1)).
double atan_core(double x) {
  if (x > 1.0) return kHalfPi - atan_core(1.0 / x);
  if (x > 0x1.a827999fcef32p-2) return kHalfPi / 2.0 + atan_core((x - 1.0) / (x + 1.0));
  const double z = x * x;
  double sum = 0.0;
  for (int n = 45; n >= 3; n -= 2) sum = -z * (1.0 / static_cast<double>(n) + sum);
  return x + x * sum;
}

}  // namespace

double log(double x) {
  if (x != x || x < 0.0) return kNaN;
  if (x == 0.0) return -kInfinity;
  if (x == kInfinity) return x;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // in [0.5, 1)
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2.0;
    --exponent;
  }
  // log m = 2 atanh(s) with |s| below 0.172
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double sum = 0.0;
  for (int n = 23; n >= 3; n -= 2) sum = z * (1.0 / static_cast<double>(n) + sum);
  const double k = exponent;
  return k * kLn2High + (2.0 * s + (2.0 * s * sum + k * kLn2Low));
}

double exp(double x) {
  if (x != x) return x;
  if (x > 709.782712893384) return kInfinity;
  if (x < -745.2) return 0.0;
  const double k = std::floor(x * 0x1.71547652b82fep+0 + 0.5);
  const double high = x - k * kLn2High;
  const double r = high - k * kLn2Low;
  double sum = 0.0;
  for (int n = 14; n >= 2; --n) sum = (1.0 + sum) * (r / static_cast<double>(n));
  return std::ldexp(1.0 + r * (1.0 + sum), static_cast<int>(k));
}

double pow(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (x != x || y != y) return kNaN;
  const bool whole = std::floor(y) == y;
  if (whole && std::fabs(y) <= 64.0) {
    double result = 1.0;
    double base = x;
    for (auto n = static_cast<std::int64_t>(std::fabs(y)); n > 0; n >>= 1) {
      if (n & 1) result *= base;
      base *= base;
    }
    return y < 0.0 ? 1.0 / result : result;
  }
  if (y == 0.5) return std::sqrt(x);
  if (x == 0.0) return y > 0.0 ? 0.0 : kInfinity;
  if (x < 0.0) {
    if (!whole) return kNaN;
    const bool odd = std::fmod(y, 2.0) != 0.0;
    const double size = pow(-x, y);
    return odd ? -size : size;
  }
  return exp(y * log(x));
}

double sin(double x) {
  if (x != x || std::fabs(x) == kInfinity) return kNaN;
  double r = 0.0;
  switch (reduce(x, r)) {
    case 0: return sin_core(r);
    case 1: return cos_core(r);
    case 2: return -sin_core(r);
    default: return -cos_core(r);
  }
}

double cos(double x) {
  if (x != x || std::fabs(x) == kInfinity) return kNaN;
  double r = 0.0;
  switch (reduce(x, r)) {
    case 0: return cos_core(r);
    case 1: return -sin_core(r);
    case 2: return -cos_core(r);
    default: return sin_core(r);
  }
}

double tan(double x) {
  const double s = sin(x);
  const double c = cos(x);
  return s / c;
}

double atan2(double y, double x) {
  if (x != x || y != y) return kNaN;
  if (y == 0.0) return x < 0.0 || (x == 0.0 && std::signbit(x)) ? std::copysign(kPi, y) : y;
  if (x == 0.0) return std::copysign(kHalfPi, y);
  if (std::fabs(x) == kInfinity && std::fabs(y) == kInfinity) {
    return std::copysign(x > 0.0 ? kHalfPi / 2.0 : 1.5 * kHalfPi, y);
  }
  const double ratio = std::fabs(y) / std::fabs(x);
  double angle = ratio > 1e18 ? kHalfPi : atan_core(ratio);
  if (x < 0.0) angle = kPi - angle;
  return std::copysign(angle, y);
}

double asin(double x) { return x >= -1.0 && x <= 1.0 ? atan2(x, std::sqrt((1.0 - x) * (1.0 + x))) : kNaN; }
double acos(double x) { return x >= -1.0 && x <= 1.0 ? atan2(std::sqrt((1.0 - x) * (1.0 + x)), x) : kNaN; }

std::uint64_t multiply_divide_up(std::uint64_t a, std::uint64_t b, std::uint64_t divisor) {
  const WideUnsigned product = static_cast<WideUnsigned>(a) * b;
  const WideUnsigned quotient = (product + divisor - 1) / divisor;
  check(quotient <= std::numeric_limits<std::uint64_t>::max(), "a scaled number fits 64 bits");
  return static_cast<std::uint64_t>(quotient);
}

}  // namespace wirelab::mathematics
