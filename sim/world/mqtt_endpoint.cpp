#include "sim/world/mqtt_endpoint.hpp"

#include <algorithm>
#include <array>

#include "sim/trace/traced_timer.hpp"

namespace wirelab {

std::string_view name_of(ConnectFailure failure) {
  constexpr std::array<std::string_view, 12> names{"none",
                                                   "connection refused",
                                                   "no route to the host",
                                                   "connection timed out",
                                                   "connection reset",
                                                   "not accepted",
                                                   "no such name",
                                                   "the name was not resolved",
                                                   "nobody trusted has signed the certificate",
                                                   "the certificate has expired",
                                                   "the certificate is for another name",
                                                   "the TLS handshake failed"};
  return names[static_cast<std::size_t>(failure)];
}

MqttEndpoint::MqttEndpoint(EventQueue& events, Tracer& trace, Transport& transport, mqtt::MessagePool& messages,
                           NodeIndex node, EntityId entity, EndpointUser& user)
    : events_(events),
      trace_(trace),
      transport_(transport),
      user_(user),
      node_(node),
      client_(events, trace, entity, messages, *this) {
  timer_ = events_.make_timer(on_timer, this);
}

MqttEndpoint::~MqttEndpoint() {
  if (connection_ != nullptr) connection_->detach();
  events_.release(timer_);
}

// The context is kept over reconnections, with its tickets.
void MqttEndpoint::set_tls_name(std::string_view name) {
  if (!settings_.tls) return;
  if (!tls_) tls_.emplace(*settings_.tls, transport_.seed(), trace_.names().text(client_.entity()));
  tls_->settings.name = settings_.tls->name.empty() ? std::string(name) : settings_.tls->name;
}

void MqttEndpoint::connect(tcp::Endpoint to, std::string_view name) {
  host_.reset();
  set_tls_name(name);
  to_ = to;
  wanted_ = true;
  delay_ = settings_.first_delay;
  if (connection_ == nullptr) attempt();
}

void MqttEndpoint::connect(std::string name, std::uint16_t port, dns::Resolver& resolver) {
  set_tls_name(name);
  host_ = std::make_unique<Host>(Host{std::move(name), &resolver, nullptr});
  to_ = {{}, port};
  wanted_ = true;
  delay_ = settings_.first_delay;
  if (connection_ == nullptr) attempt();
}

void MqttEndpoint::attempt() {
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::session_event, client_.entity(), 0, SessionEvent::connecting);
  peer_closed_ = lost_ = false;
  if (host_ == nullptr) {
    open_connection();
    return;
  }
  arm(settings_.connect_timeout);
  host_->resolving = std::make_shared<int>();
  host_->resolver->resolve(
      host_->name, [this, waiting = std::weak_ptr<int>(host_->resolving)](const dns::Answer& answer) {
        if (waiting.expired()) return;
        host_->resolving.reset();
        if (answer.failure == dns::Failure::none) {
          to_.address = answer.address;
          open_connection();
        } else {
          attempt_failed(answer.failure == dns::Failure::no_such_name ? ConnectFailure::no_such_name
                                                                      : ConnectFailure::not_resolved,
                         mqtt::ConnectCode::accepted);
        }
      });
}

void MqttEndpoint::open_connection() {
  // Without a free port there is none, and the attempt times out.
  connection_ = transport_.connect(node_, to_, this, settings_.tcp != nullptr ? *settings_.tcp : Transport::kDefaults);
  arm(settings_.connect_timeout);
}

void MqttEndpoint::end_tls() {
  if (secure_ == nullptr) return;
  secure_->leave();
  secure_.reset();
}

// Gives the connection up without hearing of it again.
void MqttEndpoint::let_go() {
  if (connection_ == nullptr) return;
  if (secure_ != nullptr && connection_->can_send()) secure_->close();
  end_tls();
  tcp::Connection* const connection = connection_;
  acknowledged_at_end_ = connection->acknowledged();
  connection_ = nullptr;
  connection->detach();
  connection->close();
}

void MqttEndpoint::arm(Duration after) {
  arm_traced(trace_, timer_, client_.entity(), Field::client_connect_timer, events_.now() + after);
}

void MqttEndpoint::disarm() { disarm_traced(trace_, timer_, client_.entity(), Field::client_connect_timer); }

void MqttEndpoint::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<MqttEndpoint*>(target);
  record_fired(self->trace_, self->client_.entity(), Field::client_connect_timer);
  const bool resolving = self->host_ != nullptr && self->host_->resolving != nullptr;
  if (self->connection_ == nullptr && !resolving) {
    if (self->wanted_) self->attempt();
    return;
  }
  self->trace_.emit_cause(Kind::session_event, self->client_.entity(), 0, SessionEvent::connect_timeout);
  if (resolving) self->host_->resolving.reset();
  self->let_go();
  if (self->client_.state() != mqtt::ClientState::disconnected) self->client_.closed();
  self->attempt_failed(ConnectFailure::timed_out, mqtt::ConnectCode::accepted);
}

void MqttEndpoint::attempt_failed(ConnectFailure failure, mqtt::ConnectCode code) {
  disarm();
  retry_later();
  user_.on_connect_failed(failure, code);
}

void MqttEndpoint::retry_later() {
  if (!wanted_ || !settings_.reconnect || settings_.manual) {
    wanted_ = false;
    return;
  }
  arm(delay_);
  delay_ = std::min(delay_ * 2, settings_.longest_delay);
}

