// A bridge from one simulated broker to another: see sim/protocol/mqtt/bridge.hpp. Here is the client of the other broker, on the
// simulated network.
#pragma once

#include "sim/protocol/mqtt/bridge.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {

using mqtt::BridgeSettings;

class BridgeService final : public EndpointUser {
 public:
  /// `local` must outlive the bridge.
  BridgeService(EventQueue& events, Tracer& trace, Transport& transport, mqtt::MessagePool& messages, NodeIndex node,
                EntityId entity, mqtt::Broker& local, const BridgeSettings& settings, tcp::Endpoint to);

  /// With its broker's process.
  void start();
  void stop();
  void crash();
  void vanish();
  void visit_state(StateVisitor& visitor) const;

 private:
  void on_connected(bool) override { bridge_.remote_connected(); }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}
  void on_message(const mqtt::Publish& message) override { bridge_.from_remote(message); }

  tcp::Endpoint to_;
  MqttEndpoint remote_;
  mqtt::Bridge bridge_;
};

}  // namespace wirelab
