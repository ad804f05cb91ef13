// URLs of HTTP (RFC 3986, RFC 9110 4.2), and forms: the little of them that devices and their clouds use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace wirelab::wire {

struct Url {
  std::string host;  // in lower case
  std::uint16_t port = 80;
  std::string target = "/";  // path and query
  /// "host", with ":port" where it is not 80: the Host field.
  std::string authority() const;
};
/// "http://cloud/api?x=1" or without the scheme. The error says what is wrong.
tl::expected<Url, std::string> parse_url(std::string_view text);

/// %41 is A, and in a form + is a space; empty if a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text, bool is_form);
/// "a=1&b=2", as it stands behind the ? of a target and in the body of a form. Empty where it is malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text);

/// A target's path, cut at its slashes and decoded: {"api", "v1", "data"}; empty if it is malformed.
std::optional<std::vector<std::string>> path_of(std::string_view target);
/// What stands behind the ? of a target.
std::string_view query_of(std::string_view target);

}  // namespace wirelab::wire
