// An MQTT client on a node: the client core over a TCP connection of the simulated network, with connecting, its time-out and
// reconnecting with back-off. Two ways to be served: in the background (paho's loop_start) or by hand (umqtt), when bytes
// stay in the receive buffer until its program looks.
#pragma once

#include "sim/net/transport.hpp"
#include "sim/protocol/dns/resolver.hpp"
#include "sim/protocol/mqtt/client.hpp"
#include "sim/protocol/tls/session.hpp"

namespace wirelab {

enum class ConnectFailure : std::uint8_t {
  none,
  refused,
  unreachable,
  timed_out,
  reset,
  not_accepted,
  no_such_name,
  not_resolved,
  certificate_unknown,
  certificate_expired,
  certificate_name,
  no_tls
};
std::string_view name_of(ConnectFailure failure);

class EndpointUser {
 public:
  virtual ~EndpointUser() = default;
  /// CONNACK came and the connection was accepted.
  virtual void on_connected(bool session_present) = 0;
  /// An attempt to connect has failed; `code` says why where a CONNACK refused it.
  virtual void on_connect_failed(ConnectFailure failure, mqtt::ConnectCode code) = 0;
  virtual void on_disconnected(bool expected) = 0;
  virtual void on_message(const mqtt::Publish& message) = 0;
  virtual void on_published(MessageId) {}
  virtual void on_subscribed(mqtt::PacketId, mqtt::Bytes) {}
};

struct EndpointSettings {
  bool manual = false;                          // served by hand
  bool reconnect = true;                        // by itself, in the background only
  Duration first_delay = Duration::seconds(1);  // doubled after each failure, as paho's reconnect_delay_set
  Duration longest_delay = Duration::seconds(120);
  Duration connect_timeout = Duration::seconds(5);  // of the TCP connection, and again to CONNACK; paho's default
  const tcp::Settings* tcp = nullptr;               // in the place of the defaults; outlives the endpoint
  std::optional<tls::ClientSettings> tls;           // its name: empty for the one that it connects to
};

class MqttEndpoint final : public tcp::User,
                           public mqtt::ByteChannel,
                           public mqtt::ClientUser,
                           public tls::SessionUser {
 public:
  MqttEndpoint(EventQueue& events, Tracer& trace, Transport& transport, mqtt::MessagePool& messages, NodeIndex node,
               EntityId entity, EndpointUser& user);
  ~MqttEndpoint() override;

  mqtt::Client& client() { return client_; }
  EndpointSettings& settings() { return settings_; }
  /// Opens a connection; the outcome comes as an event. `name` is what the broker's certificate must name.
  void connect(tcp::Endpoint to, std::string_view name = {});
  /// The same by name, which is resolved for each attempt anew.
  void connect(std::string name, std::uint16_t port, dns::Resolver& resolver);
  /// Sends DISCONNECT and does not come back by itself.
  void disconnect();
  /// By hand: while served, what has arrived is handed on and pings are sent.
  void serve(bool on);
  /// The process has died: its operating system closes the connection.
  void crash();
  /// The node has no power: nothing is said to anybody.
  void vanish();
  void visit_state(StateVisitor& visitor) const;

 private:
  // tcp::User
  void on_connected(tcp::Connection& connection) override;
  std::size_t on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) override;
  void on_peer_closed(tcp::Connection& connection) override;
  void on_closed(tcp::Connection& connection, tcp::CloseReason reason) override;
  // mqtt::ByteChannel
  mqtt::StreamPlace place() const override;
  std::uint64_t acknowledged() const override {
    return connection_ != nullptr ? connection_->acknowledged() : acknowledged_at_end_;
  }
  bool is_open() const override { return connection_ != nullptr && connection_->can_send(); }
  bool has_room(std::size_t bytes) const override {
    return connection_ != nullptr && connection_->has_room(size_in_stream(bytes));
  }
  void write(mqtt::Bytes bytes) override;
  std::size_t size_in_stream(std::size_t bytes) const override {
    return secure_ != nullptr ? secure_->size_of(bytes) : bytes;
  }
  void close() override;
  // tls::SessionUser
  void send_records(wire::Bytes records) override { connection_->write(records); }
  std::uint64_t next_offset() const override { return connection_->written(); }
  void on_secure() override;
  void on_plain(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) override;
  void on_failed(tls::Failure failure) override;
  // mqtt::ClientUser
  void on_connack(mqtt::Client&, const mqtt::Connack& packet) override;
  void on_disconnected(mqtt::Client&, bool expected) override;
  void on_message(mqtt::Client&, const mqtt::Publish& message) override { user_.on_message(message); }
  void on_published(mqtt::Client&, MessageId id) override { user_.on_published(id); }
  void on_subscribed(mqtt::Client&, mqtt::PacketId id, mqtt::Bytes codes) override { user_.on_subscribed(id, codes); }

  static void on_timer(void* self, std::uint64_t);
  void arm(Duration after);
  void disarm();
  void attempt();
  void open_connection();
  void attempt_failed(ConnectFailure failure, mqtt::ConnectCode code);
  void retry_later();
  void let_go();
  void end_tls();
  void set_tls_name(std::string_view name);
  bool listening() const { return !settings_.manual || serving_; }

  EventQueue& events_;
  Tracer& trace_;
  Transport& transport_;
  EndpointUser& user_;
  NodeIndex node_;
  mqtt::Client client_;
  EndpointSettings settings_;
  std::optional<tls::ClientContext> tls_;
  std::unique_ptr<tls::Session> secure_;  // over the connection, where it uses TLS
  tcp::Connection* connection_ = nullptr;
  std::uint64_t acknowledged_at_end_ = 0;
  tcp::Endpoint to_;
  struct Host {  // where it connects by name
    std::string name;
    dns::Resolver* resolver;
    std::shared_ptr<int> resolving;  // while an answer is waited for; an answer to nobody finds it gone
  };
  std::unique_ptr<Host> host_;
  Duration delay_;
  bool wanted_ = false;  // by its program
  bool serving_ = false;
  bool peer_closed_ = false;  // noticed when served
  bool lost_ = false;         // the same of a connection that has ended
  TimerId timer_;             // connect time-out or the next attempt
};

}  // namespace wirelab
