#include "sim/world/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "sim/kernel/nearest.hpp"
#include "sim/world/mqtt_endpoint.hpp"
#include "sim/world/realms.hpp"

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
  std::set<std::string> hops;
  for (const HopDescription& hop : description.hops) {
    for (std::size_t i = 0; i < hop.nodes.size(); ++i) {
      const std::string& end = hop.nodes[i];
      if (!names.contains(end)) return fmt::format("a hop ends at \"{}\", which is no node", end);
      if (i == 0) continue;
      const auto& [low, high] = std::minmax(hop.nodes[0], end);
      if (low == high) return fmt::format("a hop joins \"{}\" to itself", end);
      if (!hops.insert(fmt::format("{} and {} by {}", low, high, name_of(hop.kind))).second)
        return fmt::format("\"{}\" and \"{}\" are joined by {} twice", low, high, name_of(hop.kind));
    }
  }
  for (const NodeDescription& node : description.nodes) {
    for (const BridgeSettings& bridge : node.bridges) {
      const auto to = std::find_if(description.nodes.begin(), description.nodes.end(),
                                   [&](const NodeDescription& other) { return other.name == bridge.to; });
      if (to == description.nodes.end() || to->role != NodeRole::broker || to->name == node.name)
        return fmt::format("a bridge of \"{}\" goes to \"{}\", which is no other broker", node.name, bridge.to);
      if (!to->listeners.plain)
        return fmt::format("a bridge of \"{}\" goes to \"{}\", which speaks TLS only", node.name, bridge.to);
      const auto same = std::count_if(node.bridges.begin(), node.bridges.end(),
                                      [&](const BridgeSettings& other) { return other.name == bridge.name; });
      if (same > 1) return fmt::format("two bridges of \"{}\" are named \"{}\"", node.name, bridge.name);
    }
  }
  const auto realms = find_realms(description);
  if (!realms) return realms.error();
  std::map<std::pair<Realm, wire::Ipv4Address>, std::string_view> taken;
  for (std::size_t i = 0; i < description.nodes.size(); ++i) {
    const NodeDescription& node = description.nodes[i];
    if (node.role == NodeRole::nat) taken.try_emplace({(*realms)[i].inside, Network::kFirstInside}, node.name);
    for (const auto& named : node.names) {
      const auto at = std::find_if(description.nodes.begin(), description.nodes.end(),
                                   [&](const NodeDescription& other) { return other.name == named.node; });
      if (at != description.nodes.end() && at->dhcp)
        return fmt::format("the name \"{}\" of \"{}\" stands for \"{}\", which has no fixed address", named.name,
                           node.name, named.node);
    }
  }
  for (std::size_t i = 0; i < description.nodes.size(); ++i) {
    const NodeDescription& node = description.nodes[i];
    if (node.dhcp && (*realms)[i].realm == 0)
      return fmt::format("\"{}\" asks for its address, but no nat() leads out of its network that could give it one",
                         node.name);
    if (node.address.value == 0) continue;
    const auto [at, is_new] = taken.try_emplace({(*realms)[i].realm, node.address}, node.name);
    if (!is_new)
      return fmt::format("\"{}\" and \"{}\" have the same address {}", at->second, node.name, to_string(node.address));
  }
  return {};
}

