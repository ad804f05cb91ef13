#include "lab/script/pattern.hpp"

namespace wirelab::script {
namespace {

bool is_between(unsigned char c, char low, char high) {
  return c >= static_cast<unsigned char>(low) && c <= static_cast<unsigned char>(high);
}

// %a, %d ...; an upper-case letter is the complement. A character that names no class stands for itself.
bool in_class(unsigned char c, unsigned char name) {
  const bool upper = is_between(c, 'A', 'Z');
  const bool lower = is_between(c, 'a', 'z');
  const bool digit = is_between(c, '0', '9');
  const bool visible = c > 0x20 && c < 0x7f;
  bool is = false;
  switch (name | 0x20) {
    case 'a': is = upper || lower; break;
    case 'c': is = c < 0x20 || c == 0x7f; break;
    case 'd': is = digit; break;
    case 'g': is = visible; break;
    case 'l': is = lower; break;
    case 'p': is = visible && !upper && !lower && !digit; break;
    case 's': is = c == ' ' || is_between(c, '\t', '\r'); break;
    case 'u': is = upper; break;
    case 'w': is = upper || lower || digit; break;
    case 'x': is = digit || is_between(c, 'a', 'f') || is_between(c, 'A', 'F'); break;
    default: return name == c;
  }
  return is_between(name, 'A', 'Z') ? !is : is;
}

}  // namespace

Pattern::Pattern(std::string_view text, std::string_view pattern) : text_(text), pattern_(pattern) {}

std::optional<Pattern::Match> Pattern::find(std::size_t from, std::uint64_t budget, bool may_anchor) {
  stop_at_ = steps_ + budget;
  const bool anchored = may_anchor && !pattern_.empty() && pattern_[0] == '^';
  for (std::size_t begin = from; begin <= text_.size(); ++begin) {
    level_ = depth_ = 0;
    const std::size_t end = match(begin, anchored ? 1 : 0);
    if (end != kNoMatch) {
      Match found{begin, end, level_, {}};
      for (int i = 0; i < level_; ++i) {
        const OpenCapture& c = captures_[static_cast<std::size_t>(i)];
        if (c.state == OpenCapture::State::open) throw PatternError("the pattern has a \"(\" without \")\"");
        found.capture[static_cast<std::size_t>(i)] = {c.begin, c.size, c.state == OpenCapture::State::position};
      }
      return found;
    }
    if (anchored || steps_ > stop_at_) break;
  }
  return std::nullopt;
}

// Where the match that begins at `at` ends, for the rest of the pattern from `p`.
std::size_t Pattern::match(std::size_t at, std::size_t p) {
  if (depth_ >= kDeepest) throw PatternError("the pattern is too complex for this text");
  ++depth_;
  const std::size_t end = match_here(at, p);
  --depth_;
  return end;
}

std::size_t Pattern::match_here(std::size_t at, std::size_t p) {
  while (p < pattern_.size()) {
    if (!spend()) return kNoMatch;
    const char c = pattern_[p];
    if (c == '(') {
      const bool position = p + 1 < pattern_.size() && pattern_[p + 1] == ')';
      return position ? open_capture(at, p + 2, OpenCapture::State::position)
                      : open_capture(at, p + 1, OpenCapture::State::open);
    }
    if (c == ')') return close_capture(at, p + 1);
    if (c == '$' && p + 1 == pattern_.size()) return at == text_.size() ? at : kNoMatch;
    if (c == '%' && p + 1 < pattern_.size()) {
      const char kind = pattern_[p + 1];
      if (kind == 'b' || kind == 'f' || is_between(static_cast<unsigned char>(kind), '0', '9')) {
        at = kind == 'b'   ? match_balanced(at, p + 2)
             : kind == 'f' ? match_frontier(at, p + 2)
                           : match_back_reference(at, p + 1);
        if (at == kNoMatch) return kNoMatch;
        p = kind == 'b' ? p + 4 : kind == 'f' ? end_of_item(p + 2) : p + 2;
        continue;
      }
    }
    const std::size_t after = end_of_item(p);
    const char suffix = after < pattern_.size() ? pattern_[after] : '\0';
    switch (suffix) {
      case '*': return match_most(at, p, after, false);
      case '+': return match_most(at, p, after, true);
      case '-': return match_least(at, p, after);
      case '?': {
        if (fits(at, p, after)) {
          const int level = level_;
          const std::size_t end = match(at + 1, after + 1);
          if (end != kNoMatch) return end;
          level_ = level;
        }
        p = after + 1;
        break;
      }
      default:
        if (!fits(at, p, after)) return kNoMatch;
        ++at;
        p = after;
    }
  }
  return at;
}

std::size_t Pattern::match_most(std::size_t at, std::size_t item, std::size_t after, bool at_least_one) {
  std::size_t count = 0;
  while (fits(at + count, item, after)) {
    if (!spend()) return kNoMatch;
    ++count;
  }
  for (const std::size_t least = at_least_one ? 1 : 0; count + 1 > least; --count) {
    const std::size_t end = match(at + count, after + 1);
    if (end != kNoMatch || steps_ > stop_at_) return end;
    if (count == 0) break;
  }
  return kNoMatch;
}

std::size_t Pattern::match_least(std::size_t at, std::size_t item, std::size_t after) {
  for (;; ++at) {
    const std::size_t end = match(at, after + 1);
    if (end != kNoMatch) return end;
    if (!spend() || !fits(at, item, after)) return kNoMatch;
  }
}

std::size_t Pattern::match_balanced(std::size_t at, std::size_t p) {
  if (p + 1 >= pattern_.size()) throw PatternError("%b needs two characters, as in %b()");
  if (at >= text_.size() || text_[at] != pattern_[p]) return kNoMatch;
  std::size_t open = 1;
  for (std::size_t i = at + 1; i < text_.size(); ++i) {
    if (!spend()) return kNoMatch;
    if (text_[i] == pattern_[p + 1]) {
      if (--open == 0) return i + 1;
    } else if (text_[i] == pattern_[p]) {
      ++open;
    }
  }
  return kNoMatch;
}

std::size_t Pattern::match_frontier(std::size_t at, std::size_t p) {
  if (p >= pattern_.size() || pattern_[p] != '[') throw PatternError("%f needs a set, as in %f[%w]");
  const std::size_t last = end_of_set(p) - 1;
  const auto character = [&](std::size_t i) {
    return i < text_.size() ? static_cast<unsigned char>(text_[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char before = at == 0 ? 0 : character(at - 1);
  return !in_set(before, p, last) && in_set(character(at), p, last) ? at : kNoMatch;
}

std::size_t Pattern::match_back_reference(std::size_t at, std::size_t p) {
  const int index = pattern_[p] - '1';
  if (index < 0 || index >= level_ || captures_[static_cast<std::size_t>(index)].state != OpenCapture::State::closed)
    throw PatternError("%" + std::string(1, pattern_[p]) + " refers to no capture before it");
  const OpenCapture& c = captures_[static_cast<std::size_t>(index)];
  steps_ += c.size / 16;
  const bool same = text_.size() - at >= c.size && text_.substr(at, c.size) == text_.substr(c.begin, c.size);
  return same ? at + c.size : kNoMatch;
}

std::size_t Pattern::open_capture(std::size_t at, std::size_t p, OpenCapture::State state) {
  if (level_ >= kMostCaptures) throw PatternError("the pattern has more than 32 captures");
  captures_[static_cast<std::size_t>(level_++)] = {at, 0, state};
  const std::size_t end = match(at, p);
  if (end == kNoMatch) --level_;
  return end;
}

std::size_t Pattern::close_capture(std::size_t at, std::size_t p) {
  int index = level_ - 1;
  while (index >= 0 && captures_[static_cast<std::size_t>(index)].state != OpenCapture::State::open) --index;
  if (index < 0) throw PatternError("the pattern has a \")\" without \"(\"");
  OpenCapture& c = captures_[static_cast<std::size_t>(index)];
  c.size = at - c.begin;
  c.state = OpenCapture::State::closed;
  const std::size_t end = match(at, p);
  if (end == kNoMatch) captures_[static_cast<std::size_t>(index)].state = OpenCapture::State::open;
  return end;
}

// Past the single character, class or set that begins at p.
std::size_t Pattern::end_of_item(std::size_t p) const {
  if (pattern_[p] == '%') {
    if (p + 1 >= pattern_.size()) throw PatternError("the pattern ends with %; write %% for a per cent sign");
    return p + 2;
  }
  return pattern_[p] == '[' ? end_of_set(p) : p + 1;
}

std::size_t Pattern::end_of_set(std::size_t p) const {
  std::size_t i = p + 1;
  if (i < pattern_.size() && pattern_[i] == '^') ++i;
  do {  // a "]" that comes first belongs to the set
    if (i >= pattern_.size()) throw PatternError("the pattern has a \"[\" without \"]\"");
    const char c = pattern_[i++];
    if (c == '%') ++i;
  } while (i >= pattern_.size() || pattern_[i] != ']');
  return i + 1;
}

bool Pattern::fits(std::size_t at, std::size_t item, std::size_t end) const {
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[item]) {
    case '.': return true;
    case '%': return in_class(c, static_cast<unsigned char>(pattern_[item + 1]));
    case '[': return in_set(c, item, end - 1);
    default: return static_cast<unsigned char>(pattern_[item]) == c;
  }
}

// `set` is the place of "[", `last` that of its "]".
bool Pattern::in_set(unsigned char c, std::size_t set, std::size_t last) const {
  std::size_t i = set + 1;
  const bool others = pattern_[i] == '^';
  if (others) ++i;
  for (; i < last; ++i) {
    const auto low = static_cast<unsigned char>(pattern_[i]);
    if (low == '%') {
      ++i;
      if (in_class(c, static_cast<unsigned char>(pattern_[i]))) return !others;
    } else if (i + 2 < last && pattern_[i + 1] == '-') {
      i += 2;
      if (low <= c && c <= static_cast<unsigned char>(pattern_[i])) return !others;
    } else if (low == c) {
      return !others;
    }
  }
  return others;
}

}  // namespace wirelab::script
