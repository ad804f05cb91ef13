// The broker's connections, and the packets that come in on them.
#include "sim/protocol/mqtt/broker.hpp"

#include <algorithm>

#include "sim/trace/traced_timer.hpp"
#include "sim/wire/mqtt_word.hpp"

namespace wirelab::mqtt {

Broker::Broker(EventQueue& events, Tracer& trace, EntityId entity, const BrokerSettings& settings, Access* access)
    : events_(events),
      trace_(trace),
      entity_(entity),
      settings_(settings),
      access_(access),
      limits_delivery_(access != nullptr && access->limits_delivery()) {}

Broker::~Broker() {
  const auto release = [&](TimerId timer) {
    if (timer.valid()) events_.release(timer);
  };
  release(sys_timer_);
  for (auto& connection : connections_) {
    if (connection) release(connection->timer);
  }
  for (auto& session : sessions_) {
    if (!session) continue;
    release(session->will_timer);
    release(session->expiry_timer);
  }
}

ConnectionIndex Broker::opened(ByteChannel* channel) {
  ConnectionIndex index = static_cast<ConnectionIndex>(connections_.size());
  if (free_connections_.empty()) {
    connections_.emplace_back();
  } else {
    index = free_connections_.back();
    free_connections_.pop_back();
  }
  connections_[index] = std::make_unique<BrokerConnection>();
  BrokerConnection& connection = *connections_[index];
  connection.channel = channel;
  connection.timer = events_.make_timer(on_timer, this, index);
  ++open_connections_;
  ++counts_.connections;
  const Instant at = events_.now() + settings_.connect_timeout;
  trace_.state(entity_, Field::session_keepalive_timer, 0, at.ns(), index + 1);
  events_.arm(connection.timer, at);
  return index;
}

ConnectionIndex Broker::opened_within(ByteChannel* channel) {
  const ConnectionIndex index = opened(channel);
  connections_[index]->is_within = true;
  return index;
}

void Broker::receive(ConnectionIndex index, Bytes bytes, StreamId stream, StreamRange where) {
  BrokerConnection* const connection = connections_[index].get();
  connection->stream_in = stream;
  counts_.bytes_in += bytes.size();
  partial_bytes_ -= connection->assembler.waiting();
  const auto taken = connection->assembler.feed(
      bytes, where, settings_.max_packet_size, [&](const Packet& packet, std::uint64_t begin, std::uint64_t end) {
        take(index, packet, begin, end);
        return connections_[index].get() == connection && connection->channel != nullptr;
      });
  if (connections_[index].get() != connection) return;
  partial_bytes_ += connection->assembler.waiting();
  if (!taken) {
    protocol_error(index, taken.error());
  } else if (settings_.memory_limit != 0 && partial_bytes_ > settings_.memory_limit) {
    end_largest_part();
  }
}

// So many packets have begun and not ended that they fill the memory. Who holds most of it must go, not who came last.
void Broker::end_largest_part() {
  const auto waiting = [](const auto& connection) { return connection ? connection->assembler.waiting() : 0; };
  const auto largest = std::max_element(connections_.begin(), connections_.end(),
                                        [&](const auto& a, const auto& b) { return waiting(a) < waiting(b); });
  end_connection(static_cast<ConnectionIndex>(largest - connections_.begin()), SessionEvent::protocol_error,
                 WillCause::protocol_error, ReasonCode::quota_exceeded, "parts of packets fill the memory");
}

void Broker::take(ConnectionIndex index, const Packet& packet, std::uint64_t begin, std::uint64_t end) {
  BrokerConnection& connection = *connections_[index];
  const PacketType type = type_of(packet);
  ++counts_.packets_in;
  CauseScope scope(trace_);
  const MessageId id = type == PacketType::publish ? trace_.next_message() : 0;
  trace_.emit_cause(Kind::mqtt_received, timer_entity(connection), connection.stream_in,
                    trace_word(first_byte(packet), connection.version), id, static_cast<std::int64_t>(begin),
                    static_cast<std::int64_t>(end));
  if (type == PacketType::auth) {
    take_auth(index, std::get<Auth>(packet));
    return;
  }
  if (connection.session == kNoIndex) {
    const bool waits = connection.five != nullptr && connection.five->authentication != nullptr;
    if (type == PacketType::connect && !waits) {
      take_connect(index, std::get<Connect>(packet));
    } else if (waits && type == PacketType::disconnect) {
      drop_connection(index);
    } else if (waits) {
      protocol_error(index, {"while it is authenticated a client sends AUTH or DISCONNECT only", "MQTT-3.1.2-30",
                             ReasonCode::protocol_error});
    } else {
      protocol_error(index, {"the first packet is not a CONNECT", "MQTT-3.1.0-1"});
    }
    return;
  }
  if (!rule_of(type)->to_server) {
    protocol_error(index, {"a client sent a packet that only a server sends",
                           connection.version == Version::v5 ? "4.8" : "MQTT-4.8.0-1", ReasonCode::protocol_error});
    return;
  }
  arm_keep_alive(index);
  switch (type) {
    case PacketType::connect:
      protocol_error(index, {"a second CONNECT came on one connection", "MQTT-3.1.0-2", ReasonCode::protocol_error});
      break;
    case PacketType::publish: take_publish(index, std::get<Publish>(packet), id); break;
    case PacketType::puback: {
      const Puback& ack = std::get<Puback>(packet);
      take_acknowledgement(index, SendEvent::puback, ack.packet_id, ack.reason);
      break;
    }
    case PacketType::pubrec: {
      const Pubrec& ack = std::get<Pubrec>(packet);
      take_acknowledgement(index, is_failure(ack.reason) ? SendEvent::pubrec_refused : SendEvent::pubrec, ack.packet_id,
                           ack.reason);
      break;
    }
    case PacketType::pubcomp: {
      const Pubcomp& ack = std::get<Pubcomp>(packet);
      take_acknowledgement(index, SendEvent::pubcomp, ack.packet_id, ReasonCode::success);
      break;
    }
    case PacketType::pubrel: take_pubrel(index, std::get<Pubrel>(packet).packet_id); break;
    case PacketType::subscribe: take_subscribe(index, std::get<Subscribe>(packet)); break;
    case PacketType::unsubscribe: take_unsubscribe(index, std::get<Unsubscribe>(packet)); break;
    case PacketType::pingreq:
      scratch_.clear();
      encode_empty(PacketType::pingresp, scratch_);
      send(connection, 0);  // [MQTT-3.12.4-1]
      break;
    case PacketType::disconnect: take_disconnect(index, std::get<Disconnect>(packet)); break;
    default: break;
  }
}

// 3.1.1's DISCONNECT, and that of 5.0 with reason 0, discard the will [MQTT-3.14.4-3].
void Broker::take_disconnect(ConnectionIndex index, const Disconnect& packet) {
  Session& session = *sessions_[connections_[index]->session];
  if (const auto expiry = packet.properties.number(Property::session_expiry_interval)) {
    if (session.expiry == 0 && *expiry != 0) {
      protocol_error(index, {"a session that was to end with its connection is to be kept after all", "3.14.2.2.2",
                             ReasonCode::protocol_error});
      return;
    }
    set_expiry(session, *expiry);
  }
  if (breaks(Mutation::sends_will_after_disconnect)) {
    end_connection(index, SessionEvent::disconnected, WillCause::asked_for);
    return;
  }
  if (packet.reason == ReasonCode::success) set_will(session, kNoMessage);
  end_connection(index, SessionEvent::disconnected,
                 packet.reason == ReasonCode::success ? WillCause::none : WillCause::asked_for);
}

// Carries out the receiver's table for an identifier.
const ReceiveRow& Broker::step_received(Session& session, PacketId id, ReceiveEvent event) {
  const auto known = std::lower_bound(session.received.begin(), session.received.end(), id);
  const bool waits = id != 0 && known != session.received.end() && *known == id;
  const ReceiveRow* row = step(waits ? ReceiveState::wait_pubrel : ReceiveState::none, event);
  check(row != nullptr, "what is received has a row in either state");
  const bool will_wait = row->next == ReceiveState::wait_pubrel;
  if (will_wait != waits) {
    trace_.state(session.entity, Field::session_received, waits ? 1 : 0, will_wait ? 1 : 0, id);
    if (will_wait) {
      session.received.insert(known, id);
    } else {
      session.received.erase(known);
    }
  }
  return *row;
}

void Broker::take_pubrel(ConnectionIndex index, PacketId packet_id) {
  BrokerConnection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  const bool known = std::binary_search(session.received.begin(), session.received.end(), packet_id);
  const ReceiveRow& row = step_received(session, packet_id, ReceiveEvent::pubrel);
  if (connection.five != nullptr) connection.five->receive_window.end(packet_id);
  if (row.action == ReceiveAction::pubcomp) {
    acknowledge(connection, PacketType::pubcomp, packet_id, 0,
                known ? ReasonCode::success : ReasonCode::packet_identifier_not_found);
  }
  const MessageRef released = session.held.take(packet_id);
  if (released == kNoMessage) return;
  const Message message = messages_[released].message();
  accept(message, tree_.match(message.topic, connection.session), connection.session, 0);
  messages_.release(released);
}

void Broker::take_acknowledgement(ConnectionIndex index, SendEvent event, PacketId packet_id, ReasonCode reason) {
  BrokerConnection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  const std::uint32_t place = session.in_flight.find(packet_id);
  const bool found = place < session.in_flight.size();
  const SendRow* row = step(found ? session.in_flight[place].state : SendState::none, event);
  if (row == nullptr) return;
  if (!found) {
    acknowledge(connection, PacketType::pubrel, packet_id, 0, ReasonCode::packet_identifier_not_found);
    return;
  }
  if (is_failure(reason)) {
    const MessageRef message = session.in_flight[place].message;
    trace_.emit(Kind::message_lost, session.entity, messages_[message].id, LossReason::refused);
  }
  act(session, place, *row);
  fill_window(session);
}

// Reasons are for 5.0; below it nothing but the identifier is said.
void Broker::acknowledge(BrokerConnection& connection, PacketType type, PacketId id, MessageId message,
                         ReasonCode reason, std::string_view text) {
  if (connection.version == Version::v5) {
    const bool wanted = connection.five->problem_information;  // [MQTT-3.1.2-29]
    encode_with_reason(connection, wanted ? text : std::string_view{},
                       [&](Properties properties) { encode_acknowledgement(type, id, reason, properties, scratch_); });
  } else {
    scratch_.clear();
    encode_acknowledgement(type, id, scratch_);
  }
  send(connection, message);
}

// Writes what stands in scratch_. The record is the cause of the segments that carry it.
bool Broker::send(BrokerConnection& connection, MessageId message) {
  if (connection.channel == nullptr || !connection.channel->is_open()) return false;
  ++counts_.packets_out;
  counts_.bytes_out += scratch_.size();
  CauseScope scope(trace_);
  const StreamPlace place = connection.channel->place();
  trace_.emit_cause(Kind::mqtt_sent, timer_entity(connection), place.stream,
                    trace_word(scratch_[0], connection.version), message, static_cast<std::int64_t>(place.offset),
                    static_cast<std::int64_t>(place.offset + connection.channel->size_in_stream(scratch_.size())));
  connection.channel->write(scratch_);
  return true;
}

void Broker::protocol_error(ConnectionIndex index, const Malformed& error) {
  const EntityId who = timer_entity(*connections_[index]);
  const BlobNumber text = trace_.text(std::string(error.what) + " [" + std::string(error.statement) + "]");
  trace_.emit(Kind::session_event, who, 0, SessionEvent::protocol_error, text);
  end_connection(index, SessionEvent::protocol_error, WillCause::protocol_error, error.reason, error.what);
}

void Broker::closed(ConnectionIndex index) {
  if (connections_[index] == nullptr || connections_[index]->channel == nullptr) return;
  end_connection(index, SessionEvent::connection_lost, WillCause::connection_lost);
}

void Broker::end_connection(ConnectionIndex index, SessionEvent event, WillCause cause, ReasonCode reason,
                            std::string_view text) {
  BrokerConnection& connection = *connections_[index];
  if (reason != ReasonCode::success && connection.version == Version::v5 && connection.session != kNoIndex) {
    encode_with_reason(connection, text, [&](Properties properties) {
      encode(Disconnect{reason, properties}, scratch_);
    });
    send(connection, 0);
  }
  const SessionIndex session_index = connection.session;
  if (session_index == kNoIndex) {
    drop_connection(index);
    return;
  }
  Session& session = *sessions_[session_index];
  if (event != SessionEvent::protocol_error) trace_.emit(Kind::session_event, session.entity, 0, event);
  if (watch_ != nullptr) watch_->on_ended(session, event, text);
  const ByteChannel* const channel = connection.channel;
  const bool goes_out = channel == nullptr || event == SessionEvent::disconnected;
  connection.qos0.connection_ended(goes_out ? ~std::uint64_t{0} : channel->acknowledged(), trace_, session.entity,
                                   LossReason::connection_lost);
  trace_.state(session.entity, Field::session_connected, 1, 0);
  --connected_;
  disarm_timer(index);
  session.connection = kNoIndex;
  connection.session = kNoIndex;
  drop_connection(index);
  if (breaks(Mutation::forgets_received)) session.received.clear();
  if (breaks(Mutation::forgets_wills)) set_will(session, kNoMessage);
  if (session.will != kNoMessage && cause != WillCause::none) {
    session.will_delay = std::min(session.will_delay, session.expiry);  // [MQTT-3.1.3-9]
    if (breaks(Mutation::ignores_will_delay)) session.will_delay = 0;
    if (session.will_delay == 0) {
      fire_will(session, cause);
    } else {
      arm_session(session_index, session.will_timer, on_will_due, Field::session_will_timer, session.will_delay);
    }
  }
  const SessionRow* row = step(session.state, SessionInput::connection_ended);
  check(row != nullptr, "a session with a connection can lose it");
  session.state = row->next;
  if (row->action == SessionAction::discard) {
    end_session(session_index);
  } else if (session.expiry != kNeverExpires) {
    arm_session(session_index, session.expiry_timer, on_expired, Field::session_expiry_timer, session.expiry);
  }
}

void Broker::drop_connection(ConnectionIndex index) {
  disarm_timer(index);
  const std::unique_ptr<BrokerConnection> connection = std::move(connections_[index]);
  events_.release(connection->timer);
  partial_bytes_ -= connection->assembler.waiting();
  free_connections_.push_back(index);
  --open_connections_;
  if (connection->channel != nullptr) connection->channel->close();
}

EntityId Broker::timer_entity(const BrokerConnection& connection) const {
  return connection.session == kNoIndex ? entity_ : sessions_[connection.session]->entity;
}

// One and a half times the keep alive after the client's last packet [MQTT-3.1.2-24].
void Broker::arm_keep_alive(ConnectionIndex index) {
  BrokerConnection& connection = *connections_[index];
  const Session& session = *sessions_[connection.session];
  if (session.keep_alive == 0) return;
  const Duration patience = Duration::milliseconds(breaks(Mutation::is_impatient) ? 1000
                                                   : breaks(Mutation::is_patient) ? 3000
                                                                                  : 1500);
  Instant at = events_.now() + patience * session.keep_alive;
  if (const std::int64_t every = settings_.manners.looks_every.ns(); every != 0)
    at = Instant::from_ns((at.ns() / every + 1) * every);
  arm_traced(trace_, connection.timer, session.entity, Field::session_keepalive_timer, at);
}

void Broker::disarm_timer(ConnectionIndex index) {
  const BrokerConnection& connection = *connections_[index];
  disarm_traced(trace_, connection.timer, timer_entity(connection), Field::session_keepalive_timer,
                connection.session == kNoIndex ? index + 1 : 0);
}

void Broker::on_timer(void* target, std::uint64_t argument) {
  auto* self = static_cast<Broker*>(target);
  const auto index = static_cast<ConnectionIndex>(argument);
  const BrokerConnection& connection = *self->connections_[index];
  record_fired(self->trace_, self->timer_entity(connection), Field::session_keepalive_timer,
               connection.session == kNoIndex ? index + 1 : 0);
  self->end_connection(index, SessionEvent::keepalive_expired, WillCause::keepalive_expired,
                       ReasonCode::keep_alive_timeout);
}

void Broker::start() {
  began_ = events_.now();
  if (settings_.sys_interval.ns() == 0) return;
  if (!sys_timer_.valid()) sys_timer_ = events_.make_timer(on_sys, this);
  events_.arm(sys_timer_, events_.now());
}

// The server closes connections on which no DISCONNECT came, so their wills are published [MQTT-3.1.2-8]: first all of
// them, those with a delay included, to whoever still listens, then the connections end. Mosquitto does the same.
void Broker::stop() {
  if (sys_timer_.valid()) events_.disarm(sys_timer_);
  for (const auto& session : sessions_) {
    if (session != nullptr) fire_will(*session, WillCause::broker_stopped);
  }
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] != nullptr)
      end_connection(i, SessionEvent::disconnected, WillCause::none, ReasonCode::server_shutting_down);
  }
}

