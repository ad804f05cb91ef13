// The statistics of a sweep, against published values and against what they promise.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "lab/sweep/summary.hpp"
#include "sim/kernel/random.hpp"

using namespace wirelab;

TEST_CASE("Student's t interval, against the textbook's table") {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: t(0.975, 4) = 2.776, t(0.975, 9) = 2.262.
  const MeanOf five = mean_of({1, 2, 3, 4, 5});
  CHECK(five.mean == 3);
  CHECK(five.deviation == Approx(std::sqrt(2.5)));
  CHECK((five.interval.high - 3) * std::sqrt(5.0) / std::sqrt(2.5) == Approx(2.776).epsilon(2e-4));
  const MeanOf ten = mean_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK((ten.interval.high - ten.mean) * std::sqrt(10.0) / ten.deviation == Approx(2.262).epsilon(2e-4));
  CHECK(std::isnan(mean_of({7}).interval.low));
  CHECK(mean_of({}).count == 0);
}

TEST_CASE("order statistics of a median, against the textbook's table") {
  // J. D. Gibbons, Nonparametric Statistical Inference, table G: of 10 values the 2nd and the 9th hold the median with 97.9 %,
  // of 6 the least and the most with 96.9 %; of 5 no pair reaches 95 %.
  std::vector<double> values;
  for (int i = 1; i <= 10; ++i) values.push_back(i);
  const QuantileOf ten = quantile_of(values, 0.5);
  CHECK(ten.value == 5.5);
  CHECK(ten.interval.low == 2);
  CHECK(ten.interval.high == 9);
  values.resize(6);
  CHECK(quantile_of(values, 0.5).interval.low == 1);
  CHECK(quantile_of(values, 0.5).interval.high == 6);
  values.resize(5);
  CHECK(std::isnan(quantile_of(values, 0.5).interval.low));
  CHECK(quantile_of({3}, 0.95).value == 3);
}

TEST_CASE("95 of 100 intervals hold what they are about") {
  // Of 2,000 experiments with 30 values each; outside of four deviations of a binomial count something is wrong.
  RandomStream stream(1, "summary", "test");
  int mean_holds = 0, median_holds = 0, tail_holds = 0;
  constexpr int kTimes = 2000;
  for (int i = 0; i < kTimes; ++i) {
    std::vector<double> values(30);
    for (double& value : values) value = stream.normal();
    const MeanOf mean = mean_of(values);
    mean_holds += mean.interval.low <= 0 && 0 <= mean.interval.high;
    std::sort(values.begin(), values.end());
    const QuantileOf median = quantile_of(values, 0.5);
    median_holds += median.interval.low <= 0 && 0 <= median.interval.high;
    const QuantileOf tail = quantile_of(values, 0.8);
    tail_holds += tail.interval.low <= 0.841621 && 0.841621 <= tail.interval.high;
  }
  const double off = 4 * std::sqrt(0.95 * 0.05 * kTimes);
  CHECK(std::abs(mean_holds - 0.95 * kTimes) < off);
  CHECK(median_holds > 0.95 * kTimes - off);
  CHECK(tail_holds > 0.95 * kTimes - off);
}