World::World(const WorldDescription& description, std::shared_ptr<TraceStore> store)
    : seed_(description.seed),
      trace_(events_, std::move(store)),
      network_(events_, trace_, seed_),
      transport_(events_, trace_, network_, seed_),
      profiles_(events_, trace_, network_),
      addresses_(events_, trace_, network_, transport_, seed_,
                 [this](NodeIndex node, const dhcp::Lease& lease) { address_changed(node, lease); }),
      wifi_(events_, trace_, network_, seed_,
            [this](NodeIndex station, NodeIndex point) { station_changed(station, point); }),
      energy_(events_, trace_, network_, wifi_),
      outside_(transport_),
      hops_(events_, trace_, network_, seed_) {
  check(check_description(description).empty(), "a world's description is consistent");
  device_of_node_.assign(description.nodes.size(), kNowhere);
  const std::vector<NodeRealms> realms = *find_realms(description);
  for (std::size_t i = 0; i < description.nodes.size(); ++i) {
    const NodeDescription& node = description.nodes[i];
    const EntityKind kind = node.role == NodeRole::broker         ? EntityKind::broker
                            : node.role == NodeRole::device       ? EntityKind::device
                            : node.role == NodeRole::nat          ? EntityKind::nat
                            : node.role == NodeRole::dns          ? EntityKind::name_server
                            : node.role == NodeRole::access_point ? EntityKind::access_point
                            : node.role == NodeRole::web          ? EntityKind::web_server
                                                                  : EntityKind::node;
    const wire::Ipv4Address address = node.dhcp ? Network::kNoAddress : node.address;
    const NodeIndex index = network_.add_node(node.name, address, kind, realms[i].realm);
    if (node.dhcp) addresses_.add_client(index);
    if (node.role == NodeRole::access_point) wifi_.add_access_point(index, node.point, node.place, realms[i].realm);
    if (node.station) wifi_.add_station(index, *node.station, node.place);
    if (node.radio) energy_.add(index, *node.radio);
    if (node.role == NodeRole::nat) {
      network_.add_gateway(index, realms[i].inside, node.nat);
      leases_.emplace_back(index, node.lease);
    }
    if (node.role != NodeRole::device) continue;
    device_of_node_[index] = static_cast<DeviceIndex>(devices_.size());
    devices_.emplace_back();
    devices_.back().node = index;
    devices_.back().make_program = node.program;
    if (!node.sensors.empty()) {
      peripherals(device_of_node_[index]).described = {node.sensors.begin(), node.sensors.end()};
    }
  }
  for (const LinkDescription& link : description.links) {
    const LinkIndex made = network_.add_link(find_node(link.a), find_node(link.b), link.to_b, link.to_a);
    if (energy_.any()) energy_.add_link(made);
  }
  for (const HopDescription& hop : description.hops) {
    std::vector<NodeIndex> nodes;
    for (const std::string& name : hop.nodes) nodes.push_back(find_node(name));
    hops_.add(hop, nodes);
  }
  // Links are numbered as they are described.
  for (const LinkProfile& profile : description.profiles)
    profiles_.add(profile, static_cast<LinkIndex>(profile.link), description.links[profile.link]);
  for (const NodeDescription& node : description.nodes) {
    if (node.role == NodeRole::dns) make_name_service(node);
    if (node.role == NodeRole::web) {
      const NodeIndex web = find_node(node.name);
      web_services_.emplace(web, std::make_unique<WebService>(events_, trace_, transport_, web,
                                                              network_.node(web).entity, node.web, node.tcp));
    }
    if (node.role != NodeRole::broker) continue;
    const NodeIndex index = find_node(node.name);
    brokers_.emplace(index,
                     std::make_unique<BrokerService>(events_, trace_, transport_, index, network_.node(index).entity,
                                                     node.broker, node.tcp, node.listeners, node.access));
    for (const BridgeSettings& bridge : node.bridges)
      brokers_.at(index)->add_bridge(messages_, bridge, {network_.node(find_node(bridge.to)).address, kMqttPort});
  }
}

void World::make_name_service(const NodeDescription& node) {
  const NodeIndex index = find_node(node.name);
  NameService::Names names;
  for (const auto& entry : node.names) {
    const wire::Ipv4Address address = entry.node.empty() ? entry.address : network_.node(find_node(entry.node)).address;
    names[entry.name] = {entry.time_to_live, address};
  }
  name_services_.emplace(
      index, std::make_unique<NameService>(trace_, transport_, index, network_.node(index).entity, std::move(names)));
  if (name_server_.value == 0) name_server_ = network_.node(index).address;
}

dns::Resolver& World::resolver(NodeIndex node) {
  Resolving& made = resolvers_[node];
  if (made.resolver != nullptr) return *made.resolver;
  made.resolver = std::make_unique<dns::Resolver>(
      events_, trace_, seed_, network_.node(node).entity, [this, node](wire::Ipv4Address server, wire::Bytes message) {
        Resolving& own = resolvers_[node];
        if (own.socket == nullptr) {
          own.socket = std::make_unique<DatagramSocket>(transport_, node, std::uint16_t{0});
          own.socket->set_changed([&own] {
            while (own.socket->readable()) {
              const DatagramSocket::Datagram answer = own.socket->receive();
              own.resolver->receive(answer.from.address, answer.bytes);
            }
          });
        }
        own.socket->send({server, wire::kDnsPort}, message);
      });
  const bool by_dhcp = addresses_.has_client(node);
  made.resolver->set_server(by_dhcp ? addresses_.lease(node).name_server : name_server_);
  return *made.resolver;
}

void World::address_changed(NodeIndex node, const dhcp::Lease& lease) {
  if (const auto at = resolvers_.find(node); at != resolvers_.end()) at->second.resolver->set_server(lease.name_server);
  const DeviceIndex device = device_at(node);
  if (devices_[device].program != nullptr) devices_[device].program->address_changed(lease.address);
}

