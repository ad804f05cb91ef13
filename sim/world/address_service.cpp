#include "sim/world/address_service.hpp"

namespace wirelab {
namespace {

// Locally administered, with the node's number behind: so a frame finds its way.
wire::MacAddress hardware_of(NodeIndex node) {
  wire::MacAddress hardware{0x02, 0x00};
  wire::store32(hardware.data() + 2, node);
  return hardware;
}

NodeIndex node_of(const wire::MacAddress& hardware) { return wire::load32(hardware.data() + 2); }

}  // namespace

AddressService::AddressService(EventQueue& events, Tracer& trace, Network& network, Transport& transport,
                               std::uint64_t seed, Changed changed)
    : events_(events),
      trace_(trace),
      network_(network),
      transport_(transport),
      seed_(seed),
      changed_(std::move(changed)) {}

void AddressService::add_server(NodeIndex router, wire::Ipv4Address inside, wire::Ipv4Address name_server,
                                Duration lease) {
  const std::uint32_t net = inside.value & 0xffffff00;
  const dhcp::ServerSettings settings{
      .own = inside, .first = {net + 100}, .last = {net + 250}, .name_server = name_server, .lease = lease};
  servers_.emplace(
      router, std::make_unique<dhcp::Server>(
                  events_, trace_, network_.node(router).entity, settings,
                  [this, router, inside](const wire::MacAddress& to, wire::Ipv4Address address, wire::Bytes message) {
                    if (node_of(to) >= network_.nodes()) return;
                    transport_.send_udp_to_node(router, {inside, wire::kDhcpServerPort},
                                                {address, wire::kDhcpClientPort}, message, node_of(to));
                  },
                  [this, router](wire::Ipv4Address address) { return network_.is_taken_inside(router, address); }));
  start_server(router);
}

void AddressService::start_server(NodeIndex router) {
  const auto server = servers_.find(router);
  if (server == servers_.end()) return;
  transport_.bind_udp(router, wire::kDhcpServerPort,
                      [to = server->second.get()](tcp::Endpoint, wire::Bytes message) { to->receive(message); });
}

void AddressService::stop_server(NodeIndex router) {
  const auto server = servers_.find(router);
  if (server == servers_.end()) return;
  transport_.unbind_udp(router, wire::kDhcpServerPort);
  server->second->forget();
}

void AddressService::add_client(NodeIndex device) {
  const EntityId entity = network_.node(device).entity;
  clients_.emplace(
      device,
      std::make_unique<dhcp::Client>(
          events_, trace_, seed_, entity, hardware_of(device), std::string(trace_.names().text(entity)).substr(0, 63),
          [this, device](wire::Ipv4Address to, wire::Bytes message) {
            transport_.send_udp(device, wire::kDhcpClientPort, {to, wire::kDhcpServerPort}, message);
          },
          [this, device](const dhcp::Lease& lease) {
            if (lease.address != network_.node(device).address) transport_.lose_address(device);
            network_.set_address(device, lease.address);
            changed_(device, lease);
          }));
}

void AddressService::join(NodeIndex device) {
  const auto client = clients_.find(device);
  if (client == clients_.end()) return;
  transport_.bind_udp(device, wire::kDhcpClientPort,
                      [to = client->second.get()](tcp::Endpoint, wire::Bytes message) { to->receive(message); });
  client->second->start();
}

void AddressService::leave(NodeIndex device) {
  const auto client = clients_.find(device);
  if (client == clients_.end()) return;
  client->second->stop();
  transport_.unbind_udp(device, wire::kDhcpClientPort);
  transport_.lose_address(device);
  network_.set_address(device, {});
  changed_(device, {});
}

void AddressService::visit_state(StateVisitor& visitor) const {
  for (const auto& [node, server] : servers_) server->visit_state(visitor);
  for (const auto& [node, client] : clients_) client->visit_state(visitor);
}

}  // namespace wirelab
