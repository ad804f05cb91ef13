// The grid of a sweep, its rows and its tables.
#include <catch2/catch.hpp>

#include "lab/figure/figure.hpp"
#include "lab/sweep/plan.hpp"
#include "lab/sweep/row.hpp"
#include "lab/sweep/tables.hpp"

using namespace wirelab;

namespace {

SweepPlan small_plan() {
  SweepPlan plan;
  plan.scenario = "s.lua";
  plan.source = "duration(1)";
  plan.axes = {{"loss", {"0", "2%"}}, {"qos", {"0", "1", "2"}}};
  plan.seeds = 3;
  plan.first_seed = 5;
  return plan;
}

// "delivered" is 10 * loss's place + qos + a hundredth of the seed.
SweepRows rows_of(const SweepPlan& plan) {
  SweepRows rows;
  for (std::uint64_t run = 0; run < plan.runs(); ++run) {
    const std::uint64_t combination = plan.combination_of(run);
    SweepRow row;
    row.run = run;
    const auto values = plan.values_of(combination);
    row.parameters = {{"loss", values[0]}, {"qos", values[1]}, {"note", "a, \"b\""}};
    const double value = 10.0 * static_cast<double>(combination / 3) + static_cast<double>(combination % 3) +
                         static_cast<double>(plan.seed_of(run)) / 100;
    row.metrics = {{"delivered", "messages", "what arrived", value}};
    row.digest = "w5-" + std::to_string(run);
    rows.emplace(run, row);
  }
  return rows;
}

std::string line_with(const std::string& text, const std::string& part) {
  const std::size_t at = text.find(part);
  if (at == std::string::npos) return "nothing with " + part;
  const std::size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("combinations go with the last axis fastest, and each meets the same seeds") {
  const SweepPlan plan = small_plan();
  CHECK(plan.runs() == 18);
  CHECK(plan.values_of(0) == std::vector<std::string>{"0", "0"});
  CHECK(plan.values_of(4) == std::vector<std::string>{"2%", "1"});
  CHECK(plan.seed_of(0) == 5);
  CHECK(plan.seed_of(17) == 7);
  CHECK(plan.combination_of(17) == 5);
}

TEST_CASE("an axis is read from the command line, and what is wrong with one is told") {
  CHECK(parse_axis("loss=0,2%")->values == std::vector<std::string>{"0", "2%"});
  CHECK(parse_axis("loss").error() == "--set loss: write NAME=VALUE or NAME=V1,V2, as in --set loss=0,2%,5%");
  CHECK(parse_axis("loss=1,,2").error() == "--set loss=1,,2: a value is missing: write loss=V1,V2");
  CHECK(parse_axis("loss=1,1").error() == "--set loss=1,1: the value 1 stands there twice");
}

TEST_CASE("a manifest gives the plan back, and a difference is named") {
  SweepPlan plan = small_plan();
  plan.until = Duration::nanoseconds(1'234'567'891);
  const std::string manifest = manifest_of(plan);
  auto read = parse_manifest(manifest);
  REQUIRE(read);
  CHECK(read->axes == plan.axes);
  CHECK(read->until == plan.until);
  read->source = plan.source;
  CHECK(difference_from(*read, manifest).empty());
  CHECK(hash_of(*read) == hash_of(plan));
  read->seeds = 4;
  CHECK(difference_from(*read, manifest) == "there \"seeds\" is 3, here 4");
  plan.source += " ";
  CHECK(difference_from(plan, manifest) == "the scenario has changed since");
  CHECK_FALSE(parse_manifest("{}"));
  CHECK_FALSE(parse_manifest("[1"));
}

TEST_CASE("a row goes into a line and back, and no part of a line passes for it") {
  SweepRow row = rows_of(small_plan()).at(4);
  row.error = "s.lua:3: \"x\"\nand more, \xff";
  row.metrics[0].value = 0.1 + 0.2;
  const std::string line = to_line(row);
  REQUIRE(line.back() == '\n');
  const auto read = parse_line(line.substr(0, line.size() - 1));
  REQUIRE(read);
  CHECK(read->run == 4);
  CHECK(read->parameters == row.parameters);
  CHECK(read->metrics[0].value == row.metrics[0].value);
  CHECK(read->digest == row.digest);
  for (std::size_t cut = 0; cut + 1 < line.size(); ++cut) CHECK_FALSE(parse_line(line.substr(0, cut)));
  SweepRows rows;
  add_lines(line.substr(0, 40) + "\n" + line + line.substr(0, 50), rows);
  CHECK(rows.size() == 1);
}

TEST_CASE("the tables of a sweep") {
  const SweepPlan plan = small_plan();
  SweepRows rows = rows_of(plan);
  const std::string results = results_csv(plan, rows);
  CHECK(results.substr(0, results.find('\n')) == "run,loss,qos,note,seed,delivered,error,digest");
  CHECK(line_with(results, "w5-4") == "4,0,1,\"a, \"\"b\"\"\",6,1.06,,w5-4");
  // Of 1.05, 1.06 and 1.07: t for 2 degrees of freedom is 4.30265, the deviation 0.01, so half of the interval is 0.0248414.
  const std::string summary = summary_csv(plan, rows);
  CHECK(line_with(summary, "0,1,delivered") ==
        "0,1,delivered,messages,3,1.06,1.03515862,1.08484138,0.01,1.051,,,1.06,,,1.069,,,1.05,1.07");
  const std::string differences = differences_csv(plan, rows);
  CHECK(line_with(differences, "loss,0,2%") == "2%,0,loss,0,2%,delivered,messages,3,10,10,10");
  CHECK(line_with(differences, "0,2,qos") == "0,2,qos,0,2,delivered,messages,3,2,2,2");

  // A run that failed is a row with its error, and no part of any mean.
  rows.at(4).metrics.clear();
  rows.at(4).error = "s.lua:3: broken";
  CHECK(line_with(results_csv(plan, rows), "w5-4") == "4,0,1,\"a, \"\"b\"\"\",6,,s.lua:3: broken,w5-4");
  CHECK(line_with(summary_csv(plan, rows), "0,1,delivered").starts_with("0,1,delivered,messages,2,1.06,"));
  CHECK(line_with(differences_csv(plan, rows), "0,1,qos").starts_with("0,1,qos,0,1,delivered,messages,2,"));
}

TEST_CASE("values of parameters as numbers of one unit") {
  CHECK(numbered({"0", "2%", "10%"}).numbers == std::vector<double>{0, 2, 10});
  CHECK(numbered({"0", "2%"}).unit == "%");
  CHECK(numbered({"500ms", "2s", "1min"}).numbers == std::vector<double>{0.5, 2, 60});
  CHECK(numbered({"1", "2.5"}).unit.empty());
  CHECK(numbered({"10kB", "1MB"}).numbers == std::vector<double>{1e4, 1e6});
  CHECK(numbered({"poll", "push"}).numbers.empty());
}