// Its address comes with the network and goes with it; so do its connections.
void World::station_changed(NodeIndex station, NodeIndex point) {
  if (point != kNowhere) {
    if (network_.node(station).address.value == 0) addresses_.join(station);
  } else if (addresses_.has_client(station)) {
    addresses_.leave(station);
  } else {
    transport_.lose_address(station);
  }
  const DeviceIndex device = device_at(station);
  if (devices_[device].program != nullptr) devices_[device].program->address_changed(network_.node(station).address);
}

void World::start() {
  for (const auto& [node, lease] : leases_)
    addresses_.add_server(node, network_.inside_address(node), name_server_, lease);
  for (DeviceIndex i = 0; i < devices_.size(); ++i) {
    energy_.set_power(devices_[i].node, true);
    if (!wifi_.is_station(devices_[i].node)) addresses_.join(devices_[i].node);
  }
  for (NodeIndex i = 0; i < network_.nodes(); ++i) {
    if (wifi_.is_access_point(i)) wifi_.switch_on(i);
  }
  for (DeviceIndex i = 0; i < devices_.size(); ++i) {
    if (wifi_.is_station(devices_[i].node)) wifi_.switch_on(devices_[i].node);
  }
  hops_.start();
  for (const auto& [node, service] : name_services_) service->start();
  for (const auto& [node, service] : brokers_) service->start();
  for (const auto& [node, service] : web_services_) service->start();
  for (DeviceIndex i = 0; i < devices_.size(); ++i) start_device(i);
}

World::~World() = default;

void World::start_device(DeviceIndex index) {
  Device& device = devices_[index];
  if (!device.make_program) return;
  trace_.set_cause(0);
  trace_.emit_cause(Kind::program_event, entity_of(index), 0, ProgramEvent::started);
  set_program_state(index, ProgramState::running);
  device.program = device.make_program(*this, index);
  device.program->start();
}

void World::on_restart(void* self, std::uint64_t device) {
  static_cast<World*>(self)->start_device(static_cast<DeviceIndex>(device));
}

void World::end_device(DeviceIndex index, Ending ending) {
  Device& device = devices_[index];
  events_.cancel(device.start);
  if (device.program == nullptr) return;
  trace_.emit(Kind::program_event, entity_of(index), 0,
              ending == Ending::stop ? ProgramEvent::ended : ProgramEvent::crashed);
  set_program_state(index, ProgramState::none);
  device.program->end(ending);
  ended_programs_.push_back(std::move(device.program));  // it may be what asked for its own end
}

void World::set_program_state(DeviceIndex index, ProgramState state) {
  trace_.set(entity_of(index), Field::program_state, devices_[index].state, state);
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
    if (can_apply(entry.what)) {
      intervene(entry.what);
    } else {
      ++not_replayed_;
    }
  }
  while (step(end)) {
  }
  if (!stopped_) events_.run_until(end);
}

bool World::run_some(Instant end, std::uint64_t most) {
  check(replayed_ == to_replay_.size(), "a journal is replayed whole before a run goes on piece by piece");
  for (; most > 0; --most) {
    if (step(end)) continue;
    if (!stopped_) events_.run_until(end);
    return true;
  }
  return stopped_ || events_.next() > end;
}

void World::replay(std::vector<JournalEntry> entries) {
  to_replay_ = std::move(entries);
  replayed_ = 0;
}

