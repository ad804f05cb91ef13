#include "sim/protocol/http/http_date.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace wirelab::http {
namespace {

constexpr std::int64_t kDay = 86'400;

struct Date {
  std::int64_t year, month, day, second;  // month and day from 1; second of the day
  std::size_t weekday;                    // 0: Sunday
};

bool is_leap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

Date date_of(std::int64_t seconds) {
  std::int64_t days = seconds / kDay;
  Date date{1970, 1, 1, seconds % kDay, 0};
  if (date.second < 0) date.second += kDay, --days;
  date.weekday = static_cast<std::size_t>(((days + 4) % 7 + 7) % 7);  // 1 January 1970 was a Thursday
  // The Gregorian calendar repeats itself every 400 years, which are 146,097 days.
  const std::int64_t eras = days >= 0 ? days / 146'097 : (days - 146'096) / 146'097;
  date.year += 400 * eras;
  days -= 146'097 * eras;
  for (; days >= (is_leap(date.year) ? 366 : 365); ++date.year) days -= is_leap(date.year) ? 366 : 365;
  const std::array<int, 12> lengths{31, is_leap(date.year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (const int length : lengths) {
    if (days < length) break;
    days -= length;
    ++date.month;
  }
  date.day += days;
  return date;
}

}  // namespace

std::string http_date(std::int64_t seconds) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Date d = date_of(seconds);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[d.weekday], d.day,
                     kMonths[static_cast<std::size_t>(d.month - 1)], d.year, d.second / 3600, d.second / 60 % 60,
                     d.second % 60);
}

std::string iso_date(std::int64_t seconds) {
  const Date d = date_of(seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", d.year, d.month, d.day, d.second / 3600,
                     d.second / 60 % 60, d.second % 60);
}

}  // namespace wirelab::http
