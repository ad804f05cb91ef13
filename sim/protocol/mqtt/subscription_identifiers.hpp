// The subscription identifiers (5.0, section 3.3.2.3.8) that go with a copy of a message while it waits. Nearly always there is
// none or one, which then is its own reference; several are kept in a list.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wirelab::mqtt {

/// 0: none; up to 268,435,455: the one; above: a list.
using IdentifiersRef = std::uint32_t;

class IdentifierLists {
 public:
  IdentifiersRef keep(std::span<const std::uint32_t> identifiers) {
    if (identifiers.size() < 2) return identifiers.empty() ? 0 : identifiers.front();
    std::uint32_t place = static_cast<std::uint32_t>(lists_.size());
    if (free_.empty()) {
      lists_.emplace_back();
    } else {
      place = free_.back();
      free_.pop_back();
    }
    lists_[place].assign(identifiers.begin(), identifiers.end());
    return kFirstList + place;
  }
  void release(IdentifiersRef ref) {
    if (ref < kFirstList) return;
    lists_[ref - kFirstList].clear();
    free_.push_back(ref - kFirstList);
  }
  /// `ref` must outlive the result, as must all lists.
  std::span<const std::uint32_t> of(const IdentifiersRef& ref) const {
    if (ref >= kFirstList) return lists_[ref - kFirstList];
    return ref == 0 ? std::span<const std::uint32_t>() : std::span(&ref, 1);
  }

 private:
  static constexpr IdentifiersRef kFirstList = 1u << 28;
  std::vector<std::vector<std::uint32_t>> lists_;
  std::vector<std::uint32_t> free_;
};

}  // namespace wirelab::mqtt
