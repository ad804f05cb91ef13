// Nodes joined by links, and what each does with a packet: hand it up, forward it, or answer with ICMP why not. Left out: ARP
// and IPv6. Nodes are named by small numbers; addresses are looked up by hash.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/net/link.hpp"
#include "sim/net/nat.hpp"
#include "sim/net/routing.hpp"
#include "sim/wire/icmp.hpp"
#include "sim/wire/ipv4.hpp"

namespace wirelab {

/// Takes what is addressed to a node: TCP, UDP and what ICMP says of them.
class TransportInput {
 public:
  virtual ~TransportInput() = default;
  /// `stream` is the direction that the segment's sender gave it. False if its checksum is wrong.
  virtual bool receive_tcp(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes segment, StreamId stream) = 0;
  /// Why it was not taken: bad_checksum, no_port if nothing listens there, or none.
  virtual DropReason receive_udp(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes datagram) = 0;
  /// Whether a datagram to all is for something that listens here.
  virtual bool takes_broadcast(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes packet) const = 0;
  /// Answers a TCP segment that is addressed to somebody else with RST, in that one's name.
  virtual void refuse(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes segment) = 0;
  /// `original` is the start of the packet that drew the error: its IP header and 8 bytes.
  virtual void receive_error(NodeIndex node, const wire::IcmpMessage& message, wire::Bytes original) = 0;
};

/// Addresses are unique within a realm: 0 is the Internet, others lie behind a router that translates.
using Realm = std::uint16_t;

struct Node {
  EntityId entity = 0;
  wire::Ipv4Address address;
  Realm realm = 0;
  bool up = true;
  bool is_gateway = false;
  bool is_bridge = false;
  std::uint16_t next_identification = 1;
};

/// One end of a link as seen from a node.
struct LinkEnds {
  EntityId entity = 0;  // of the link as a whole
  NodeIndex a = 0;
  NodeIndex b = 0;
};

class Network {
 public:
  Network(EventQueue& events, Tracer& trace, std::uint64_t seed);

  /// Adds a node; without an address it gets the next free one of 10.0.0.0/8, or of 192.168.0.0/16 from .1.2 on in an inner
  /// realm. With kNoAddress it has none until set_address().
  NodeIndex add_node(std::string_view name, wire::Ipv4Address address = {}, EntityKind kind = EntityKind::node,
                     Realm realm = 0);
  static constexpr wire::Ipv4Address kNoAddress{0xffffffff};
  static constexpr wire::Ipv4Address kFirstInside{0xc0a80101};  // 192.168.1.1
  /// 0: it has none any more. The address must be free in its realm.
  void set_address(NodeIndex node, wire::Ipv4Address address);
  /// Makes a node the translating gateway of an inner realm, in which it has the address 192.168.1.1. Realms count from 1.
  void add_gateway(NodeIndex node, Realm inside, const NatSettings& settings);
  /// The translation of a gateway; nullptr for any other node.
  Nat* nat(NodeIndex node) const;
  /// Of a gateway: whether a node of its inner realm has the address.
  bool is_taken_inside(NodeIndex gateway, wire::Ipv4Address address) const {
    return find(address, gateways_.at(gateway).inside) != kNowhere;
  }
  /// Of a gateway its address in its inner realm, of any other node its own.
  wire::Ipv4Address inside_address(NodeIndex node) const {
    return nodes_[node].is_gateway ? gateways_.at(node).inside_address : nodes_[node].address;
  }
  /// Joins two nodes; `to_b` holds for what a sends to b.
  LinkIndex add_link(NodeIndex a, NodeIndex b, const ChannelSettings& to_b, const ChannelSettings& to_a);
  /// The link of a Wi-Fi station to an access point: it leads nowhere until it is attached.
  LinkIndex add_station_link(NodeIndex station, NodeIndex point, const ChannelSettings& settings);
  /// The station is joined by this link; kNowhere: by none.
  void attach(NodeIndex station, LinkIndex link);
  /// An access point passes packets on without counting as a router.
  void set_bridge(NodeIndex node) { nodes_[node].is_bridge = true; }
  /// Of a node without an address: the network that it is in now.
  void set_realm(NodeIndex node, Realm realm) { nodes_[node].realm = realm; }
  /// Sees all that the node sends and receives from now on, by links that are made later, too. It must outlive the network.
  void listen(NodeIndex node, PacketListener& listener);
  ChannelHost& channel_host() { return channel_host_; }
  void set_transport(TransportInput* transport) { transport_ = transport; }

