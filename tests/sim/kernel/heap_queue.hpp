// The oracle of the event queue: the simplest thing with the same order, an ordered set of (time, sequence).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace wirelab::test {

class OrderedQueue {
 public:
  using Key = std::pair<std::int64_t, std::uint64_t>;
  Key insert(std::int64_t at, int what) {
    const Key key{at, next_++};
    entries_.emplace(key, what);
    return key;
  }
  void erase(const Key& key) { entries_.erase(key); }
  bool empty() const { return entries_.empty(); }
  std::pair<std::int64_t, int> pop() {
    const auto first = entries_.begin();
    const std::pair<std::int64_t, int> result{first->first.first, first->second};
    entries_.erase(first);
    return result;
  }

 private:
  std::uint64_t next_ = 1;
  std::map<Key, int> entries_;
};

}  // namespace wirelab::test
