// The levels of topics and filters as small numbers, counted: a level lives while something uses it, so that topics which come and
// go leave nothing behind.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/check.hpp"

namespace wirelab::mqtt {

/// 0: no such level.
using LevelId = std::uint32_t;

class Levels {
 public:
  Levels() { texts_.emplace_back(); }
  LevelId find(std::string_view text) const {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? 0 : found->second;
  }
  /// The level's number, given now if it is new, with one use more.
  LevelId use(std::string_view text) {
    if (const LevelId known = find(text); known != 0) {
      ++texts_[known].uses;
      return known;
    }
    LevelId id = static_cast<LevelId>(texts_.size());
    if (free_.empty()) {
      texts_.emplace_back();
    } else {
      id = free_.back();
      free_.pop_back();
    }
    texts_[id] = {std::string(text), 1};
    numbers_.emplace(std::string_view(texts_[id].text), id);
    return id;
  }
  void release(LevelId id) {
    check(texts_[id].uses > 0, "a level that is released was used");
    if (--texts_[id].uses > 0) return;
    numbers_.erase(std::string_view(texts_[id].text));
    texts_[id].text = {};
    free_.push_back(id);
  }
  std::string_view text(LevelId id) const { return texts_[id].text; }
  std::size_t size() const { return numbers_.size(); }

 private:
  struct Entry {
    std::string text;
    std::uint32_t uses = 0;
  };
  std::deque<Entry> texts_;  // they do not move, and the map's keys lie in them
  std::vector<LevelId> free_;
  tsl::robin_map<std::string_view, LevelId> numbers_;
};

}  // namespace wirelab::mqtt
