// What a connection has sent and not seen acknowledged: a record for each segment, in order of the stream, with the counts
// that loss recovery asks for (RFC 6675). It knows neither bytes nor timers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/ring.hpp"
#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct SentSegment {
  std::uint64_t begin = 0;   // offset in the stream; SYN is not among the segments
  std::uint32_t length = 0;  // payload bytes
  std::uint16_t sent_count = 1;
  bool fin = false;   // takes one more number
  bool push = false;  // the end of what was written then
  bool sacked = false;
  bool lost = false;
  bool in_repair = false;  // sent again since it was last marked lost
  Instant last_sent;

  std::uint64_t end() const { return begin + length + (fin ? 1 : 0); }
  bool retransmitted() const { return sent_count > 1; }
};

class SendQueue {
 public:
  bool empty() const { return segments_.empty(); }
  std::uint32_t size() const { return segments_.size(); }
  SentSegment& operator[](std::uint32_t i) { return segments_[i]; }
  const SentSegment& operator[](std::uint32_t i) const { return segments_[i]; }
  SentSegment& front() { return segments_.front(); }

  void sent(const SentSegment& segment) { segments_.push_back(segment); }
  void resent(std::uint32_t i, Instant now) {
    SentSegment& s = segments_[i];
    if (s.lost && !s.in_repair) ++in_repair_;
    s.in_repair = s.lost;
    if (s.sent_count < 0xffff) ++s.sent_count;
    s.last_sent = now;
  }
  void drop_front() {
    forget_counts(segments_.front());
    segments_.pop_front();
  }
  /// Cuts the front segment's acknowledged head off.
  void trim_front(std::uint64_t to) {
    SentSegment& s = segments_.front();
    s.length -= static_cast<std::uint32_t>(to - s.begin);
    s.begin = to;
  }
  /// Cuts segment `i` in two after `length` bytes; both keep its history.
  void split(std::uint32_t i, std::uint32_t length) {
    SentSegment tail = segments_[i];
    tail.begin += length;
    tail.length -= length;
    segments_[i].length = length;
    segments_[i].fin = segments_[i].push = false;
    sacked_ += tail.sacked ? 1 : 0;
    lost_ += tail.lost ? 1 : 0;
    in_repair_ += tail.in_repair ? 1 : 0;
    segments_.insert(i + 1, tail);
  }
  /// Puts what follows segment `i` to it; the whole then counts as sent when `i` was.
  void join_next(std::uint32_t i) {
    SentSegment& next = segments_[i + 1];
    forget_counts(next);
    SentSegment& s = segments_[i];
    s.length += next.length;
    s.fin = next.fin;
    s.push = s.push || next.push;
    s.sent_count = std::max(s.sent_count, next.sent_count);
    segments_.erase(i + 1);
  }
  void mark_sacked(std::uint32_t i) {
    SentSegment& s = segments_[i];
    if (s.sacked) return;
    unmark_lost(s);
    s.sacked = true;
    ++sacked_;
  }
  /// Also a repair under way may be lost; it then waits to be sent again.
  void mark_lost(std::uint32_t i) {
    SentSegment& s = segments_[i];
    if (s.sacked || (s.lost && !s.in_repair)) return;
    unmark_lost(s);
    s.lost = true;
    ++lost_;
  }
  /// Nothing is lost after all.
  void unmark_all_lost() {
    for (std::uint32_t i = 0; i < segments_.size(); ++i) unmark_lost(segments_[i]);
  }
  /// Segments taken to be on their way: sent, not sacked, not lost unless sent again.
  std::uint32_t in_flight() const { return segments_.size() - sacked_ - lost_ + in_repair_; }
  std::uint32_t sacked() const { return sacked_; }
  std::uint32_t lost() const { return lost_; }
  std::uint32_t in_repair() const { return in_repair_; }
  /// Whether any lost segment waits to be sent again.
  bool needs_repair() const { return lost_ > in_repair_; }
  void clear() {
    segments_.clear();
    sacked_ = lost_ = in_repair_ = 0;
  }

 private:
  void unmark_lost(SentSegment& s) {
    if (s.in_repair) --in_repair_;
    if (s.lost) --lost_;
    s.lost = s.in_repair = false;
  }
  void forget_counts(SentSegment& s) {
    unmark_lost(s);
    if (s.sacked) --sacked_;
  }

  Ring<SentSegment> segments_;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t in_repair_ = 0;
};

}  // namespace wirelab::tcp
