#include "sim/trace/store.hpp"

#include <cstring>

#include "sim/kernel/check.hpp"

namespace wirelab {

TraceStore::TraceStore(std::size_t memory_bound, LayerMask layers)
    : memory_bound_(memory_bound), layers_(layers | mask_of(Layer::world)) {}

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
  added->filtered = filters();
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

void TraceStore::keep(const TracePart& part) {
  TraceChunk* to = end_chunk_ == first_chunk_ ? nullptr : chunk(end_chunk_ - 1);
  if (to == nullptr || to->first_record != part.chunk.first_record)
    to = add_chunk(part.chunk.first_record, part.chunk.first_blob);
  // A blob stands before or beside the first record that names it, in the same part or an earlier one of the same chunk.
  // Texts are small and are kept; the bytes of packets go with the links' records.
  const bool with_packets = (layers_ & mask_of(Layer::link)) != 0;
  for (std::uint32_t i = part.from_blob; i < part.to_blob; ++i) {
    const bool kept = with_packets || part.chunk.blob_packet[i] == 0;
    const auto bytes = part.chunk.blob(i);
    if (kept && !bytes.empty()) std::memcpy(to->byte.data() + to->bytes, bytes.data(), bytes.size());
    to->bytes += kept ? static_cast<std::uint32_t>(bytes.size()) : 0;
    to->blob_end[i] = to->bytes;
    to->blob_packet[i] = part.chunk.blob_packet[i];
    ++to->blobs;
  }
  if (part.from_record == 0 && part.to_record > 0) to->first_at = part.chunk.record[0].at;
  for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
    const Record& record = part.chunk.record[i];
    const bool kept = (layers_ & mask_of(layer_of(record.kind, record.field))) != 0;
    to->place[i] = kept ? static_cast<std::uint16_t>(to->kept) : TraceChunk::kNotKept;
    if (kept) to->record[to->kept++] = record;
    ++to->records;
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

const Record* TraceStore::Reader::find(RecordNumber number) const {
  check(number >= first_ && number <= last_, "a record that is read is in the store's range");
  const TraceChunk* chunk = store_.chunk(chunk_of(number));
  return chunk->find(static_cast<std::size_t>(number - chunk->first_record));
}

const Record& TraceStore::Reader::record(RecordNumber number) const {
  static constexpr Record kLeftOut;
  const Record* const found = find(number);
  return found == nullptr ? kLeftOut : *found;
}

RecordNumber TraceStore::Reader::at_or_after(std::int64_t at_ns) const {
  if (last_ < first_) return last_ + 1;
  // The last chunk that begins before the instant, by bisection; then record by record.
  std::uint32_t low = first_chunk_;
  std::uint32_t high = end_chunk_;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (store_.chunk(middle)->begins_at() < at_ns ? low : high) = middle;
  }
  for (RecordNumber n = store_.chunk(low)->first_record; n <= last_; ++n) {
    const Record* const found = find(n);
    if (found != nullptr && found->at >= at_ns) return n;
  }
  return last_ + 1;
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
