#include "sim/wire/url.hpp"

#include <algorithm>
#include <charconv>

namespace wirelab::wire {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::string Url::authority() const { return port == 80 ? host : host + ":" + std::to_string(port); }

tl::expected<Url, std::string> parse_url(std::string_view text) {
  const auto wrong = [text](std::string_view why) {
    return tl::make_unexpected("\"" + std::string(text) + "\" " + std::string(why) +
                               ": write http://HOST/PATH, as http://cloud/api/v1/data");
  };
  std::string_view rest = text;
  if (rest.starts_with("https://")) return wrong("asks for HTTPS, which is not there yet");
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.find("://") < rest.find('/')) return wrong("has a scheme that is not http");
  Url url;
  const std::size_t end = std::min({rest.find('/'), rest.find('?'), rest.size()});
  const std::string_view authority = rest.substr(0, end);
  const std::size_t colon = std::min(authority.rfind(':'), authority.size());
  for (const char c : authority.substr(0, colon)) {
    const bool fits =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    if (!fits) return wrong("has a host with a character that no host has");
    url.host += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (url.host.empty()) return wrong("has no host");
  if (colon < authority.size()) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc() || last != digits.data() + digits.size() || url.port == 0)
      return wrong("has a port that is none");
  }
  const std::string_view target = rest.substr(end, rest.find('#') - end);
  const bool clean = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!clean) return wrong("has a space or a letter that must be written as %XX");
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::optional<std::string> percent_decoded(std::string_view text, bool is_form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += is_form && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit_of(text[i + 1]) < 0 || digit_of(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
    i += 2;
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> values;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    if (!pair.empty()) values.emplace_back(std::move(*name), std::move(*value));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return values;
}

std::optional<std::vector<std::string>> path_of(std::string_view target) {
  std::string_view rest = target.substr(0, std::min(target.find('?'), target.size()));
  if (!rest.starts_with('/')) return std::nullopt;
  std::vector<std::string> parts;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    auto part = percent_decoded(rest.substr(0, end), false);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    rest.remove_prefix(end);
  }
  return parts;
}

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

}  // namespace wirelab::wire
