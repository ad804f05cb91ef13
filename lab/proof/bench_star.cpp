// N devices, each on its own link of 2 Mbit/s and 20 ms to one broker, publish 100 bytes at QoS 1 every 10 s from a random phase;
// one subscriber on 1 Gbit/s and 1 ms gets everything at QoS 1. Real TCP, every packet in bytes, digests on.
#include <fmt/format.h>

#include "lab/proof/bench_station.hpp"
#include "lab/proof/measure.hpp"

namespace wirelab {
namespace {

constexpr Duration kPeriod = Duration::seconds(10);
constexpr Duration kDrain = Duration::seconds(5);

class Publisher final : public Station {
 public:
  Publisher(World& world, DeviceIndex device, Tally& tally, Instant end) : Station(world, device, tally), end_(end) {
    timer_ = world.events().make_timer(on_timer, this);
    topic_ = "d/" + std::string(world.name_of_device(device));
  }
  ~Publisher() override { world_.events().release(timer_); }
  void start() override {
    RandomStream phase(world_.seed(), world_.name_of_device(device_), "phase");
    world_.events().arm(timer_, world_.now() + phase.between(Duration(), kPeriod));
  }
  void on_connected(bool) override { on_timer(this, 0); }
  void on_message(const mqtt::Publish&) override {}
  void on_published(MessageId) override { ++tally_.acknowledged; }

 private:
  static void on_timer(void* target, std::uint64_t) {
    auto* self = static_cast<Publisher*>(target);
    if (self->endpoint_.client().state() != mqtt::ClientState::connected) {
      self->connect();
      return;
    }
    static constexpr std::array<std::uint8_t, 100> payload{};
    ++self->tally_.published;
    self->endpoint_.client().publish(self->topic_, payload, mqtt::Qos::at_least_once, false);
    const Instant next = self->world_.now() + kPeriod;
    if (next < self->end_) self->world_.events().arm(self->timer_, next);
  }
  std::string topic_;
  Instant end_;
  TimerId timer_;
};

class Subscriber final : public Station {
 public:
  using Station::Station;
  void start() override { connect(); }
  void on_connected(bool) override {
    const mqtt::FilterRequest filter{"d/#", mqtt::Qos::at_least_once};
    endpoint_.client().subscribe({&filter, 1});
  }
  void on_message(const mqtt::Publish&) override { ++tally_.received; }
};

WorldDescription star(std::uint32_t devices, Tally& tally, Instant end) {
  WorldDescription description;
  NodeDescription hub;
  hub.name = "hub";
  hub.role = NodeRole::broker;
  hub.broker.max_in_flight = 65535;
  hub.broker.max_queued = 0;
  description.nodes.push_back(hub);
  ChannelSettings fast;
  fast.rate = 1'000'000'000;
  fast.delay = Duration::milliseconds(1);
  fast.queue_packets = 100'000;
  ChannelSettings slow;
  slow.rate = 2'000'000;
  slow.delay = Duration::milliseconds(20);
  NodeDescription subscriber;
  subscriber.name = "subscriber";
  subscriber.role = NodeRole::device;
  subscriber.program = [&tally](World& world, DeviceIndex device) {
    return std::make_unique<Subscriber>(world, device, tally);
  };
  description.nodes.push_back(subscriber);
  description.links.push_back({"subscriber", "hub", fast, fast});
  for (std::uint32_t i = 0; i < devices; ++i) {
    NodeDescription device;
    device.name = fmt::format("dev{:06}", i);
    device.role = NodeRole::device;
    device.program = [&tally, end](World& world, DeviceIndex index) {
      return std::make_unique<Publisher>(world, index, tally, end);
    };
    description.links.push_back({device.name, "hub", slow, slow});
    description.nodes.push_back(std::move(device));
  }
  return description;
}

struct StarResult {
  double cpu = 0;
  double bytes_a_device = 0;
  Tally tally;
  std::uint64_t events = 0;
};

StarResult run_star(std::uint32_t devices, Duration length, bool stored) {
  StarResult result;
  const Instant end = Instant() + length;
  const std::size_t before = memory_in_use();
  const auto store = stored ? std::make_shared<TraceStore>(std::size_t{12} << 30) : nullptr;
  World world(star(devices, result.tally, end), store);
  const double begin = cpu_seconds();
  world.start();
  world.run_until(end);
  result.bytes_a_device = static_cast<double>(memory_in_use() - before) / devices;
  world.run_until(end + kDrain);
  world.trace().flush();
  result.cpu = cpu_seconds() - begin;
  result.events = world.executed();
  return result;
}

}  // namespace

BenchTable bench_star(const BenchOptions& options, bool& failed) {
  BenchTable table;
  table.title = "star: publish, PUBACK, forward, PUBACK over simulated TCP";
  table.columns = {"messages", "messages/CPU s", "events/CPU s", "us/message", "bytes/device", "x N=100"};
  double first = 0;
  for (const std::uint32_t devices : {100u, 1'000u, 10'000u, 100'000u}) {
    if (options.quick && devices > 100) break;
    if (devices == 100'000 && !options.largest) break;
    const Duration length = options.quick        ? Duration::seconds(600)
                            : devices == 100'000 ? Duration::seconds(600)
                                                 : Duration::seconds(3600);
    const StarResult result = run_star(devices, length, false);
    const auto messages = static_cast<double>(result.tally.published);
    const double each = result.cpu / messages * 1e6;
    if (first == 0) first = each;
    table.rows.push_back({fmt::format("N = {}", devices),
                          {messages, messages / result.cpu, static_cast<double>(result.events) / result.cpu, each,
                           result.bytes_a_device, each / first}});
    if (result.tally.received != result.tally.published || result.tally.acknowledged != result.tally.published ||
        result.tally.published == 0) {
      failed = true;
      table.notes.push_back(fmt::format("FAILED at N = {}: {} published, {} acknowledged, {} delivered", devices,
                                        result.tally.published, result.tally.acknowledged, result.tally.received));
    }
    if (devices == 1'000 || options.quick) {
      const StarResult stored = run_star(devices, options.quick ? length : Duration::seconds(1200), true);
      const double with = stored.cpu / static_cast<double>(stored.tally.published) * 1e6;
      table.notes.push_back(fmt::format("N = {}, whole trace stored: {:.2f} us/message, {:.2f} times the time without",
                                        devices, with, with / each));
    }
  }
  return table;
}

}  // namespace wirelab
