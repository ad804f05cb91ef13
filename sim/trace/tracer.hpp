// Makes the trace of one simulation: numbers records, keeps the names, and hands stretches of records to the sinks. The digest
// is always among them. The record that causes what happens now is the event queue's context word: an event carries it
// from where it was scheduled to where it fires.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/kernel/event_queue.hpp"
#include "sim/kernel/names.hpp"
#include "sim/trace/digest.hpp"
#include "sim/trace/store.hpp"

namespace wirelab {

class Tracer {
 public:
  /// With a store, chunks are filled in the store's own memory and stay there; a store that filters gets copies.
  explicit Tracer(EventQueue& events, std::shared_ptr<TraceStore> store = nullptr);
  /// One that keeps nothing, not even names, for a program that runs for months and whose peers choose the names. It has no digest,
  /// and its entities are all 0.
  struct KeepsNothing {};
  Tracer(EventQueue& events, KeepsNothing);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Adds a reader of all records from now on. It must outlive the tracer or be removed.
  void add_sink(Sink* sink);

  /// Appends a record, caused by the present cause, and returns its number.
  RecordNumber emit(Kind kind, EntityId entity, std::uint32_t subject = 0, std::uint16_t field = 0,
                    std::uint32_t key = 0, std::int64_t a = 0, std::int64_t b = 0) {
    if (chunk_->records == TraceChunk::kRecords) next_chunk();
    TraceChunk& chunk = *chunk_;
    chunk.record[chunk.records] = {events_.now().ns(), events_.context, entity, subject, kind, field, key, a, b};
    return chunk.first_record + chunk.records++;
  }
  template <typename Word>
  RecordNumber emit(Kind kind, EntityId entity, std::uint32_t subject, Word field, std::uint32_t key = 0,
                    std::int64_t a = 0, std::int64_t b = 0) {
    return emit(kind, entity, subject, static_cast<std::uint16_t>(field), key, a, b);
  }
  /// The same, and makes the record the cause of what follows.
  template <typename Word = std::uint16_t>
  RecordNumber emit_cause(Kind kind, EntityId entity, std::uint32_t subject = 0, Word field = Word{},
                          std::uint32_t key = 0, std::int64_t a = 0, std::int64_t b = 0) {
    const RecordNumber number = emit(kind, entity, subject, static_cast<std::uint16_t>(field), key, a, b);
    events_.context = number;
    return number;
  }

  /// Records a change of state; nothing if nothing changed.
  void state(EntityId entity, Field field, std::int64_t old_value, std::int64_t new_value, std::uint32_t key = 0,
             std::uint32_t subject = 0) {
    if (old_value != new_value) emit(Kind::state, entity, subject, field, key, old_value, new_value);
  }
  /// Assigns and records the change.
  template <typename T>
  void set(EntityId entity, Field field, T& variable, T value, std::uint32_t key = 0) {
    state(entity, field, static_cast<std::int64_t>(variable), static_cast<std::int64_t>(value), key);
    variable = value;
  }

  /// Keeps the bytes of a packet, or a text of at most 65,535 bytes, beside the records.
  BlobNumber packet(std::span<const std::uint8_t> bytes) { return blob(bytes, 1); }
  BlobNumber text(std::string_view text);

  /// Begins an entity: interns its name and says so in the trace. A name that exists already gets "#2", "#3" ... behind it.
  EntityId define(EntityKind kind, std::string_view name, EntityId owner = 0);
  StreamId next_stream() { return ++streams_; }
  MessageId next_message() { return ++messages_; }
  NameId intern(std::string_view text) { return keeps_nothing_ ? 0 : names_->intern(text); }
  /// The same where the text is likely the one that `last` names: most devices publish to one topic.
  NameId intern_again(std::string_view text, NameId last) {
    return last != 0 && names_->text(last) == text ? last : intern(text);
  }

  RecordNumber cause() const { return events_.context; }
  void set_cause(RecordNumber cause) { events_.context = cause; }

  /// Hands everything so far to the sinks and publishes it to readers of the store.
  void flush();
  /// The digests of everything emitted so far.
  DigestTexts digest();
  RecordNumber records() const { return chunk_->first_record + chunk_->records - 1; }
  const Names& names() const { return *names_; }
  std::shared_ptr<const Names> shared_names() const { return names_; }
  EventQueue& events() { return events_; }

 private:
  BlobNumber blob(std::span<const std::uint8_t> bytes, std::uint8_t is_packet);
  void next_chunk();
  bool fills_store() const { return store_ != nullptr && !store_->filters(); }

  EventQueue& events_;
  std::shared_ptr<Names> names_;
  std::shared_ptr<TraceStore> store_;
  std::unique_ptr<TraceChunk> own_;  // where there is no store, or one that keeps only a part
  TraceChunk* chunk_ = nullptr;
  bool keeps_nothing_ = false;
  std::uint32_t seen_records_ = 0;  // of the chunk, by the sinks
  std::uint32_t seen_blobs_ = 0;
  StreamId streams_ = 0;
  MessageId messages_ = 0;
  Digest digest_;
  std::vector<Sink*> sinks_;
};

/// Keeps the present cause and puts it back at the end of the scope.
class CauseScope {
 public:
  explicit CauseScope(Tracer& tracer) : tracer_(tracer), cause_(tracer.cause()) {}
  ~CauseScope() { tracer_.set_cause(cause_); }
  CauseScope(const CauseScope&) = delete;
  CauseScope& operator=(const CauseScope&) = delete;

 private:
  Tracer& tracer_;
  RecordNumber cause_;
};

}  // namespace wirelab
