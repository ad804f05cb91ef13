// A bridge from one broker to another, as mosquitto's `connection`: beside the broker runs a client of the other one, and a client
// of its own broker; what either gets by the bridge's topics the other publishes. Both conform as any client does (3.1.1, section
// 7).
//
// With MQTT 5.0 neither gets back what it has published itself (No Local), and RETAIN is kept as it was published. A remote broker
// of 3.1.1 knows no such option, so a topic that goes both ways comes back once; that is said in docs/lua/wirelab.lua.
// What waits for a remote broker that is away waits in the bridge's client, and is lost with its process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/mqtt/client.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {

/// A line `topic` of mosquitto.conf. Prefixes go before the pattern on either side.
struct BridgeTopic {
  std::string pattern;
  bool out = true, in = false;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  std::string local_prefix, remote_prefix;
};
/// "PATTERN [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]", where "" is no prefix; the error says what is wrong.
tl::expected<BridgeTopic, std::string> parse_bridge_topic(std::string_view line);

struct BridgeSettings {
  std::string name;  // of the connection; its client identifier on both sides
  std::string to;    // the other broker's node
  std::vector<BridgeTopic> topics;
  mqtt::ClientOptions remote;  // version, keep alive, clean session, credentials
};

class Bridge final : public EndpointUser, public mqtt::ClientUser {
 public:
  /// `local` must outlive the bridge.
  Bridge(EventQueue& events, Tracer& trace, Transport& transport, mqtt::MessagePool& messages, NodeIndex node,
         EntityId entity, mqtt::Broker& local, const BridgeSettings& settings, tcp::Endpoint to);
  ~Bridge() override;
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// With its broker's process.
  void start();
  void stop();
  void crash();
  void vanish();
  void visit_state(StateVisitor& visitor) const;

 private:
  // One direction of the connection within the process: bytes arrive by an event of the same instant.
  struct Pipe final : mqtt::ByteChannel {
    Bridge* bridge = nullptr;
    StreamId stream = 0;
    std::uint64_t written = 0, delivered = 0;
    std::vector<std::uint8_t> waiting;
    bool open = false;
    mqtt::StreamPlace place() const override { return {stream, written}; }
    std::uint64_t acknowledged() const override { return written; }
    bool is_open() const override { return open; }
    bool has_room(std::size_t) const override { return true; }
    void write(mqtt::Bytes bytes) override;
    void close() override { bridge->close_pipes(); }
  };
  // EndpointUser: the other broker
  void on_connected(bool session_present) override;
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}
  void on_message(const mqtt::Publish& message) override;
  // mqtt::ClientUser: the own broker
  void on_connack(mqtt::Client&, const mqtt::Connack&) override;
  void on_disconnected(mqtt::Client&, bool) override {}
  void on_message(mqtt::Client&, const mqtt::Publish& message) override;

  static void on_pump(void* self, std::uint64_t);
  void open_local();
  void pump_later();
  void pump();
  void close_pipes();
  void subscribe(mqtt::Client& client, bool remote);
  /// Publishes on `client` what came from the other side.
  void pass_on(mqtt::Client& client, const mqtt::Publish& message, bool to_remote);

  EventQueue& events_;
  Tracer& trace_;
  mqtt::Broker& broker_;
  BridgeSettings settings_;
  tcp::Endpoint to_;
  MqttEndpoint remote_;
  mqtt::Client local_;
  Pipe to_broker_, to_client_;
  mqtt::ConnectionIndex index_ = 0;
  bool told_ = false;  // it runs
  TimerId pump_;
};

}  // namespace wirelab
