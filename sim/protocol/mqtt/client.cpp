// A client's connection: how it begins and ends, and what comes in on it.
#include "sim/protocol/mqtt/client.hpp"

#include <algorithm>

#include "sim/trace/traced_timer.hpp"
#include "sim/wire/mqtt_word.hpp"

namespace wirelab::mqtt {

Client::Client(EventQueue& events, Tracer& trace, EntityId entity, MessagePool& messages, ClientUser& user)
    : events_(events), trace_(trace), messages_(messages), user_(user), entity_(entity), scratch_(messages.scratch()) {
  keep_alive_timer_ = events_.make_timer(on_keep_alive, this);
}

Client::~Client() {
  events_.release(keep_alive_timer_);
  if (ping_timer_.valid()) events_.release(ping_timer_);
}

void Client::set_state(ClientState state) { trace_.set(entity_, Field::client_state, state_, state); }

// Whether its session outlives the connection that it has, or had.
bool Client::has_session() const {
  return options_.version == Version::v5 ? five_ != nullptr && five_->session_expiry != 0 : !options_.clean_session;
}

void Client::opened(ByteChannel* channel) {
  channel_ = channel;
  assembler_.reset();
  assembler_.set_version(options_.version);
  ping_due_ = false;
  last_ping_ = last_received_ = events_.now();
  last_reason_ = ReasonCode::success;
  set_state(ClientState::connecting);
  Connect packet;
  packet.level = static_cast<std::uint8_t>(options_.version);
  packet.clean_session = options_.clean_session;
  packet.keep_alive = options_.keep_alive;
  packet.client_id = client_id();
  std::vector<std::uint8_t> properties;
  if (options_.version == Version::v5) {
    packet.clean_session = start_clean_ || (options_.clean_session && !holds_session_);
    const std::shared_ptr<const OptionsOf5> five = options_.five;
    if (five != nullptr) put_connect_properties(*five, properties);
    packet.properties = Properties(properties);
    five_ = std::make_unique<Granted>();
    five_->keep_alive = options_.keep_alive;
    five_->session_expiry = five == nullptr ? 0 : five->session_expiry;
  } else {
    five_.reset();
  }
  if (const WillOptions* will = options_.will.get()) {
    packet.will = Will{will->topic, wire::bytes_of(will->payload), will->qos, will->retain};
    if (options_.version == Version::v5) packet.will->properties = Properties(will->properties);
  }
  if (const Credentials* credentials = options_.credentials.get()) {
    packet.user_name = credentials->user_name;
    if (!credentials->password.empty()) packet.password = wire::bytes_of(credentials->password);
  }
  scratch_.clear();
  encode(packet, scratch_);
  send(0);
}

// What differs from the standard's defaults.
void Client::put_connect_properties(const OptionsOf5& five, std::vector<std::uint8_t>& out) {
  PropertyWriter writer(out);
  if (five.session_expiry != 0) writer.number(Property::session_expiry_interval, five.session_expiry);
  if (five.receive_maximum != 65535) writer.number(Property::receive_maximum, five.receive_maximum);
  if (five.max_packet_size != 0) writer.number(Property::maximum_packet_size, five.max_packet_size);
  if (five.topic_alias_maximum != 0) writer.number(Property::topic_alias_maximum, five.topic_alias_maximum);
  if (!five.authentication_method.empty()) writer.text(Property::authentication_method, five.authentication_method);
  out.insert(out.end(), five.properties.begin(), five.properties.end());
}

void Client::receive(Bytes bytes, StreamId stream, StreamRange where) {
  stream_in_ = stream;
  last_received_ = events_.now();
  ByteChannel* const channel = channel_;
  std::size_t most = kMaximumRemainingLength + 5;
  if (five_ != nullptr && options_.five != nullptr && options_.five->max_packet_size != 0)
    most = options_.five->max_packet_size;
  const auto taken =
      assembler_.feed(bytes, where, most, [&](const Packet& packet, std::uint64_t begin, std::uint64_t end) {
        return take(packet, begin, end) && channel_ == channel;
      });
  if (channel_ == nullptr) return;
  if (taken) {
    look();
  } else {
    protocol_error(taken.error());
  }
}

// In 5.0 the server is told [MQTT-4.13.1-1].
void Client::protocol_error(const Malformed& error) {
  const BlobNumber text = trace_.text(std::string(error.what) + " [" + std::string(error.statement) + "]");
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::protocol_error, text);
  if (state_ == ClientState::connected && options_.version == Version::v5) {
    scratch_.clear();
    encode(Disconnect{error.reason, {}}, scratch_);
    send(0);
  }
  ByteChannel* const broken = channel_;
  end(SessionEvent::protocol_error, false);
  broken->close();
}

