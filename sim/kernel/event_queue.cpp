#include "sim/kernel/event_queue.hpp"

#include <bit>

namespace wirelab {

EventQueue::EventQueue() { buckets_.fill(kNone); }

std::uint32_t EventQueue::take_slot(EventFunction function, void* target, std::uint64_t argument, bool once) {
  std::uint32_t slot = free_;
  if (slot == kNone) {
    slot = static_cast<std::uint32_t>(actions_.size());
    actions_.emplace_back();
    timings_.emplace_back();
  } else {
    free_ = actions_[slot].next;
  }
  Action& action = actions_[slot];
  action.function = function;
  action.target = target;
  action.argument = argument;
  action.once = once;
  action.released = false;
  return slot;
}

void EventQueue::free_slot(std::uint32_t slot) {
  Action& action = actions_[slot];
  ++action.generation;
  action.next = free_;
  free_ = slot;
}

EventId EventQueue::schedule(Instant at, EventFunction function, void* target, std::uint64_t argument) {
  check(at >= now_, "nothing is scheduled in the past");
  const std::uint32_t slot = take_slot(function, target, argument, true);
  Timing& timing = timings_[slot];
  timing.due = at.ns();
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
  Action& action = actions_[id.slot];
  Timing& timing = timings_[id.slot];
  timing.due = kNever;
  if (action.bucket != kNotInWheel) unlink(id.slot);
  if (timing.queued == kNever) {
    free_slot(id.slot);
  } else {
    action.released = true;  // its heap entry still names the slot; freed when that comes up
    ++action.generation;
  }
}

// A place in the wheel or the heap for what is due. Ticks are compared as in a radix tree: the highest byte in which the
// due tick differs from the present one is the level, and that byte is the bucket.
void EventQueue::enqueue(std::uint32_t slot) {
  Timing& timing = timings_[slot];
  Action& action = actions_[slot];
  const std::int64_t tick = timing.due >> kTickBits;
  if (tick <= tick_) {
    timing.queued = timing.due;
    action.heap_sequence = timing.due_sequence;
    heap_.push({timing.due, timing.due_sequence, slot});
    return;
  }
  const int level = (63 - std::countl_zero(static_cast<std::uint64_t>(tick ^ tick_))) / kLevelBits;
  const int shift = level * kLevelBits;
  const std::uint32_t index = static_cast<std::uint32_t>(tick >> shift) & (kBuckets - 1);
  const std::uint32_t bucket = static_cast<std::uint32_t>(level) * kBuckets + index;
  timing.queued = (tick >> shift) << (shift + kTickBits);
  action.bucket = static_cast<std::uint16_t>(bucket);
  action.previous = kNone;
  action.next = buckets_[bucket];
  if (action.next != kNone) actions_[action.next].previous = slot;
  buckets_[bucket] = slot;
  occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
}

void EventQueue::queue_earlier(std::uint32_t slot) {
  if (actions_[slot].bucket != kNotInWheel) unlink(slot);
  enqueue(slot);  // an older heap entry is void from now on, since heap_sequence no longer names it
}

void EventQueue::unlink(std::uint32_t slot) {
  Action& action = actions_[slot];
  const std::uint32_t bucket = action.bucket;
  if (action.next != kNone) actions_[action.next].previous = action.previous;
  if (action.previous != kNone) {
    actions_[action.previous].next = action.next;
  } else {
    buckets_[bucket] = action.next;
    if (action.next == kNone) occupied_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  }
  action.bucket = kNotInWheel;
  action.heap_sequence = 0;
  timings_[slot].queued = kNever;
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
  std::uint32_t slot = buckets_[bucket];
  buckets_[bucket] = kNone;
  occupied_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  while (slot != kNone) {
    const std::uint32_t next = actions_[slot].next;
    actions_[slot].bucket = kNotInWheel;
    if (timings_[slot].due == kNever) {
      timings_[slot].queued = kNever;
    } else {
      enqueue(slot);
    }
    slot = next;
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
    Action& action = actions_[top.slot];
    Timing& timing = timings_[top.slot];
    if (action.heap_sequence == top.sequence) {
      if (timing.due_sequence == top.sequence && timing.due != kNever) return true;
      heap_.pop();
      action.heap_sequence = 0;
      timing.queued = kNever;
      if (action.released) {
        free_slot(top.slot);
      } else if (timing.due != kNever) {
        enqueue(top.slot);  // it was moved to later
      }
    } else {
      heap_.pop();
    }
  }
}

Instant EventQueue::next() { return settle() ? Instant::from_ns(heap_.top().time) : Instant::never(); }

bool EventQueue::step(Instant limit) {
  if (!settle() || heap_.top().time > limit.ns()) return false;
  const HeapEntry top = heap_.top();
  heap_.pop();
  check(top.time >= now_.ns(), "time does not run backwards");
  now_ = Instant::from_ns(top.time);
  ++executed_;
  Action& action = actions_[top.slot];
  Timing& timing = timings_[top.slot];
  const EventFunction function = action.function;
  void* const target = action.target;
  const std::uint64_t argument = action.argument;
  context = timing.context;
  timing.due = kNever;
  timing.queued = kNever;
  action.heap_sequence = 0;
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
