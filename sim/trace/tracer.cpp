#include "sim/trace/tracer.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>

namespace wirelab {

Tracer::Tracer(EventQueue& events, std::shared_ptr<TraceStore> store)
    : events_(events), names_(std::make_shared<Names>()), store_(std::move(store)) {
  if (store_) store_->set_names(names_);
  if (fills_store()) {
    chunk_ = store_->add_chunk(1, 1);
  } else {
    own_ = std::make_unique<TraceChunk>();
    chunk_ = own_.get();
  }
}

Tracer::Tracer(EventQueue& events, KeepsNothing) : Tracer(events) { keeps_nothing_ = true; }

void Tracer::add_sink(Sink* sink) {
  check(!keeps_nothing_, "there is something to read");
  flush();
  sinks_.push_back(sink);
}

BlobNumber Tracer::text(std::string_view text) {
  check(text.size() <= 65535, "a text of the trace has at most 65,535 bytes");
  return blob({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0);
}

BlobNumber Tracer::blob(std::span<const std::uint8_t> bytes, std::uint8_t is_packet) {
  // A blob and the record that introduces it stand in one chunk, so that they are kept or dropped together.
  if (!chunk_->fits(bytes.size()) || chunk_->records == TraceChunk::kRecords) next_chunk();
  TraceChunk& chunk = *chunk_;
  if (!bytes.empty()) std::memcpy(chunk.byte.data() + chunk.bytes, bytes.data(), bytes.size());
  chunk.bytes += static_cast<std::uint32_t>(bytes.size());
  chunk.blob_end[chunk.blobs] = chunk.bytes;
  chunk.blob_packet[chunk.blobs] = is_packet;
  return chunk.first_blob + chunk.blobs++;
}

EntityId Tracer::define(EntityKind kind, std::string_view name, EntityId owner) {
  if (keeps_nothing_) return 0;
  EntityId id = 0;
  if (names_->find(name) == 0) {
    id = names_->intern(name);
  } else {
    for (int n = 2; id == 0; ++n) {
      const std::string numbered = std::string(name) + "#" + std::to_string(n);
      if (names_->find(numbered) == 0) id = names_->intern(numbered);
    }
  }
  const std::string_view full = names_->text(id);
  const auto hash = static_cast<std::uint32_t>(XXH3_64bits(full.data(), full.size()));
  emit(Kind::defined, id, owner, kind, hash);
  return id;
}

void Tracer::flush() {
  const TraceChunk& chunk = *chunk_;
  if (keeps_nothing_ || (seen_records_ == chunk.records && seen_blobs_ == chunk.blobs)) return;
  const TracePart part{chunk, seen_records_, chunk.records, seen_blobs_, chunk.blobs};
  digest_.consume(part);
  for (Sink* sink : sinks_) sink->consume(part);
  seen_records_ = chunk.records;
  seen_blobs_ = chunk.blobs;
  if (store_ && !fills_store()) store_->keep(part);
  if (store_) store_->publish(chunk.first_record + chunk.records - 1, chunk.first_blob + chunk.blobs - 1);
}

void Tracer::next_chunk() {
  flush();
  const RecordNumber first_record = chunk_->first_record + chunk_->records;
  const BlobNumber first_blob = chunk_->first_blob + chunk_->blobs;
  if (fills_store()) {
    chunk_ = store_->add_chunk(first_record, first_blob);
  } else {
    chunk_->first_record = first_record;
    chunk_->first_blob = first_blob;
    chunk_->records = 0;
    chunk_->blobs = 0;
    chunk_->bytes = 0;
  }
  seen_records_ = 0;
  seen_blobs_ = 0;
}

DigestTexts Tracer::digest() {
  flush();
  return digest_.texts();
}

}  // namespace wirelab