void Broker::crash() {
  if (sys_timer_.valid()) events_.disarm(sys_timer_);
  // A dead process publishes no wills, not even those of sessions that end with it.
  for (const auto& session : sessions_) {
    if (session != nullptr) set_will(*session, kNoMessage);
  }
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] == nullptr) continue;
    connections_[i]->channel = nullptr;
    end_connection(i, SessionEvent::connection_lost, WillCause::none);
  }
  for (SessionIndex i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i] != nullptr) end_session(i);
  }
  std::vector<MessageRef> all;
  retained_.for_each([&](const Retained& retained) { all.push_back(retained.message); });
  std::sort(all.begin(), all.end(), [&](MessageRef a, MessageRef b) { return messages_[a].id < messages_[b].id; });
  for (const MessageRef message : all) {
    const StoredMessage& stored = messages_[message];
    trace_.state(entity_, Field::broker_retained, stored.id, 0, stored.topic_name);
    retained_.put(std::string(stored.topic()), {});
    messages_.release(message);
  }
  sys_.clear();
}

void Broker::visit_state(StateVisitor& visitor) const {
  retained_.for_each([&](const Retained& retained) {
    const StoredMessage& stored = messages_[retained.message];
    visitor.value(entity_, Field::broker_retained, stored.topic_name, stored.id);
  });
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] == nullptr) continue;
    const bool nameless = connections_[i]->session == kNoIndex;
    visitor.value(timer_entity(*connections_[i]), Field::session_keepalive_timer, nameless ? i + 1 : 0,
                  deadline_of(events_, connections_[i]->timer));
  }
  for (const auto& session : sessions_) {
    if (session == nullptr) continue;
    const auto timer = [&](Field field, TimerId id) {
      if (id.valid()) visitor.value(session->entity, field, 0, deadline_of(events_, id));
    };
    visitor.value(session->entity, Field::session_connected, 0, session->connected() ? 1 : 0);
    visitor.value(session->entity, Field::session_clean, 0, session->clean ? 1 : 0);
    visitor.value(session->entity, Field::session_queued, 0, session->queue.size());
    timer(Field::session_will_timer, session->will_timer);
    timer(Field::session_expiry_timer, session->expiry_timer);
    if (session->will != kNoMessage)
      visitor.value(session->entity, Field::session_will, 0, messages_[session->will].id);
    for (const PacketId id : session->received) visitor.value(session->entity, Field::session_received, id, 1);
    for (const auto& [filter, s] : session->subscriptions)
      visitor.value(session->entity, Field::session_subscription, s.name, 1 + static_cast<std::int64_t>(s.options.qos));
    for (std::uint32_t i = 0; i < session->in_flight.size(); ++i) {
      visitor.value(session->entity, Field::session_inflight, session->in_flight[i].packet_id,
                    static_cast<std::int64_t>(session->in_flight[i].state));
    }
  }
}

}  // namespace wirelab::mqtt
