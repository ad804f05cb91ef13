// A stretch of the trace: records, and beside them the blobs that they name (the bytes of packets, texts of log lines). The
// tracer fills one chunk at a time, in place; sinks read it; the store keeps it. A chunk never moves while it lives.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/trace/record.hpp"

namespace wirelab {

struct TraceChunk {
  static constexpr std::uint32_t kRecords = 1024;
  static constexpr std::uint32_t kBlobs = 512;
  static constexpr std::uint32_t kBytes = 96 * 1024;  // any IPv4 packet (65,535 bytes) fits an empty chunk

  RecordNumber first_record = 1;
  BlobNumber first_blob = 1;
  std::uint32_t records = 0;
  std::uint32_t blobs = 0;
  std::uint32_t bytes = 0;
  std::int64_t first_at = 0;                     // where filtered: of its first record, kept or not
  bool filtered = false;                         // holds only some of its records, found through `place`
  std::uint32_t kept = 0;                        // how many, where filtered
  std::array<std::uint32_t, kBlobs> blob_end;    // offset past each blob's last byte
  std::array<std::uint8_t, kBlobs> blob_packet;  // 1: the bytes of a packet, 0: a text
  std::array<Record, kRecords> record;
  std::array<std::uint8_t, kBytes> byte;
  std::array<std::uint16_t, kRecords> place;  // where filtered: in `record`, kNotKept for one that is left out
  static constexpr std::uint16_t kNotKept = 0xffff;

  /// The record with this place in the chunk, from 0; null if a filter left it out.
  const Record* find(std::size_t index) const {
    if (!filtered) return &record[index];
    return place[index] == kNotKept ? nullptr : &record[place[index]];
  }
  /// The blob with this place in the chunk, from 0.
  std::span<const std::uint8_t> blob(std::uint32_t index) const {
    const std::uint32_t begin = index == 0 ? 0 : blob_end[index - 1];
    return {byte.data() + begin, blob_end[index] - begin};
  }
  std::int64_t begins_at() const { return filtered ? first_at : record[0].at; }
  bool fits(std::size_t blob_size) const { return blobs < kBlobs && bytes + blob_size <= kBytes; }
  /// Bytes of memory that are really in use.
  std::size_t used() const {
    return sizeof(TraceChunk) - sizeof(record) - sizeof(byte) - sizeof(place) + bytes +
           (filtered ? kept * sizeof(Record) + records * sizeof(place[0]) : records * sizeof(Record));
  }
};

/// The part of a chunk that a sink has not seen yet.
struct TracePart {
  const TraceChunk& chunk;
  std::uint32_t from_record;
  std::uint32_t to_record;
  std::uint32_t from_blob;
  std::uint32_t to_blob;

  std::span<const Record> records() const { return {chunk.record.data() + from_record, to_record - from_record}; }
};

}  // namespace wirelab
