// What a publish costs, by how many subscriptions there are: each publish selects ten of them, among a thousand as among a million.
// First the matching by itself, then all that a broker does from the packet that comes in to the ten that go out. The baseline is
// what a list of filters costs, looked through one by one.
#include <fmt/format.h>

#include <string>

#include "lab/proof/measure.hpp"
#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/broker.hpp"

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

// Drawn beforehand, so that only what is done with them is measured.
std::vector<std::string> topics_among(std::uint32_t subscriptions) {
  RandomStream random(1, "bench", "topics");
  std::vector<std::string> topics(4096);
  for (std::string& topic : topics) {
    const auto group = static_cast<std::uint32_t>(random.below(subscriptions / 10));
    topic = fmt::format("site{}/room{}/temperature", group / 100, group % 100);
  }
  return topics;
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
  const std::vector<std::string> topics = topics_among(subscriptions);
  std::uint64_t matched = 0;
  const double begin = cpu_seconds();
  for (std::uint32_t i = 0; i < publishes; ++i) matched += tree.match(topics[i % topics.size()]).own.size();
  cost.nanoseconds = (cpu_seconds() - begin) / publishes * 1e9;
  cost.matched = static_cast<double>(matched) / publishes;
  return cost;
}

// Takes everything and keeps nothing.
struct Drain final : ByteChannel {
  std::uint64_t bytes = 0;
  StreamPlace place() const override { return {1, bytes}; }
  std::uint64_t acknowledged() const override { return bytes; }
  bool is_open() const override { return true; }
  bool has_room(std::size_t) const override { return true; }
  void write(wire::Bytes written) override { bytes += written.size(); }
  void close() override {}
};

// A broker with a thousand clients, each with its part of the subscriptions; a publish goes to ten of them.
Cost measure_broker(std::uint32_t subscriptions, std::uint32_t publishes) {
  constexpr std::uint32_t kClients = 1000;
  EventQueue events;
  Tracer trace(events, Tracer::KeepsNothing{});
  mqtt::Broker broker(events, trace, trace.define(EntityKind::broker, "broker"), {});
  std::vector<Drain> drains(kClients + 1);
  std::vector<mqtt::ConnectionIndex> clients;
  std::vector<std::uint8_t> packet;
  std::uint64_t sent = 0;
  const auto send = [&](std::uint32_t client) {
    broker.receive(clients[client], packet, 2, {sent, sent + packet.size()});
    sent += packet.size();
    packet.clear();
  };
  for (std::uint32_t i = 0; i <= kClients; ++i) {
    clients.push_back(broker.opened(&drains[i]));
    mqtt::Connect connect;
    const std::string id = fmt::format("client{}", i);
    connect.client_id = id;
    mqtt::encode(connect, packet);
    send(i);
  }
  for (std::uint32_t i = 0; i < subscriptions; ++i) {
    const std::string filter = filter_of(i);
    const mqtt::FilterRequest request{filter, {Qos::at_most_once}};
    mqtt::encode_subscribe(1, {&request, 1}, packet);
    send(i % kClients);
  }
  std::vector<std::vector<std::uint8_t>> published;
  for (const std::string& topic : topics_among(subscriptions)) {
    mqtt::encode(mqtt::Publish{topic, wire::bytes_of("21.5"), Qos::at_most_once, false, false, 0}, packet);
    published.push_back(std::move(packet));
  }
  Cost cost;
  const std::uint64_t before = broker.counts().publishes_out;
  const double begin = cpu_seconds();
  for (std::uint32_t i = 0; i < publishes; ++i) {
    const std::vector<std::uint8_t>& one = published[i % published.size()];
    broker.receive(clients[kClients], one, 2, {sent, sent + one.size()});
    sent += one.size();
  }
  cost.nanoseconds = (cpu_seconds() - begin) / publishes * 1e9;
  cost.matched = static_cast<double>(broker.counts().publishes_out - before) / publishes;
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
  table.title =
      "topics: a publish that ten subscriptions select, matched by itself, and by a broker from packet to packets";
  table.columns = {"ns/match", "x N=1000", "ns/publish", "x N=1000", "bytes/subscription"};
  double first = 0, first_whole = 0;
  for (const std::uint32_t subscriptions : {1'000u, 10'000u, 100'000u, 1'000'000u}) {
    if (options.quick && subscriptions > 10'000) break;
    const Cost cost = measure_tree(subscriptions, options.quick ? 20'000 : 1'000'000);
    const Cost whole = measure_broker(subscriptions, options.quick ? 2'000 : 500'000);
    if (first == 0) first = cost.nanoseconds, first_whole = whole.nanoseconds;
    table.rows.push_back(
        {fmt::format("N = {}", subscriptions),
         {cost.nanoseconds, cost.nanoseconds / first, whole.nanoseconds, whole.nanoseconds / first_whole, cost.bytes}});
    if (cost.matched != 10 || whole.matched != 10) {
      failed = true;
      table.notes.push_back(
          fmt::format("FAILED at N = {}: {} matched, {} delivered", subscriptions, cost.matched, whole.matched));
    }
  }
  const double list = measure_list(1'000, options.quick ? 20 : 2'000);
  table.notes.push_back(fmt::format("a list of 1,000 filters, each looked at: {:.0f} ns/publish", list));
  return table;
}

}  // namespace wirelab
