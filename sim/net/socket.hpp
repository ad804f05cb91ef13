// Sockets for programs: a TCP stream, a listener and UDP datagrams, as an operating system offers them. They never wait; a program
// that does is told when to look again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "sim/net/transport.hpp"

namespace wirelab {

/// Called when something may be possible that was not: to read, to write, to accept; or when the end has come.
using SocketChanged = std::function<void()>;

class StreamSocket final : public tcp::User {
 public:
  enum class State : std::uint8_t { idle, connecting, open, closed };

  StreamSocket(Transport& transport, NodeIndex node) : transport_(transport), node_(node) {}
  ~StreamSocket() override;
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;
  void set_changed(SocketChanged changed) { changed_ = std::move(changed); }

  /// `settings` must outlive the connection. Once, while idle.
  void connect(tcp::Endpoint to, const tcp::Settings& settings);
  State state() const { return state_; }
  /// Why it is closed.
  tcp::CloseReason reason() const { return reason_; }
  tcp::Endpoint peer() const { return peer_; }
  /// Hands over as many bytes as the send buffer has room for, and says how many.
  std::size_t send(wire::Bytes bytes);
  /// Takes at most `most` bytes of what has arrived.
  std::vector<std::uint8_t> receive(std::size_t most);
  bool readable() const { return readable_; }
  /// The peer has sent all it will, and it has been read.
  bool at_end() const { return peer_closed_ && !readable_; }
  /// Nothing more is sent after what is written; reading goes on.
  void shut_down_sending();
  /// The program lets go: the system sends what is left and closes; data that still comes is answered by RST.
  void close();
  /// Loses the connection without a word, as a node without power does.
  void vanish();

  void on_connected(tcp::Connection& connection) override;
  std::size_t on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) override;
  void on_peer_closed(tcp::Connection& connection) override;
  void on_closed(tcp::Connection& connection, tcp::CloseReason reason) override;
  void on_acknowledged(tcp::Connection& connection) override;

 private:
  friend class ListeningSocket;
  void changed() const {
    if (changed_) changed_();
  }
  Transport& transport_;
  NodeIndex node_;
  SocketChanged changed_;
  tcp::Connection* connection_ = nullptr;
  tcp::Endpoint peer_{};
  State state_ = State::idle;
  tcp::CloseReason reason_ = tcp::CloseReason::none;
  bool readable_ = false;
  bool peer_closed_ = false;
  bool waits_for_room_ = false;
  std::size_t wanted_ = 0;  // bytes, during receive()
  std::vector<std::uint8_t> taken_;
};

class ListeningSocket {
 public:
  /// At most `backlog` connections wait to be accepted; more are refused.
  ListeningSocket(Transport& transport, NodeIndex node, std::uint16_t port, const tcp::Settings& settings,
                  std::size_t backlog);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  void set_changed(SocketChanged changed) { changed_ = std::move(changed); }
  /// The node has no power: those that wait hear nothing.
  void vanish();
  /// The connection that has waited longest; nullptr if there is none.
  std::unique_ptr<StreamSocket> accept();

 private:
  Transport& transport_;
  NodeIndex node_;
  std::uint16_t port_;
  std::size_t backlog_;
  SocketChanged changed_;
  std::deque<std::unique_ptr<StreamSocket>> waiting_;  // those still in their handshake among them
};

class DatagramSocket {
 public:
  struct Datagram {
    tcp::Endpoint from;
    std::vector<std::uint8_t> bytes;
  };
  /// On port 0 a free one is taken. More than `kMostWaiting` datagrams that nobody reads are dropped.
  DatagramSocket(Transport& transport, NodeIndex node, std::uint16_t port);
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  void set_changed(SocketChanged changed) { changed_ = std::move(changed); }
  static constexpr std::size_t kMostWaiting = 1000;

  std::uint16_t port() const { return port_; }
  /// False if it does not fit into a packet of the way's first link: there is no fragmentation.
  bool send(tcp::Endpoint to, wire::Bytes bytes);
  bool readable() const { return !waiting_.empty(); }
  /// The oldest that waits; there must be one.
  Datagram receive();

 private:
  Transport& transport_;
  NodeIndex node_;
  std::uint16_t port_;
  SocketChanged changed_;
  std::deque<Datagram> waiting_;
};

}  // namespace wirelab
