// The clock of one simulation and everything that is due on it, in the total order (time, sequence number).
//
// Two kinds of entry share one pool of slots. An event is scheduled once, fires once and is gone. A timer is made once and
// armed, moved and disarmed many times: a TCP retransmission timer moves with every acknowledgement and hardly ever
// fires. So arming a timer later than where it is queued only writes the new due time; when its old place comes up, it
// is queued again. Moving it earlier gives it a second place and leaves the first to be passed over.
//
// Entries far away wait in a hierarchical wheel of 1024 buckets a level (a tick is 2^22 ns, about four milliseconds); the
// bucket of the present tick is drained into a small heap that keeps the exact order. A bucket is a list of lines of
// slot numbers, so draining reads memory in a row and fetches what it will need ahead.
//
// Firing calls a plain function with a pointer and a number. Each entry carries a 64-bit context word from where it was
// scheduled to where it fires; the trace uses it for the record that caused the event. No call allocates once the pool
// has grown to what the simulation needs. One queue belongs to one thread; queues share nothing.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/kernel/quad_heap.hpp"
#include "sim/kernel/time.hpp"

namespace wirelab {

using EventFunction = void (*)(void* target, std::uint64_t argument);

/// Names an event that is scheduled; goes safely stale once the event has fired or is cancelled.
struct EventId {
  std::uint32_t slot = 0xffffffff;
  std::uint32_t generation = 0;
};

/// Names a timer until it is released.
struct TimerId {
  std::uint32_t slot = 0xffffffff;
  bool valid() const { return slot != 0xffffffff; }
};

class EventQueue {
 public:
  EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  Instant now() const { return now_; }
  /// How many events and timers have fired.
  std::uint64_t executed() const { return executed_; }

  /// Calls function(target, argument) at `at`, which may not be in the past. Of what is due at one instant, what was
  /// scheduled or armed first goes first.
  EventId schedule(Instant at, EventFunction function, void* target, std::uint64_t argument = 0);
  /// Forgets an event. Of one that has fired or was cancelled, nothing is left to forget.
  void cancel(EventId id);

  TimerId make_timer(EventFunction function, void* target, std::uint64_t argument = 0);
  /// Arms the timer, or moves it, to fire at `at`.
  void arm(TimerId id, Instant at) {
    check(at >= now_, "nothing is armed in the past");
    Timing& timing = timings_[id.slot];
    timing.due = within_reach(at);
    timing.due_sequence = next_sequence_++;
    timing.context = context;
    if (in_heap(timing.due) < timing.place) enqueue(id.slot);
  }
  void disarm(TimerId id) { timings_[id.slot].due = kNever; }
  /// Instant::never() if the timer is not armed.
  Instant due(TimerId id) const { return Instant::from_ns(timings_[id.slot].due); }
  void release(TimerId id);

  /// When the next event or timer fires; Instant::never() if there is none.
  Instant next();
  /// Fires what is due next, if it is due at `limit` at the latest. False if there is nothing such.
  bool step(Instant limit);
  /// Fires all that is due up to and including `end`, then sets the clock to `end`.
  void run_until(Instant end);

  /// The word that entries scheduled now will carry; set to an entry's own word while it fires.
  std::uint64_t context = 0;

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kNoPlace = kNever;
  static constexpr int kTickBits = 22;
  static constexpr int kLevelBits = 10;
  static constexpr int kLevels = 5;  // 22 + 5 * 10 bits reach over all of 63
  static constexpr std::uint32_t kBuckets = 1u << kLevelBits;
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::size_t kFitsCache = 8192;  // slots up to which nothing needs to be fetched ahead

  // What moving a timer touches: half a cache line.
  struct Timing {
    std::int64_t due = kNever;
    std::uint64_t due_sequence = 0;
    // Where its newest entry stands: a bucket's first instant, or an instant in the heap, each doubled, and 1 more for the
    // heap. An entry that does not agree with this is void. The entry comes up no later than its slot is due.
    std::int64_t place = kNoPlace;
    std::uint64_t context = 0;
  };
  static std::int64_t in_bucket(std::int64_t start) { return start * 2; }
  static std::int64_t in_heap(std::int64_t at) { return at * 2 + 1; }
  // No run lasts so long (146 years), so what is due there or later never fires; doubled places end there.
  static std::int64_t within_reach(Instant at) { return std::min(at.ns(), kFarthest); }
  static constexpr std::int64_t kFarthest = (kNever >> 1) - (std::int64_t{1} << kTickBits);

  // Half a cache line, too.
  struct Action {
    EventFunction function = nullptr;
    void* target = nullptr;
    std::uint64_t argument = 0;  // of a free slot: the next free one
    std::uint32_t generation = 0;
    bool once = false;
  };
  // A cache line of a bucket's entries.
  struct alignas(64) Line {
    std::uint32_t next = kNone;
    std::uint32_t count = 0;
    std::array<std::uint32_t, 14> slots;
  };

  std::uint32_t take_slot(EventFunction function, void* target, std::uint64_t argument, bool once);
  void free_slot(std::uint32_t slot);
  void enqueue(std::uint32_t slot);
  void put(std::uint32_t bucket, std::uint32_t slot);
  void fetch_ahead() const;
  bool settle();
  bool advance();
  void drain(int level, std::uint32_t index);
  std::uint32_t next_bucket(int level, std::uint32_t after) const;

  Instant now_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t executed_ = 0;
  std::int64_t tick_ = 0;  // all entries due in this tick or before it are in the heap
  QuadHeap heap_;
  std::vector<Timing> timings_;
  std::vector<Action> actions_;
  std::uint32_t free_ = kNone;
  std::vector<Line> lines_;
  std::uint32_t free_line_ = kNone;
  std::array<std::uint32_t, kLevels * kBuckets> buckets_;  // the first line of each
  std::array<std::uint64_t, kLevels * kBuckets / 64> occupied_{};
};

}  // namespace wirelab