void MqttEndpoint::disconnect() {
  wanted_ = false;
  const bool resolving = host_ != nullptr && host_->resolving != nullptr;
  if (resolving) host_->resolving.reset();
  disarm();
  if (client_.state() != mqtt::ClientState::disconnected) {
    client_.disconnect();
  } else if (connection_ != nullptr || resolving) {
    let_go();
    user_.on_disconnected(true);
  }
}

void MqttEndpoint::serve(bool on) {
  serving_ = on;
  client_.set_served(on);
  if (!on) return;
  if (connection_ != nullptr) connection_->read_more();
  if (peer_closed_ && connection_ != nullptr) {
    let_go();
    client_.closed();
  }
  if (lost_) {
    lost_ = false;
    client_.closed();
  }
}

void MqttEndpoint::crash() {
  wanted_ = false;
  if (host_ != nullptr) host_->resolving.reset();
  disarm();
  client_.vanish(LossReason::process_died);
  end_tls();
  let_go();
}

void MqttEndpoint::vanish() {
  wanted_ = false;
  if (host_ != nullptr) host_->resolving.reset();
  disarm();
  client_.vanish(LossReason::process_died);
  end_tls();
  connection_ = nullptr;  // the transport forgets it with the node
}

void MqttEndpoint::on_connected(tcp::Connection& connection) {
  arm(settings_.connect_timeout);
  if (!tls_) {
    client_.opened(this);
    return;
  }
  secure_ = std::make_unique<tls::Session>(events_, trace_, connection.entity(), connection.stream_out(), *tls_, *this);
  secure_->start();
}

void MqttEndpoint::on_secure() {
  arm(settings_.connect_timeout);
  client_.opened(this);
}

void MqttEndpoint::on_plain(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) {
  client_.receive(bytes, connection_->stream_in(), {begin, end});
}

void MqttEndpoint::on_failed(tls::Failure failure) {
  const bool was_open = client_.state() != mqtt::ClientState::disconnected;
  const bool was_connected = client_.state() == mqtt::ClientState::connected;
  let_go();
  if (was_open) client_.closed();
  if (was_connected) return;
  attempt_failed(failure == tls::Failure::unknown_authority     ? ConnectFailure::certificate_unknown
                 : failure == tls::Failure::certificate_expired ? ConnectFailure::certificate_expired
                 : failure == tls::Failure::wrong_name          ? ConnectFailure::certificate_name
                                                                : ConnectFailure::no_tls,
                 mqtt::ConnectCode::accepted);
}

std::size_t MqttEndpoint::on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) {
  if (!listening() && client_.state() == mqtt::ClientState::connected) return 0;
  if (secure_ != nullptr) {
    secure_->receive(bytes, connection.stream_in(), offset);
  } else {
    client_.receive(bytes, connection.stream_in(), {offset, offset + bytes.size()});
  }
  return bytes.size();
}

void MqttEndpoint::on_peer_closed(tcp::Connection&) {
  if (!listening()) {
    peer_closed_ = true;
    return;
  }
  const bool was_open = client_.state() != mqtt::ClientState::disconnected;
  const bool was_connected = client_.state() == mqtt::ClientState::connected;
  let_go();
  if (was_open) client_.closed();
  if (!was_connected) attempt_failed(ConnectFailure::reset, mqtt::ConnectCode::accepted);
}

void MqttEndpoint::on_closed(tcp::Connection& connection, tcp::CloseReason reason) {
  acknowledged_at_end_ = connection.acknowledged();
  end_tls();
  connection_ = nullptr;
  if (client_.state() == mqtt::ClientState::connected) {
    if (listening()) {
      client_.closed();
    } else {
      lost_ = true;
    }
    return;
  }
  if (client_.state() == mqtt::ClientState::connecting) client_.closed();
  const auto failure = reason == tcp::CloseReason::refused       ? ConnectFailure::refused
                       : reason == tcp::CloseReason::unreachable ? ConnectFailure::unreachable
                       : reason == tcp::CloseReason::timed_out   ? ConnectFailure::timed_out
                                                                 : ConnectFailure::reset;
  attempt_failed(failure, mqtt::ConnectCode::accepted);
}

mqtt::StreamPlace MqttEndpoint::place() const { return {connection_->stream_out(), connection_->written()}; }

void MqttEndpoint::write(mqtt::Bytes bytes) {
  if (secure_ != nullptr) {
    secure_->write(bytes);
  } else {
    connection_->write(bytes);
  }
}

void MqttEndpoint::close() { let_go(); }

void MqttEndpoint::on_connack(mqtt::Client&, const mqtt::Connack& packet) {
  disarm();
  if (packet.code != mqtt::ConnectCode::accepted || is_failure(packet.reason)) {
    let_go();
    attempt_failed(ConnectFailure::not_accepted, packet.code);
    return;
  }
  delay_ = settings_.first_delay;
  user_.on_connected(packet.session_present);
}

void MqttEndpoint::on_disconnected(mqtt::Client&, bool expected) {
  if (!expected) {
    let_go();
    if (events_.due(timer_) == Instant::never()) retry_later();
  }
  user_.on_disconnected(expected);
}

void MqttEndpoint::visit_state(StateVisitor& visitor) const {
  client_.visit_state(visitor);
  visitor.value(client_.entity(), Field::client_connect_timer, 0, deadline_of(events_, timer_));
  if (secure_ != nullptr) secure_->visit_state(visitor);
}

}  // namespace wirelab
