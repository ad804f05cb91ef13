// The event queue beside what one would otherwise take: std::priority_queue with std::function, and, as the limit, a bare
// 4-ary heap of {time, sequence, index} with a function pointer and no way to cancel.
#include <fmt/format.h>

#include <functional>
#include <queue>

#include "lab/proof/measure.hpp"
#include "sim/kernel/event_queue.hpp"
#include "sim/kernel/random.hpp"

namespace wirelab {
namespace {

// Exponential increments with a mean of one second, drawn beforehand so that only queues are measured.
std::vector<std::int64_t> increments() {
  RandomStream random(1, "bench", "hold");
  std::vector<std::int64_t> steps(1 << 16);
  for (auto& step : steps) step = static_cast<std::int64_t>(random.exponential(1e9)) + 1;
  return steps;
}

struct Hold {
  const std::vector<std::int64_t>& steps;
  std::size_t next = 0;
  std::uint64_t left = 0;
  EventQueue* queue = nullptr;
  std::int64_t step() { return steps[next++ & (steps.size() - 1)]; }
  static void fire(void* self, std::uint64_t) {
    auto* hold = static_cast<Hold*>(self);
    if (hold->left == 0) return;
    --hold->left;
    hold->queue->schedule(hold->queue->now() + Duration::nanoseconds(hold->step()), fire, self);
  }
};

double hold_ours(const std::vector<std::int64_t>& steps, std::uint64_t pending, std::uint64_t events) {
  EventQueue queue;
  Hold hold{steps, 0, events, &queue};
  for (std::uint64_t i = 0; i < pending; ++i) queue.schedule(Instant::from_ns(hold.step()), Hold::fire, &hold);
  for (std::uint64_t i = 0; i < pending; ++i) queue.step(Instant::never());
  hold.left = events;
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < events; ++i) queue.step(Instant::never());
  return static_cast<double>(events) / (cpu_seconds() - begin);
}

double hold_priority_queue(const std::vector<std::int64_t>& steps, std::uint64_t pending, std::uint64_t events) {
  struct Event {
    std::int64_t time;
    std::uint64_t sequence;
    std::function<void()> action;
    bool operator<(const Event& other) const {
      return time != other.time ? time > other.time : sequence > other.sequence;
    }
  };
  std::priority_queue<Event> queue;
  std::size_t next = 0;
  std::uint64_t sequence = 0;
  std::uint64_t fired = 0;
  std::int64_t now = 0;
  const auto add = [&] {
    queue.push({now + steps[next++ & (steps.size() - 1)], sequence++,
                [&fired, &now, sequence] { fired += now >= 0 && sequence > 0 ? 1 : 0; }});
  };
  for (std::uint64_t i = 0; i < pending; ++i) add();
  const auto turn = [&] {
    const Event event = queue.top();
    queue.pop();
    now = event.time;
    event.action();
    add();
  };
  for (std::uint64_t i = 0; i < pending; ++i) turn();
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < events; ++i) turn();
  return static_cast<double>(events) / (cpu_seconds() - begin);
}

double hold_bare_heap(const std::vector<std::int64_t>& steps, std::uint64_t pending, std::uint64_t events) {
  QuadHeap heap;
  std::size_t next = 0;
  std::uint64_t sequence = 0;
  std::int64_t now = 0;
  std::uint64_t fired = 0;
  struct Target {
    void (*function)(void*);
    void* argument;
  };
  const auto action = [](void* count) { ++*static_cast<std::uint64_t*>(count); };
  std::vector<Target> targets(pending, Target{action, &fired});
  for (std::uint64_t i = 0; i < pending; ++i)
    heap.push({steps[next++ & (steps.size() - 1)], sequence++, static_cast<std::uint32_t>(i)});
  const auto turn = [&] {
    const HeapEntry top = heap.top();
    heap.pop();
    now = top.time;
    targets[top.slot].function(targets[top.slot].argument);
    heap.push({now + steps[next++ & (steps.size() - 1)], sequence++, top.slot});
  };
  for (std::uint64_t i = 0; i < pending; ++i) turn();
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < events; ++i) turn();
  return static_cast<double>(events) / (cpu_seconds() - begin);
}

// The better of two, since a machine with other work may be slow for a moment.
template <typename Run>
double better_of_two(Run&& run) {
  const double first = run();
  return std::max(first, run());
}