bool Client::take(const Packet& packet, std::uint64_t begin, std::uint64_t end) {
  const PacketType type = type_of(packet);
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::mqtt_received, entity_, stream_in_, trace_word(first_byte(packet), options_.version), 0,
                    static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
  if (state_ == ClientState::connecting && type != PacketType::connack && type != PacketType::auth)
    return true;  // nothing may come before CONNACK [MQTT-3.2.0-1]
  switch (type) {
    case PacketType::connack: take_connack(std::get<Connack>(packet)); break;
    case PacketType::publish: take_publish(std::get<Publish>(packet)); break;
    case PacketType::puback: {
      const Puback& ack = std::get<Puback>(packet);
      take_acknowledgement(SendEvent::puback, ack.packet_id, ack.reason);
      break;
    }
    case PacketType::pubrec: {
      const Pubrec& ack = std::get<Pubrec>(packet);
      take_acknowledgement(is_failure(ack.reason) ? SendEvent::pubrec_refused : SendEvent::pubrec, ack.packet_id,
                           ack.reason);
      break;
    }
    case PacketType::pubcomp:
      take_acknowledgement(SendEvent::pubcomp, std::get<Pubcomp>(packet).packet_id, ReasonCode::success);
      break;
    case PacketType::pubrel: take_pubrel(std::get<Pubrel>(packet).packet_id); break;
    case PacketType::suback:
      user_.on_subscribed(*this, std::get<Suback>(packet).packet_id, std::get<Suback>(packet).codes);
      break;
    case PacketType::unsuback:
      user_.on_unsubscribed(*this, std::get<Unsuback>(packet).packet_id, std::get<Unsuback>(packet).codes);
      break;
    case PacketType::pingresp: disarm(ping_timer_, Field::client_ping_timer); break;
    case PacketType::disconnect: take_disconnect(std::get<Disconnect>(packet)); break;
    case PacketType::auth: {
      const Auth& auth = std::get<Auth>(packet);
      user_.on_auth(*this, auth.reason, auth.properties.binary(Property::authentication_data).value_or(Bytes{}));
      break;
    }
    default: break;
  }
  return true;
}

// Only servers of 5.0 send it; they close next.
void Client::take_disconnect(const Disconnect& packet) {
  if (options_.version != Version::v5) {
    protocol_error({"a server of 3.1.1 sent DISCONNECT", "3.14"});
    return;
  }
  last_reason_ = packet.reason;
  ByteChannel* const channel = channel_;
  end(SessionEvent::connection_lost, false);
  channel->close();
}

void Client::take_connack(const Connack& packet) {
  if (state_ != ClientState::connecting) return;
  const bool of_5 = options_.version == Version::v5;
  if (of_5 ? is_failure(packet.reason) : packet.code != ConnectCode::accepted) {
    last_reason_ = packet.reason;
    trace_.emit(Kind::session_event, entity_, 0, SessionEvent::refused,
                of_5 ? static_cast<std::uint32_t>(packet.reason) : static_cast<std::uint32_t>(packet.code));
    ByteChannel* const channel = channel_;
    channel_ = nullptr;
    disarm(keep_alive_timer_, Field::client_keepalive_timer);
    set_state(ClientState::disconnected);
    channel->close();
    user_.on_connack(*this, packet);
    return;
  }
  if (of_5 && packet.session_present && !holds_session_) {
    start_clean_ = true;  // it begins anew the next time
    protocol_error(
        {"the server has a session that this client knows nothing of", "MQTT-3.2.2-4", ReasonCode::protocol_error});
    return;
  }
  start_clean_ = false;
  if (of_5) begin_of_5(packet);
  set_state(ClientState::connected);
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::connected, packet.session_present ? 1 : 0);
  if (!packet.session_present) {
    // The server holds no state of ours, so what we remember of its messages means nothing. Below 5.0 ours go again, as paho sends
    // them; 5.0 wants them discarded, too [MQTT-3.2.2-5].
    discard_received();
    if (of_5) discard_in_flight(LossReason::session_ended);
  }
  holds_session_ = has_session();
  resend_to_ = in_flight_.next_serial();
  resend_from_ = in_flight_.empty() ? resend_to_ : in_flight_[0].serial;
  fill_window(options_.manners.resends_all);
  // The keep alive may have run out while CONNACK was awaited.
  if (keep_alive() != 0 && events_.due(keep_alive_timer_) == Instant::never()) keep_alive_is_due();
  user_.on_connack(*this, packet);
}

