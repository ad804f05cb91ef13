#include "sim/kernel/event_queue.hpp"

#include <bit>

namespace wirelab {

EventQueue::EventQueue() { buckets_.fill(kNone); }

std::uint32_t EventQueue::take_slot(EventFunction function, void* target, std::uint64_t argument, bool once) {
  std::uint32_t slot = free_;
  if (slot == kNone) {
    slot = static_cast<std::uint32_t>(actions_.size());
    if (actions_.size() == actions_.capacity()) {  // by a quarter: doubling would waste much in a large world
      actions_.reserve(actions_.size() + actions_.size() / 4 + 64);
      timings_.reserve(actions_.capacity());
    }
    actions_.emplace_back();
    timings_.emplace_back();
  } else {
    free_ = static_cast<std::uint32_t>(actions_[slot].argument);
  }
  Action& action = actions_[slot];
  action.function = function;
  action.target = target;
  action.argument = argument;
  action.once = once;
  return slot;
}

// Entries that still name the slot are void: its place is none, and a sequence number is given once.
void EventQueue::free_slot(std::uint32_t slot) {
  Action& action = actions_[slot];
  ++action.generation;
  action.argument = free_;
  free_ = slot;
}

EventId EventQueue::schedule(Instant at, EventFunction function, void* target, std::uint64_t argument) {
  check(at >= now_, "nothing is scheduled in the past");
  const std::uint32_t slot = take_slot(function, target, argument, true);
  Timing& timing = timings_[slot];
  timing.due = within_reach(at);
  timing.due_sequence = next_sequence_++;
  timing.context = context;
  enqueue(slot);
  return {slot, actions_[slot].generation};
}

void EventQueue::cancel(EventId id) {
  if (id.slot >= actions_.size()) return;
  Action& action = actions_[id.slot];
  if (action.generation != id.generation || timings_[id.slot].due == kNever) return;
  release({id.slot});
}

TimerId EventQueue::make_timer(EventFunction function, void* target, std::uint64_t argument) {
  const std::uint32_t slot = take_slot(function, target, argument, false);
  timings_[slot].due = kNever;
  return {slot};
}

void EventQueue::release(TimerId id) {
  timings_[id.slot].due = kNever;
  timings_[id.slot].place = kNoPlace;
  free_slot(id.slot);
}

// A place in the wheel or the heap for what is due. Ticks are compared as in a radix tree: the highest digit in which the
// due tick differs from the present one is the level, and that digit is the bucket.
void EventQueue::enqueue(std::uint32_t slot) {
  Timing& timing = timings_[slot];
  const std::int64_t tick = timing.due >> kTickBits;
  if (tick <= tick_) {
    timing.place = in_heap(timing.due);
    heap_.push({timing.due, timing.due_sequence, slot});
    return;
  }
  const int level = (63 - std::countl_zero(static_cast<std::uint64_t>(tick ^ tick_))) / kLevelBits;
  const int shift = level * kLevelBits;
  const std::uint32_t index = static_cast<std::uint32_t>(tick >> shift) & (kBuckets - 1);
  timing.place = in_bucket((tick >> shift) << (shift + kTickBits));
  put(static_cast<std::uint32_t>(level) * kBuckets + index, slot);
}

void EventQueue::put(std::uint32_t bucket, std::uint32_t slot) {
  std::uint32_t first = buckets_[bucket];
  if (first == kNone || lines_[first].count == lines_[first].slots.size()) {
    std::uint32_t line = free_line_;
    if (line == kNone) {
      line = static_cast<std::uint32_t>(lines_.size());
      lines_.emplace_back();
    } else {
      free_line_ = lines_[line].next;
    }
    lines_[line].next = first;
    lines_[line].count = 0;
    buckets_[bucket] = first = line;
    occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
  }
  Line& line = lines_[first];
  line.slots[line.count++] = slot;
}

// The first occupied bucket of the level past `after`, or kBuckets.
std::uint32_t EventQueue::next_bucket(int level, std::uint32_t after) const {
  const std::size_t base = static_cast<std::size_t>(level) * (kBuckets / 64);
  std::uint32_t index = after + 1;
  while (index < kBuckets) {
    const std::uint64_t word = occupied_[base + index / 64] >> (index % 64);
    if (word != 0) return index + static_cast<std::uint32_t>(std::countr_zero(word));
    index = (index / 64 + 1) * 64;
  }
  return kBuckets;
}

// Moves the present tick on to the next one that has entries, and those entries into the heap.
bool EventQueue::advance() {
  for (int level = 0; level < kLevels;) {
    const int shift = level * kLevelBits;
    const std::uint32_t here = static_cast<std::uint32_t>(tick_ >> shift) & (kBuckets - 1);
    const std::uint32_t index = next_bucket(level, here);
    if (index == kBuckets) {
      ++level;
      continue;
    }
    const int above = shift + kLevelBits;
    tick_ = ((tick_ >> above) << above) | (static_cast<std::int64_t>(index) << shift);
    drain(level, index);
    if (!heap_.empty()) return true;
    level = 0;
  }
  return false;
}

void EventQueue::drain(int level, std::uint32_t index) {
  const std::uint32_t bucket = static_cast<std::uint32_t>(level) * kBuckets + index;
  const std::int64_t here = in_bucket(tick_ << kTickBits);
  std::uint32_t at = buckets_[bucket];
  buckets_[bucket] = kNone;
  occupied_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  // Lines are copied, since those that are given back may be filled again here. The slots of the next line are fetched
  // while this one is worked on.
  const auto take = [this](std::uint32_t which) {
    const Line line = lines_[which];
    for (std::uint32_t i = 0; i < line.count; ++i) __builtin_prefetch(&timings_[line.slots[i]], 1);
    lines_[which].next = free_line_;
    free_line_ = which;
    return line;
  };
  Line line;
  if (at != kNone) line = take(at);
  while (line.count > 0) {
    Line ahead;
    if (line.next != kNone) ahead = take(line.next);
    for (std::uint32_t i = 0; i < line.count; ++i) {
      Timing& timing = timings_[line.slots[i]];
      if (timing.place != here) continue;
      timing.place = kNoPlace;
      if (timing.due != kNever) enqueue(line.slots[i]);
    }
    line = ahead;
  }
}

// Brings an entry that really is due to the top of the heap.
bool EventQueue::settle() {
  for (;;) {
    if (heap_.empty()) {
      if (!advance()) return false;
      continue;
    }
    const HeapEntry top = heap_.top();
    Timing& timing = timings_[top.slot];
    if (timing.due_sequence == top.sequence && timing.due == top.time) return true;
    heap_.pop();
    if (timing.place != in_heap(top.time)) continue;  // void
    timing.place = kNoPlace;
    if (timing.due != kNever) enqueue(top.slot);  // it was moved to later
  }
}

Instant EventQueue::next() { return settle() ? Instant::from_ns(heap_.top().time) : Instant::never(); }

// In a large world what the next event touches is in no cache. While this one runs, the next one's target is brought up, and
// the slots of those that may follow it.
inline void EventQueue::fetch_ahead() const {
  const std::size_t count = heap_.size() < 5 ? heap_.size() : 5;
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_prefetch(&actions_[heap_.entry(i).slot]);
    __builtin_prefetch(&timings_[heap_.entry(i).slot], 1);
  }
  if (count > 0) {
    const char* target = static_cast<const char*>(actions_[heap_.top().slot].target);
    for (int line = 0; line < 3; ++line) __builtin_prefetch(target + 64 * line);
  }
}

bool EventQueue::step(Instant limit) {
  if (!settle() || heap_.top().time > limit.ns()) return false;
  const HeapEntry top = heap_.top();
  heap_.pop();
  if (actions_.size() > kFitsCache) fetch_ahead();
  check(top.time >= now_.ns(), "time does not run backwards");
  now_ = Instant::from_ns(top.time);
  ++executed_;
  const Action& action = actions_[top.slot];
  Timing& timing = timings_[top.slot];
  const EventFunction function = action.function;
  void* const target = action.target;
  const std::uint64_t argument = action.argument;
  context = timing.context;
  timing.due = kNever;
  timing.place = kNoPlace;
  if (action.once) free_slot(top.slot);
  function(target, argument);
  return true;
}

void EventQueue::run_until(Instant end) {
  while (step(end)) {
  }
  if (now_ < end) now_ = end;
}

}  // namespace wirelab
