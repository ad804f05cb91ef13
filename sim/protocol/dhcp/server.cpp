#include "sim/protocol/dhcp/server.hpp"

namespace wirelab::dhcp {

using wire::DhcpMessage;
using wire::DhcpType;
using wire::Ipv4Address;
using wire::MacAddress;

namespace {

constexpr Duration kOffered = Duration::seconds(60);  // an offer that nobody takes up is kept so long

}  // namespace

Server::Server(EventQueue& events, Tracer& trace, EntityId entity, const ServerSettings& settings, Send send,
               Taken taken)
    : events_(events),
      trace_(trace),
      entity_(entity),
      settings_(settings),
      send_(std::move(send)),
      taken_(std::move(taken)) {}

bool Server::is_free(Ipv4Address address) const {
  if (address < settings_.first || address > settings_.last || taken_(address)) return false;
  const auto holder = by_address_.find(address.value);
  return holder == by_address_.end() || by_hardware_.at(holder->second).expires <= events_.now();
}

void Server::set(Given& given, Instant expires) {
  trace_.state(entity_, Field::dhcp_lease, given.expires.ns(), expires.ns(), given.address.value);
  given.expires = expires;
}

// What the client has or had, what it wants, or the first that is free; nullptr if the pool is empty.
Server::Given* Server::find_or_give(const MacAddress& hardware, Ipv4Address wanted) {
  if (const auto known = by_hardware_.find(hardware); known != by_hardware_.end()) return &known->second;
  Ipv4Address address = wanted;
  if (!is_free(address)) {
    for (address = settings_.first; address <= settings_.last && !is_free(address); ++address.value) {
    }
    if (address > settings_.last) return nullptr;
  }
  if (const auto holder = by_address_.find(address.value); holder != by_address_.end()) {
    set(by_hardware_.at(holder->second), Instant());
    by_hardware_.erase(holder->second);
  }
  by_address_[address.value] = hardware;
  return &(by_hardware_[hardware] = {address, Instant()});
}

void Server::receive(wire::Bytes bytes) {
  const auto message = wire::decode_dhcp(bytes);
  if (!message) return;
  DhcpMessage answer;
  answer.transaction = message->transaction;
  answer.hardware = message->hardware;
  answer.server = settings_.own;
  if (message->type == DhcpType::discover) {
    Given* const given = find_or_give(message->hardware, message->requested);
    if (given == nullptr) return;  // nothing to offer: silence
    if (given->expires < events_.now() + kOffered) set(*given, events_.now() + kOffered);
    answer.type = DhcpType::offer;
    answer.your_address = given->address;
  } else if (message->type == DhcpType::request) {
    if (message->server.value != 0 && message->server != settings_.own) return;  // it chose another server
    const Ipv4Address asked = message->requested.value != 0 ? message->requested : message->client_address;
    const auto known = by_hardware_.find(message->hardware);
    if (known == by_hardware_.end() || known->second.address != asked) {
      // Section 4.3.2: of a client that we do not know only what cannot be is refused; a router that lost its table takes it up.
      if (known == by_hardware_.end() && is_free(asked)) {
        set(*find_or_give(message->hardware, asked), events_.now() + settings_.lease);
        answer.type = DhcpType::ack;
        answer.your_address = asked;
      } else {
        answer.type = DhcpType::nak;
      }
    } else {
      set(known->second, events_.now() + settings_.lease);
      answer.type = DhcpType::ack;
      answer.your_address = asked;
    }
  } else {
    return;
  }
  if (answer.type != DhcpType::nak) {
    answer.lease = static_cast<std::uint32_t>(settings_.lease.ns() / 1'000'000'000);
    answer.mask = {0xffffff00};
    answer.router = settings_.own;
    answer.name_server = settings_.name_server;
  }
  std::vector<std::uint8_t> reply;
  encode(answer, reply);
  send_(message->hardware, answer.type == DhcpType::nak ? wire::kBroadcast : answer.your_address, reply);
}

void Server::forget() {
  for (auto& [hardware, given] : by_hardware_) set(given, Instant());
  by_hardware_.clear();
  by_address_.clear();
}

void Server::visit_state(StateVisitor& visitor) const {
  for (const auto& [hardware, given] : by_hardware_)
    visitor.value(entity_, Field::dhcp_lease, given.address.value, given.expires.ns());
}

}  // namespace wirelab::dhcp
