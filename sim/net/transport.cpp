#include "sim/net/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace wirelab {

using tcp::Connection;
using tcp::Endpoint;
using wire::Bytes;

const tcp::Settings Transport::kDefaults{};

Transport::Transport(EventQueue& events, Tracer& trace, Network& network, std::uint64_t seed)
    : events_(events), trace_(trace), network_(network), seed_(seed), host_{events, trace, *this} {
  network_.set_transport(this);
}

Transport::~Transport() = default;

// Linux's range of ephemeral ports begins at 32768.
std::uint16_t Transport::take_port(NodeIndex node, Endpoint to) {
  std::uint16_t& next = next_port_.try_emplace(node, std::uint16_t{32768}).first.value();
  for (int tries = 0; tries < 28232; ++tries) {
    const std::uint16_t port = next;
    next = next == 60999 ? std::uint16_t{32768} : static_cast<std::uint16_t>(next + 1);
    if (find(key_of(node, port, to)) == nullptr) return port;
  }
  return 0;
}

Connection& Transport::open(NodeIndex node, Endpoint local, Endpoint remote, const tcp::Settings& settings) {
  const EntityId owner = network_.node(node).entity;
  const std::string_view name = trace_.names().text(owner);
  const NodeIndex peer = network_.find_from(node, remote.address);
  const std::string peer_name =
      peer == kNowhere ? to_string(remote.address) : std::string(trace_.names().text(network_.node(peer).entity));
  const EntityId entity =
      trace_.define(EntityKind::tcp, fmt::format("{}:{}>{}:{}", name, local.port, peer_name, remote.port), owner);
  // RFC 6528: a number of its own for each pair of ends, and a clock, so that a port that is used again goes on above what it had;
  // Linux's clock counts 64 ns.
  RandomStream luck(seed_, trace_.names().text(entity), "initial sequence number");
  const auto iss = static_cast<std::uint32_t>(luck.bits() + static_cast<std::uint64_t>(events_.now().ns() >> 6));
  const auto mss = static_cast<std::uint16_t>(std::min(network_.first_mtu(node, remote.address), 65535u) -
                                              wire::kIpv4HeaderSize - wire::kTcpHeaderSize);
  auto connection = std::make_unique<Connection>(host_, settings, entity, local, remote, iss, mss);
  Connection& opened = *connection;
  opened.carrier = {node, network_.route_to(node, remote.address)};
  connections_.insert_or_assign(key_of(node, local.port, remote), std::move(connection));
  return opened;
}

// The number of the direction in which this end sends.
StreamId Transport::open_stream(const Connection& connection) {
  const auto packed = [](Endpoint e) { return (static_cast<std::int64_t>(e.address.value) << 16) | e.port; };
  const StreamId stream = trace_.next_stream();
  trace_.emit(Kind::stream_opened, connection.entity(), stream, std::uint16_t{0}, connection.remote().address.value,
              packed(connection.local()), packed(connection.remote()));
  return stream;
}

// Both ends know a direction by the number that its sender gave it, whatever addresses were translated on the way.
void Transport::join_streams(Connection& connection, StreamId in) {
  connection.set_streams(connection.stream_out(), in);
  if (in != 0)
    trace_.emit(Kind::stream_joined, connection.entity(), connection.stream_out(), std::uint16_t{0}, 0,
                static_cast<std::int64_t>(in));
}

Connection* Transport::connect(NodeIndex from, Endpoint to, tcp::User* user, const tcp::Settings& settings) {
  const Endpoint local{network_.node(from).address, take_port(from, to)};
  if (local.port == 0) return nullptr;
  Connection& connection = open(from, local, to, settings);
  connection.set_streams(open_stream(connection), 0);
  connection.connect(user);
  return &connection;
}

void Transport::listen(NodeIndex node, std::uint16_t port, AcceptFunction accept, const tcp::Settings& settings) {
  listeners_[listener_key(node, port)] = {std::move(accept), &settings};
}

void Transport::stop_listening(NodeIndex node, std::uint16_t port) { listeners_.erase(listener_key(node, port)); }

Connection* Transport::find(const Key& key) {
  const auto found = connections_.find(key);
  return found == connections_.end() ? nullptr : found->second.get();
}

