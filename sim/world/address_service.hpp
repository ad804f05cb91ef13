// DHCP on the nodes of a world: a server in each router that translates, a client on each device that asks for its address.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "sim/net/transport.hpp"
#include "sim/protocol/dhcp/client.hpp"
#include "sim/protocol/dhcp/server.hpp"

namespace wirelab {

class AddressService {
 public:
  /// Called when a device's lease begins, changes or ends (address 0).
  using Changed = std::function<void(NodeIndex node, const dhcp::Lease& lease)>;
  AddressService(EventQueue& events, Tracer& trace, Network& network, Transport& transport, std::uint64_t seed,
                 Changed changed);

  /// Leases from 192.168.1.100 to .250 of the router's inner network; `name_server` is told to clients.
  void add_server(NodeIndex router, wire::Ipv4Address inside, wire::Ipv4Address name_server, Duration lease);
  void add_client(NodeIndex device);
  bool has_client(NodeIndex device) const { return clients_.contains(device); }
  const dhcp::Lease& lease(NodeIndex device) const { return clients_.at(device)->lease(); }

  /// The device joins its network, or leaves it: then its address is gone, and its connections with it.
  void join(NodeIndex device);
  void leave(NodeIndex device);
  /// The router forgets its leases, as without power; its port closes, or opens again.
  void stop_server(NodeIndex router);
  void start_server(NodeIndex router);
  void visit_state(StateVisitor& visitor) const;

 private:
  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  Transport& transport_;
  std::uint64_t seed_;
  Changed changed_;
  std::map<NodeIndex, std::unique_ptr<dhcp::Server>> servers_;
  std::map<NodeIndex, std::unique_ptr<dhcp::Client>> clients_;
};

}  // namespace wirelab