// A timer is moved twenty times, to about a second ahead, for each time that one fires.
struct Churn {
  static constexpr int kMovesPerFiring = 20;
};

double churn_ours(std::uint64_t timers, std::uint64_t moves) {
  EventQueue queue;
  RandomStream random(2, "bench", "churn");
  std::uint64_t fired = 0;
  struct Target {
    EventQueue* queue;
    std::uint64_t* fired;
    std::vector<TimerId>* all;
    static void fire(void* self, std::uint64_t index) {
      auto* target = static_cast<Target*>(self);
      ++*target->fired;
      target->queue->arm((*target->all)[index], target->queue->now() + Duration::seconds(1));
    }
  };
  std::vector<TimerId> all(timers);
  Target target{&queue, &fired, &all};
  for (std::uint64_t i = 0; i < timers; ++i) {
    all[i] = queue.make_timer(Target::fire, &target, i);
    queue.arm(all[i], Instant::from_ns(static_cast<std::int64_t>(random.below(1'000'000'000))));
  }
  std::vector<std::uint32_t> order(1 << 20);
  for (auto& which : order) which = static_cast<std::uint32_t>(random.below(timers));
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < moves; ++i) {
    queue.arm(all[order[i & (order.size() - 1)]], queue.now() + Duration::seconds(1));
    if (i % Churn::kMovesPerFiring == 0) queue.step(Instant::never());
  }
  return static_cast<double>(moves) / (cpu_seconds() - begin);
}

// The usual way: a move pushes a new entry and leaves the old one as a tombstone.
double churn_tombstones(std::uint64_t timers, std::uint64_t moves) {
  QuadHeap heap;
  RandomStream random(2, "bench", "churn");
  std::uint64_t sequence = 1;
  std::int64_t now = 0;
  std::uint64_t fired = 0;
  std::vector<std::uint64_t> valid(timers);
  for (std::uint64_t i = 0; i < timers; ++i) {
    valid[i] = sequence;
    heap.push({static_cast<std::int64_t>(random.below(1'000'000'000)), sequence++, static_cast<std::uint32_t>(i)});
  }
  std::vector<std::uint32_t> order(1 << 20);
  for (auto& which : order) which = static_cast<std::uint32_t>(random.below(timers));
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < moves; ++i) {
    const std::uint32_t which = order[i & (order.size() - 1)];
    valid[which] = sequence;
    heap.push({now + 1'000'000'000, sequence++, which});
    if (i % Churn::kMovesPerFiring != 0) continue;
    for (;;) {
      const HeapEntry top = heap.top();
      heap.pop();
      if (valid[top.slot] != top.sequence) continue;
      now = top.time;
      ++fired;
      valid[top.slot] = sequence;
      heap.push({now + 1'000'000'000, sequence++, top.slot});
      break;
    }
  }
  return static_cast<double>(moves) / (cpu_seconds() - begin);
}

}  // namespace

BenchTable bench_hold(const BenchOptions& options) {
  BenchTable table;
  table.title = "hold model: fire one event, schedule one (events a CPU second)";
  table.columns = {"wirelab", "priority_queue", "bare heap", "x pq", "limit / ours"};
  const std::vector<std::int64_t> steps = increments();
  for (const std::uint64_t pending : {1'000, 100'000, 1'000'000}) {
    if (options.quick && pending > 1'000) break;
    const std::uint64_t events = options.quick ? 200'000 : 3'000'000;
    const double ours = better_of_two([&] { return hold_ours(steps, pending, events); });
    const double other = better_of_two([&] { return hold_priority_queue(steps, pending, events); });
    const double bare = better_of_two([&] { return hold_bare_heap(steps, pending, events); });
    table.rows.push_back({fmt::format("{} pending", pending), {ours, other, bare, ours / other, bare / ours}});
  }
  return table;
}

BenchTable bench_timer_churn(const BenchOptions& options) {
  BenchTable table;
  table.title = "timer churn: twenty moves for each firing (moves a CPU second)";
  table.columns = {"wirelab", "tombstones", "ratio"};
  for (const std::uint64_t timers : {1'000, 1'000'000}) {
    if (options.quick && timers > 1'000) break;
    const std::uint64_t moves = options.quick ? 400'000 : 20'000'000;
    const double ours = churn_ours(timers, moves);
    const double other = churn_tombstones(timers, moves);
    table.rows.push_back({fmt::format("{} timers", timers), {ours, other, ours / other}});
  }
  return table;
}

}  // namespace wirelab
