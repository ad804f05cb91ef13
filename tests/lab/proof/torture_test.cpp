// Torture, tortured: worlds without a fault keep every promise, and each rule that is broken on purpose is seen.
#include "lab/proof/torture/torture.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace wirelab;
using namespace wirelab::torture;

TEST_CASE("random worlds keep what MQTT promises") {
  TortureOptions options;
  options.seeds = 150;
  const TortureResult result = torture::torture(options, [](std::uint64_t) {});
  for (const Failure& failure : result.failures) UNSCOPED_INFO(failure.what);
  INFO(command_of(result.failed_seed, mqtt::Mutation::none, result.without));
  CHECK_FALSE(result.failed);
  CHECK(result.seeds == 150);
  CHECK(result.events > 100'000);
}

TEST_CASE("each broken rule is seen within 200 worlds") {
  for (const mqtt::MutationInfo& info : mqtt::kMutations) {
    CAPTURE(info.name, info.what);
    TortureOptions options;
    options.mutation = info.mutation;
    options.shrink = false;
    CHECK(torture::torture(options, [](std::uint64_t) {}).failed);
  }
}

TEST_CASE("a failing world is made smaller and still fails, and the command says which it is") {
  constexpr std::uint64_t kSeed = 5;
  constexpr auto kMutation = mqtt::Mutation::reverses_the_queue;
  REQUIRE_FALSE(play_and_judge(kSeed, kMutation, {}).empty());
  const Omissions small = shrink(kSeed, kMutation, {});
  CHECK_FALSE(play_and_judge(kSeed, kMutation, small).empty());
  CHECK(play_and_judge(kSeed, mqtt::Mutation::none, small).empty());
  const Plan plan = make_plan(kSeed);
  CHECK(describe(plan, small).size() < describe(plan, {}).size() / 2);
  const std::string command = command_of(kSeed, kMutation, small);
  CHECK(command.starts_with("wirelab torture --first 5 --seeds 1 --mutation reverses-the-queue --without-steps "));
  std::set<std::size_t> steps;
  const std::size_t begin = command.find("--without-steps ") + 16;
  REQUIRE(read_places(command.substr(begin, command.find(' ', begin) - begin), steps));
  CHECK(steps == small.steps);
}

TEST_CASE("one seed is one plan and one history") {
  const auto digest = [](std::uint64_t seed) { return play(make_plan(seed), {})->digest; };
  CHECK(describe(make_plan(3), {}) == describe(make_plan(3), {}));
  CHECK(describe(make_plan(3), {}) != describe(make_plan(4), {}));
  CHECK(digest(3) == digest(3));
  CHECK(digest(3) != digest(4));
}

TEST_CASE("places to leave out are read as they are written") {
  std::set<std::size_t> places;
  CHECK(read_places("3-5,9", places));
  CHECK(places == std::set<std::size_t>{3, 4, 5, 9});
  CHECK(text_of(places) == "3-5,9");
  for (const char* wrong : {"x", "3-", "5-3", "1,,2", "1 2", "3-4-5", "0-99999999999"}) {
    CAPTURE(wrong);
    std::set<std::size_t> ignored;
    CHECK_FALSE(read_places(wrong, ignored));
  }
}

TEST_CASE("the page lists the rules that can be broken") {
  std::ifstream file("docs/torture.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const mqtt::MutationInfo& info : mqtt::kMutations) {
    std::string row = "| `";
    row += info.name;
    row += "` | ";
    row += info.what;
    row += " | ";
    row += info.statement;
    row += " |\n";
    CAPTURE(row);
    CHECK(text.str().find(row) != std::string::npos);
  }
}
