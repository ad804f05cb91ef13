#include "sim/trace/store.hpp"

#include "sim/kernel/check.hpp"

namespace wirelab {

TraceStore::TraceStore(std::size_t memory_bound) : memory_bound_(memory_bound) {}

TraceStore::~TraceStore() {
  check(readers_ == 0, "no reader is at work when a store ends");
  for (std::uint32_t i = first_chunk_; i < end_chunk_; ++i) delete chunk(i);
  for (auto& page : pages_) delete page.load(std::memory_order_relaxed);
}

TraceChunk* TraceStore::add_chunk(RecordNumber first_record, BlobNumber first_blob) {
  const std::lock_guard lock(mutex_);
  if (end_chunk_ > first_chunk_) memory_used_ += chunk(end_chunk_ - 1)->used();
  evict();
  check(end_chunk_ < pages_.size() * kPage, "a store has fewer than 16 million chunks");
  auto& page = pages_[end_chunk_ >> kPageBits];
  if (page.load(std::memory_order_relaxed) == nullptr) page.store(new Page{}, std::memory_order_release);
  auto* added = new TraceChunk;
  added->first_record = first_record;
  added->first_blob = first_blob;
  (*page.load(std::memory_order_relaxed))[end_chunk_ & (kPage - 1)].store(added, std::memory_order_release);
  ++end_chunk_;
  return added;
}

void TraceStore::evict() {
  while (memory_used_ > memory_bound_ && readers_ == 0 && end_chunk_ - first_chunk_ > 2) {
    TraceChunk* oldest = chunk(first_chunk_);
    memory_used_ -= oldest->used();
    dropped_.fetch_add(oldest->records, std::memory_order_release);
    (*pages_[first_chunk_ >> kPageBits].load(std::memory_order_relaxed))[first_chunk_ & (kPage - 1)].store(nullptr);
    delete oldest;
    ++first_chunk_;
  }
}

void TraceStore::publish(RecordNumber last_record, BlobNumber last_blob) {
  last_blob_.store(last_blob, std::memory_order_release);
  last_record_.store(last_record, std::memory_order_release);
}

TraceStore::Reader::Reader(TraceStore& store) : store_(store) {
  const std::lock_guard lock(store.mutex_);
  ++store.readers_;
  first_chunk_ = store.first_chunk_;
  end_chunk_ = store.end_chunk_;
  last_ = store.last_record_.load(std::memory_order_acquire);
  last_blob_ = store.last_blob_.load(std::memory_order_acquire);
  first_ = end_chunk_ == first_chunk_ ? 1 : store.chunk(first_chunk_)->first_record;
  // A chunk may have been added whose records are not published yet.
  while (end_chunk_ > first_chunk_ && store.chunk(end_chunk_ - 1)->first_record > last_) --end_chunk_;
  hint_ = first_chunk_;
}

TraceStore::Reader::~Reader() {
  const std::lock_guard lock(store_.mutex_);
  --store_.readers_;
  store_.evict();
}

std::uint32_t TraceStore::Reader::chunk_of(RecordNumber number) const {
  const auto holds = [&](std::uint32_t i) {
    return store_.chunk(i)->first_record <= number &&
           (i + 1 == end_chunk_ || store_.chunk(i + 1)->first_record > number);
  };
  if (hint_ < end_chunk_ && holds(hint_)) return hint_;
  if (hint_ + 1 < end_chunk_ && holds(hint_ + 1)) return hint_ = hint_ + 1;
  std::uint32_t low = first_chunk_;
  std::uint32_t high = end_chunk_;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (store_.chunk(middle)->first_record <= number ? low : high) = middle;
  }
  return hint_ = low;
}

const Record& TraceStore::Reader::record(RecordNumber number) const {
  check(number >= first_ && number <= last_, "a record that is read is kept in the store");
  const TraceChunk* chunk = store_.chunk(chunk_of(number));
  return chunk->record[static_cast<std::size_t>(number - chunk->first_record)];
}

RecordNumber TraceStore::Reader::at_or_after(std::int64_t at_ns) const {
  RecordNumber low = first_;
  RecordNumber high = last_ + 1;
  while (low < high) {
    const RecordNumber middle = low + (high - low) / 2;
    if (record(middle).at < at_ns) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::span<const std::uint8_t> TraceStore::Reader::blob(BlobNumber number) const {
  if (number == 0 || number > last_blob_ || first_chunk_ == end_chunk_) return {};
  if (number < store_.chunk(first_chunk_)->first_blob) return {};
  std::uint32_t low = first_chunk_;
  std::uint32_t high = end_chunk_;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (store_.chunk(middle)->first_blob <= number ? low : high) = middle;
  }
  const TraceChunk* chunk = store_.chunk(low);
  return chunk->blob(number - chunk->first_blob);
}

std::string_view TraceStore::Reader::text(BlobNumber number) const {
  const auto bytes = blob(number);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace wirelab
