#include "sim/kernel/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include "sim/kernel/nearest.hpp"

namespace wirelab {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kDurations{Unit{"ns", 1},  Unit{"us", 1e3},   Unit{"µs", 1e3},   Unit{"ms", 1e6},
                                Unit{"s", 1e9}, Unit{"min", 60e9}, Unit{"h", 3600e9}, Unit{"d", 86400e9}};
constexpr std::array kRates{Unit{"bit/s", 1}, Unit{"kbit/s", 1e3}, Unit{"Mbit/s", 1e6}, Unit{"Gbit/s", 1e9},
                            Unit{"B/s", 8},   Unit{"kB/s", 8e3},   Unit{"MB/s", 8e6}};
constexpr std::array kSizes{Unit{"B", 1},         Unit{"kB", 1e3}, Unit{"KiB", 1024},      Unit{"MB", 1e6},
                            Unit{"MiB", 1048576}, Unit{"GB", 1e9}, Unit{"GiB", 1073741824}};
constexpr std::array kRatios{Unit{"%", 0.01}};

// Words that people write for a unit of ours, each with the one to write.
struct Alias {
  std::string_view written, unit;
};
constexpr std::array kAliases{
    Alias{"sec", "s"},       Alias{"secs", "s"},      Alias{"second", "s"},    Alias{"seconds", "s"},
    Alias{"m", "min"},       Alias{"mins", "min"},    Alias{"minutes", "min"}, Alias{"minute", "min"},
    Alias{"hr", "h"},        Alias{"hours", "h"},     Alias{"hour", "h"},      Alias{"days", "d"},
    Alias{"day", "d"},       Alias{"bps", "bit/s"},   Alias{"kbps", "kbit/s"}, Alias{"Kbps", "kbit/s"},
    Alias{"Mbps", "Mbit/s"}, Alias{"mbps", "Mbit/s"}, Alias{"Gbps", "Gbit/s"}, Alias{"bytes", "B"},
    Alias{"KB", "kB"},       Alias{"percent", "%"}};

struct Kind {
  std::string_view what, example;
  std::span<const Unit> units;
};

constexpr Kind kDurationKind{"a duration", "25ms", kDurations};
constexpr Kind kRateKind{"a rate", "10Mbit/s", kRates};
constexpr Kind kSizeKind{"a size", "64KiB", kSizes};
constexpr Kind kRatioKind{"a ratio", "2%", kRatios};

std::string unit_error(std::string_view word, std::string_view number, const Kind& kind) {
  std::vector<std::string_view> names;
  std::string list;
  std::string_view meant;
  for (const Unit& unit : kind.units) {
    names.push_back(unit.name);
    if (unit.name == "µs") continue;
    if (!list.empty()) list += ", ";
    list += unit.name;
  }
  for (const Alias& alias : kAliases) {
    if (alias.written == word && std::find(names.begin(), names.end(), alias.unit) != names.end()) meant = alias.unit;
  }
  if (meant.empty()) meant = nearest(word, names);
  std::string text =
      word.empty() ? fmt::format("\"{}\" has no unit", number) : fmt::format("unknown unit \"{}\"", word);
  text += fmt::format(" for {}", kind.what);
  if (!meant.empty()) text += fmt::format(": did you mean \"{}{}\"?", number, meant);
  return text + fmt::format(" (units: {})", list);
}

struct Part {
  double value = 0;
  std::string_view number;
  std::string_view word;
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Takes one number and the word behind it off the front of `text`.
tl::expected<Part, std::string> take_part(std::string_view& text, const Kind& kind, std::string_view whole) {
  Part part;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), part.value);
  if (code != std::errc{} || !std::isfinite(part.value)) {
    return tl::unexpected(
        fmt::format("\"{}\" is not {}: write a number and a unit, such as \"{}\"", whole, kind.what, kind.example));
  }
  part.number = text.substr(0, static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(part.number.size());
  text = trim(text);
  std::size_t length = 0;
  while (length < text.size() && !(text[length] >= '0' && text[length] <= '9') && text[length] != ' ') ++length;
  part.word = text.substr(0, length);
  text.remove_prefix(length);
  text = trim(text);
  return part;
}

const Unit* find_unit(const Kind& kind, std::string_view word) {
  for (const Unit& unit : kind.units) {
    if (unit.name == word) return &unit;
  }
  return nullptr;
}

// The sum of all parts, in the kind's base unit.
tl::expected<double, std::string> parse(std::string_view text, const Kind& kind, bool several) {
  const std::string_view whole = text;
  text = trim(text);
  double sum = 0;
  do {
    const auto part = take_part(text, kind, whole);
    if (!part) return tl::unexpected(part.error());
    const Unit* unit = find_unit(kind, part->word);
    if (unit == nullptr && part->word.empty() && &kind == &kRatioKind) {
      sum += part->value;
    } else if (unit == nullptr) {
      return tl::unexpected(unit_error(part->word, part->number, kind));
    } else {
      sum += part->value * unit->factor;
    }
  } while (!text.empty() && several);
  if (!text.empty()) {
    return tl::unexpected(fmt::format("\"{}\" is not {}: after the unit stands \"{}\"; write it as in \"{}\"", whole,
                                      kind.what, text, kind.example));
  }
  return sum;
}

std::string four_digits(double value) {
  std::string text = fmt::format("{:.4g}", value);
  if (text.find('e') != std::string::npos) text = fmt::format("{:.0f}", value);
  return text;
}

}  // namespace

