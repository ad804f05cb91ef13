// The calendar as HTTP and JSON write it, in UTC.
#pragma once

#include <cstdint>
#include <string>

namespace wirelab::http {

/// "Wed, 02 Mar 2022 21:44:20 GMT" (RFC 9110, 5.6.7), of seconds since 1970.
std::string http_date(std::int64_t seconds);
/// "2022-03-02T21:44:20Z" (RFC 3339).
std::string iso_date(std::int64_t seconds);

}  // namespace wirelab::http
