#include "sim/net/network.hpp"

#include <algorithm>
#include <string>

namespace wirelab {

using wire::Bytes;
using wire::IcmpMessage;
using wire::IcmpType;
using wire::Ipv4Address;
using wire::Ipv4Header;

Network::Network(EventQueue& events, Tracer& trace, std::uint64_t seed)
    : events_(events), trace_(trace), seed_(seed), channel_host_{events, trace, packets_, on_arrival, this} {}

NodeIndex Network::add_node(std::string_view name, Ipv4Address address, EntityKind kind, Realm realm) {
  const NodeIndex index = routing_.add_node();
  const bool without = address == kNoAddress;
  if (without) address = {};
  if (next_address_.size() <= realm) next_address_.resize(realm + 1u, kFirstInside.value + 1);
  while (!without && (address.value == 0 || by_address_.contains(key_of(address, realm)))) {
    address.value = next_address_[realm]++;
    const std::uint32_t last = address.value & 255;
    if (last == 0 || last == 255) address.value = 0;  // so that no address looks like a network's or a broadcast
  }
  Node node;
  node.entity = trace_.define(kind, name);
  node.address = address;
  node.realm = realm;
  if (!without) by_address_[key_of(address, realm)] = index;
  trace_.state(node.entity, Field::node_up, 0, 1);
  trace_.state(node.entity, Field::node_address, 0, address.value);
  nodes_.push_back(node);
  return index;
}

void Network::set_address(NodeIndex index, Ipv4Address address) {
  Node& node = nodes_[index];
  if (node.address == address) return;
  if (node.address.value != 0) by_address_.erase(key_of(node.address, node.realm));
  trace_.state(node.entity, Field::node_address, node.address.value, address.value);
  node.address = address;
  if (address.value != 0) by_address_[key_of(address, node.realm)] = index;
}

void Network::add_gateway(NodeIndex index, Realm inside, const NatSettings& settings) {
  const Node& node = nodes_[index];
  Gateway gateway{std::make_unique<Nat>(events_, trace_, node.entity, node.address, settings), inside, kFirstInside};
  by_address_[key_of(gateway.inside_address, inside)] = index;
  if (gateway_of_.size() <= inside) gateway_of_.resize(inside + 1u, kNowhere);
  gateway_of_[inside] = index;
  gateways_.insert_or_assign(index, std::move(gateway));
  nodes_[index].is_gateway = true;
}

Nat* Network::nat(NodeIndex node) const { return nodes_[node].is_gateway ? gateways_.at(node).nat.get() : nullptr; }

LinkIndex Network::add_link(NodeIndex a, NodeIndex b, const ChannelSettings& to_b, const ChannelSettings& to_a) {
  const LinkIndex index = routing_.add_link(a, b);
  make_channels(a, b, to_b, to_a);
  return index;
}

LinkIndex Network::add_station_link(NodeIndex station, NodeIndex point, const ChannelSettings& settings) {
  const LinkIndex index = routing_.add_station_link(station, point);
  make_channels(station, point, settings, settings);
  for (const NodeIndex end : {station, point}) channel(index, end).set_up(false);
  for (const auto& [node, listener] : listeners_) {
    if (node != station && node != point) continue;
    for (const NodeIndex end : {station, point}) channel(index, end).add_listener(*listener);
  }
  return index;
}

void Network::listen(NodeIndex node, PacketListener& listener) {
  listeners_.emplace_back(node, &listener);
  for (LinkIndex link = 0; link < links(); ++link) {
    if (ends_[link].a != node && ends_[link].b != node) continue;
    for (const NodeIndex end : {ends_[link].a, ends_[link].b}) channel(link, end).add_listener(listener);
  }
}

void Network::attach(NodeIndex station, LinkIndex link) {
  routing_.detach(station);
  if (link != kNowhere) routing_.attach(station, link);
}

void Network::make_channels(NodeIndex a, NodeIndex b, const ChannelSettings& to_b, const ChannelSettings& to_a) {
  const std::string name_a(trace_.names().text(nodes_[a].entity));
  const std::string name_b(trace_.names().text(nodes_[b].entity));
  const EntityId link = trace_.define(EntityKind::link, name_a + "-" + name_b);
  ends_.push_back({link, a, b});
  channels_.emplace_back(channel_host_, seed_, trace_.define(EntityKind::link, name_a + ">" + name_b, link), b,
                         model_for(to_b));
  channels_.emplace_back(channel_host_, seed_, trace_.define(EntityKind::link, name_b + ">" + name_a, link), a,
                         model_for(to_a));
}

LinkIndex Network::link_between(NodeIndex a, NodeIndex b) const {
  for (LinkIndex i = 0; i < ends_.size(); ++i) {
    if ((ends_[i].a == a && ends_[i].b == b) || (ends_[i].a == b && ends_[i].b == a)) return i;
  }
  return kNowhere;
}

std::shared_ptr<const ChannelModel> Network::model_for(const ChannelSettings& settings) {
  for (const auto& model : models_) {
    if (model != nullptr && model->settings == settings) return model;
  }
  auto& slot = models_[next_model_];
  next_model_ = (next_model_ + 1) % models_.size();
  return slot = std::make_shared<const ChannelModel>(settings);
}

NodeIndex Network::find(Ipv4Address address, Realm realm) const {
  const auto found = by_address_.find(key_of(address, realm));
  return found == by_address_.end() ? kNowhere : found->second;
}

NodeIndex Network::find_from(NodeIndex from, Ipv4Address address) const {
  if (nodes_[from].is_gateway) {
    const NodeIndex inside = find(address, gateways_.at(from).inside);
    if (inside != kNowhere) return inside;
  }
  const Realm realm = nodes_[from].realm;
  const NodeIndex target = find(address, realm);
  return target == kNowhere && realm < gateway_of_.size() ? gateway_of_[realm] : target;
}

// A gateway speaks to each side under its address there.
Ipv4Address Network::source_towards(NodeIndex from, Ipv4Address destination) const {
  const bool inwards = nodes_[from].is_gateway && find(destination, gateways_.at(from).inside) != kNowhere;
  return inwards ? inside_address(from) : nodes_[from].address;
}

void Network::set_node_up(NodeIndex index, bool up) {
  trace_.set(nodes_[index].entity, Field::node_up, nodes_[index].up, up);
  if (Nat* const translation = nat(index); !up && translation != nullptr) translation->forget();
}

void Network::send_ip(NodeIndex from, PacketIndex index, std::uint8_t protocol, Ipv4Address destination, LinkIndex link,
                      Ipv4Address source) {
  Packet& packet = packets_[index];
  Node& node = nodes_[from];
  Ipv4Header header;
  header.total_length = static_cast<std::uint16_t>(packet.size);
  header.identification = node.next_identification++;
  header.protocol = protocol;
  header.source = source.value != 0 ? source : source_towards(from, destination);
  header.destination = destination;
  encode(header, packet.bytes());
  send(from, index, link);
}

void Network::send(NodeIndex from, PacketIndex index, LinkIndex link) {
  Packet& packet = packets_[index];
  const Node& node = nodes_[from];
  CauseScope scope(trace_);
  packet.hop = from;
  packet.blob = trace_.packet(packet.view());
  trace_.emit_cause(Kind::packet_sent, node.entity, packet.stream, std::uint16_t{0}, packet.blob, packet.begin,
                    packet.end);
  const Ipv4Address destination{wire::load32(packet.bytes() + 16)};
  if (!node.up) {
    drop(from, index, DropReason::node_down);
  } else if (destination == node.address) {
    // To itself: delivered by an event of its own, as the loopback interface does.
    events_.schedule(
        events_.now(),
        [](void* self, std::uint64_t argument) {
          auto* network = static_cast<Network*>(self);
          network->arrive(static_cast<NodeIndex>(argument >> 32), static_cast<PacketIndex>(argument));
        },
        this, (static_cast<std::uint64_t>(from) << 32) | index);
  } else {
    route(from, index, destination,
          packet.towards != kNoPacket ? routing_.next_link(from, packet.towards)
          : link != kNowhere          ? link
                                      : route_to(from, destination));
  }
}

void Network::on_arrival(void* self, std::uint32_t node, PacketIndex packet) {
  static_cast<Network*>(self)->arrive(node, packet);
}

void Network::arrive(NodeIndex at, PacketIndex index) {
  const Packet& packet = packets_[index];
  const Node& node = nodes_[at];
  trace_.emit_cause(Kind::packet_arrived, node.entity, packet.stream, std::uint16_t{0}, packet.blob, packet.begin,
                    packet.end);
  if (!node.up) {
    drop(at, index, DropReason::node_down);
    return;
  }
  auto header = wire::decode_ipv4(packet.view());
  bool translated = false;  // on its way in
  if (!header) {
    drop(at, index, DropReason::bad_checksum);
  } else if (packet.towards != kNoPacket || header->destination == wire::kBroadcast) {
    arrive_as_frame(at, index, *header);
  } else if (node.is_gateway && !translate(at, index, *header, translated)) {
    return;
  } else if (header->destination == nodes_[at].address ? !translated : header->destination == inside_address(at)) {
    deliver(at, index, *header);
  } else if (!node.is_bridge && !wire::decrement_time_to_live(packets_[index].bytes())) {
    send_error(at, packet.view(), IcmpType::time_exceeded, 0);
    drop(at, index, DropReason::ttl_expired);
  } else {
    // What came in through a translation goes to the inner network, whoever has that address outside.
    const NodeIndex inside = translated ? find(header->destination, gateways_.at(at).inside) : kNowhere;
    const LinkIndex link = !translated          ? route_to(at, header->destination)
                           : inside == kNowhere ? kNowhere  // it has gone, and its address with it
                                                : routing_.next_link(at, inside);
    route(at, index, header->destination, link);
  }
}

// At a gateway: false if that was the end of the packet. `header` is what it has become.
bool Network::translate(NodeIndex at, PacketIndex index, Ipv4Header& header, bool& translated_in) {
  const Gateway& gateway = gateways_.at(at);
  Packet& packet = packets_[index];
  const std::span<std::uint8_t> bytes(packet.bytes(), packet.size);
  const bool from_inside = packet.hop != at && nodes_[packet.hop].realm == gateway.inside;
  const bool inwards = !from_inside && header.destination == nodes_[at].address;
  if (!inwards && !from_inside) return true;
  if (from_inside) {
    const bool stays = header.destination == nodes_[at].address || find(header.destination, gateway.inside) != kNowhere;
    if (stays) return true;
    if (header.source.value == 0) {  // of a host that has no address: RFC 1812, section 5.3.7
      drop(at, index, DropReason::no_binding);
      return false;
    }
  }
  Nat& nat = *gateway.nat;
  const Nat::Result result = inwards ? nat.translate_in(bytes) : nat.translate_out(bytes);
  switch (result) {
    case Nat::Result::translated: translated_in = inwards; break;
    case Nat::Result::reset:
      transport_->refuse(at, header, packet.view().subspan(wire::kIpv4HeaderSize));
      [[fallthrough]];
    case Nat::Result::no_binding:
      // What asks for the router itself is answered by it; its ports are closed to the outside.
      if (inwards && header.protocol == wire::kIcmp) return true;
      drop(at, index, DropReason::no_binding);
      return false;
  }
  CauseScope scope(trace_);
  const BlobNumber before = packet.blob;
  packet.blob = trace_.packet(packet.view());
  trace_.emit_cause(Kind::packet_translated, nodes_[at].entity, packet.stream, std::uint16_t{0}, packet.blob,
                    static_cast<std::int64_t>(before), 0);
  header = *wire::decode_ipv4(packet.view());
  return true;
}

// What goes to one station of a network, or to all: a node that cannot take it passes it on to its gateway.
void Network::arrive_as_frame(NodeIndex at, PacketIndex index, const Ipv4Header& header) {
  const Packet& packet = packets_[index];
  const bool is_mine = packet.towards != kNoPacket
                           ? packet.towards == at
                           : transport_ != nullptr && transport_->takes_broadcast(at, header, packet.view());
  const bool is_last = packet.towards == kNoPacket && nodes_[at].realm == 0;
  if (is_mine || is_last) {
    deliver(at, index, header);
  } else {
    route(at, index, header.destination,
          packet.towards != kNoPacket ? routing_.next_link(at, packet.towards) : route_to(at, header.destination));
  }
}

LinkIndex Network::route_to(NodeIndex from, Ipv4Address destination) {
  const NodeIndex target = find_from(from, destination);
  return target == kNowhere ? routing_.default_link(from) : routing_.next_link(from, target);
}

void Network::route(NodeIndex at, PacketIndex index, Ipv4Address destination, LinkIndex link) {
  const Packet& packet = packets_[index];
  if (link == kNowhere) {
    send_error(at, packet.view(), IcmpType::unreachable,
               find_from(at, destination) == kNowhere ? wire::kHostUnreachable : wire::kNetUnreachable);
    drop(at, index, DropReason::no_route);
    return;
  }
  Channel& out = channel(link, at);
  if (packet.size > out.settings().mtu) {
    send_error(at, packet.view(), IcmpType::unreachable, wire::kFragmentationNeeded,
               static_cast<std::uint16_t>(out.settings().mtu));
    drop(at, index, DropReason::too_big);
    return;
  }
  packets_[index].hop = at;
  out.send(index);
}

void Network::deliver(NodeIndex at, PacketIndex index, const Ipv4Header& header) {
  const Packet& packet = packets_[index];
  const Bytes payload = packet.view().subspan(wire::kIpv4HeaderSize);
  switch (header.protocol) {
    case wire::kTcp:
      if (transport_ != nullptr && !transport_->receive_tcp(at, header, payload, packet.stream)) {
        drop(at, index, DropReason::bad_checksum);
        return;
      }
      break;
    case wire::kUdp: {
      const DropReason why = transport_ == nullptr ? DropReason::none : transport_->receive_udp(at, header, payload);
      if (why == DropReason::none) break;
      if (why == DropReason::no_port && header.destination != wire::kBroadcast)
        send_error(at, packet.view(), IcmpType::unreachable, wire::kPortUnreachable);
      drop(at, index, why);
      return;
    }
    case wire::kIcmp:
      if (!receive_icmp(at, header, payload, packet.blob)) {
        drop(at, index, DropReason::bad_checksum);
        return;
      }
      break;
    default: break;
  }
  packets_.give_back(index);
}

bool Network::receive_icmp(NodeIndex at, const Ipv4Header& header, Bytes payload, BlobNumber blob) {
  const auto message = wire::decode_icmp(payload);
  if (!message) return false;
  const auto what = static_cast<std::uint16_t>((static_cast<unsigned>(message->type) << 8) | message->code);
  if (message->type == IcmpType::echo) {
    IcmpMessage reply = *message;
    reply.type = IcmpType::echo_reply;
    std::vector<std::uint8_t> bytes(wire::kIpv4HeaderSize);
    encode(reply, bytes);
    const PacketIndex index = packets_.take(static_cast<std::uint32_t>(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), packets_[index].bytes());
    send_ip(at, index, wire::kIcmp, header.source);
    return true;
  }
  std::int64_t round_trip = 0;
  if (message->type == IcmpType::echo_reply && message->body.size() >= 8) {
    const std::uint64_t sent =
        (static_cast<std::uint64_t>(wire::load32(message->body.data())) << 32) | wire::load32(message->body.data() + 4);
    round_trip = events_.now().ns() - static_cast<std::int64_t>(sent);
  }
  trace_.emit_cause(Kind::icmp_received, nodes_[at].entity, 0, what, blob, round_trip, 0);
  if (message->type != IcmpType::echo_reply && transport_ != nullptr)
    transport_->receive_error(at, *message, message->body);
  return true;
}

// As ping does, the time of sending stands in the payload.
void Network::ping(NodeIndex from, Ipv4Address destination, std::uint16_t sequence, std::size_t payload_size) {
  std::vector<std::uint8_t> body(std::max<std::size_t>(payload_size, 8));
  for (std::size_t i = 8; i < body.size(); ++i) body[i] = static_cast<std::uint8_t>(i);
  const auto now = static_cast<std::uint64_t>(events_.now().ns());
  wire::store32(body.data(), static_cast<std::uint32_t>(now >> 32));
  wire::store32(body.data() + 4, static_cast<std::uint32_t>(now));
  IcmpMessage message;
  message.type = IcmpType::echo;
  message.identifier = static_cast<std::uint16_t>(from + 1);
  message.sequence = sequence;
  message.body = body;
  std::vector<std::uint8_t> bytes(wire::kIpv4HeaderSize);
  encode(message, bytes);
  const PacketIndex index = packets_.take(static_cast<std::uint32_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), packets_[index].bytes());
  send_ip(from, index, wire::kIcmp, destination);
}

