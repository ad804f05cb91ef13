// A whole simulated world as a value: made from a plain description, run to an instant or event by event, changed by
// interventions, which it writes into its journal. Worlds share nothing; many may run in one process on several threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/net/socket.hpp"
#include "sim/protocol/dns/resolver.hpp"
#include "sim/protocol/mqtt/messages.hpp"
#include "sim/world/address_service.hpp"
#include "sim/world/broker_service.hpp"
#include "sim/world/description.hpp"
#include "sim/world/energy_service.hpp"
#include "sim/world/hop_service.hpp"
#include "sim/world/intervention.hpp"
#include "sim/world/journal.hpp"
#include "sim/world/link_profiles.hpp"
#include "sim/world/name_service.hpp"
#include "sim/world/outside.hpp"
#include "sim/world/program.hpp"
#include "sim/world/wifi_service.hpp"

namespace wirelab {

using DeviceIndex = std::uint32_t;

class World {
 public:
  /// The description must be consistent (see check_description). With a store, the whole trace is kept in it.
  explicit World(const WorldDescription& description, std::shared_ptr<TraceStore> store = nullptr);
  ~World();
  /// Starts the brokers and then the devices' programs, in the order of the description. Once, before it runs.
  void start();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return events_.now(); }
  std::uint64_t executed() const { return events_.executed(); }
  /// Runs all that is due up to and including `end`, replaying what the journal to be replayed holds on the way.
  void run_until(Instant end);
  /// Fires one event, if one is due by `limit`. False if there is none, or a stop was asked for.
  bool step(Instant limit);
  /// Runs until `end`, but fires at most so many events. True once everything due by `end` has happened.
  bool run_some(Instant end, std::uint64_t most);
  /// Ends run_until after the present event: a program has failed, or a limit was reached.
  void ask_to_stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  /// Checks that what an intervention names exists; the error says what is wrong and what was meant.
  tl::expected<void, std::string> can_apply(const Intervention& what) const;
  /// Applies it now, between two events, and enters it into the journal. It must be applicable.
  void intervene(const Intervention& what);
  /// Applies it without an entry: for interventions that are part of the scenario itself.
  void apply(const Intervention& what, bool by_hand = false);
  const std::vector<JournalEntry>& journal() const { return journal_; }
  /// Interventions of an earlier session, applied at their places while the world runs.
  void replay(std::vector<JournalEntry> entries);
  /// Entries that could not be done when their time came.
  std::size_t not_replayed() const { return not_replayed_; }
  /// It can be done, or may be later: what is named is a station's link that it has not made yet.
  bool may_become_possible(const Intervention& what) const;

  EventQueue& events() { return events_; }
  Tracer& trace() { return trace_; }
  Network& network() { return network_; }
  Transport& transport() { return transport_; }
  mqtt::MessagePool& messages() { return messages_; }
  std::uint64_t seed() const { return seed_; }

  /// kNowhere if there is none of that name.
  NodeIndex find_node(std::string_view name) const;
  NodeIndex node_of(DeviceIndex device) const { return devices_[device].node; }
  EntityId entity_of(DeviceIndex device) const { return network_.node(devices_[device].node).entity; }
  std::string_view name_of_device(DeviceIndex device) const { return trace_.names().text(entity_of(device)); }
  Program* program(DeviceIndex device) const { return devices_[device].program.get(); }
  /// Says that the program has come to its end by itself.
  void set_program_state(DeviceIndex device, ProgramState state);
  std::size_t devices() const { return devices_.size(); }
  BrokerService* broker(std::string_view name) const;
  /// The device's address is there, has changed or is gone, by DHCP.
  void address_changed(NodeIndex node, const dhcp::Lease& lease);
  /// A station has come into a network, or has left it, or did not get in.
  void station_changed(NodeIndex station, NodeIndex point);
  HopService& hops() { return hops_; }
  Outside& outside() { return outside_; }
  WifiService& wifi() { return wifi_; }
  const WifiService& wifi() const { return wifi_; }
  const EnergyService& energy() const { return energy_; }
  /// The resolver of a node, which asks the first name server of the description.
  dns::Resolver& resolver(NodeIndex node);

