#include "sim/protocol/mqtt/client.hpp"

#include <algorithm>

#include "sim/trace/traced_timer.hpp"

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

void Client::opened(ByteChannel* channel) {
  channel_ = channel;
  assembler_.reset();
  ping_due_ = false;
  last_ping_ = last_received_ = events_.now();
  set_state(ClientState::connecting);
  Connect packet;
  packet.clean_session = options_.clean_session;
  packet.keep_alive = options_.keep_alive;
  packet.client_id = options_.client_id;
  if (const WillOptions* will = options_.will.get()) {
    packet.will = Will{will->topic, wire::bytes_of(will->payload), will->qos, will->retain};
  }
  if (const Credentials* credentials = options_.credentials.get()) {
    packet.user_name = credentials->user_name;
    if (!credentials->password.empty()) packet.password = wire::bytes_of(credentials->password);
  }
  scratch_.clear();
  encode(packet, scratch_);
  send(0);
}

void Client::receive(Bytes bytes, StreamId stream, StreamRange where) {
  stream_in_ = stream;
  last_received_ = events_.now();
  ByteChannel* const channel = channel_;
  const auto taken = assembler_.feed(bytes, where, kMaximumRemainingLength + 5,
                                     [&](const Packet& packet, std::uint64_t begin, std::uint64_t end) {
                                       return take(packet, begin, end) && channel_ == channel;
                                     });
  if (channel_ == nullptr) return;
  if (taken) {
    look();
    return;
  }
  const BlobNumber text =
      trace_.text(std::string(taken.error().what) + " [" + std::string(taken.error().statement) + "]");
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::protocol_error, text);
  ByteChannel* const broken = channel_;
  end(SessionEvent::protocol_error, false);
  broken->close();
}

bool Client::take(const Packet& packet, std::uint64_t begin, std::uint64_t end) {
  const PacketType type = type_of(packet);
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::mqtt_received, entity_, stream_in_, first_byte(packet), 0, static_cast<std::int64_t>(begin),
                    static_cast<std::int64_t>(end));
  if (state_ == ClientState::connecting && type != PacketType::connack)
    return true;  // nothing may come before CONNACK [MQTT-3.2.0-1]
  switch (type) {
    case PacketType::connack: take_connack(std::get<Connack>(packet)); break;
    case PacketType::publish: take_publish(std::get<Publish>(packet)); break;
    case PacketType::puback: take_acknowledgement(SendEvent::puback, std::get<Puback>(packet).packet_id); break;
    case PacketType::pubrec: take_acknowledgement(SendEvent::pubrec, std::get<Pubrec>(packet).packet_id); break;
    case PacketType::pubcomp: take_acknowledgement(SendEvent::pubcomp, std::get<Pubcomp>(packet).packet_id); break;
    case PacketType::pubrel: take_pubrel(std::get<Pubrel>(packet).packet_id); break;
    case PacketType::suback:
      user_.on_subscribed(*this, std::get<Suback>(packet).packet_id, std::get<Suback>(packet).codes);
      break;
    case PacketType::unsuback: user_.on_unsubscribed(*this, std::get<Unsuback>(packet).packet_id); break;
    case PacketType::pingresp: disarm(ping_timer_, Field::client_ping_timer); break;
    default: break;
  }
  return true;
}

void Client::take_connack(const Connack& packet) {
  if (state_ != ClientState::connecting) return;
  if (packet.code != ConnectCode::accepted) {
    trace_.emit(Kind::session_event, entity_, 0, SessionEvent::refused, static_cast<std::uint32_t>(packet.code));
    ByteChannel* const channel = channel_;
    channel_ = nullptr;
    disarm(keep_alive_timer_, Field::client_keepalive_timer);
    set_state(ClientState::disconnected);
    channel->close();
    user_.on_connack(*this, packet.code, false);
    return;
  }
  set_state(ClientState::connected);
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::connected, packet.session_present ? 1 : 0);
  if (!packet.session_present) {
    // The server holds no state of ours, so what we remember of its messages means nothing. Ours go again, as paho sends them.
    for (const PacketId id : received_) trace_.state(entity_, Field::client_received, 1, 0, id);
    received_.clear();
    held_.clear();
  }
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    const SendRow* row = step(in_flight_[i].state, SendEvent::reconnected);
    if (row != nullptr) act(i, *row);
  }
  fill_window(options_.manners.resends_all);
  // The keep alive may have run out while CONNACK was awaited.
  if (options_.keep_alive != 0 && events_.due(keep_alive_timer_) == Instant::never()) keep_alive_is_due();
  user_.on_connack(*this, packet.code, packet.session_present);
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
  if (step_received(id, ReceiveEvent::pubrel).action == ReceiveAction::pubcomp) acknowledge(PacketType::pubcomp, id);
  if (const auto released = held_.take(id)) deliver(released->publish());
}

