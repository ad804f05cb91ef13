#include "sim/world/name_service.hpp"

namespace wirelab {

NameService::NameService(Tracer& trace, Transport& transport, NodeIndex node, EntityId entity, Names names)
    : trace_(trace), transport_(transport), node_(node), entity_(entity), names_(std::move(names)) {}

void NameService::start() {
  transport_.bind_udp(node_, wire::kDnsPort, [this](tcp::Endpoint from, wire::Bytes bytes) { answer(from, bytes); });
}

void NameService::stop() { transport_.unbind_udp(node_, wire::kDnsPort); }

void NameService::set_failing(bool failing) { trace_.set(entity_, Field::dns_failing, failing_, failing); }

void NameService::answer(tcp::Endpoint from, wire::Bytes bytes) {
  auto message = wire::decode_dns(bytes);
  if (!message || message->is_response) return;
  message->is_response = true;
  message->authoritative = true;
  message->recursion_available = true;
  message->answers.clear();
  const auto found = names_.find(message->name);
  if (failing_) {
    message->code = wire::DnsCode::server_failure;
  } else if (found == names_.end()) {
    message->code = wire::DnsCode::name_error;
  } else if (message->type == wire::kDnsTypeA) {
    message->answers.push_back(found->second);
  }
  std::vector<std::uint8_t> reply;
  encode(*message, reply);
  transport_.send_udp(node_, wire::kDnsPort, from, reply);
}

void NameService::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::dns_failing, 0, failing_ ? 1 : 0);
}

}  // namespace wirelab
