// Values of parameters as numbers.
#include <cmath>
#include <cstdlib>

#include "lab/figure/figure.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

std::optional<double> plain(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> percent(const std::string& text) {
  return text.ends_with('%') ? plain(text.substr(0, text.size() - 1)) : plain(text) == 0.0 ? plain(text) : std::nullopt;
}

std::optional<double> seconds(const std::string& text) {
  const auto value = parse_duration(text);
  return value ? std::optional(value->in_seconds()) : std::nullopt;
}

std::optional<double> bits(const std::string& text) {
  const auto value = parse_rate(text);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

std::optional<double> bytes(const std::string& text) {
  const auto value = parse_size(text);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

struct Reading {
  std::optional<double> (*read)(const std::string&);
  const char* unit;
};
constexpr Reading kReadings[] = {{plain, ""}, {percent, "%"}, {seconds, "s"}, {bits, "bit/s"}, {bytes, "bytes"}};

}  // namespace

NumberedValues numbered(const std::vector<std::string>& values) {
  for (const Reading& reading : kReadings) {
    NumberedValues result{{}, reading.unit};
    for (const std::string& text : values) {
      const auto number = reading.read(text);
      if (!number) break;
      result.numbers.push_back(*number);
    }
    if (result.numbers.size() == values.size()) return result;
  }
  return {};
}

}  // namespace wirelab
