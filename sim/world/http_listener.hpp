// The server's side of HTTP on a node: a port of the simulated network, and the HTTP core on each connection that it accepts.
#pragma once

#include <memory>
#include <vector>

#include "sim/net/transport.hpp"
#include "sim/protocol/http/server.hpp"

namespace wirelab {

class HttpListener {
 public:
  /// Everything must outlive the listener.
  HttpListener(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
               std::uint16_t port, http::Site& site, const http::ServerSettings& settings,
               const tcp::Settings& tcp_settings);
  ~HttpListener();

  void start();
  /// Closes all connections and the port, as the operating system does for a process that ends.
  void stop();
  /// The node has no power.
  void vanish();
  void visit_state(StateVisitor& visitor) const;

 private:
  // One accepted connection.
  struct Link final : tcp::User, ByteChannel {
    HttpListener* listener = nullptr;
    tcp::Connection* connection = nullptr;
    std::uint32_t slot = 0;
    std::uint64_t acknowledged_at_end = 0;
    std::unique_ptr<http::ServerConnection> http;
    void on_connected(tcp::Connection& c) override;
    std::size_t on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) override;
    void on_peer_closed(tcp::Connection& c) override;
    void on_closed(tcp::Connection& c, tcp::CloseReason reason) override;
    StreamPlace place() const override { return {connection->stream_out(), connection->written()}; }
    std::uint64_t acknowledged() const override {
      return connection != nullptr ? connection->acknowledged() : acknowledged_at_end;
    }
    bool is_open() const override { return connection != nullptr && connection->can_send(); }
    bool has_room(std::size_t bytes) const override { return connection != nullptr && connection->has_room(bytes); }
    void write(wire::Bytes bytes) override { connection->write(bytes); }
    void close() override { let_go(); }
    void let_go();
  };
  tcp::User* accept(tcp::Connection& connection);
  void forget(Link& link);

  EventQueue& events_;
  Tracer& trace_;
  Transport& transport_;
  NodeIndex node_;
  EntityId entity_;
  std::uint16_t port_;
  http::Site& site_;
  const http::ServerSettings& settings_;
  const tcp::Settings& tcp_settings_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<Link>> ended_;  // kept until the event that ended them is over
};

}  // namespace wirelab
