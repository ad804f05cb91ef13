// A broker on a node: the broker core behind the listening ports of the simulated network, 1883 for MQTT and 8883 for MQTT over
// TLS.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "sim/net/transport.hpp"
#include "sim/protocol/mqtt/access_list.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/tls/session.hpp"
#include "sim/world/bridge_service.hpp"
#include "sim/world/listeners.hpp"

namespace wirelab {

inline constexpr std::uint16_t kMqttPort = 1883;
inline constexpr std::uint16_t kMqttTlsPort = 8883;  // "secure-mqtt" (IANA)

class BrokerService {
 public:
  BrokerService(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
                const mqtt::BrokerSettings& settings, const tcp::Settings& tcp_settings = Transport::kDefaults,
                const Listeners& listeners = {}, mqtt::AccessList access = {});
  ~BrokerService();

  void start();
  /// Closes all connections and the port; stored sessions and retained messages stay, unless `persistence` is off.
  void stop();
  /// The process dies: its operating system closes the connections, and its memory is gone. The next start begins with what was
  /// saved last: when it was stopped, or by `autosave_interval`.
  void crash();
  /// The node has no power.
  void vanish();
  bool running() const { return running_; }
  mqtt::Broker& broker() { return broker_; }
  const mqtt::Broker& broker() const { return broker_; }
  /// Before it starts; it begins and ends with the process.
  void add_bridge(mqtt::MessagePool& messages, const BridgeSettings& settings, tcp::Endpoint to);
  void visit_state(StateVisitor& visitor) const;

 private:
  // One accepted connection: a channel to the core, a user to TCP.
  struct Link final : tcp::User, mqtt::ByteChannel, tls::SessionUser {
    BrokerService* service = nullptr;
    tcp::Connection* connection = nullptr;
    bool with_tls = false;
    TimerId wake;  // made when it first sleeps
    bool awake = false;
    bool peer_closed = false;           // while it slept
    std::uint64_t number = 0;           // of all links that there were
    bool waits = false;                 // there was no room in the inbox
    std::vector<std::uint8_t> partial;  // of a packet that is on its way into the inbox
    std::uint64_t partial_begin = 0;
    std::unique_ptr<tls::Session> secure;
    mqtt::ConnectionIndex index = 0;
    std::uint32_t slot = 0;
    std::uint64_t acknowledged_at_end = 0;
    bool opened = false;
    void on_connected(tcp::Connection& c) override;
    std::size_t on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) override;
    void on_peer_closed(tcp::Connection& c) override;
    void on_closed(tcp::Connection& c, tcp::CloseReason reason) override;
    mqtt::StreamPlace place() const override { return {connection->stream_out(), connection->written()}; }
    std::uint64_t acknowledged() const override {
      return connection != nullptr ? connection->acknowledged() : acknowledged_at_end;
    }
    bool is_open() const override { return connection != nullptr && connection->can_send(); }
    bool has_room(std::size_t bytes) const override {
      return connection != nullptr && connection->has_room(size_in_stream(bytes));
    }
    void write(mqtt::Bytes bytes) override;
    std::size_t size_in_stream(std::size_t bytes) const override {
      return secure != nullptr ? secure->size_of(bytes) : bytes;
    }
    void close() override;
    void send_records(wire::Bytes records) override { connection->write(records); }
    std::uint64_t next_offset() const override { return connection->written(); }
    void on_secure() override;
    void on_plain(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) override;
    void on_failed(tls::Failure) override;
    bool sleeps();
    static void on_wake(void* link, std::uint64_t);
    std::size_t put_in(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end);
    void end();
    void end_tls();
    void let_go();
  };
  tcp::User* accept(tcp::Connection& connection, bool with_tls);
  void forget(Link& link);
  Link* link_of(std::uint64_t number);
  void serve(const Inbox::Item& item);
  void read_on();
  void let_all_go();

  void stop_listening();
  void save();
  void load();
  void stop_saving();
  static void on_autosave(void* self, std::uint64_t);

  EventQueue& events_;
  Tracer& trace_;
  Transport& transport_;
  NodeIndex node_;
  tcp::Settings tcp_settings_;
  mqtt::AccessList access_;
  mqtt::Broker broker_;
  bool plain_;
  Duration wake_least_, wake_most_;
  RandomStream luck_;
  Inbox inbox_;
  std::uint64_t accepted_ = 0;
  std::deque<std::uint64_t> kept_back_;  // links that wait for room in the inbox, by number, in order
  std::optional<tls::ServerContext> tls_;
  bool running_ = false;
  std::vector<std::uint8_t> disk_;  // what a broker with persistence has saved last
  Instant saved_at_;
  TimerId autosave_;
  std::vector<std::unique_ptr<BridgeService>> bridges_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<Link>> ended_;  // kept until the event that ended them is over
};

}  // namespace wirelab
