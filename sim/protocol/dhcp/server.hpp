// A DHCP server (RFC 2131, section 4.3), as in a home router: gives the addresses of a pool, the same one again to a client that it
// knows, and refuses an address that is not the client's. Sans-I/O.
#pragma once

#include <functional>
#include <map>

#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/dhcp.hpp"

namespace wirelab::dhcp {

struct ServerSettings {
  wire::Ipv4Address own;          // the server's, and the router's
  wire::Ipv4Address first, last;  // the pool
  wire::Ipv4Address name_server;  // 0: none is told
  Duration lease = Duration::seconds(86'400);
};

class Server {
 public:
  /// To the client of this hardware, wherever it is.
  using Send = std::function<void(const wire::MacAddress& to, wire::Ipv4Address address, wire::Bytes message)>;
  /// Whether a node has the address already, as a server finds out by asking for it (section 2.2).
  using Taken = std::function<bool(wire::Ipv4Address)>;
  Server(EventQueue& events, Tracer& trace, EntityId entity, const ServerSettings& settings, Send send, Taken taken);

  void receive(wire::Bytes message);
  /// Forgets its leases, as a router without power does.
  void forget();
  std::size_t leases() const { return by_hardware_.size(); }
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Given {
    wire::Ipv4Address address;
    Instant expires;
  };
  Given* find_or_give(const wire::MacAddress& hardware, wire::Ipv4Address wanted);
  bool is_free(wire::Ipv4Address address) const;
  void set(Given& given, Instant expires);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  ServerSettings settings_;
  Send send_;
  Taken taken_;
  std::map<wire::MacAddress, Given> by_hardware_;
  std::map<std::uint32_t, wire::MacAddress> by_address_;
};

}  // namespace wirelab::dhcp
