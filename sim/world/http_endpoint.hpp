// An HTTP client on a node: the client core over a TCP connection of the simulated network, which is kept for the next request to
// the same server, or not. One request at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "sim/net/transport.hpp"
#include "sim/protocol/dns/resolver.hpp"
#include "sim/protocol/http/client.hpp"
#include "sim/trace/state_visitor.hpp"

namespace wirelab {

struct HttpEndpointSettings {
  bool keep_alive = true;                    // the connection is kept for the next request
  Duration timeout = Duration::seconds(30);  // of a whole request, from its beginning; 0: not limited
  const tcp::Settings* tcp = nullptr;        // in the place of the defaults; outlives the endpoint
};

/// The answer, or why there is none.
using HttpResult = tl::expected<http::Response, http::Failure>;

class HttpEndpoint final : public tcp::User, public ByteChannel {
 public:
  using Done = std::function<void(HttpResult)>;
  HttpEndpoint(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity);
  ~HttpEndpoint() override;

  HttpEndpointSettings& settings() { return settings_; }
  /// Where the request goes: an address, or a name that is resolved first.
  struct Target {
    std::string name;
    std::optional<wire::Ipv4Address> address;
    std::uint16_t port = 80;
    bool operator==(const Target&) const = default;
  };
  /// Calls `done` once, by an event; not while another request is under way. `resolver` is asked where there is no address.
  void send(const Target& target, http::Request request, dns::Resolver& resolver, Done done);
  bool is_busy() const { return state_ != http::ClientState::idle; }
  /// Closes a connection that is kept.
  void close_connection();
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
  // ByteChannel
  StreamPlace place() const override { return {connection_->stream_out(), connection_->written()}; }
  std::uint64_t acknowledged() const override { return connection_ != nullptr ? connection_->acknowledged() : 0; }
  bool is_open() const override { return connection_ != nullptr && connection_->can_send(); }
  bool has_room(std::size_t bytes) const override { return connection_ != nullptr && connection_->has_room(bytes); }
  void write(wire::Bytes bytes) override { connection_->write(bytes); }
  void close() override { close_connection(); }

  static void on_timer(void* self, std::uint64_t);
  void set_state(http::ClientState state);
  void open_connection();
  void send_request();
  void finish(HttpResult result);
  void fail(http::Failure failure);
  bool try_again();
  void disarm();

  EventQueue& events_;
  Tracer& trace_;
  Transport& transport_;
  NodeIndex node_;
  EntityId entity_;
  HttpEndpointSettings settings_;
  tcp::Connection* connection_ = nullptr;
  std::unique_ptr<http::ClientConnection> http_;
  Target target_;  // of the connection
  wire::Ipv4Address address_;
  http::Request request_;
  NameId name_ = 0;  // of the request's target, in the trace
  Done done_;
  http::ClientState state_ = http::ClientState::idle;
  std::shared_ptr<int> resolving_;  // while an answer is waited for; an answer to nobody finds it gone
  bool reused_ = false;             // the connection had served a request before
  TimerId timer_;
};

}  // namespace wirelab
