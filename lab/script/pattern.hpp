// Lua's patterns (reference manual, section 6.4.1), matched step by step under a budget: backtracking can take very long, and what
// a script does must be counted whatever it calls. Characters are classed by ASCII, in no locale.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace wirelab::script {

/// A pattern that is no pattern: what() says why.
struct PatternError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Pattern {
 public:
  static constexpr int kMostCaptures = 32;
  struct Capture {
    std::size_t begin = 0;
    std::size_t size = 0;
    bool is_position = false;  // "()": the value is begin + 1
  };
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    int captures = 0;
    std::array<Capture, kMostCaptures> capture{};
  };

  /// Both texts must outlive the object.
  Pattern(std::string_view text, std::string_view pattern);
  /// The first match that begins at `from` or later; at `from` only, where the pattern begins with "^" and `may_anchor`. Throws
  /// PatternError. Empty also where the budget ran out.
  std::optional<Match> find(std::size_t from, std::uint64_t budget, bool may_anchor = true);
  /// Steps taken by all calls so far.
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::size_t kNoMatch = ~std::size_t{0};
  static constexpr int kDeepest = 200;
  struct OpenCapture {
    std::size_t begin = 0;
    std::size_t size = 0;
    enum class State : std::uint8_t { open, closed, position } state = State::open;
  };
  std::size_t match(std::size_t at, std::size_t p);
  std::size_t match_here(std::size_t at, std::size_t p);
  std::size_t match_most(std::size_t at, std::size_t item, std::size_t after, bool at_least_one);
  std::size_t match_least(std::size_t at, std::size_t item, std::size_t after);
  std::size_t match_balanced(std::size_t at, std::size_t p);
  std::size_t match_frontier(std::size_t at, std::size_t p);
  std::size_t match_back_reference(std::size_t at, std::size_t p);
  std::size_t open_capture(std::size_t at, std::size_t p, OpenCapture::State state);
  std::size_t close_capture(std::size_t at, std::size_t p);
  std::size_t end_of_item(std::size_t p) const;
  std::size_t end_of_set(std::size_t p) const;
  bool fits(std::size_t at, std::size_t item, std::size_t end) const;
  bool in_set(unsigned char c, std::size_t set, std::size_t last) const;
  bool spend() { return ++steps_ <= stop_at_; }

  std::string_view text_;
  std::string_view pattern_;
  std::uint64_t steps_ = 0;
  std::uint64_t stop_at_ = 0;
  int depth_ = 0;
  int level_ = 0;
  std::array<OpenCapture, kMostCaptures> captures_{};
};

}  // namespace wirelab::script