// Nodes and links were named in the order of their numbers, so a name's number leads back by bisection.
NodeIndex World::find_node(std::string_view name) const {
  const EntityId entity = trace_.names().find(name);
  NodeIndex low = 0;
  auto high = static_cast<NodeIndex>(network_.nodes());
  while (low < high) {
    const NodeIndex middle = low + (high - low) / 2;
    if (network_.node(middle).entity < entity) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < network_.nodes() && entity != 0 && network_.node(low).entity == entity ? low : kNowhere;
}

DeviceIndex World::device_at(NodeIndex node) const { return device_of_node_[node]; }

BrokerService* World::broker(std::string_view name) const {
  const auto found = brokers_.find(find_node(name));
  return found == brokers_.end() ? nullptr : found->second.get();
}

World::Peripherals& World::peripherals(DeviceIndex device) {
  auto& all = devices_[device].peripherals;
  if (all == nullptr) all = std::make_unique<Peripherals>();
  return *all;
}

bool World::has_sensor(DeviceIndex device, std::string_view name) const {
  const auto names = sensors_of(device);
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string_view> World::sensors_of(DeviceIndex device) const {
  std::vector<std::string_view> names(kDefaultSensors.begin(), kDefaultSensors.end());
  if (const auto& all = devices_[device].peripherals; all != nullptr) {
    for (const auto& [name, model] : all->described) names.push_back(name);
  }
  return names;
}

bool World::has_actuator(DeviceIndex device, std::string_view name) const {
  const auto& all = devices_[device].peripherals;
  return all != nullptr && all->actuators.contains(name);
}

std::optional<std::uint32_t> World::queued_packets(std::string_view direction) const {
  const auto link = find_link(direction);
  if (!link || link->direction == 0) return std::nullopt;
  const LinkEnds& ends = network_.ends(link->link);
  return network_.channel(link->link, link->direction == 1 ? ends.a : ends.b).queued_packets();
}

std::uint32_t World::longest_queue() const {
  std::uint32_t longest = 0;
  for (LinkIndex link = 0; link < network_.links(); ++link) {
    const LinkEnds& ends = network_.ends(link);
    for (const NodeIndex from : {ends.a, ends.b})
      longest = std::max(longest, network_.channel(link, from).queued_packets());
  }
  return longest;
}

std::size_t World::held_bytes() const {
  std::size_t bytes = messages_.bytes();
  for (const auto& [node, service] : brokers_) bytes += service->broker().messages().bytes();
  return bytes;
}

Sensor& World::sensor(DeviceIndex index, std::string_view name) {
  Peripherals& all = peripherals(index);
  const auto found = all.sensors.find(name);
  if (found != all.sensors.end()) return *found->second;
  const auto described = all.described.find(name);
  const SensorModel model = described == all.described.end() ? default_sensor(name) : described->second;
  const EntityId entity =
      trace_.define(EntityKind::sensor, fmt::format("{}/{}", name_of_device(index), name), entity_of(index));
  auto made = std::make_unique<Sensor>(trace_, seed_, entity, model);
  return *all.sensors.emplace(std::string(name), std::move(made)).first->second;
}

void World::set_actuator(DeviceIndex index, std::string_view name, double value) {
  Peripherals& all = peripherals(index);
  auto found = all.actuators.find(name);
  if (found == all.actuators.end()) {
    const EntityId entity =
        trace_.define(EntityKind::actuator, fmt::format("{}/{}", name_of_device(index), name), entity_of(index));
    found = all.actuators.emplace(std::string(name), std::pair{entity, 0.0}).first;
  }
  auto& [entity, last] = found->second;
  value += 0.0;
  trace_.state(entity, Field::actuator_value, std::bit_cast<std::int64_t>(last), std::bit_cast<std::int64_t>(value));
  last = value;
}

void World::define_metric(std::string_view name, double value) {
  const EntityId entity = trace_.define(EntityKind::metric, name);
  metrics_.emplace_back(entity, 0.0);
  set_metric(metrics_.size() - 1, value);
}

void World::set_metric(std::size_t place, double value) {
  auto& [entity, last] = metrics_[place];
  trace_.state(entity, Field::metric_value, std::bit_cast<std::int64_t>(last), std::bit_cast<std::int64_t>(value));
  last = value;
}

void World::visit_state(StateVisitor& visitor) const {
  for (const auto& [entity, value] : metrics_)
    visitor.value(entity, Field::metric_value, 0, std::bit_cast<std::int64_t>(value));
  network_.visit_state(visitor);
  transport_.visit_state(visitor);
  for (const auto& [node, service] : brokers_) service->visit_state(visitor);
  for (const auto& [node, service] : name_services_) service->visit_state(visitor);
  for (const auto& [node, service] : web_services_) service->visit_state(visitor);
  addresses_.visit_state(visitor);
  wifi_.visit_state(visitor);
  energy_.visit_state(visitor);
  hops_.visit_state(visitor);
  for (const auto& [node, resolving] : resolvers_) resolving.resolver->visit_state(visitor);
  for (const Device& device : devices_) {
    visitor.value(network_.node(device.node).entity, Field::program_state, 0, static_cast<std::int64_t>(device.state));
    if (device.program != nullptr) device.program->visit_state(visitor);
    if (device.peripherals == nullptr) continue;
    for (const auto& [name, sensor] : device.peripherals->sensors) sensor->visit_state(visitor);
    for (const auto& [name, actuator] : device.peripherals->actuators)
      visitor.value(actuator.first, Field::actuator_value, 0, std::bit_cast<std::int64_t>(actuator.second));
  }
}

}  // namespace wirelab