  const Node& node(NodeIndex index) const { return nodes_[index]; }
  std::size_t nodes() const { return nodes_.size(); }
  std::size_t links() const { return ends_.size(); }
  const LinkEnds& ends(LinkIndex link) const { return ends_[link]; }
  /// What `from`, an end of the link, sends into.
  Channel& channel(LinkIndex link, NodeIndex from) { return channels_[2 * link + (ends_[link].a == from ? 0 : 1)]; }
  const Channel& channel(LinkIndex link, NodeIndex from) const {
    return channels_[2 * link + (ends_[link].a == from ? 0 : 1)];
  }
  /// The first link that joins the two directly; kNowhere if there is none.
  LinkIndex link_between(NodeIndex a, NodeIndex b) const;
  /// kNowhere if no node has the address.
  NodeIndex find(wire::Ipv4Address address, Realm realm = 0) const;
  /// Whom `from` would reach under the address: of its own realm, or a gateway's inner one, or the gateway that leads on.
  NodeIndex find_from(NodeIndex from, wire::Ipv4Address address) const;
  Routing& routing() { return routing_; }
  PacketPool& packets() { return packets_; }

  /// Without power a node drops what reaches it and sends nothing.
  void set_node_up(NodeIndex node, bool up);

  /// Sends a packet that the node made, its IP header included. Bytes go into the trace here.
  void send(NodeIndex from, PacketIndex packet, LinkIndex link = kNowhere);
  /// The address under which `from` speaks to the destination: a gateway has one on each side.
  wire::Ipv4Address source_towards(NodeIndex from, wire::Ipv4Address destination) const;
  /// The link by which packets to the address leave; kNowhere if there is none, or it is the node's own. Routes are static.
  LinkIndex route_to(NodeIndex from, wire::Ipv4Address destination);
  /// Fills the IP header of a packet whose payload stands behind it already, and sends it; by `link` where route_to() has
  /// been asked before, and in the name of `source` where that is not the node itself.
  void send_ip(NodeIndex from, PacketIndex packet, std::uint8_t protocol, wire::Ipv4Address destination,
               LinkIndex link = kNowhere, wire::Ipv4Address source = {});
  /// The most that a packet from here to there may measure on the first link; 1500 where there is no way.
  std::uint32_t first_mtu(NodeIndex from, wire::Ipv4Address destination);

  /// Sends an ICMP echo request. The reply is a record: icmp_received.
  void ping(NodeIndex from, wire::Ipv4Address destination, std::uint16_t sequence, std::size_t payload_size);
  /// Answers an arrived packet with an ICMP error.
  void send_error(NodeIndex from, wire::Bytes original, wire::IcmpType type, std::uint8_t code,
                  std::uint16_t next_mtu = 0);

  void visit_state(StateVisitor& visitor) const;

 private:
  static void on_arrival(void* self, std::uint32_t node, PacketIndex packet);
  void arrive(NodeIndex node, PacketIndex packet);
  void arrive_as_frame(NodeIndex node, PacketIndex packet, const wire::Ipv4Header& header);
  void deliver(NodeIndex node, PacketIndex packet, const wire::Ipv4Header& header);
  /// False if its checksum is wrong.
  bool receive_icmp(NodeIndex node, const wire::Ipv4Header& header, wire::Bytes payload, BlobNumber blob);
  void drop(NodeIndex node, PacketIndex packet, DropReason reason);
  bool translate(NodeIndex node, PacketIndex packet, wire::Ipv4Header& header, bool& translated_in);

  void route(NodeIndex node, PacketIndex packet, wire::Ipv4Address destination, LinkIndex link);

  void make_channels(NodeIndex a, NodeIndex b, const ChannelSettings& to_b, const ChannelSettings& to_a);
  std::shared_ptr<const ChannelModel> model_for(const ChannelSettings& settings);

  EventQueue& events_;
  Tracer& trace_;
  std::uint64_t seed_;
  std::array<std::shared_ptr<const ChannelModel>, 4> models_;  // the last ones made
  std::size_t next_model_ = 0;
  PacketPool packets_;
  ChannelHost channel_host_;
  Routing routing_;
  std::vector<Node> nodes_;
  std::vector<LinkEnds> ends_;
  std::deque<Channel> channels_;  // two a link; never moves what it holds
  static std::uint64_t key_of(wire::Ipv4Address address, Realm realm) {
    return (static_cast<std::uint64_t>(realm) << 32) | address.value;
  }
  tsl::robin_map<std::uint64_t, NodeIndex, MixHash> by_address_;
  struct Gateway {
    std::unique_ptr<Nat> nat;
    Realm inside = 0;
    wire::Ipv4Address inside_address;
  };
  tsl::robin_map<NodeIndex, Gateway> gateways_;
  std::vector<NodeIndex> gateway_of_;                    // by realm; nobody leads out of 0
  std::vector<std::uint32_t> next_address_{0x0a000001};  // by realm
  std::vector<std::pair<NodeIndex, PacketListener*>> listeners_;
  TransportInput* transport_ = nullptr;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace wirelab