void Client::take_publish(const Publish& packet) {
  const ReceiveRow* row = &step_received(packet.packet_id, static_cast<ReceiveEvent>(packet.qos));
  if (row->action == ReceiveAction::deliver_and_puback) acknowledge(PacketType::puback, packet.packet_id);
  if (row->action == ReceiveAction::deliver_and_pubrec || row->action == ReceiveAction::pubrec_only)
    acknowledge(PacketType::pubrec, packet.packet_id);
  if (row->action == ReceiveAction::pubrec_only) return;
  if (row->action == ReceiveAction::deliver_and_pubrec && options_.manners.deliver_at_release) {
    held_.keep(packet, 0);
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

void Client::take_acknowledgement(SendEvent event, PacketId id) {
  const std::uint32_t place = in_flight_.find(id);
  const bool found = place < in_flight_.size();
  const SendRow* row = step(found ? in_flight_[place].state : SendState::none, event);
  if (row == nullptr) return;
  if (!found) {
    acknowledge(PacketType::pubrel, id);
    return;
  }
  act(place, *row);
  fill_window();
}

void Client::act(std::uint32_t place, const SendRow& row) {
  InFlightEntry& entry = in_flight_[place];
  const PacketId packet_id = entry.packet_id;
  trace_.state(entity_, Field::client_inflight, static_cast<std::int64_t>(entry.state),
               static_cast<std::int64_t>(row.next), packet_id);
  entry.state = row.next;
  const StoredMessage& message = messages_[entry.message];
  switch (row.action) {
    case SendAction::send_publish:
    case SendAction::resend_publish:
      scratch_.clear();
      encode(Publish{message.topic(), message.payload(), entry.qos, entry.retain,
                     row.action == SendAction::resend_publish, packet_id},
             scratch_);
      send(message.id);
      break;
    case SendAction::send_pubrel:
    case SendAction::resend_pubrel: acknowledge(PacketType::pubrel, packet_id, message.id); break;
    case SendAction::complete: {
      const MessageId id = message.id;
      trace_.emit(Kind::message_completed, entity_, id);
      messages_.release(entry.message);
      in_flight_.remove(place);
      user_.on_published(*this, id);
      break;
    }
    case SendAction::nothing: break;
  }
}

void Client::fill_window(bool past_the_limit) {
  // Packet identifiers are the last limit.
  while (!queue_.empty() && (past_the_limit ? in_flight_.size() < kMessageIds : window_is_open())) {
    const Waiting next = queue_.front();
    queue_.pop_front();
    trace_.state(entity_, Field::client_queued, queue_.size() + 1, queue_.size());
    begin_exchange(next);
  }
}

void Client::begin_exchange(const Waiting& message) {
  in_flight_.add(message.message, message.qos, message.retain);
  const auto event = message.qos == Qos::at_least_once ? SendEvent::publish_qos1 : SendEvent::publish_qos2;
  act(in_flight_.size() - 1, *step(SendState::none, event));
}

Client::Published Client::publish(std::string_view topic, Bytes payload, Qos qos, bool retain) {
  CauseScope scope(trace_);
  const MessageId id = trace_.next_message();
  const NameId topic_name = last_topic_ = trace_.intern_again(topic, last_topic_);
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned>(qos) | (retain ? 4u : 0u));
  trace_.emit_cause(Kind::message_published, entity_, id, flags, topic_name, static_cast<std::int64_t>(payload.size()));
  if (qos == Qos::at_most_once) {
    if (state_ != ClientState::connected) {
      trace_.emit(Kind::message_lost, entity_, id, LossReason::not_connected);
      return {PublishResult::refused_not_connected, id};
    }
    scratch_.clear();
    encode(Publish{topic, payload, qos, retain, false, 0}, scratch_);
    // Nothing would keep a QoS 0 message that does not fit.
    if (channel_->has_room(scratch_.size()) && send(id)) {
      qos0_.sent(*channel_, id, channel_->place().offset);
    } else {
      trace_.emit(Kind::message_lost, entity_, id, LossReason::queue_full);
      return {PublishResult::refused_queue_full, id};
    }
    user_.on_published(*this, id);
    look();
    return {PublishResult::sent, id};
  }
  if (options_.max_queued != 0 && queue_.size() >= options_.max_queued) {
    trace_.emit(Kind::message_lost, entity_, id, LossReason::queue_full);
    return {PublishResult::refused_queue_full, id};
  }
  const Waiting message{messages_.keep(id, topic_name, topic, payload, qos, retain), qos, retain};
  if (queue_.empty() && window_is_open()) {
    begin_exchange(message);
    look();
    return {PublishResult::sent, id};
  }
  queue_.push_back(message);
  trace_.state(entity_, Field::client_queued, queue_.size() - 1, queue_.size());
  return {PublishResult::queued, id};
}

bool Client::knows_topic(std::string_view topic) const {
  const Names& names = trace_.names();
  return (last_topic_ != 0 && names.text(last_topic_) == topic) || names.find(topic) != 0;
}

PacketId Client::take_request_id() {
  next_request_ =
      next_request_ == 65535 ? static_cast<PacketId>(kMessageIds + 1) : static_cast<PacketId>(next_request_ + 1);
  return next_request_;
}

PacketId Client::subscribe(std::span<const FilterRequest> filters) {
  if (state_ != ClientState::connected) return 0;
  const PacketId id = take_request_id();
  scratch_.clear();
  encode_subscribe(id, filters, scratch_);
  return send(0) ? id : PacketId{0};
}

PacketId Client::unsubscribe(std::span<const std::string_view> filters) {
  if (state_ != ClientState::connected) return 0;
  const PacketId id = take_request_id();
  scratch_.clear();
  encode_unsubscribe(id, filters, scratch_);
  return send(0) ? id : PacketId{0};
}

void Client::disconnect() {
  if (channel_ == nullptr) return;
  scratch_.clear();
  encode_empty(PacketType::disconnect, scratch_);
  send(0);
  // What was written before DISCONNECT still goes out, so nothing of it counts as lost.
  ByteChannel* const channel = channel_;
  qos0_.connection_ended(~std::uint64_t{0}, trace_, entity_, LossReason::connection_lost);
  end(SessionEvent::disconnected, true);
  channel->close();
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
  if (options_.clean_session) {
    discard_in_flight(LossReason::session_ended);
    for (const PacketId id : received_) trace_.state(entity_, Field::client_received, 1, 0, id);
    received_.clear();
    held_.clear();
  }
  user_.on_disconnected(*this, expected);
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
  for (const PacketId id : received_) trace_.state(entity_, Field::client_received, 1, 0, id);
  received_.clear();
  held_.clear();
  set_state(ClientState::disconnected);
}

void Client::acknowledge(PacketType type, PacketId id, MessageId message) {
  scratch_.clear();
  encode_acknowledgement(type, id, scratch_);
  send(message);
}

// Writes what stands in scratch_. By the standard's rule every packet puts the next PINGREQ off, by others CONNECT and PINGREQ
// only.
bool Client::send(MessageId message) {
  if (channel_ == nullptr || !channel_->is_open()) return false;
  CauseScope scope(trace_);
  const StreamPlace place = channel_->place();
  trace_.emit_cause(Kind::mqtt_sent, entity_, place.stream, scratch_[0], message,
                    static_cast<std::int64_t>(place.offset),
                    static_cast<std::int64_t>(place.offset + channel_->size_in_stream(scratch_.size())));
  last_sent_ = events_.now();
  const auto type = static_cast<PacketType>(scratch_[0] >> 4);
  const bool puts_off = options_.manners.ping == PingRule::when_silent || type == PacketType::connect ||
                        type == PacketType::pingreq;
  if (options_.keep_alive != 0 && puts_off)
    arm(keep_alive_timer_, Field::client_keepalive_timer, Duration::seconds(options_.keep_alive));
  channel_->write(scratch_);
  return true;
}

void Client::arm(TimerId timer, Field field, Duration after) {
  arm_traced(trace_, timer, entity_, field, events_.now() + after);
}

void Client::disarm(TimerId timer, Field field) {
  if (timer.valid()) disarm_traced(trace_, timer, entity_, field);
}

void Client::on_keep_alive(void* target, std::uint64_t) {
  auto* self = static_cast<Client*>(target);
  record_fired(self->trace_, self->entity_, Field::client_keepalive_timer);
  if (self->state_ == ClientState::connected) self->keep_alive_is_due();
}

// A loop looks once in a while only: after what it last did.
Instant Client::next_look() const {
  const Instant now = events_.now();
  const Duration every = options_.manners.looks_every;
  if (every.ns() == 0) return now;
  const Duration idle = now - std::max({last_sent_, last_received_, last_ping_});
  const std::int64_t begun = (idle.ns() + every.ns() - 1) / every.ns();
  return now + (every * begun - idle);
}

Instant Client::ping_is_due_at() const {
  const Duration keep_alive = Duration::seconds(options_.keep_alive);
  switch (options_.manners.ping) {
    case PingRule::since_last_ping: return last_ping_ + keep_alive;
    case PingRule::when_either_silent: return std::max(last_ping_, std::min(last_sent_, last_received_)) + keep_alive;
    case PingRule::when_silent: break;
  }
  return last_sent_ + keep_alive;
}

// The loop has come round after a packet.
void Client::look() {
  if (options_.manners.looks_every.ns() == 0 || options_.keep_alive == 0 || !served_) return;
  if (state_ != ClientState::connected) return;
  const Instant now = events_.now();
  if (ping_timer_.valid() && events_.due(ping_timer_) != Instant::never()) {
    if (now - last_ping_ >= Duration::seconds(options_.keep_alive)) give_up_unanswered();
  } else if (now >= ping_is_due_at()) {
    ping();
  }
}

void Client::keep_alive_is_due() {
  const Instant at = std::max(next_look(), ping_is_due_at());
  if (options_.manners.ping != PingRule::when_silent && at > events_.now()) {
    arm(keep_alive_timer_, Field::client_keepalive_timer, at - events_.now());
    return;
  }
  if (served_) {
    ping();
  } else {
    ping_due_ = true;
  }
}

void Client::ping() {
  ping_due_ = false;
  last_ping_ = events_.now();
  scratch_.clear();
  encode_empty(PacketType::pingreq, scratch_);
  send(0);
  if (!ping_timer_.valid()) ping_timer_ = events_.make_timer(on_ping_timeout, this);
  if (events_.due(ping_timer_) == Instant::never())
    arm(ping_timer_, Field::client_ping_timer, Duration::seconds(options_.keep_alive));
}

void Client::set_served(bool served) {
  served_ = served;
  if (served_ && ping_due_ && state_ == ClientState::connected) ping();
}

void Client::on_ping_timeout(void* target, std::uint64_t) {
  auto* self = static_cast<Client*>(target);
  record_fired(self->trace_, self->entity_, Field::client_ping_timer);
  if (self->channel_ == nullptr) return;
  const Instant at = self->next_look();
  if (at > self->events_.now()) {
    self->arm(self->ping_timer_, Field::client_ping_timer, at - self->events_.now());
  } else {
    self->give_up_unanswered();
  }
}

void Client::give_up_unanswered() {
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::ping_unanswered);
  ByteChannel* const dead = channel_;
  end(SessionEvent::connection_lost, false);
  dead->close();
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
