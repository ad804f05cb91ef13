// The simulator against truth/: where nothing is lost, and at 2 % loss, it is held to the measurements here. What is still outside
// at 10 % is printed by `wirelab validate` and told in docs/reproducible.md.
#include "lab/proof/validate.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "lab/proof/truth.hpp"
#include "lab/system/files.hpp"

using namespace wirelab;

TEST_CASE("latencies are those of libmosquitto and mosquitto over the same link") {
  ValidationOptions options;
  options.repeats = 6;
  std::size_t told = 0;
  const auto result = validate(options, [&](const std::string&) { ++told; });
  REQUIRE(result);
  CHECK(told >= 60);
  std::size_t judged = 0, outside = 0;
  for (const Comparison& c : result->comparisons) {
    const bool lossy = c.point.ends_with("/0.1") || c.point.ends_with("/reno/0.02");
    // Of what delays 7 % of paho's messages without a loss, a part is not known.
    if (lossy || !c.judged || c.point.starts_with("latency/paho")) continue;
    // The kernel that the model follows overruns the link's queue in each of these transfers, the measured one did in one of 40.
    if (c.point == "bulk/reno/0" && c.statistic == "retrans_mean") continue;
    CAPTURE(c.point, c.statistic, c.measured, c.low, c.high, c.simulated);
    ++judged;
    outside += c.pooled_fits ? 0 : 1;
    CHECK_FALSE(c.far);
    // Where nothing is lost, nothing is chance but phases.
    if (c.point.ends_with("/0") && c.statistic == "p50_ms") {
      CHECK(c.simulated > 0.93 * c.measured);
      CHECK(c.simulated < 1.07 * c.measured);
    }
  }
  CHECK(judged > 350);
  CHECK(outside * 50 <= judged);
  for (const auto& group : result->groups) {
    CAPTURE(group.name, group.mean, group.half);
    const bool open = group.name.starts_with("paho") || group.name == "bulk, loss 0.02";
    if (group.name.find("loss 0.1") == std::string::npos && !open) CHECK(group.fits);
    if (open) CHECK(std::fabs(group.mean) < 0.1);
  }
  CHECK(result->groups.size() >= 12);
}

TEST_CASE("conversations of mosquitto's clients are equal packet by packet, and handshakes of TLS byte by byte") {
  ValidationOptions options;
  options.repeats = 2;
  options.only = "wire/";
  const auto conversations = validate(options, [](const std::string&) {});
  REQUIRE(conversations);
  CHECK(conversations->comparisons.size() == 6);
  for (const Comparison& c : conversations->comparisons) {
    CAPTURE(c.point);
    CHECK(c.simulated == c.measured);
    CHECK(c.pooled_fits);
  }
  options.only = "connect/";
  const auto connects = validate(options, [](const std::string&) {});
  REQUIRE(connects);
  std::size_t exact = 0;
  for (const Comparison& c : connects->comparisons) {
    CAPTURE(c.point, c.statistic, c.measured, c.simulated);
    const bool handshake = c.statistic.starts_with("tls_handshake_up") || c.statistic.starts_with("tcp_payload_up") ||
                           (c.statistic == "tls_handshake_down_B" && c.point.find("_ec") == std::string::npos);
    if (!handshake) continue;
    CHECK(c.simulated == Approx(c.measured).margin(0.051));
    ++exact;
  }
  CHECK(exact >= 25);
}

TEST_CASE("the same seeds give the same comparison, and files that are wrong are named") {
  ValidationOptions options;
  options.repeats = 1;
  options.only = "latency/libmosquitto/B/100/50/1/";
  const auto quiet = [](const std::string&) {};
  const auto once = validate(options, quiet);
  const auto again = validate(options, quiet);
  REQUIRE(once);
  REQUIRE(again);
  CHECK(to_text(*once) == to_text(*again));
  CHECK(once->comparisons.size() >= 60);
  options.folder = "no/such";
  const auto missing = validate(options, quiet);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("no/such/intervals.csv: No such file") != std::string::npos);
  const std::string folder = std::filesystem::temp_directory_path() / ("wirelab-truth-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  options.folder = folder;
  const auto fails_with = [&](const std::string& intervals, const std::string& latency, const std::string& said) {
    REQUIRE(write_file(folder + "/intervals.csv", intervals));
    REQUIRE(write_file(folder + "/latency.csv", latency));
    const auto result = validate(options, quiet);
    REQUIRE_FALSE(result);
    CAPTURE(result.error());
    CHECK(result.error().find(said) != std::string::npos);
  };
  fails_with("", "", "intervals.csv: is empty");
  fails_with("point,statistic\n", "", "there is no column \"value\"");
  fails_with("point,statistic,value,lo95,hi95\na,b,1\n", "", "intervals.csv:2: 3 fields, but the first line names 5");
  fails_with("point,statistic,value,lo95,hi95\n", "client,loss\n", "there is no column \"subscriber_side\"");
  fails_with("point,statistic,value,lo95,hi95\na,b,1,0,2\na,c,2,x1,3\na,d,3,2,4\n", "",
             "intervals.csv:3: \"x1\" in column \"lo95\" is no number");
  // A row that intervals.csv does not know is told, and not judged.
  std::filesystem::remove_all(folder);
  std::filesystem::copy("truth", folder);
  REQUIRE(write_file(folder + "/intervals.csv", "point,statistic,value,lo95,hi95\na,b,1,0,2\n"));
  const auto unknown = validate(options, quiet);
  REQUIRE(unknown);
  CHECK(unknown->comparisons.empty());
  CHECK(unknown->without_intervals.size() >= 4);
  CHECK(to_text(*unknown).find("rows have no line in intervals.csv") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("outages, schedules of retransmissions, polls and a stall are those of the real programs") {
  ValidationOptions options;
  options.repeats = 8;
  for (const char* const rows : {"outage/", "rto_schedule/", "polling/", "stall_trace"}) {
    options.only = rows;
    const auto result = validate(options, [](const std::string&) {});
    REQUIRE(result);
    CHECK(result->comparisons.size() >= (options.only == "stall_trace" ? 1 : 20));
    std::size_t outside = 0;
    for (const Comparison& c : result->comparisons) {
      UNSCOPED_INFO(c.point << " " << c.statistic << ": " << c.low << " to " << c.high << ", simulated " << c.least
                            << " to " << c.most << (c.repeat_fits ? "" : ", outside"));
      outside += c.repeat_fits ? 0 : 1;
    }
    // Single repeats of polls at 10 % loss differ by more than the few that are run here show.
    CHECK(outside <= (options.only == "polling/" ? 4 : options.only == "stall_trace" ? 0 : 2));
  }
}
