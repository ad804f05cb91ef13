// The broker's process as a queue: against the closed forms of queueing theory, and its inbox's limit.
#include "sim/world/inbox.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace wirelab;

namespace {

// Poisson arrivals at a load of `rho`, a million of them: the mean time that an item waits before it is served, in service times.
double mean_wait(double rho, bool exponential, std::uint64_t seed) {
  EventQueue events;
  Tracer trace(events);
  constexpr std::int64_t kService = 1'000'000;
  double waited = 0;
  std::uint64_t served = 0;
  std::vector<std::int64_t> arrived;
  std::int64_t last_done = 0;
  Inbox inbox(events, trace, trace.define(EntityKind::broker, "hub"), {Duration::nanoseconds(kService), exponential, 0},
              RandomStream(seed, "hub", "service time"), [&](const Inbox::Item& item) {
                // Its service began when it came, or when the one before it was done.
                const std::int64_t came = arrived[item.source];
                waited += static_cast<double>(std::max(last_done, came) - came);
                last_done = events.now().ns();
                ++served;
              });
  RandomStream arrivals(seed, "clients", "arrivals");
  constexpr std::uint64_t kItems = 1'000'000;
  std::int64_t at = 0;
  for (std::uint64_t i = 0; i < kItems; ++i) {
    at += static_cast<std::int64_t>(arrivals.exponential(static_cast<double>(kService) / rho));
    events.run_until(Instant::from_ns(at));
    arrived.push_back(at);
    inbox.put(i, {}, 0, {});
  }
  events.run_until(Instant::from_ns(at) + Duration::seconds(100));
  REQUIRE(served == kItems);
  return waited / static_cast<double>(kItems) / kService;
}

}  // namespace

TEST_CASE("a broker's process is the M/D/1 queue, or M/M/1") {
  for (const double rho : {0.2, 0.5, 0.8}) {
    CAPTURE(rho);
    // Pollaczek and Khinchine: rho / (2 (1 - rho)) service times for a constant one, rho / (1 - rho) for an exponential one.
    CHECK(mean_wait(rho, false, 1) == Approx(rho / (2 * (1 - rho))).epsilon(0.03));
    CHECK(mean_wait(rho, true, 2) == Approx(rho / (1 - rho)).epsilon(0.04));
  }
}

TEST_CASE("an inbox is full at its limit, has room again, and forgets with its process") {
  EventQueue events;
  Tracer trace(events);
  std::vector<std::uint64_t> served;
  Inbox inbox(events, trace, trace.define(EntityKind::broker, "hub"), {Duration::milliseconds(10), false, 2},
              RandomStream(1, "hub", "service time"), [&](const Inbox::Item& item) { served.push_back(item.source); });
  CHECK(inbox.takes_time());
  inbox.put(1, {}, 0, {});  // at work
  inbox.put(2, {}, 0, {});
  CHECK_FALSE(inbox.is_full());
  inbox.put(3, {}, 0, {});
  CHECK(inbox.is_full());
  events.run_until(Instant() + Duration::milliseconds(10));
  CHECK(served == std::vector<std::uint64_t>{1});
  CHECK_FALSE(inbox.is_full());
  inbox.clear();
  events.run_until(Instant() + Duration::seconds(1));
  CHECK(served == std::vector<std::uint64_t>{1});
}