tl::expected<Duration, std::string> duration_from_seconds(double seconds) {
  if (!(seconds >= 0.0)) return tl::unexpected(fmt::format("{} s is not a duration: it must not be below 0", seconds));
  if (seconds > kLongestDuration.in_seconds()) {
    return tl::unexpected(fmt::format("{:g} s is too long: a duration is at most 100 years", seconds));
  }
  return Duration::nanoseconds(static_cast<std::int64_t>(std::floor(seconds * 1e9 + 0.5)));
}

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
  const auto ns = parse(text, kDurationKind, true);
  if (!ns) return tl::unexpected(ns.error());
  if (*ns < 0) return tl::unexpected(fmt::format("\"{}\" is below 0: a duration is not", text));
  if (*ns > static_cast<double>(kLongestDuration.ns())) {
    return tl::unexpected(fmt::format("\"{}\" is too long: a duration is at most 100 years", text));
  }
  return Duration::nanoseconds(static_cast<std::int64_t>(std::floor(*ns + 0.5)));
}

tl::expected<std::int64_t, std::string> parse_rate(std::string_view text) {
  const auto rate = parse(text, kRateKind, false);
  if (!rate) return tl::unexpected(rate.error());
  if (*rate < 1 || *rate > 1e12) {
    return tl::unexpected(fmt::format("\"{}\" is out of range: a rate lies between 1bit/s and 1000Gbit/s", text));
  }
  return static_cast<std::int64_t>(*rate);
}

tl::expected<std::int64_t, std::string> parse_size(std::string_view text) {
  const auto size = parse(text, kSizeKind, false);
  if (!size) return tl::unexpected(size.error());
  if (*size < 0 || *size > 1e12) {
    return tl::unexpected(fmt::format("\"{}\" is out of range: a size lies between 0B and 1000GB", text));
  }
  return static_cast<std::int64_t>(*size);
}

tl::expected<double, std::string> parse_ratio(std::string_view text) {
  const auto ratio = parse(text, kRatioKind, false);
  if (!ratio) return tl::unexpected(ratio.error());
  if (*ratio < 0 || *ratio > 1) {
    return tl::unexpected(fmt::format("\"{}\" is out of range: a ratio lies between 0% and 100% (0 and 1)", text));
  }
  return *ratio;
}

std::string format_duration(Duration d) {
  const auto ns = static_cast<double>(d.ns());
  const double size = std::fabs(ns);
  if (size < 1e3) return fmt::format("{} ns", d.ns());
  if (size < 1e6) return four_digits(ns / 1e3) + " us";
  if (size < 1e9) return four_digits(ns / 1e6) + " ms";
  if (size < 120e9) return four_digits(ns / 1e9) + " s";
  if (size < 7200e9) return four_digits(ns / 60e9) + " min";
  if (size < 172800e9) return four_digits(ns / 3600e9) + " h";
  return four_digits(ns / 86400e9) + " d";
}

std::string format_instant(Instant at) {
  const std::int64_t seconds = at.ns() / 1'000'000'000;
  return fmt::format("{}:{:02}:{:02}.{:09}", seconds / 3600, seconds / 60 % 60, seconds % 60, at.ns() % 1'000'000'000);
}

std::string format_rate(std::int64_t rate) {
  const auto value = static_cast<double>(rate);
  if (rate < 1000) return fmt::format("{} bit/s", rate);
  if (rate < 1'000'000) return four_digits(value / 1e3) + " kbit/s";
  if (rate < 1'000'000'000) return four_digits(value / 1e6) + " Mbit/s";
  return four_digits(value / 1e9) + " Gbit/s";
}

}  // namespace wirelab
