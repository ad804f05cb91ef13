// Keeps a trace in memory: chunks that never move, found through a directory of two levels, published by one atomic
// number. One writer (the simulation's thread); any readers, each holding a Reader while it looks. When the chunks outgrow
// the memory bound, the oldest are dropped, and the store says how many records that were; while a reader is at work
// nothing is dropped, and what was put off is dropped when it leaves.
//
// A store may keep only some layers. Records keep their numbers then, and a reader finds an empty record (Kind::none) in the place
// of one that was left out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "sim/kernel/names.hpp"
#include "sim/trace/chunk.hpp"

namespace wirelab {

class TraceStore {
 public:
  /// `memory_bound` in bytes; the newest two chunks are kept whatever it is. Of the layers not in `layers` only what blobs
  /// kept records need is kept.
  explicit TraceStore(std::size_t memory_bound = std::size_t{4} << 30, LayerMask layers = kAllLayers);
  ~TraceStore();
  TraceStore(const TraceStore&) = delete;
  TraceStore& operator=(const TraceStore&) = delete;

  // The writer's side.
  TraceChunk* add_chunk(RecordNumber first_record, BlobNumber first_blob);
  /// Where layers are left out: copies what is kept of a part whose chunk is not the store's own.
  void keep(const TracePart& part);
  void publish(RecordNumber last_record, BlobNumber last_blob);
  void set_names(std::shared_ptr<const Names> names) { names_ = std::move(names); }

  /// Looks at what is published. Holds what it sees in place; keep it for the time of one look only.
  class Reader {
   public:
    explicit Reader(TraceStore& store);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// The first record that is kept, and the last that is published; last() < first() if there is none.
    RecordNumber first() const { return first_; }
    RecordNumber last() const { return last_; }
    /// A record: first() <= number <= last(). An empty one if its layer is not kept.
    const Record& record(RecordNumber number) const;
    /// The number of the first record that is kept at `at` or later, last() + 1 if there is none. Bisection.
    RecordNumber at_or_after(std::int64_t at_ns) const;
    /// Empty if the blob is no longer kept.
    std::span<const std::uint8_t> blob(BlobNumber number) const;
    std::string_view text(BlobNumber number) const;
    std::string_view name(NameId id) const { return store_.names_->text(id); }

   private:
    std::uint32_t chunk_of(RecordNumber number) const;
    const Record* find(RecordNumber number) const;
    TraceStore& store_;
    std::uint32_t first_chunk_, end_chunk_;
    RecordNumber first_, last_;
    BlobNumber last_blob_;
    mutable std::uint32_t hint_ = 0;  // the chunk of the last look-up
  };

  /// How many records were dropped to stay within the bound.
  RecordNumber dropped() const { return dropped_.load(std::memory_order_acquire); }
  LayerMask layers() const { return layers_; }
  bool filters() const { return layers_ != kAllLayers; }

 private:
  static constexpr std::uint32_t kPageBits = 10;
  static constexpr std::uint32_t kPage = 1u << kPageBits;
  using Page = std::array<std::atomic<TraceChunk*>, kPage>;

  TraceChunk* chunk(std::uint32_t index) const {
    return (*pages_[index >> kPageBits].load(std::memory_order_acquire))[index & (kPage - 1)].load(
        std::memory_order_acquire);
  }
  void evict();

  std::size_t memory_bound_;
  LayerMask layers_;
  std::size_t memory_used_ = 0;
  std::shared_ptr<const Names> names_;
  std::array<std::atomic<Page*>, 1u << 14> pages_{};
  std::atomic<RecordNumber> last_record_{0};
  std::atomic<BlobNumber> last_blob_{0};
  std::atomic<RecordNumber> dropped_{0};

  // Readers and eviction take turns under the mutex; both do so once for a whole look or a whole chunk.
  std::mutex mutex_;
  std::uint32_t readers_ = 0;
  std::uint32_t first_chunk_ = 0;
  std::uint32_t end_chunk_ = 0;
};

}  // namespace wirelab