void Client::begin_of_5(const Connack& packet) {
  const auto number = [&](Property property, std::uint32_t otherwise) {
    return packet.properties.number(property).value_or(otherwise);
  };
  Granted& granted = *five_;
  granted.keep_alive = static_cast<std::uint16_t>(number(Property::server_keep_alive, granted.keep_alive));
  granted.receive_maximum = static_cast<std::uint16_t>(number(Property::receive_maximum, 65535));
  granted.max_packet_size = number(Property::maximum_packet_size, 0xffffffff);
  granted.session_expiry = number(Property::session_expiry_interval, granted.session_expiry);
  granted.maximum_qos = static_cast<Qos>(number(Property::maximum_qos, 2));
  granted.retain_available = number(Property::retain_available, 1) != 0;
  granted.aliases_out.begin(static_cast<std::uint16_t>(number(Property::topic_alias_maximum, 0)));
  if (const auto assigned = packet.properties.text(Property::assigned_client_identifier)) assigned_id_ = *assigned;
  // CONNECT has armed the timer by the client's own keep alive; the server's counts [MQTT-3.2.2-21].
  if (granted.keep_alive != options_.keep_alive) {
    disarm(keep_alive_timer_, Field::client_keepalive_timer);
    if (granted.keep_alive != 0)
      arm(keep_alive_timer_, Field::client_keepalive_timer, Duration::seconds(granted.keep_alive));
  }
}

// Carries out the receiver's table for an identifier.
const ReceiveRow& Client::step_received(PacketId id, ReceiveEvent event) {
  const auto known = std::find(received_.begin(), received_.end(), id);
  const bool waits = id != 0 && known != received_.end();
  const ReceiveRow* row = step(waits ? ReceiveState::wait_pubrel : ReceiveState::none, event);
  check(row != nullptr, "what is received has a row in either state");
  const bool will_wait = row->next == ReceiveState::wait_pubrel;
  if (will_wait != waits) {
    trace_.state(entity_, Field::client_received, waits ? 1 : 0, will_wait ? 1 : 0, id);
    if (will_wait) {
      received_.push_back(id);
    } else {
      received_.erase(known);
    }
  }
  return *row;
}

void Client::take_pubrel(PacketId id) {
  const bool known = std::find(received_.begin(), received_.end(), id) != received_.end();
  if (five_ != nullptr) five_->receive_window.end(id);
  if (step_received(id, ReceiveEvent::pubrel).action == ReceiveAction::pubcomp) {
    acknowledge(PacketType::pubcomp, id, 0, known ? ReasonCode::success : ReasonCode::packet_identifier_not_found);
  }
  const MessageRef released = held_.take(id);
  if (released == kNoMessage) return;
  const Message message = messages_[released].message();
  deliver(Publish{message.topic, message.payload, message.qos, message.retain, false, id, message.properties});
  messages_.release(released);
}

void Client::take_publish(Publish packet) {
  if (five_ != nullptr) {
    const OptionsOf5* ours = options_.five.get();
    const auto resolved =
        five_->aliases_in.resolve(packet, ours == nullptr ? std::uint16_t{0} : ours->topic_alias_maximum);
    if (!resolved) {
      protocol_error(resolved.error());
      return;
    }
    const std::uint16_t most = ours == nullptr ? std::uint16_t{65535} : ours->receive_maximum;
    if (packet.qos == Qos::exactly_once && !five_->receive_window.take(packet.packet_id, most)) {
      protocol_error({"more messages are on their way than the receive maximum allows", "MQTT-3.3.4-9",
                      ReasonCode::receive_maximum_exceeded});
      return;
    }
  }
  const ReceiveRow* row = &step_received(packet.packet_id, static_cast<ReceiveEvent>(packet.qos));
  if (row->action == ReceiveAction::deliver_and_puback) acknowledge(PacketType::puback, packet.packet_id);
  if (row->action == ReceiveAction::deliver_and_pubrec || row->action == ReceiveAction::pubrec_only)
    acknowledge(PacketType::pubrec, packet.packet_id);
  if (row->action == ReceiveAction::pubrec_only) return;
  if (row->action == ReceiveAction::deliver_and_pubrec && options_.manners.deliver_at_release) {
    held_.keep(packet.packet_id,
               messages_.keep({0, 0, packet.topic, packet.payload, packet.qos, packet.retain, packet.properties}));
  } else {
    deliver(packet);
  }
}

