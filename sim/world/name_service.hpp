// A DNS server on a node: answers for the names that the description gives it, and says of others that they do not exist.
#pragma once

#include <map>
#include <string>

#include "sim/net/transport.hpp"
#include "sim/wire/dns.hpp"

namespace wirelab {

class NameService {
 public:
  using Names = std::map<std::string, wire::DnsAddress, std::less<>>;
  NameService(Tracer& trace, Transport& transport, NodeIndex node, EntityId entity, Names names);

  void start();
  /// The port is closed: questions draw ICMP's "port unreachable".
  void stop();
  /// Answers every question with "server failure".
  void set_failing(bool failing);
  void visit_state(StateVisitor& visitor) const;

 private:
  void answer(tcp::Endpoint from, wire::Bytes question);
  Tracer& trace_;
  Transport& transport_;
  NodeIndex node_;
  EntityId entity_;
  Names names_;
  bool failing_ = false;
};

}  // namespace wirelab