  /// Whether the description or a stated default has a sensor of this name; and all that there are.
  bool has_sensor(DeviceIndex device, std::string_view name) const;
  std::vector<std::string_view> sensors_of(DeviceIndex device) const;
  bool has_actuator(DeviceIndex device, std::string_view name) const;
  /// Packets that wait for one direction of a link, as "home>hub"; empty if there is none of that name.
  std::optional<std::uint32_t> queued_packets(std::string_view direction) const;
  /// Packets that wait in the longest queue of all links.
  std::uint32_t longest_queue() const;
  /// Bytes of the messages that clients and brokers keep.
  std::size_t held_bytes() const;
  /// The sensor of a device, made with its stated default if the description has none.
  Sensor& sensor(DeviceIndex device, std::string_view name);
  void set_actuator(DeviceIndex device, std::string_view name, double value);
  /// A metric of the scenario's own: its value is followed by the trace. Places count from 0 in the order of definition.
  void define_metric(std::string_view name, double value);
  void set_metric(std::size_t place, double value);

  /// Every value that the trace follows, as it is now.
  void visit_state(StateVisitor& visitor) const;

 private:
  using MakeProgram = std::function<std::unique_ptr<Program>(World&, std::uint32_t)>;
  struct Peripherals {
    std::map<std::string, SensorModel, std::less<>> described;
    std::map<std::string, std::unique_ptr<Sensor>, std::less<>> sensors;
    std::map<std::string, std::pair<EntityId, double>, std::less<>> actuators;
  };
  struct Device {
    NodeIndex node = 0;
    MakeProgram make_program;
    std::unique_ptr<Program> program;
    ProgramState state = ProgramState::none;
    EventId start;                             // of a restart that is due
    std::unique_ptr<Peripherals> peripherals;  // made when it is first used
  };
  struct NamedLink {
    LinkIndex link;
    int direction;  // 0: both, 1: a to b, 2: b to a
  };
  void make_name_service(const NodeDescription& node);
  void start_device(DeviceIndex device);
  static void on_restart(void* self, std::uint64_t device);
  void end_device(DeviceIndex device, Ending ending);
  bool joins_station(std::string_view link) const;
  void act_as(DeviceIndex device, const Intervention& what);
  Peripherals& peripherals(DeviceIndex device);
  std::optional<NamedLink> find_link(std::string_view name) const;
  struct NamedHop {
    NodeIndex a, b;
    std::string_view kind;  // empty: any
  };
  std::optional<NamedHop> find_hop(std::string_view name) const;
  std::string no_such_link(std::string_view name) const;
  template <typename Change>
  void for_channels(std::string_view link, Change&& change);
  DeviceIndex device_at(NodeIndex node) const;

  std::uint64_t seed_;
  EventQueue events_;
  Tracer trace_;
  Network network_;
  Transport transport_;
  LinkProfiles profiles_;
  AddressService addresses_;
  WifiService wifi_;
  EnergyService energy_;
  Outside outside_;
  HopService hops_;
  mqtt::MessagePool messages_;
  std::vector<Device> devices_;
  std::map<NodeIndex, std::unique_ptr<BrokerService>> brokers_;
  std::map<NodeIndex, std::unique_ptr<NameService>> name_services_;
  std::map<NodeIndex, std::unique_ptr<WebService>> web_services_;
  struct Resolving {
    std::unique_ptr<DatagramSocket> socket;  // opened for the first question
    std::unique_ptr<dns::Resolver> resolver;
  };
  std::map<NodeIndex, Resolving> resolvers_;
  wire::Ipv4Address name_server_;
  std::vector<std::pair<NodeIndex, Duration>> leases_;  // that routers give
  std::vector<DeviceIndex> device_of_node_;
  std::vector<std::unique_ptr<Program>> ended_programs_;
  std::vector<JournalEntry> journal_;
  std::vector<std::pair<EntityId, double>> metrics_;
  std::vector<JournalEntry> to_replay_;
  std::size_t not_replayed_ = 0;
  std::size_t replayed_ = 0;
  bool stopped_ = false;
};

/// Names twice, links to nowhere: empty if all is well.
std::string check_description(const WorldDescription& description);

}  // namespace wirelab
