// The statistics of a sweep: of one metric over the seeds of one combination, and of its differences between two combinations
// under the same seeds. They stand outside of the digest; sums run in the order of the seeds.
//
// Means come with Student's t interval, which holds where the mean is close to normal: many seeds, or values that are not far
// from it. Quantiles come with an interval of order statistics, which holds whatever the distribution: the number of values
// below a quantile is binomial (H. A. David and H. N. Nagaraja, Order Statistics, 3rd edition, section 7.1). With few seeds
// there is none that reaches 95 %: a median needs six.
#pragma once

#include <limits>
#include <vector>

namespace wirelab {

struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();  // no number: there is none
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct MeanOf {
  std::size_t count = 0;
  double mean = 0, deviation = 0;  // of the sample, by n - 1
  Interval interval;               // 95 %; none of fewer than two values
};
MeanOf mean_of(const std::vector<double>& values);

struct QuantileOf {
  double value = 0;
  Interval interval;  // at least 95 %
};
/// `sorted` is not empty; 0 < q < 1. The value is interpolated between the two nearest (type 7 of Hyndman and Fan).
QuantileOf quantile_of(const std::vector<double>& sorted, double q);

}  // namespace wirelab
