#include "sim/kernel/names.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "sim/kernel/check.hpp"

namespace wirelab {

// Where the text stands in the table, or would stand.
std::size_t Names::place_of(std::string_view text) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t place = XXH3_64bits(text.data(), text.size()) & mask;
  while (table_[place] != kEmpty && this->text(table_[place]) != text) place = (place + 1) & mask;
  return place;
}

void Names::grow() {
  const std::uint32_t count = size_.load(std::memory_order_relaxed);
  table_.assign(table_.empty() ? 64 : table_.size() * 2, kEmpty);
  for (NameId id = 0; id < count; ++id) table_[place_of(text(id))] = id;
}

Names::Names() { intern(""); }

Names::~Names() {
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

NameId Names::intern(std::string_view text) {
  const std::uint32_t id = size_.load(std::memory_order_relaxed);
  if (id * std::size_t{4} >= table_.size() * 3) grow();
  const std::size_t place = place_of(text);
  if (table_[place] != kEmpty) return table_[place];
  check(id < chunks_.size() * kChunk, "fewer than 67 million names are interned");
  auto& slot = chunks_[id >> kChunkBits];
  std::string_view* chunk = slot.load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    chunk = new std::string_view[kChunk];
    slot.store(chunk, std::memory_order_release);
  }
  const std::string_view kept = keep(text);
  chunk[id & (kChunk - 1)] = kept;
  size_.store(id + 1, std::memory_order_release);
  table_[place] = id;
  return id;
}

NameId Names::find(std::string_view text) const {
  const NameId id = table_[place_of(text)];
  return id == kEmpty ? 0 : id;
}

std::string_view Names::text(NameId id) const {
  check(id < size_.load(std::memory_order_acquire), "a name's number was given by this table");
  return chunks_[id >> kChunkBits].load(std::memory_order_acquire)[id & (kChunk - 1)];
}

std::string_view Names::keep(std::string_view text) {
  if (text.size() > block_left_) {
    const std::size_t size = text.size() > 16384 ? text.size() : 65536;
    blocks_.push_back(std::make_unique<char[]>(size));
    block_next_ = blocks_.back().get();
    block_left_ = size;
  }
  char* const at = block_next_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  block_next_ += text.size();
  block_left_ -= text.size();
  return {at, text.size()};
}

}  // namespace wirelab
