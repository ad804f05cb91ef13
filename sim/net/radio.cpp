#include "sim/net/radio.hpp"

#include <algorithm>

#include "sim/kernel/mathematics.hpp"

namespace wirelab::radio {
namespace {

constexpr double kLn10 = 2.302585092994045684;
constexpr double kMegahertz = 2437;  // channel 6
constexpr double kMargin = 5;        // dB over the sensitivity, for fading

double log10_of(double x) { return mathematics::log(x) / kLn10; }

Duration symbols(std::uint32_t bits, std::uint32_t bits_per_symbol) {
  return Duration::microseconds(4) * static_cast<std::int64_t>((bits + bits_per_symbol - 1) / bits_per_symbol);
}

}  // namespace

double received_power(double transmit_dbm, double metres, double walls_db) {
  const double loss = 20 * log10_of(kMegahertz) + 28 * log10_of(std::max(metres, 1.0)) - 28;
  return transmit_dbm - loss - walls_db;
}

double distance_of(double transmit_dbm, double received_dbm) {
  const double loss = transmit_dbm - received_dbm;
  return std::max(mathematics::exp((loss + 28 - 20 * log10_of(kMegahertz)) / 28 * kLn10), 1.0);
}

std::size_t best_rate(double dbm) {
  std::size_t rate = kRates.size() - 1;
  while (rate > 0 && dbm < kRates[rate].sensitivity_dbm + kMargin) --rate;
  return rate;
}

double frame_error(std::size_t rate, double dbm, std::uint32_t bytes) {
  const double margin = std::clamp(dbm - kRates[rate].sensitivity_dbm, -3.0, 12.0);
  const double of_4096 = std::min(0.1 * mathematics::exp(-kLn10 * margin), 0.999999);
  return 1 - mathematics::exp(mathematics::log(1 - of_4096) * static_cast<double>(bytes) / 4096);
}

Duration data_time(std::size_t rate, std::uint32_t bytes) {
  constexpr Duration kPreamble = Duration::microseconds(36), kExtension = Duration::microseconds(6);
  return kPreamble + symbols(16 + 8 * bytes + 6, kRates[rate].bits_per_symbol) + kExtension;
}

Duration management_time(std::uint32_t bytes) {
  constexpr Duration kPreamble = Duration::microseconds(20), kExtension = Duration::microseconds(6);
  return kPreamble + symbols(16 + 8 * bytes + 6, 24) + kExtension;
}

}  // namespace wirelab::radio
