#include "sim/protocol/dhcp/client.hpp"

#include <algorithm>
#include <array>

#include "sim/trace/traced_timer.hpp"

namespace wirelab::dhcp {

using wire::DhcpMessage;
using wire::DhcpType;

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 6> names{"stopped", "selecting", "requesting",
                                                  "bound",   "renewing",  "rebinding"};
  return names[static_cast<std::size_t>(state)];
}

Client::Client(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId entity, wire::MacAddress hardware,
               std::string host_name, Send send, Changed changed)
    : events_(events),
      trace_(trace),
      entity_(entity),
      hardware_(hardware),
      host_name_(std::move(host_name)),
      send_(std::move(send)),
      changed_(std::move(changed)),
      luck_(seed, trace.names().text(entity), "dhcp") {
  timer_ = events_.make_timer(on_timer, this);
}

Client::~Client() { events_.release(timer_); }

void Client::enter(State state) { trace_.set(entity_, Field::dhcp_state, state_, state); }

void Client::arm(Duration after) {
  arm_traced(trace_, timer_, entity_, Field::dhcp_timer, events_.now() + std::max(after, Duration::nanoseconds(1)));
}

void Client::start() {
  lease_ = {};
  begin();
}

void Client::begin() {
  enter(State::selecting);
  transaction_ = static_cast<std::uint32_t>(luck_.bits());
  repeats_ = 0;
  began_ = events_.now();
  offered_ = {};
  send(DhcpType::discover);
  repeat_later();
}

void Client::stop() {
  enter(State::stopped);
  disarm_traced(trace_, timer_, entity_, Field::dhcp_timer);
  lease_ = {};
}

// Section 4.1: 4 s doubled up to 64, each shifted by a random part of a second to either side.
void Client::repeat_later() {
  const Duration base = Duration::seconds(std::int64_t{4} << std::min<int>(repeats_, 4));
  ++repeats_;
  arm(base + luck_.between(Duration::seconds(-1), Duration::seconds(1)));
}

void Client::send(DhcpType type) {
  DhcpMessage message;
  message.type = type;
  message.transaction = transaction_;
  message.seconds =
      static_cast<std::uint16_t>(std::min<std::int64_t>((events_.now() - began_).ns() / 1'000'000'000, 65535));
  message.hardware = hardware_;
  message.host_name = host_name_;
  const bool has_address = state_ == State::renewing || state_ == State::rebinding;
  if (has_address) {
    message.client_address = lease_.address;
  } else if (type == DhcpType::request) {
    message.requested = offered_.address;
    message.server = offered_.server;
  }
  if (type == DhcpType::request) asked_ = events_.now();
  std::vector<std::uint8_t> bytes;
  encode(message, bytes);
  send_(state_ == State::renewing ? lease_.server : wire::kBroadcast, bytes);
}

void Client::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<Client*>(target);
  record_fired(self->trace_, self->entity_, Field::dhcp_timer);
  const Instant now = self->events_.now();
  switch (self->state_) {
    case State::stopped: break;
    case State::selecting:
      self->send(DhcpType::discover);
      self->repeat_later();
      break;
    case State::requesting:
      // Table 5 leaves the number of repetitions open; after four the server that offered is taken for gone.
      if (self->repeats_ >= 4) {
        self->begin();
      } else {
        self->send(DhcpType::request);
        self->repeat_later();
      }
      break;
    case State::bound:
      self->enter(State::renewing);
      self->transaction_ = static_cast<std::uint32_t>(self->luck_.bits());
      self->began_ = now;
      [[fallthrough]];
    case State::renewing:
    case State::rebinding: {
      if (now >= self->expires_) {
        self->lose();
        break;
      }
      if (now >= self->rebinds_) self->enter(State::rebinding);
      self->send(DhcpType::request);
      // Section 4.4.5: half of the time that is left, but not less than a minute.
      const Instant ends = self->state_ == State::renewing ? self->rebinds_ : self->expires_;
      self->arm(std::min(std::max((ends - now) / 2, Duration::seconds(60)), ends - now));
    }
  }
}

void Client::receive(wire::Bytes bytes) {
  const auto message = wire::decode_dhcp(bytes);
  if (!message || message->transaction != transaction_ || message->hardware != hardware_) return;
  if (message->type == DhcpType::offer && state_ == State::selecting) {
    offered_ = {message->your_address, message->router, message->name_server, message->server};
    enter(State::requesting);
    repeats_ = 0;
    send(DhcpType::request);
    repeat_later();
  } else if (message->type == DhcpType::ack && state_ >= State::requesting && state_ != State::bound) {
    take(*message);
  } else if (message->type == DhcpType::nak && state_ >= State::requesting && state_ != State::bound) {
    lose();
  }
}

void Client::take(const DhcpMessage& ack) {
  const Lease before = lease_;
  lease_ = {ack.your_address, ack.router, ack.name_server, ack.server};
  enter(State::bound);
  // Times count from when the request was sent (section 4.4.1).
  const auto part = [&](std::int64_t eighths) { return asked_ + Duration::seconds(ack.lease) * eighths / 8; };
  rebinds_ = part(7);
  expires_ = part(8);
  arm(part(4) - events_.now());
  if (before.address != lease_.address) changed_(lease_);
}

// The address is gone: begin anew.
void Client::lose() {
  const bool had = lease_.address.value != 0;
  lease_ = {};
  if (had) changed_(lease_);
  if (state_ != State::stopped) begin();
}

void Client::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::dhcp_state, 0, static_cast<std::int64_t>(state_));
  visitor.value(entity_, Field::dhcp_timer, 0, deadline_of(events_, timer_));
}

}  // namespace wirelab::dhcp
