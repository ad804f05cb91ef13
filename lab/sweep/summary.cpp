#include "lab/sweep/summary.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace wirelab {
namespace {

constexpr double kLevel = 0.95;

}  // namespace

MeanOf mean_of(const std::vector<double>& values) {
  MeanOf result;
  result.count = values.size();
  if (values.empty()) return result;
  double sum = 0;
  for (const double value : values) sum += value;
  const auto n = static_cast<double>(values.size());
  result.mean = sum / n;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / (n - 1));
  const boost::math::students_t t(n - 1);
  const double half = boost::math::quantile(t, 0.5 + kLevel / 2) * result.deviation / std::sqrt(n);
  result.interval = {result.mean - half, result.mean + half};
  return result;
}

QuantileOf quantile_of(const std::vector<double>& sorted, double q) {
  const std::size_t n = sorted.size();
  const double place = q * static_cast<double>(n - 1);
  const auto below = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(below);
  QuantileOf result;
  result.value = below + 1 < n ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted[below];
  // Of the pairs of order statistics (l, u), counted from 1, with P(l <= B < u) of at least the level, B binomial(n, q), the
  // one with the fewest values between.
  const boost::math::binomial b(static_cast<double>(n), q);
  std::vector<double> below_rank(n + 1);  // P(B < k)
  for (std::size_t k = 1; k <= n; ++k) below_rank[k] = boost::math::cdf(b, static_cast<double>(k) - 1);
  std::size_t width = n;
  std::size_t u = 2;
  for (std::size_t l = 1; l <= n; ++l) {
    u = std::max(u, l + 1);
    while (u <= n && below_rank[u] - below_rank[l] < kLevel) ++u;
    if (u > n) break;
    if (u - l >= width) continue;
    width = u - l;
    result.interval = {sorted[l - 1], sorted[u - 1]};
  }
  return result;
}

}  // namespace wirelab
