// Programs outside of the simulation whose connections begin at a node of it: what `wirelab serve --scenario` is made of. What
// they do comes in as interventions and so stands in the journal; what they get goes out through a user, and where there is none,
// as in a replay, the simulated side is the same.
#pragma once

#include <map>
#include <vector>

#include "sim/net/transport.hpp"

namespace wirelab {

/// How the simulated connection ended, for the program outside.
enum class OutsideEnding : std::uint8_t { orderly, reset, refused, unreachable, timed_out, no_power };
std::string_view name_of(OutsideEnding ending);

/// Called while the simulation runs; a call may not intervene.
class OutsideUser {
 public:
  virtual ~OutsideUser() = default;
  virtual void on_open(std::uint32_t connection) = 0;
  virtual void on_bytes(std::uint32_t connection, wire::Bytes bytes) = 0;
  /// The peer sends no more; what the program sends may still arrive.
  virtual void on_peer_closed(std::uint32_t connection) = 0;
  virtual void on_ended(std::uint32_t connection, OutsideEnding ending) = 0;
};

class Outside {
 public:
  explicit Outside(Transport& transport) : transport_(transport) {}
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  /// nullptr: nobody. It must outlive the world.
  void set_user(OutsideUser* user) { user_ = user; }
  /// Sends a SYN from the node. Numbers are the caller's, each used once. Without a free port the attempt ends at once.
  void connect(std::uint32_t connection, NodeIndex node, tcp::Endpoint to);
  /// Bytes of the program's; before the handshake is over they wait.
  void send(std::uint32_t connection, wire::Bytes bytes);
  /// The program closes, or resets.
  void end(std::uint32_t connection, bool reset);
  /// Whether it takes what arrives; else it stays in the receive buffer and the window closes.
  void read(std::uint32_t connection, bool reads);
  /// The node has no power any more.
  void vanish(NodeIndex node);

  bool has(std::uint32_t connection) const { return links_.contains(connection); }
  /// Whether the send buffer takes so many bytes; it is the program's to wait for that.
  bool has_room(std::uint32_t connection, std::size_t bytes) const;

 private:
  struct Link final : tcp::User {
    Outside* outside = nullptr;
    std::uint32_t number = 0;
    NodeIndex node = 0;
    tcp::Connection* connection = nullptr;
    bool open = false;
    bool reads = true;
    bool closing = false;               // as soon as it is open
    std::vector<std::uint8_t> waiting;  // for the handshake
    void on_connected(tcp::Connection& c) override;
    std::size_t on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) override;
    void on_peer_closed(tcp::Connection& c) override;
    void on_closed(tcp::Connection& c, tcp::CloseReason reason) override;
  };
  void tell_end(std::uint32_t number, OutsideEnding ending);

  Transport& transport_;
  OutsideUser* user_ = nullptr;
  std::map<std::uint32_t, std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<Link>> ended_;  // kept until the next call, which comes from outside of an event
};

}  // namespace wirelab