bool Transport::receive_tcp(NodeIndex node, const wire::Ipv4Header& header, Bytes bytes, StreamId stream) {
  const auto segment = wire::decode_tcp(bytes, header.source, header.destination);
  if (!segment) return false;
  const Endpoint local{header.destination, segment->header.destination_port};
  const Endpoint remote{header.source, segment->header.source_port};
  Connection* connection = find(key_of(node, local.port, remote));
  if (connection != nullptr && connection->gives_way_to(segment->header) && is_listening(node, local.port)) {
    connection->end_waiting();
    connection = nullptr;  // and the SYN opens a new one in its place
  }
  if (connection != nullptr && connection->state() != tcp::State::closed) {
    // A SYN-ACK that answers another SYN, of a connection that had this port before, draws RST and says nothing.
    const wire::TcpHeader& syn = segment->header;
    const bool is_ours = !syn.flags.ack || syn.acknowledgement == connection->initial_sequence() + 1;
    if (connection->stream_in() == 0 && syn.flags.syn && is_ours) join_streams(*connection, stream);
    connection->receive(*segment);
    return true;
  }
  const auto listener = listeners_.find(listener_key(node, local.port));
  const wire::TcpFlags& flags = segment->header.flags;
  if (listener == listeners_.end() || connection != nullptr || !flags.syn || flags.ack || flags.rst) {
    answer_reset(node, header, *segment);
    return true;
  }
  Connection& opened = open(node, local, remote, *listener->second.settings);
  opened.set_streams(open_stream(opened), 0);
  join_streams(opened, stream);
  tcp::User* user = listener->second.accept(opened);
  if (user == nullptr) {
    connections_.erase(key_of(node, local.port, remote));
    answer_reset(node, header, *segment);
    return true;
  }
  opened.accept(user, segment->header);
  return true;
}

bool Transport::takes_broadcast(NodeIndex node, const wire::Ipv4Header& header, Bytes packet) const {
  return header.protocol == wire::kUdp && packet.size() >= wire::kIpv4HeaderSize + wire::kUdpHeaderSize &&
         is_bound(node, wire::load16(packet.data() + wire::kIpv4HeaderSize + 2));
}

void Transport::refuse(NodeIndex node, const wire::Ipv4Header& header, Bytes bytes) {
  const auto segment = wire::decode_tcp(bytes, header.source, header.destination);
  if (segment) answer_reset(node, header, *segment);
}

// RFC 9293, section 3.10.7.1: a segment for no connection is answered by RST, unless it is one itself.
void Transport::answer_reset(NodeIndex node, const wire::Ipv4Header& header, const wire::TcpSegment& segment) {
  const wire::TcpFlags& flags = segment.header.flags;
  if (flags.rst) return;
  wire::TcpHeader reset;
  reset.source_port = segment.header.destination_port;
  reset.destination_port = segment.header.source_port;
  reset.flags.rst = true;
  if (flags.ack) {
    reset.sequence = segment.header.acknowledgement;
  } else {
    reset.flags.ack = true;
    reset.acknowledgement = segment.header.sequence + static_cast<std::uint32_t>(segment.payload.size()) +
                            (flags.syn ? 1 : 0) + (flags.fin ? 1 : 0);
  }
  const PacketIndex index =
      network_.packets().take(static_cast<std::uint32_t>(wire::kIpv4HeaderSize + header_size(reset)));
  encode(reset, header.destination, header.source, network_.packets()[index].bytes() + wire::kIpv4HeaderSize, 0);
  network_.send_ip(node, index, wire::kTcp, header.source, kNowhere, header.destination);
}

void Transport::send_segment(Connection& from, const wire::TcpHeader& header, Bytes first, Bytes second,
                             std::uint64_t begin) {
  const std::size_t head = wire::kIpv4HeaderSize + header_size(header);
  const std::size_t payload = first.size() + second.size();
  const PacketIndex index = network_.packets().take(static_cast<std::uint32_t>(head + payload));
  Packet& packet = network_.packets()[index];
  if (!first.empty()) std::memcpy(packet.bytes() + head, first.data(), first.size());
  if (!second.empty()) std::memcpy(packet.bytes() + head + first.size(), second.data(), second.size());
  encode(header, from.local().address, from.remote().address, packet.bytes() + wire::kIpv4HeaderSize, payload);
  packet.stream = from.stream_out();
  packet.begin = static_cast<std::int64_t>(begin);
  packet.end = static_cast<std::int64_t>(begin + payload);
  // A station that has gone over to another access point sends by another link.
  tcp::Connection::Carrier& carrier = from.carrier;
  if (carrier.link != kNowhere && !network_.channel(carrier.link, carrier.node).up())
    carrier.link = network_.route_to(carrier.node, from.remote().address);
  network_.send_ip(carrier.node, index, wire::kTcp, from.remote().address, carrier.link);
}

