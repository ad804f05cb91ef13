#include "sim/protocol/mqtt/access_lines.hpp"

#include <array>

#include "sim/kernel/nearest.hpp"

namespace wirelab::mqtt {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(kBlanks), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest = trimmed(rest.substr(end));
  return word;
}

std::string unknown(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view near = nearest(word, known);
  return "\"" + std::string(word) + "\" is no rule of an access list" +
         (near.empty() ? ": write user, topic or pattern" : ": did you mean \"" + std::string(near) + "\"?");
}

}  // namespace

tl::expected<void, std::string> AccessLines::take(std::string_view line) {
  std::string_view rest = trimmed(line);
  if (rest.empty() || rest.front() == '#') return {};
  const std::string_view word = take_word(rest);
  if (word != "user" && word != "topic" && word != "pattern")
    return tl::make_unexpected(unknown(word, {"user", "topic", "pattern"}));
  if (rest.empty()) {
    return tl::make_unexpected("behind \"" + std::string(word) + "\" a " + (word == "user" ? "name" : "filter") +
                               " is missing");
  }
  if (word == "user") {
    user_ = rest;
    return {};
  }
  AccessRule rule;
  rule.whom = word == "pattern" ? AccessRule::For::everybody
              : user_.empty()   ? AccessRule::For::anonymous
                                : AccessRule::For::user;
  rule.user = user_;
  constexpr std::array<std::string_view, 4> kinds{"read", "write", "readwrite", "deny"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    std::string_view behind = rest;
    if (take_word(behind) != kinds[i] || behind.empty()) continue;
    rule.what = static_cast<AccessRule::What>(i);
    rest = behind;
    break;
  }
  if (!is_valid_filter(rest)) return tl::make_unexpected("\"" + std::string(rest) + "\" is no topic filter");
  rule.filter = rest;
  list_.add_rule(std::move(rule));
  return {};
}

}  // namespace wirelab::mqtt
