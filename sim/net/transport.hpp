// The TCP and UDP of all nodes: which connection a segment belongs to (one hash table for the whole network, so a node without
// connections costs nothing), listening ports, and the way back from a connection to packets.
#pragma once

#include <tsl/robin_map.h>

#include <functional>
#include <memory>
#include <vector>

#include "sim/net/network.hpp"
#include "sim/protocol/tcp/connection.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab {

/// Makes the user of a connection that a peer opens; nullptr refuses it.
using AcceptFunction = std::function<tcp::User*(tcp::Connection&)>;
using DatagramFunction = std::function<void(tcp::Endpoint from, wire::Bytes payload)>;

class Transport final : public TransportInput, public tcp::SegmentOutput {
 public:
  Transport(EventQueue& events, Tracer& trace, Network& network, std::uint64_t seed);
  ~Transport() override;

  /// Opens a connection. It lives until it has ended: `user` hears of that by on_closed. nullptr if all ports towards `to` are in
  /// use, those of ended connections in TIME-WAIT among them.
  tcp::Connection* connect(NodeIndex from, tcp::Endpoint to, tcp::User* user,
                           const tcp::Settings& settings = kDefaults);
  void listen(NodeIndex node, std::uint16_t port, AcceptFunction accept, const tcp::Settings& settings = kDefaults);
  void stop_listening(NodeIndex node, std::uint16_t port);

  void bind_udp(NodeIndex node, std::uint16_t port, DatagramFunction receive);
  void unbind_udp(NodeIndex node, std::uint16_t port) { datagrams_.erase(listener_key(node, port)); }
  bool is_bound(NodeIndex node, std::uint16_t port) const { return datagrams_.contains(listener_key(node, port)); }
  bool is_listening(NodeIndex node, std::uint16_t port) const { return listeners_.contains(listener_key(node, port)); }
  std::uint16_t free_udp_port(NodeIndex node) const;
  /// False if the packet is larger than the way's first link takes: there is no fragmentation.
  bool send_udp(NodeIndex from, std::uint16_t port, tcp::Endpoint to, wire::Bytes payload);

  /// A datagram to one node whatever its address, in the name of `source`.
  void send_udp_to_node(NodeIndex from, tcp::Endpoint source, tcp::Endpoint to, wire::Bytes payload, NodeIndex towards);
  /// The node's address is gone: its connections end, without a word to the peers.
  void lose_address(NodeIndex node);
  /// The node loses power: its connections are gone without a word, its listeners too.
  void forget_node(NodeIndex node);
  std::size_t connections() const { return connections_.size(); }
  /// Of the run.
  std::uint64_t seed() const { return seed_; }

  bool receive_tcp(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes segment, StreamId stream) override;
  DropReason receive_udp(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes datagram) override;
  bool takes_broadcast(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes packet) const override;
  void refuse(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes segment) override;
  void receive_error(NodeIndex node, const wire::IcmpMessage& message, wire::Bytes original) override;
  void send_segment(tcp::Connection& from, const wire::TcpHeader& header, wire::Bytes first, wire::Bytes second,
                    std::uint64_t begin) override;
  void ended(tcp::Connection& connection) override;
  void visit_state(StateVisitor& visitor) const;

  static const tcp::Settings kDefaults;

 private:
  struct Key {
    std::uint64_t ports_and_remote;  // remote address, remote port, local port
    NodeIndex node;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t h = key.ports_and_remote * 0x9e3779b97f4a7c15 + key.node * 0xbf58476d1ce4e5b9;
      h ^= h >> 32;
      h *= 0x94d049bb133111eb;
      return h ^ (h >> 29);
    }
  };
  static Key key_of(NodeIndex node, std::uint16_t local_port, tcp::Endpoint remote) {
    return {(static_cast<std::uint64_t>(remote.address.value) << 32) | (static_cast<std::uint64_t>(remote.port) << 16) |
                local_port,
            node};
  }
  struct Listener {
    AcceptFunction accept;
    const tcp::Settings* settings;
  };
  tcp::Connection& open(NodeIndex node, tcp::Endpoint local, tcp::Endpoint remote, const tcp::Settings& settings);
  tcp::Connection* find(const Key& key);
  std::vector<tcp::Connection*> connections_of(NodeIndex node) const;
  StreamId open_stream(const tcp::Connection& connection);
  void join_streams(tcp::Connection& connection, StreamId in);
  void answer_reset(NodeIndex node, const wire::Ipv4Header& header, const wire::TcpSegment& segment);
  /// 0: none is free.
  std::uint16_t take_port(NodeIndex node, tcp::Endpoint to);
  static std::uint64_t listener_key(NodeIndex node, std::uint16_t port) {
    return (static_cast<std::uint64_t>(node) << 16) | port;
  }

  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  std::uint64_t seed_;
  tcp::Host host_;
  tsl::robin_map<Key, std::unique_ptr<tcp::Connection>, KeyHash> connections_;
  tsl::robin_map<std::uint64_t, Listener> listeners_;
  tsl::robin_map<std::uint64_t, DatagramFunction> datagrams_;
  tsl::robin_map<NodeIndex, std::uint16_t> next_port_;
  std::vector<Key> ended_;
};

}  // namespace wirelab
