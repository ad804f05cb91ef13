#include "sim/world/world.hpp"

#include <fmt/format.h>

#include <bit>
#include <set>

#include "sim/kernel/nearest.hpp"

namespace wirelab {

ChannelSettings default_link() {
  ChannelSettings settings;
  settings.rate = 100'000'000;
  settings.delay = Duration::microseconds(100);
  return settings;
}

std::string check_description(const WorldDescription& description) {
  std::set<std::string> names;
  for (const NodeDescription& node : description.nodes) {
    if (node.name.empty()) return "a node has an empty name";
    if (!names.insert(node.name).second) return fmt::format("two nodes are named \"{}\"", node.name);
  }
  for (const LinkDescription& link : description.links) {
    for (const std::string& end : {link.a, link.b}) {
      if (!names.contains(end)) return fmt::format("a link ends at \"{}\", which is no node", end);
    }
    if (link.a == link.b) return fmt::format("a link joins \"{}\" to itself", link.a);
  }
  return {};
}

World::World(WorldDescription description, std::shared_ptr<TraceStore> store)
    : description_(std::move(description)), seed_(description_.seed), trace_(events_, std::move(store)), network_(events_, trace_, seed_),
      transport_(events_, trace_, network_, seed_) {
  check(check_description(description_).empty(), "a world's description is consistent");
  for (const NodeDescription& node : description_.nodes) {
    const NodeIndex index = network_.add_node(node.name, node.address);
    nodes_by_name_.emplace(node.name, index);
    if (node.role == NodeRole::device) {
      device_of_node_.emplace(index, static_cast<DeviceIndex>(devices_.size()));
      devices_.emplace_back();
      devices_.back().node = index;
      devices_.back().description = &node;
    }
  }
  for (const LinkDescription& link : description_.links) {
    const LinkIndex index = network_.add_link(nodes_by_name_.at(link.a), nodes_by_name_.at(link.b), link.to_b, link.to_a);
    links_by_name_.try_emplace(link.a + "-" + link.b, NamedLink{index, 0});
    links_by_name_.try_emplace(link.b + "-" + link.a, NamedLink{index, 0});
    links_by_name_.try_emplace(link.a + ">" + link.b, NamedLink{index, 1});
    links_by_name_.try_emplace(link.b + ">" + link.a, NamedLink{index, 2});
  }
  for (const NodeDescription& node : description_.nodes) {
    const NodeIndex index = nodes_by_name_.at(node.name);
    if (node.role == NodeRole::broker) {
      auto service = std::make_unique<BrokerService>(events_, trace_, transport_, index, network_.node(index).entity, node.broker, node.tcp);
      brokers_.emplace(index, std::move(service));
    }
  }
}

void World::start() {
  for (const auto& [node, service] : brokers_) service->start();
  for (DeviceIndex i = 0; i < devices_.size(); ++i) start_device(i);
}

World::~World() = default;

void World::start_device(DeviceIndex index) {
  Device& device = devices_[index];
  if (!device.description->program) return;
  trace_.set_cause(0);
  trace_.emit_cause(Kind::program_event, entity_of(index), 0, ProgramEvent::started);
  device.program = device.description->program(*this, index);
  device.program->start();
}

void World::end_device(DeviceIndex index, Ending ending) {
  Device& device = devices_[index];
  if (device.program == nullptr) return;
  trace_.emit(Kind::program_event, entity_of(index), 0, ending == Ending::stop ? ProgramEvent::ended : ProgramEvent::crashed);
  device.program->end(ending);
  ended_programs_.push_back(std::move(device.program));  // it may be what asked for its own end
}

bool World::step(Instant limit) {
  if (stopped_) return false;
  const bool fired = events_.step(limit);
  if (!ended_programs_.empty()) ended_programs_.clear();
  return fired;
}

void World::run_until(Instant end) {
  while (replayed_ < to_replay_.size() && to_replay_[replayed_].at <= end && !stopped_) {
    const JournalEntry& entry = to_replay_[replayed_];
    while ((!entry.events || executed() < *entry.events) && step(entry.at)) {
    }
    if (stopped_) return;
    events_.run_until(std::max(entry.at, now()));
    ++replayed_;
    if (can_apply(entry.what)) intervene(entry.what);
  }
  while (step(end)) {
  }
  if (!stopped_) events_.run_until(end);
}

void World::replay(std::vector<JournalEntry> entries) {
  to_replay_ = std::move(entries);
  replayed_ = 0;
}

NodeIndex World::find_node(std::string_view name) const {
  const auto found = nodes_by_name_.find(name);
  return found == nodes_by_name_.end() ? kNowhere : found->second;
}

DeviceIndex World::device_at(NodeIndex node) const {
  const auto found = device_of_node_.find(node);
  return found == device_of_node_.end() ? kNowhere : found->second;
}

BrokerService* World::broker(std::string_view name) const {
  const auto found = brokers_.find(find_node(name));
  return found == brokers_.end() ? nullptr : found->second.get();
}

tl::expected<World::NamedLink, std::string> World::find_link(std::string_view name) const {
  const auto found = links_by_name_.find(name);
  if (found != links_by_name_.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [link, index] : links_by_name_) names.push_back(link);
  const std::string_view near = nearest(name, names);
  return tl::unexpected(near.empty() ? fmt::format("there is no link \"{}\"; links are named as \"home-hub\", one direction as \"home>hub\"", name)
                                     : fmt::format("there is no link \"{}\": did you mean \"{}\"?", name, near));
}

tl::expected<void, std::string> World::can_apply(const Intervention& what) const {
  return std::visit([&](const auto& item) -> tl::expected<void, std::string> {
    if constexpr (requires { item.link; }) {
      if (const auto link = find_link(item.link); !link) return tl::unexpected(link.error());
    }
    if constexpr (requires { item.node; }) {
      const NodeIndex node = find_node(item.node);
      if (node == kNowhere) {
        std::vector<std::string_view> names;
        for (const auto& [name, index] : nodes_by_name_) names.push_back(name);
        const std::string_view near = nearest(item.node, names);
        return tl::unexpected(near.empty() ? fmt::format("there is no node \"{}\"", item.node) : fmt::format("there is no node \"{}\": did you mean \"{}\"?", item.node, near));
      }
      if constexpr (requires { item.sensor; }) {
        if (device_at(node) == kNowhere) return tl::unexpected(fmt::format("\"{}\" is no device and has no sensors", item.node));
      }
    }
    return {};
  }, what);
}

template <typename Change>
void World::for_channels(std::string_view name, Change&& change) {
  const NamedLink link = *find_link(name);
  const LinkEnds& ends = network_.ends(link.link);
  if (link.direction != 2) change(network_.channel(link.link, ends.a));
  if (link.direction != 1) change(network_.channel(link.link, ends.b));
}

void World::intervene(const Intervention& what) {
  journal_.push_back({now(), executed(), what});
  trace_.set_cause(0);
  apply(what);
}

void World::apply(const Intervention& what) {
  check(can_apply(what).has_value(), "an intervention names what exists");
  CauseScope scope(trace_);
  const auto type = static_cast<std::uint16_t>(what.index());
  std::visit([&](const auto& item) {
    using T = std::decay_t<decltype(item)>;
    if constexpr (requires { item.link; }) {
      trace_.emit_cause(Kind::intervention, trace_.intern(item.link), 0, type);
      for_channels(item.link, [&](Channel& channel) {
        if constexpr (std::is_same_v<T, CutLink>) channel.set_up(false);
        if constexpr (std::is_same_v<T, RestoreLink>) channel.set_up(true);
        if constexpr (std::is_same_v<T, SetImpairment>) {
          ChannelSettings settings = channel.settings();
          if (item.rate) settings.rate = *item.rate;
          if (item.delay) settings.delay = *item.delay;
          if (item.jitter) settings.jitter = *item.jitter;
          if (item.loss) settings.loss = *item.loss;
          channel.change(settings);
        }
      });
    } else {
      const NodeIndex node = find_node(item.node);
      trace_.emit_cause(Kind::intervention, network_.node(node).entity, 0, type);
      const DeviceIndex device = device_at(node);
      const auto service = brokers_.find(node);
      if constexpr (std::is_same_v<T, SetSensor>) {
        sensor(device, item.sensor).set(item.value);
      } else if constexpr (std::is_same_v<T, PowerOff>) {
        if (device != kNowhere) end_device(device, Ending::power);
        if (service != brokers_.end()) service->second->vanish();
        network_.set_node_up(node, false);
        transport_.forget_node(node);
      } else if constexpr (std::is_same_v<T, Crash>) {
        if (device != kNowhere) end_device(device, Ending::crash);
        if (service != brokers_.end() && service->second->running()) service->second->crash();
      } else {
        if (device != kNowhere) end_device(device, Ending::stop);
        if (service != brokers_.end() && service->second->running()) service->second->stop();
        if constexpr (std::is_same_v<T, Restart>) {
          network_.set_node_up(node, true);
          if (service != brokers_.end()) service->second->start();
          if (device != kNowhere) start_device(device);
        }
      }
    }
  }, what);
}

Sensor& World::sensor(DeviceIndex index, std::string_view name) {
  Device& device = devices_[index];
  const auto found = device.sensors.find(name);
  if (found != device.sensors.end()) return *found->second;
  const auto described = device.description->sensors.find(std::string(name));
  const SensorModel model = described == device.description->sensors.end() ? default_sensor(name) : described->second;
  const EntityId entity = trace_.define(EntityKind::sensor, fmt::format("{}/{}", name_of_device(index), name), entity_of(index));
  auto made = std::make_unique<Sensor>(trace_, seed_, entity, model);
  return *device.sensors.emplace(std::string(name), std::move(made)).first->second;
}

void World::set_actuator(DeviceIndex index, std::string_view name, double value) {
  Device& device = devices_[index];
  auto found = device.actuators.find(name);
  if (found == device.actuators.end()) {
    const EntityId entity = trace_.define(EntityKind::actuator, fmt::format("{}/{}", name_of_device(index), name), entity_of(index));
    found = device.actuators.emplace(std::string(name), std::pair{entity, 0.0}).first;
  }
  auto& [entity, last] = found->second;
  value += 0.0;
  trace_.state(entity, Field::actuator_value, std::bit_cast<std::int64_t>(last), std::bit_cast<std::int64_t>(value));
  last = value;
}

void World::visit_state(StateVisitor& visitor) const {
  network_.visit_state(visitor);
  transport_.visit_state(visitor);
  for (const auto& [node, service] : brokers_) service->broker().visit_state(visitor);
  for (const Device& device : devices_) {
    if (device.program != nullptr) device.program->visit_state(visitor);
    for (const auto& [name, sensor] : device.sensors) sensor->visit_state(visitor);
    for (const auto& [name, actuator] : device.actuators) visitor.value(actuator.first, Field::actuator_value, 0, std::bit_cast<std::int64_t>(actuator.second));
  }
}

}  // namespace wirelab
