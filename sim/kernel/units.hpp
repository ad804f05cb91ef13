// Quantities as people write them: "25ms", "10Mbit/s", "2%", "64KiB". One parser serves scenarios and the command line.
// An error says what is wrong and what to write instead. Also the way back: quantities as short text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sim/kernel/time.hpp"

namespace wirelab {

enum class Dimension : std::uint8_t { duration, rate, size, ratio };

/// Bounds that keep sums of user-given durations far from overflow.
inline constexpr Duration kLongestDuration = Duration::seconds(100LL * 366 * 86400);

/// A duration such as "1.5s", "10min" or "1h30min", in [0, 100 years].
tl::expected<Duration, std::string> parse_duration(std::string_view text);
/// Seconds as a number of a script, in the same range.
tl::expected<Duration, std::string> duration_from_seconds(double seconds);
/// Bits a second, such as "9600bit/s" or "10Mbit/s"; above 0, up to 1 Tbit/s.
tl::expected<std::int64_t, std::string> parse_rate(std::string_view text);
/// Bytes, such as "1500B", "64KiB" or "2MB"; up to 1 TB.
tl::expected<std::int64_t, std::string> parse_size(std::string_view text);
/// A part of 1, such as "2%" or "0.02", in [0, 1].
tl::expected<double, std::string> parse_ratio(std::string_view text);

/// "25 ms", "1.5 s", "10 min": at most four significant digits.
std::string format_duration(Duration d);
/// "0:00:03.025104000": exact, for transcripts.
std::string format_instant(Instant at);
std::string format_rate(std::int64_t bits_per_second);

}  // namespace wirelab