void Network::send_error(NodeIndex from, Bytes original, IcmpType type, std::uint8_t code, std::uint16_t next_mtu) {
  const auto header = wire::decode_ipv4(original);
  // RFC 1122, 3.2.2: no error about an ICMP error.
  if (header && header->protocol == wire::kIcmp && original.size() > wire::kIpv4HeaderSize &&
      original[wire::kIpv4HeaderSize] != static_cast<std::uint8_t>(IcmpType::echo)) {
    return;
  }
  IcmpMessage message;
  message.type = type;
  message.code = code;
  message.next_mtu = next_mtu;
  message.body = original.first(std::min<std::size_t>(original.size(), wire::kIpv4HeaderSize + 8));
  std::vector<std::uint8_t> bytes(wire::kIpv4HeaderSize);
  encode(message, bytes);
  const PacketIndex index = packets_.take(static_cast<std::uint32_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), packets_[index].bytes());
  send_ip(from, index, wire::kIcmp, Ipv4Address{wire::load32(original.data() + 12)});
}

std::uint32_t Network::first_mtu(NodeIndex from, Ipv4Address destination) {
  const NodeIndex target = find_from(from, destination);
  if (target == kNowhere) return 1500;
  const LinkIndex link = routing_.next_link(from, target);
  return link == kNowhere ? 1500 : channel(link, from).settings().mtu;
}

void Network::drop(NodeIndex at, PacketIndex index, DropReason reason) {
  const Packet& packet = packets_[index];
  trace_.emit(Kind::packet_dropped, nodes_[at].entity, packet.stream, reason, packet.blob, packet.begin, packet.end);
  packets_.give_back(index);
}

void Network::visit_state(StateVisitor& visitor) const {
  for (const Node& node : nodes_) {
    visitor.value(node.entity, Field::node_up, 0, node.up ? 1 : 0);
    visitor.value(node.entity, Field::node_address, 0, node.address.value);
  }
  for (const Channel& channel : channels_) channel.visit_state(visitor);
  for (const auto& [node, gateway] : gateways_) gateway.nat->visit_state(visitor);
}

}  // namespace wirelab
