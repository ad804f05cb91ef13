#include "sim/kernel/units.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "sim/kernel/nearest.hpp"

using namespace wirelab;

TEST_CASE("quantities are read as people write them") {
  CHECK(parse_duration("25ms")->ns() == 25'000'000);
  CHECK(parse_duration("1.5 s")->ns() == 1'500'000'000);
  CHECK(parse_duration("1h30min")->ns() == 5'400'000'000'000);
  CHECK(parse_duration("10µs")->ns() == 10'000);
  CHECK(*parse_rate("10Mbit/s") == 10'000'000);
  CHECK(*parse_rate("9600bit/s") == 9600);
  CHECK(*parse_rate("1MB/s") == 8'000'000);
  CHECK(*parse_size("64KiB") == 65536);
  CHECK(*parse_ratio("2%") == Approx(0.02));
  CHECK(*parse_ratio("0.02") == 0.02);
}

TEST_CASE("a wrong quantity is an error that says what to write") {
  CHECK(parse_duration("25").error() == "\"25\" has no unit for a duration (units: ns, us, ms, s, min, h, d)");
  CHECK(parse_duration("10mins").error() ==
        "unknown unit \"mins\" for a duration: did you mean \"10min\"? (units: ns, us, ms, s, min, h, d)");
  CHECK(parse_rate("10Mbps").error().find("did you mean \"10Mbit/s\"?") != std::string::npos);
  CHECK(parse_duration("soon").error() == "\"soon\" is not a duration: write a number and a unit, such as \"25ms\"");
  CHECK_FALSE(parse_duration("-1s"));
  CHECK_FALSE(parse_duration("1e300s"));
  CHECK_FALSE(parse_duration("nans"));
  CHECK_FALSE(parse_duration("1s x"));
  CHECK_FALSE(parse_ratio("101%"));
  CHECK_FALSE(parse_rate("0bit/s"));
  CHECK_FALSE(parse_duration(""));
}

TEST_CASE("durations and instants are written short and exact") {
  CHECK(format_duration(Duration::milliseconds(25)) == "25 ms");
  CHECK(format_duration(Duration::microseconds(1536)) == "1.536 ms");
  CHECK(format_duration(Duration::seconds(600)) == "10 min");
  CHECK(format_instant(Instant::from_ns(3'661'000'000'042)) == "1:01:01.000000042");
  CHECK(format_rate(10'000'000) == "10 Mbit/s");
}

TEST_CASE("the nearest word is suggested, and nothing that is far") {
  constexpr std::array<std::string_view, 4> words{"delay", "rate", "loss", "jitter"};
  CHECK(nearest("dealy", words) == "delay");
  CHECK(nearest("Rate", words) == "rate");
  CHECK(nearest("latency", words).empty());
}
