// Interned names: each distinct text gets a small number, in order of first use, and keeps it. Texts never move and are never
// dropped, so one thread may intern while others read: a number that a reader got hold of names a text that is complete.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace wirelab {

/// A number for a name; 0 is the empty name.
using NameId = std::uint32_t;

class Names {
 public:
  Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names();

  /// The number of `text`, given now if it is new. Writer only.
  NameId intern(std::string_view text);
  /// The number of `text`, or 0 if it was never interned. Writer only.
  NameId find(std::string_view text) const;
  /// Any thread. `id` must have been published by size() or through data that the writer published later.
  std::string_view text(NameId id) const;
  std::uint32_t size() const { return size_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t kChunkBits = 12;
  static constexpr std::uint32_t kChunk = 1u << kChunkBits;
  static constexpr NameId kEmpty = 0xffffffff;
  std::string_view keep(std::string_view text);
  std::size_t place_of(std::string_view text) const;
  void grow();

  std::atomic<std::uint32_t> size_{0};
  std::array<std::atomic<std::string_view*>, 1u << 14> chunks_{};
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  char* block_next_ = nullptr;
  std::vector<NameId> table_;  // open addressing, kEmpty where free: 8 bytes a name, which a large world has many of
};

}  // namespace wirelab
