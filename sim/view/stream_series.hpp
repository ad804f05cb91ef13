// One direction of a TCP connection over time, read from a trace that is still growing: its segments with what became of them, what
// was acknowledged, the windows, and the estimates of the round trip. The graphs of TCP are drawn from it.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/store.hpp"

namespace wirelab {

/// A segment with payload, as its sender emitted it.
struct SentSegment {
  std::int64_t at = 0;
  std::int64_t begin = 0;  // its range of the stream
  std::int64_t end = 0;
  std::int64_t lost_at = 0;  // 0: it was not dropped
  bool again = false;        // some of it had been sent before
  BlobNumber packet = 0;
};

class StreamSeries {
 public:
  struct Point {
    std::int64_t at = 0;
    std::int64_t value = 0;  // from then on
  };
  /// The curves of state: bytes of the stream for the first three, segments for the windows of congestion, then microseconds.
  enum Curve : unsigned char {
    acknowledged,
    sent,
    peer_window,
    congestion_window,
    slow_start_threshold,
    round_trip,
    time_out,
    count_
  };

  /// `end`: the entity of the connection's end that sends.
  explicit StreamSeries(EntityId end) : end_(end) {}
  EntityId end() const { return end_; }

  /// Reads on to record `to`, at most `most` records. True if it has read that far.
  bool read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most);
  const std::vector<SentSegment>& segments() const { return segments_; }
  const std::vector<Point>& curve(Curve which) const { return curves_[which]; }
  /// The value that is in force at the instant; 0 before the first point.
  std::int64_t value_at(Curve which, std::int64_t at) const;

 private:
  EntityId end_;
  StreamId stream_ = 0;
  RecordNumber last_ = 0;
  std::int64_t highest_ = 0;  // end of what was sent so far
  std::vector<SentSegment> segments_;
  tsl::robin_map<BlobNumber, std::uint32_t, MixHash> segment_of_;
  std::array<std::vector<Point>, count_> curves_;
};

}  // namespace wirelab