// The connection may still be at work up the stack; it goes when the present event is over.
void Transport::ended(Connection& connection) {
  const NodeIndex node = connection.carrier.node;
  ended_.push_back(key_of(node, connection.local().port, connection.remote()));
  if (ended_.size() > 1) return;
  events_.schedule(
      events_.now(),
      [](void* self, std::uint64_t) {
        auto* transport = static_cast<Transport*>(self);
        for (const Key& key : transport->ended_) {
          const auto found = transport->connections_.find(key);
          if (found != transport->connections_.end() && found->second->state() == tcp::State::closed)
            transport->connections_.erase(found);
        }
        transport->ended_.clear();
      },
      this);
}

// In order of their entities, since the order of a hash table is no order.
std::vector<Connection*> Transport::connections_of(NodeIndex node) const {
  std::vector<Connection*> all;
  for (const auto& [key, connection] : connections_) {
    if (key.node == node) all.push_back(connection.get());
  }
  std::sort(all.begin(), all.end(), [](const Connection* a, const Connection* b) { return a->entity() < b->entity(); });
  return all;
}

void Transport::lose_address(NodeIndex node) {
  for (Connection* connection : connections_of(node)) connection->lose_interface();
}

void Transport::forget_node(NodeIndex node) {
  for (Connection* connection : connections_of(node)) connection->vanish();
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    at = (at->first >> 16) == node ? listeners_.erase(at) : std::next(at);
  }
  for (auto at = datagrams_.begin(); at != datagrams_.end();) {
    at = (at->first >> 16) == node ? datagrams_.erase(at) : std::next(at);
  }
}

void Transport::bind_udp(NodeIndex node, std::uint16_t port, DatagramFunction receive) {
  datagrams_[listener_key(node, port)] = std::move(receive);
}

std::uint16_t Transport::free_udp_port(NodeIndex node) const {
  std::uint16_t port = 32768;
  while (port < 60999 && is_bound(node, port)) ++port;
  return port;
}

bool Transport::send_udp(NodeIndex from, std::uint16_t port, Endpoint to, Bytes payload) {
  const std::size_t head = wire::kIpv4HeaderSize + wire::kUdpHeaderSize;
  if (head + payload.size() > network_.first_mtu(from, to.address)) return false;
  const PacketIndex index = network_.packets().take(static_cast<std::uint32_t>(head + payload.size()));
  Packet& packet = network_.packets()[index];
  if (!payload.empty()) std::memcpy(packet.bytes() + head, payload.data(), payload.size());
  encode(wire::UdpHeader{port, to.port}, network_.source_towards(from, to.address), to.address,
         packet.bytes() + wire::kIpv4HeaderSize, payload.size());
  network_.send_ip(from, index, wire::kUdp, to.address);
  return true;
}

void Transport::send_udp_to_node(NodeIndex from, Endpoint source, Endpoint to, Bytes payload, NodeIndex towards) {
  const std::size_t head = wire::kIpv4HeaderSize + wire::kUdpHeaderSize;
  const PacketIndex index = network_.packets().take(static_cast<std::uint32_t>(head + payload.size()));
  Packet& packet = network_.packets()[index];
  std::memcpy(packet.bytes() + head, payload.data(), payload.size());
  encode(wire::UdpHeader{source.port, to.port}, source.address, to.address, packet.bytes() + wire::kIpv4HeaderSize,
         payload.size());
  packet.towards = towards;
  network_.send_ip(from, index, wire::kUdp, to.address, kNowhere, source.address);
}

DropReason Transport::receive_udp(NodeIndex node, const wire::Ipv4Header& header, Bytes datagram) {
  const auto udp = wire::decode_udp(datagram, header.source, header.destination);
  if (!udp) return DropReason::bad_checksum;
  const auto found = datagrams_.find(listener_key(node, udp->destination_port));
  if (found == datagrams_.end()) return DropReason::no_port;
  found->second({header.source, udp->source_port}, datagram.subspan(wire::kUdpHeaderSize));
  return DropReason::none;
}

void Transport::receive_error(NodeIndex node, const wire::IcmpMessage& message, Bytes original) {
  if (original.size() < wire::kIpv4HeaderSize + 4 || original[9] != wire::kTcp) return;
  const Endpoint remote{wire::Ipv4Address{wire::load32(original.data() + 16)}, wire::load16(original.data() + 22)};
  Connection* connection = find(key_of(node, wire::load16(original.data() + 20), remote));
  if (connection == nullptr || message.type != wire::IcmpType::unreachable) return;
  if (message.code == wire::kFragmentationNeeded) {
    connection->lower_mtu(message.next_mtu);
  } else {
    connection->unreachable();
  }
}

void Transport::visit_state(StateVisitor& visitor) const {
  for (const auto& [key, connection] : connections_) connection->visit_state(visitor);
}

}  // namespace wirelab
