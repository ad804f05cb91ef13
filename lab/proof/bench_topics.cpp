// What a publish costs to match, by how many subscriptions there are: each publish selects ten of them, among a thousand as among a
// million. The baseline is what a list of filters costs, looked through one by one.
#include <fmt/format.h>

#include <string>

#include "lab/proof/measure.hpp"
#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"

namespace wirelab {
namespace {

using mqtt::Qos;
using mqtt::SubscriberId;

// Subscriptions come in tens that select one topic: eight by name and two by wildcards, over three levels.
std::string filter_of(std::uint32_t subscription) {
  const std::uint32_t group = subscription / 10;
  const std::uint32_t site = group / 100, room = group % 100;
  if (subscription % 10 == 8) return fmt::format("site{}/room{}/+", site, room);
  if (subscription % 10 == 9) return fmt::format("site{}/room{}/#", site, room);
  return fmt::format("site{}/room{}/temperature", site, room);
}

struct Cost {
  double nanoseconds = 0;
  double matched = 0;
  double bytes = 0;  // a subscription
};

Cost measure_tree(std::uint32_t subscriptions, std::uint32_t publishes) {
  const std::size_t before = memory_in_use();
  mqtt::TopicTree tree;
  for (std::uint32_t i = 0; i < subscriptions; ++i)
    tree.subscribe(filter_of(i), i, {Qos::at_least_once, false, false, 0});
  Cost cost;
  cost.bytes = static_cast<double>(memory_in_use() - before) / subscriptions;
  // Drawn beforehand, so that only matching is measured.
  RandomStream random(1, "bench", "topics");
  std::vector<std::string> topics(4096);
  for (std::string& topic : topics) {
    const auto group = static_cast<std::uint32_t>(random.below(subscriptions / 10));
    topic = fmt::format("site{}/room{}/temperature", group / 100, group % 100);
  }
  std::uint64_t matched = 0;
  const double begin = cpu_seconds();
  for (std::uint32_t i = 0; i < publishes; ++i) matched += tree.match(topics[i % topics.size()]).own.size();
  cost.nanoseconds = (cpu_seconds() - begin) / publishes * 1e9;
  cost.matched = static_cast<double>(matched) / publishes;
  return cost;
}

double measure_list(std::uint32_t subscriptions, std::uint32_t publishes) {
  std::vector<std::string> filters;
  for (std::uint32_t i = 0; i < subscriptions; ++i) filters.push_back(filter_of(i));
  std::uint64_t matched = 0;
  const double begin = cpu_seconds();
  for (std::uint32_t i = 0; i < publishes; ++i) {
    const std::string topic = fmt::format("site0/room{}/temperature", i % 100);
    for (const std::string& filter : filters) matched += mqtt::matches(filter, topic) ? 1 : 0;
  }
  const double cost = (cpu_seconds() - begin) / publishes * 1e9;
  return matched == std::uint64_t{publishes} * 10 ? cost : 0;
}

}  // namespace

BenchTable bench_topics(const BenchOptions& options, bool& failed) {
  BenchTable table;
  table.title = "topics: matching a publish that ten subscriptions select";
  table.columns = {"ns/publish", "x N=1000", "matched", "bytes/subscription"};
  double first = 0;
  for (const std::uint32_t subscriptions : {1'000u, 10'000u, 100'000u, 1'000'000u}) {
    if (options.quick && subscriptions > 10'000) break;
    const Cost cost = measure_tree(subscriptions, options.quick ? 20'000 : 1'000'000);
    if (first == 0) first = cost.nanoseconds;
    table.rows.push_back(
        {fmt::format("N = {}", subscriptions), {cost.nanoseconds, cost.nanoseconds / first, cost.matched, cost.bytes}});
    if (cost.matched != 10) {
      failed = true;
      table.notes.push_back(fmt::format("FAILED at N = {}: {} matched", subscriptions, cost.matched));
    }
  }
  const double list = measure_list(1'000, options.quick ? 20 : 2'000);
  table.notes.push_back(fmt::format("a list of 1,000 filters, each looked at: {:.0f} ns/publish", list));
  return table;
}

}  // namespace wirelab
