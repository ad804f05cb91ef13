// Queues in one piece of memory that is a power of two in size and grows when it is full: a Ring of plain values, and a
// ByteRing for a stream of bytes. Empty ones own no memory until they are used.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "sim/kernel/check.hpp"

namespace wirelab {

template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }
  T& operator[](std::uint32_t index) { return items_[(first_ + index) & (capacity_ - 1)]; }
  const T& operator[](std::uint32_t index) const { return items_[(first_ + index) & (capacity_ - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(const T& item) {
    if (size_ == capacity_) grow();
    items_[(first_ + size_) & (capacity_ - 1)] = item;
    ++size_;
  }
  void pop_front() {
    check(size_ > 0, "an empty queue has no front");
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
  }
  /// Keeps the order of the others.
  void insert(std::uint32_t index, const T& item) {
    push_back(item);
    for (std::uint32_t i = size_ - 1; i > index; --i) std::swap((*this)[i], (*this)[i - 1]);
  }
  void erase(std::uint32_t index) {
    for (std::uint32_t i = index; i + 1 < size_; ++i) (*this)[i] = (*this)[i + 1];
    --size_;
  }
  void clear() { size_ = 0; }

 private:
  void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? 2 : capacity_ * 2;
    auto items = std::make_unique<T[]>(capacity);
    for (std::uint32_t i = 0; i < size_; ++i) items[i] = (*this)[i];
    items_ = std::move(items);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> items_;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

class ByteRing {
 public:
  using Bytes = std::span<const std::uint8_t>;
  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }

  void append(Bytes bytes) {
    if (bytes.empty()) return;
    if (size_ + bytes.size() > capacity_) reserve(size_ + static_cast<std::uint32_t>(bytes.size()));
    const std::uint32_t at = (first_ + size_) & (capacity_ - 1);
    const std::uint32_t head = std::min(static_cast<std::uint32_t>(bytes.size()), capacity_ - at);
    std::memcpy(bytes_.get() + at, bytes.data(), head);
    if (head < bytes.size()) std::memcpy(bytes_.get(), bytes.data() + head, bytes.size() - head);
    size_ += static_cast<std::uint32_t>(bytes.size());
  }
  /// `length` bytes from `offset` on; the second part is empty unless they wrap around.
  std::pair<Bytes, Bytes> view(std::uint32_t offset, std::uint32_t length) const {
    check(offset + length <= size_, "bytes that are looked at are in the queue");
    if (length == 0) return {};
    const std::uint32_t at = (first_ + offset) & (capacity_ - 1);
    const std::uint32_t head = std::min(length, capacity_ - at);
    return {Bytes{bytes_.get() + at, head}, Bytes{bytes_.get(), length - head}};
  }
  void drop_front(std::uint32_t count) {
    check(count <= size_, "bytes that are dropped are in the queue");
    size_ -= count;
    first_ = size_ == 0 ? 0 : (first_ + count) & (capacity_ - 1);
    if (size_ == 0 && capacity_ > kKeep) {  // after a burst, give the memory back
      bytes_.reset();
      capacity_ = 0;
    }
  }

 private:
  static constexpr std::uint32_t kKeep = 4096;
  void reserve(std::uint32_t need) {
    std::uint32_t capacity = capacity_ == 0 ? 32 : capacity_;
    while (capacity < need) capacity *= 2;
    auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    const auto [head, tail] = view(0, size_);
    if (!head.empty()) std::memcpy(bytes.get(), head.data(), head.size());
    if (!tail.empty()) std::memcpy(bytes.get() + head.size(), tail.data(), tail.size());
    bytes_ = std::move(bytes);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace wirelab
