#include "sim/kernel/event_queue.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "sim/kernel/random.hpp"
#include "tests/sim/kernel/heap_queue.hpp"

using namespace wirelab;

namespace {

struct Log {
  EventQueue* queue;
  std::vector<std::pair<std::int64_t, int>> fired;
  static void fire(void* target, std::uint64_t argument) {
    auto* log = static_cast<Log*>(target);
    log->fired.emplace_back(log->queue->now().ns(), static_cast<int>(argument));
  }
};

Instant at(std::int64_t ns) { return Instant::from_ns(ns); }

}  // namespace

TEST_CASE("events of one instant fire in the order in which they were scheduled") {
  EventQueue queue;
  Log log{&queue, {}};
  queue.schedule(at(50), Log::fire, &log, 1);
  queue.schedule(at(10), Log::fire, &log, 2);
  queue.schedule(at(50), Log::fire, &log, 3);
  queue.schedule(at(10), Log::fire, &log, 4);
  queue.run_until(at(100));
  CHECK(log.fired == std::vector<std::pair<std::int64_t, int>>{{10, 2}, {10, 4}, {50, 1}, {50, 3}});
  CHECK(queue.now() == at(100));
  CHECK(queue.executed() == 4);
}

TEST_CASE("a timer moved to an instant comes after what was due there before") {
  EventQueue queue;
  Log log{&queue, {}};
  const TimerId timer = queue.make_timer(Log::fire, &log, 1);
  queue.arm(timer, at(5));
  queue.schedule(at(20), Log::fire, &log, 2);
  queue.arm(timer, at(20));
  queue.run_until(at(30));
  CHECK(log.fired == std::vector<std::pair<std::int64_t, int>>{{20, 2}, {20, 1}});
}

TEST_CASE("an event's id goes stale when it fires, and its slot serves again") {
  EventQueue queue;
  Log log{&queue, {}};
  const EventId first = queue.schedule(at(1), Log::fire, &log, 1);
  queue.run_until(at(1));
  const EventId second = queue.schedule(at(2), Log::fire, &log, 2);
  CHECK(first.slot == second.slot);
  queue.cancel(first);
  queue.run_until(at(2));
  CHECK(log.fired.size() == 2);
  queue.cancel(second);
}

TEST_CASE("run_until stops at its limit and the rest stays due") {
  EventQueue queue;
  Log log{&queue, {}};
  queue.schedule(at(1'000'000'000), Log::fire, &log, 1);
  queue.run_until(at(999'999'999));
  CHECK(log.fired.empty());
  CHECK(queue.next() == at(1'000'000'000));
  queue.schedule(at(999'999'999), Log::fire, &log, 2);
  queue.run_until(at(1'000'000'000));
  CHECK(log.fired == std::vector<std::pair<std::int64_t, int>>{{999'999'999, 2}, {1'000'000'000, 1}});
}

TEST_CASE("the context word travels with an event and with a timer") {
  struct Probe {
    EventQueue* queue;
    std::vector<std::uint64_t> seen;
    static void fire(void* target, std::uint64_t) {
      auto* probe = static_cast<Probe*>(target);
      probe->seen.push_back(probe->queue->context);
    }
  };
  EventQueue queue;
  Probe probe{&queue, {}};
  queue.context = 7;
  queue.schedule(at(1), Probe::fire, &probe);
  const TimerId timer = queue.make_timer(Probe::fire, &probe);
  queue.context = 8;
  queue.arm(timer, at(2));
  queue.context = 9;
  queue.run_until(at(3));
  CHECK(probe.seen == std::vector<std::uint64_t>{7, 8});
}

// Random schedules, cancellations, timer moves both ways and releases, over all time scales, against the oracle.
TEST_CASE("the queue agrees with an ordered set over random use") {
  const std::uint64_t seed = GENERATE(1, 2, 3, 4, 5, 6);
  CAPTURE(seed);
  RandomStream random(seed, "queue", "test");
  EventQueue queue;
  Log log{&queue, {}};
  test::OrderedQueue oracle;
  std::vector<std::pair<std::int64_t, int>> expected;

  constexpr int kTimers = 40;
  std::vector<TimerId> timers(kTimers);
  std::vector<std::optional<test::OrderedQueue::Key>> armed(kTimers);
  for (int i = 0; i < kTimers; ++i) timers[i] = queue.make_timer(Log::fire, &log, i);
  struct Scheduled {
    EventId id;
    test::OrderedQueue::Key key;
  };
  std::vector<Scheduled> scheduled;
  int next_what = 1000;

  for (int round = 0; round < 20000; ++round) {
    // Far ahead as well, so that every level of the wheel is used; beyond 2^62 ns nothing fires.
    const std::int64_t reach = std::int64_t{1} << random.below(round % 100 == 0 ? 62 : 45);
    const std::int64_t most = (std::int64_t{1} << 61) - queue.now().ns();
    const Instant when = queue.now() + Duration::nanoseconds(std::min(static_cast<std::int64_t>(random.below(reach)), most));
    const auto which = random.below(kTimers);
    switch (random.below(6)) {
      case 0:
        scheduled.push_back({queue.schedule(when, Log::fire, &log, next_what), oracle.insert(when.ns(), next_what)});
        ++next_what;
        break;
      case 1:
        if (!scheduled.empty()) {
          const auto pick = random.below(scheduled.size());
          queue.cancel(scheduled[pick].id);
          oracle.erase(scheduled[pick].key);
          scheduled.erase(scheduled.begin() + static_cast<std::ptrdiff_t>(pick));
        }
        break;
      case 2:
      case 3:
        if (armed[which]) oracle.erase(*armed[which]);
        queue.arm(timers[which], when);
        armed[which] = oracle.insert(when.ns(), static_cast<int>(which));
        break;
      case 4:
        if (random.below(4) == 0) {
          queue.release(timers[which]);
          timers[which] = queue.make_timer(Log::fire, &log, which);
        } else {
          queue.disarm(timers[which]);
        }
        if (armed[which]) oracle.erase(*armed[which]);
        armed[which].reset();
        break;
      default:
        for (std::uint64_t steps = random.below(4); steps > 0 && !oracle.empty(); --steps) {
          expected.push_back(oracle.pop());
          if (expected.back().second < kTimers) armed[expected.back().second].reset();
          REQUIRE(queue.step(Instant::never()));
        }
    }
  }
  while (!oracle.empty()) expected.push_back(oracle.pop());
  while (queue.step(Instant::never())) {
  }
  CHECK(log.fired == expected);
}
