// Homes with Wi-Fi: a hundred devices on one access point behind a router that translates addresses and leases them, all of them on
// DSL. Each joins, gets its address, connects, and publishes 20 bytes at QoS 0 every minute from a random phase, for ten minutes.
#include <fmt/format.h>

#include <algorithm>

#include "lab/proof/bench_station.hpp"
#include "lab/proof/measure.hpp"
#include "sim/net/link_presets.hpp"

namespace wirelab {
namespace {

constexpr Duration kPeriod = Duration::seconds(60);
constexpr Duration kLength = Duration::seconds(600);
constexpr std::uint32_t kDevicesOfHome = 100;

class Thermometer final : public Station {
 public:
  Thermometer(World& world, DeviceIndex device, Tally& tally) : Station(world, device, tally) {
    timer_ = world.events().make_timer(on_timer, this);
  }
  ~Thermometer() override { world_.events().release(timer_); }
  void start() override {}
  void address_changed(wire::Ipv4Address address) override {
    if (address.value == 0 || waits_) return;
    waits_ = true;
    RandomStream phase(world_.seed(), world_.name_of_device(device_), "phase");
    world_.events().arm(timer_, world_.now() + phase.between(Duration(), kPeriod));
  }
  void on_connected(bool) override { on_timer(this, 0); }
  void on_message(const mqtt::Publish&) override {}

 private:
  static void on_timer(void* target, std::uint64_t) {
    auto* self = static_cast<Thermometer*>(target);
    if (self->endpoint_.client().state() != mqtt::ClientState::connected) {
      self->connect();
      return;
    }
    static constexpr std::array<std::uint8_t, 20> payload{};
    ++self->tally_.published;
    self->endpoint_.client().publish("home/temperature", payload, mqtt::Qos::at_most_once, false);
    self->world_.events().arm(self->timer_, self->world_.now() + kPeriod);
  }
  TimerId timer_;
  bool waits_ = false;
};

NodeDescription node_of(std::string name, NodeRole role) {
  NodeDescription node;
  node.name = std::move(name);
  node.role = role;
  return node;
}

WorldDescription homes(std::uint32_t count, Tally& tally) {
  WorldDescription description;
  auto& nodes = description.nodes;
  nodes.push_back(node_of("hub", NodeRole::broker));
  nodes.push_back(node_of("internet", NodeRole::router));
  ChannelSettings fast = default_link();
  fast.rate = 10'000'000'000;
  fast.queue_packets = 100'000;
  description.links.push_back({"hub", "internet", fast, fast});
  const auto presets = link_presets();
  const LinkPreset& dsl =
      *std::find_if(presets.begin(), presets.end(), [](const LinkPreset& preset) { return preset.name == "dsl"; });
  for (std::uint32_t h = 0; h < count; ++h) {
    NodeDescription home = node_of(fmt::format("home{}", h), NodeRole::nat);
    home.outside = "internet";
    NodeDescription point = node_of(fmt::format("point{}", h), NodeRole::access_point);
    point.point.ssid = fmt::format("network{}", h);
    point.point.password = "secretpass123";
    description.links.push_back({home.name, "internet", dsl.up, dsl.down});
    description.links.push_back({point.name, home.name, default_link(), default_link()});
    for (std::uint32_t d = 0; d < kDevicesOfHome; ++d) {
      NodeDescription device = node_of(fmt::format("device{}.{}", h, d), NodeRole::device);
      device.dhcp = true;
      device.station = StationSettings{point.point.ssid, point.point.password, 20, 0};
      device.place = {static_cast<double>(d % 10), static_cast<double>(d / 10)};
      device.program = [&tally](World& world, DeviceIndex index) {
        return std::make_unique<Thermometer>(world, index, tally);
      };
      nodes.push_back(std::move(device));
    }
    nodes.push_back(std::move(home));
    nodes.push_back(std::move(point));
  }
  return description;
}

}  // namespace

BenchTable bench_homes(const BenchOptions& options, bool& failed) {
  BenchTable table;
  table.title = "homes: 100 devices on an access point behind NAT, ten minutes of telemetry";
  table.columns = {"devices", "messages", "events", "seconds", "us/event", "bytes/device"};
  for (const std::uint32_t count : {10u, 100u, 1'000u}) {
    if ((options.quick && count > 10) || (count == 1'000 && !options.largest)) break;
    Tally tally;
    const std::size_t before = memory_in_use();
    World world(homes(count, tally));
    const double begin = cpu_seconds();
    world.start();
    world.run_until(Instant() + kLength);
    const double seconds = cpu_seconds() - begin;
    const double devices = count * kDevicesOfHome;
    const auto bytes = static_cast<double>(memory_in_use() - before) / devices;
    const auto events = static_cast<double>(world.executed());
    table.rows.push_back(
        {fmt::format("{} homes", count),
         {devices, static_cast<double>(tally.published), events, seconds, seconds / events * 1e6, bytes}});
    // From its random phase on each publishes nine or ten times.
    if (static_cast<double>(tally.published) < devices * 9) {
      failed = true;
      table.notes.push_back(fmt::format("FAILED at {} homes: only {} messages were published", count, tally.published));
    }
  }
  return table;
}

}  // namespace wirelab
