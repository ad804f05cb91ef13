// A 4-ary min-heap of 24-byte entries ordered by (time, sequence). Four children share one or two cache lines, so a pop
// touches about half the lines that a binary heap does. No two entries compare equal, since a sequence number is
// given once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/kernel/wide.hpp"

namespace wirelab {

struct HeapEntry {
  std::int64_t time = 0;
  std::uint64_t sequence = 0;
  std::uint32_t slot = 0;
};

class QuadHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const HeapEntry& top() const { return entries_.front(); }

  /// Entry `i` of the heap's array: below 5, one of those that come up soon.
  const HeapEntry& entry(std::size_t i) const { return entries_[i]; }

  void push(HeapEntry entry) {
    std::size_t hole = entries_.size();
    entries_.push_back(entry);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!before(entry, entries_[parent])) break;
      entries_[hole] = entries_[parent];
      hole = parent;
    }
    entries_[hole] = entry;
  }

  void pop() {
    const HeapEntry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) sink(last);
  }

  /// The same as pop() and push(entry), in one pass.
  void replace_top(HeapEntry entry) { sink(entry); }

 private:
  // One comparison of 128 bits: the time's sign bit is flipped so that it orders as an unsigned number.
  static WideUnsigned key(const HeapEntry& e) {
    const auto time = static_cast<std::uint64_t>(e.time) ^ (std::uint64_t{1} << 63);
    return (static_cast<WideUnsigned>(time) << 64) | e.sequence;
  }
  static bool before(const HeapEntry& a, const HeapEntry& b) { return key(a) < key(b); }

  // Puts `entry` where the top was and restores the order.
  void sink(HeapEntry entry) {
    const std::size_t count = entries_.size();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first = 4 * hole + 1;
      if (first >= count) break;
      const std::size_t end = first + 4 < count ? first + 4 : count;
      std::size_t least = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        least = before(entries_[child], entries_[least]) ? child : least;
      }
      if (!before(entries_[least], entry)) break;
      entries_[hole] = entries_[least];
      hole = least;
    }
    entries_[hole] = entry;
  }

  std::vector<HeapEntry> entries_;
};

}  // namespace wirelab
