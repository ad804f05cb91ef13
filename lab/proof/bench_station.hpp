// What the programs of benchmarks have in common: an MQTT client that counts.
#pragma once

#include <string>

#include "sim/world/mqtt_endpoint.hpp"
#include "sim/world/world.hpp"

namespace wirelab {

struct Tally {
  std::uint64_t published = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
};

class Station : public Program, public EndpointUser {
 public:
  Station(World& world, DeviceIndex device, Tally& tally)
      : world_(world),
        tally_(tally),
        device_(device),
        endpoint_(world.events(), world.trace(), world.transport(), world.messages(), world.node_of(device),
                  world.trace().define(EntityKind::mqtt_client, std::string(world.name_of_device(device)) + "/mqtt",
                                       world.entity_of(device)),
                  *this) {
    endpoint_.client().options().client_id = world.name_of_device(device);
  }
  void end(Ending) override { endpoint_.vanish(); }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}

 protected:
  void connect() { endpoint_.connect({world_.network().node(world_.find_node("hub")).address, kMqttPort}); }
  World& world_;
  Tally& tally_;
  DeviceIndex device_;
  MqttEndpoint endpoint_;
};

}  // namespace wirelab
