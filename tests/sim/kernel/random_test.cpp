#include "sim/kernel/random.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <vector>

#include "sim/kernel/mathematics.hpp"

using namespace wirelab;

TEST_CASE("Philox4x32-10 gives the known answer of its authors") {
  // Random123's kat_vectors: "philox4x32 10", key and counter zero, gives 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  RandomStream zero;
  CHECK(zero.bits() == 0xe169c58d6627e8d5ULL);
  CHECK(zero.bits() == 0x9b00dbd8bc57ac4cULL);
}

// Pinned: what every compiler and machine must draw for this name.
TEST_CASE("every kind of draw is pinned by value") {
  const auto stream = [] { return RandomStream(7, "sensor-001", "jitter"); };
  RandomStream bits = stream(), below = stream(), unit = stream(), between = stream();
  RandomStream exponential = stream(), normal = stream(), pareto = stream(), chance = stream();
  CHECK(bits.bits() == 0xb38a699f87966fb0ULL);
  CHECK(bits.bits() == 0x418ad166a4be7d7ULL);
  CHECK(below.below(1000) == 701);
  CHECK(unit.unit() == 0x1.6714d33f0f2cdp-1);
  CHECK(between.between(Duration::milliseconds(-5), Duration::milliseconds(5)).ns() == 2013308);
  CHECK(exponential.exponential(1.0) == 0x1.355aeac215c14p+0);
  CHECK(normal.normal() == 0x1.d5d5e563a72e8p-2);
  CHECK(pareto.pareto(1.0, 3.0) == 0x1.7efaf6b6278e8p+0);
  std::uint32_t hits = 0;
  for (int i = 0; i < 32; ++i) hits = (hits << 1) | (chance.chance(Probability::of(0.25)) ? 1u : 0u);
  CHECK(hits == 0x530d8169u);
}

TEST_CASE("a stream depends on each part of its name and on nothing else") {
  const std::uint64_t first = RandomStream(1, "a", "b").bits();
  CHECK(RandomStream(1, "a", "b").bits() == first);
  CHECK(RandomStream(2, "a", "b").bits() != first);
  CHECK(RandomStream(1, "ab", "").bits() != first);
  CHECK(RandomStream(1, "", "ab").bits() != first);
}

TEST_CASE("probabilities of 0 and 1 are exact") {
  RandomStream random(1, "x", "y");
  for (int i = 0; i < 1000; ++i) {
    REQUIRE_FALSE(random.chance(Probability::of(0.0)));
    REQUIRE(random.chance(Probability::of(1.0)));
  }
}

// The tests below compare a sample of n with what the distribution says, within 4.5 standard errors.
TEST_CASE("draws have the mean and spread of their distributions") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  constexpr int n = 40000;
  RandomStream random(seed, "sample", "test");
  const auto mean_of = [&](auto draw) {
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; ++i) {
      const double x = draw();
      sum += x;
      squares += x * x;
    }
    const double mean = sum / n;
    return std::pair{mean, squares / n - mean * mean};
  };
  const double error = 4.5 / std::sqrt(double{n});
  const auto [u_mean, u_variance] = mean_of([&] { return random.unit(); });
  CHECK(std::fabs(u_mean - 0.5) < error * std::sqrt(1.0 / 12));
  CHECK(std::fabs(u_variance - 1.0 / 12) < 0.01);
  const auto [e_mean, e_variance] = mean_of([&] { return random.exponential(2.0); });
  CHECK(std::fabs(e_mean - 2.0) < error * 2.0);
  CHECK(std::fabs(e_variance - 4.0) < 0.4);
  const auto [n_mean, n_variance] = mean_of([&] { return random.normal(); });
  CHECK(std::fabs(n_mean) < error);
  CHECK(std::fabs(n_variance - 1.0) < 0.06);
  const auto [p_mean, p_variance] = mean_of([&] { return random.pareto(1.0, 5.0); });
  CHECK(std::fabs(p_mean - 1.25) < error * std::sqrt(5.0 / 48));
  CHECK(p_variance > 0.05);
  const auto [c_mean, c_variance] = mean_of([&] { return random.chance(Probability::of(0.1)) ? 1.0 : 0.0; });
  CHECK(std::fabs(c_mean - 0.1) < error * 0.3);
  const auto [b_mean, b_variance] = mean_of([&] { return static_cast<double>(random.below(7)); });
  CHECK(std::fabs(b_mean - 3.0) < error * 2.0);
}

// The oracle is the C library, which is right to the last bit or nearly so; only ours is the same everywhere.
TEST_CASE("the portable functions agree with the C library to a few units in the last place") {
  RandomStream random(11, "mathematics", "test");
  const auto near = [](double ours, double theirs, double relative) {
    return ours == theirs || std::fabs(ours - theirs) <= relative * std::fabs(theirs) + 1e-300;
  };
  for (int i = 0; i < 20000; ++i) {
    const double wide = std::ldexp(random.unit() + 0.5, static_cast<int>(random.below(400)) - 200);
    const double angle = (random.unit() - 0.5) * 1000.0;
    const double small = (random.unit() - 0.5) * 2.0;
    CAPTURE(wide, angle, small);
    REQUIRE(near(mathematics::log(wide), std::log(wide), 1e-15));
    REQUIRE(near(mathematics::exp(angle * 0.7), std::exp(angle * 0.7), 1e-13));
    REQUIRE(std::fabs(mathematics::sin(angle) - std::sin(angle)) < 4e-16);
    REQUIRE(std::fabs(mathematics::cos(angle) - std::cos(angle)) < 4e-16);
    REQUIRE(near(mathematics::atan2(small, angle), std::atan2(small, angle), 1e-15));
    REQUIRE(near(mathematics::asin(small), std::asin(small), 2e-15));
    REQUIRE(near(mathematics::acos(small), std::acos(small), 1e-14));
    REQUIRE(near(mathematics::pow(wide, small), std::pow(wide, small), 1e-13));
  }
  CHECK(mathematics::pow(2.0, 10.0) == 1024.0);
  CHECK(mathematics::pow(-2.0, 3.0) == -8.0);
  CHECK(mathematics::pow(10.0, -2.0) == 0.01);
  CHECK(mathematics::pow(9.0, 0.5) == 3.0);
  CHECK(std::isnan(mathematics::pow(-2.0, 0.3)));
  CHECK(mathematics::log(0.0) == -INFINITY);
  CHECK(std::isnan(mathematics::log(-1.0)));
  CHECK(mathematics::exp(1000.0) == INFINITY);
  CHECK(mathematics::exp(-1000.0) == 0.0);
}

TEST_CASE("scaled integers round up and keep all bits") {
  CHECK(mathematics::multiply_divide_up(8 * 1500, 1'000'000'000, 9600) == 1'250'000'000);
  CHECK(mathematics::multiply_divide_up(8, 1'000'000'000, 9600) == 833'334);
  CHECK(mathematics::multiply_divide_up(1ULL << 62, 3, 1ULL << 61) == 6);
}