void Client::deliver(const Publish& packet) {
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned>(packet.qos) | (packet.retain ? 4u : 0u) |
                                                (packet.dup ? 8u : 0u));
  trace_.emit_cause(Kind::message_delivered, entity_, 0, flags, trace_.intern(packet.topic),
                    static_cast<std::int64_t>(packet.payload.size()));
  user_.on_message(*this, packet);
}

void Client::disconnect(ReasonCode reason, Properties properties) {
  if (channel_ == nullptr) return;
  scratch_.clear();
  if (options_.version == Version::v5) {
    if (const auto expiry = properties.number(Property::session_expiry_interval)) five_->session_expiry = *expiry;
    encode(Disconnect{reason, properties}, scratch_);
  } else {
    encode_empty(PacketType::disconnect, scratch_);
  }
  send(0);
  // What was written before DISCONNECT still goes out, so nothing of it counts as lost.
  ByteChannel* const channel = channel_;
  qos0_.connection_ended(~std::uint64_t{0}, trace_, entity_, LossReason::connection_lost);
  end(SessionEvent::disconnected, true);
  channel->close();
}

void Client::authenticate(ReasonCode reason, Bytes data) {
  if (channel_ == nullptr || options_.version != Version::v5 || options_.five == nullptr) return;
  std::vector<std::uint8_t> properties;
  PropertyWriter writer(properties);
  writer.text(Property::authentication_method, options_.five->authentication_method);
  if (!data.empty()) writer.binary(Property::authentication_data, data);
  scratch_.clear();
  encode(Auth{reason, Properties(properties)}, scratch_);
  send(0);
}

void Client::closed() {
  if (channel_ != nullptr) end(SessionEvent::connection_lost, false);
}

void Client::end(SessionEvent event, bool expected) {
  qos0_.connection_ended(channel_->acknowledged(), trace_, entity_, LossReason::connection_lost);
  channel_ = nullptr;
  assembler_.reset();
  disarm(keep_alive_timer_, Field::client_keepalive_timer);
  disarm(ping_timer_, Field::client_ping_timer);
  if (event != SessionEvent::protocol_error) trace_.emit(Kind::session_event, entity_, 0, event);
  set_state(ClientState::disconnected);
  if (!has_session()) {
    holds_session_ = false;
    discard_in_flight(LossReason::session_ended);
    discard_received();
  }
  user_.on_disconnected(*this, expected);
}

void Client::discard_received() {
  for (const PacketId id : received_) trace_.state(entity_, Field::client_received, 1, 0, id);
  received_.clear();
  held_.clear(messages_);
}

void Client::discard_in_flight(LossReason reason) {
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    const InFlightEntry& entry = in_flight_[i];
    trace_.state(entity_, Field::client_inflight, static_cast<std::int64_t>(entry.state), 0, entry.packet_id);
    trace_.emit(Kind::message_lost, entity_, messages_[entry.message].id, reason);
    messages_.release(entry.message);
  }
  in_flight_.clear();
}

void Client::vanish(LossReason reason) {
  if (channel_ != nullptr) qos0_.connection_ended(channel_->acknowledged(), trace_, entity_, reason);
  channel_ = nullptr;
  assembler_.reset();
  disarm(keep_alive_timer_, Field::client_keepalive_timer);
  disarm(ping_timer_, Field::client_ping_timer);
  discard_in_flight(reason);
  trace_.state(entity_, Field::client_queued, queue_.size(), 0);
  while (!queue_.empty()) {
    trace_.emit(Kind::message_lost, entity_, messages_[queue_.front().message].id, reason);
    messages_.release(queue_.front().message);
    queue_.pop_front();
  }
  discard_received();
  holds_session_ = start_clean_ = false;
  assigned_id_.clear();
  set_state(ClientState::disconnected);
}

void Client::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::client_state, 0, static_cast<std::int64_t>(state_));
  visitor.value(entity_, Field::client_queued, 0, queue_.size());
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i)
    visitor.value(entity_, Field::client_inflight, in_flight_[i].packet_id,
                  static_cast<std::int64_t>(in_flight_[i].state));
  for (const PacketId id : received_) visitor.value(entity_, Field::client_received, id, 1);
  visitor.value(entity_, Field::client_keepalive_timer, 0, deadline_of(events_, keep_alive_timer_));
  if (ping_timer_.valid()) visitor.value(entity_, Field::client_ping_timer, 0, deadline_of(events_, ping_timer_));
}

}  // namespace wirelab::mqtt
