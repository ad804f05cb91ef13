#include "sim/kernel/time.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>

#include "sim/kernel/names.hpp"

using namespace wirelab;

TEST_CASE("instants and durations compute in whole nanoseconds") {
  const Instant start;
  const Instant later = start + Duration::seconds(3);
  CHECK((later - start) == Duration::milliseconds(3000));
  CHECK(later - Duration::nanoseconds(1) < later);
  static_assert(!std::is_constructible_v<Duration, Instant>);
}

// A child process runs the overflow, since a failed check ends it.
TEST_CASE("an overflow of simulated time stops the program") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    close(2);
    volatile std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const Instant sum = Instant::from_ns(most) + Duration::nanoseconds(1);
    _exit(sum.ns() == 0 ? 1 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("names get numbers in order of first use and keep them") {
  Names names;
  CHECK(names.intern("") == 0);
  const NameId hub = names.intern("hub");
  CHECK(names.intern("home") == hub + 1);
  CHECK(names.intern("hub") == hub);
  CHECK(names.find("nobody") == 0);
  for (int i = 0; i < 10000; ++i) names.intern("name-" + std::to_string(i));
  CHECK(names.text(hub) == "hub");
  CHECK(names.text(names.find("name-9999")) == "name-9999");
}
