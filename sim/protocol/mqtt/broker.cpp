// The broker's connections and the packets that come in on them.
#include "sim/protocol/mqtt/broker.hpp"

#include <algorithm>

#include "sim/trace/traced_timer.hpp"

namespace wirelab::mqtt {

Broker::Broker(EventQueue& events, Tracer& trace, EntityId entity, const BrokerSettings& settings,
               Authenticate authenticate)
    : events_(events), trace_(trace), entity_(entity), settings_(settings), authenticate_(std::move(authenticate)) {}

Broker::~Broker() {
  for (auto& connection : connections_) {
    if (connection) events_.release(connection->timer);
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
  connections_[index] = std::make_unique<Connection>();
  Connection& connection = *connections_[index];
  connection.channel = channel;
  connection.timer = events_.make_timer(on_timer, this, index);
  const Instant at = events_.now() + settings_.connect_timeout;
  trace_.state(entity_, Field::session_keepalive_timer, 0, at.ns(), index + 1);
  events_.arm(connection.timer, at);
  return index;
}

void Broker::receive(ConnectionIndex index, Bytes bytes, StreamId stream, StreamRange where) {
  Connection* const connection = connections_[index].get();
  connection->stream_in = stream;
  const auto taken = connection->assembler.feed(
      bytes, where, settings_.max_packet_size, [&](const Packet& packet, std::uint64_t begin, std::uint64_t end) {
        take(index, packet, begin, end);
        return connections_[index].get() == connection && connection->channel != nullptr;
      });
  if (!taken) protocol_error(index, taken.error());
}

void Broker::take(ConnectionIndex index, const Packet& packet, std::uint64_t begin, std::uint64_t end) {
  Connection& connection = *connections_[index];
  const PacketType type = type_of(packet);
  CauseScope scope(trace_);
  const MessageId id = type == PacketType::publish ? trace_.next_message() : 0;
  trace_.emit_cause(Kind::mqtt_received, connection.session == kNone ? entity_ : sessions_[connection.session]->entity,
                    connection.stream_in, first_byte(packet), id, static_cast<std::int64_t>(begin),
                    static_cast<std::int64_t>(end));
  if (connection.session == kNone) {
    if (type == PacketType::connect) {
      take_connect(index, std::get<Connect>(packet));
    } else {
      protocol_error(index, {"the first packet is not a CONNECT", "MQTT-3.1.0-1"});
    }
    return;
  }
  if (!rule_of(type)->to_server) {
    protocol_error(index, {"a client sent a packet that only a server sends", "MQTT-4.8.0-1"});
    return;
  }
  arm_keep_alive(index);
  switch (type) {
    case PacketType::connect: protocol_error(index, {"a second CONNECT came on one connection", "MQTT-3.1.0-2"}); break;
    case PacketType::publish: take_publish(index, std::get<Publish>(packet), id); break;
    case PacketType::puback: take_acknowledgement(index, SendEvent::puback, std::get<Puback>(packet).packet_id); break;
    case PacketType::pubrec: take_acknowledgement(index, SendEvent::pubrec, std::get<Pubrec>(packet).packet_id); break;
    case PacketType::pubcomp:
      take_acknowledgement(index, SendEvent::pubcomp, std::get<Pubcomp>(packet).packet_id);
      break;
    case PacketType::pubrel: take_pubrel(index, std::get<Pubrel>(packet).packet_id); break;
    case PacketType::subscribe: take_subscribe(index, std::get<Subscribe>(packet)); break;
    case PacketType::unsubscribe: take_unsubscribe(index, std::get<Unsubscribe>(packet)); break;
    case PacketType::pingreq:
      scratch_.clear();
      encode_empty(PacketType::pingresp, scratch_);
      send(connection, 0);  // [MQTT-3.12.4-1]
      break;
    case PacketType::disconnect:
      set_will(*sessions_[connection.session], kNoMessage);  // discarded, not sent [MQTT-3.14.4-3]
      end_connection(index, SessionEvent::disconnected, WillCause::none);
      break;
    default: break;
  }
}

void Broker::take_connect(ConnectionIndex index, const Connect& packet) {
  Connection& connection = *connections_[index];
  ConnectCode code = ConnectCode::accepted;
  // 3.1 is 3.1.1 under another name.
  const bool served = packet.level == 4 || packet.level == 3;
  if (!served) {
    code = ConnectCode::unacceptable_version;  // [MQTT-3.1.2-2]
  } else if (packet.client_id.empty() && !packet.clean_session) {
    code = ConnectCode::identifier_rejected;  // [MQTT-3.1.3-8]
  } else if (authenticate_) {
    code = authenticate_(packet);
  }
  if (code != ConnectCode::accepted) {
    scratch_.clear();
    // In the words of 5.0 to who speaks it, so that it can be read.
    const auto version = packet.level == 5 ? Version::v5 : Version::v3_1_1;
    encode(Connack{false, code, ReasonCode::unsupported_protocol_version}, scratch_, version);
    send(connection, 0);
    trace_.emit(Kind::session_event, entity_, 0, SessionEvent::refused, static_cast<std::uint32_t>(code));
    drop_connection(index);
    return;
  }
  const NameId client = packet.client_id.empty() ? given_name() : trace_.intern(packet.client_id);
  if (const auto found = by_client_.find(client);
      found != by_client_.end() && sessions_[found->second]->connection != kNone) {
    // The newcomer takes over [MQTT-3.1.4-2].
    end_connection(sessions_[found->second]->connection, SessionEvent::taken_over, WillCause::taken_over);
  }
  disarm_timer(index);
  bool present = false;
  const SessionIndex session_index = open_session(packet, client, present);
  Session& session = *sessions_[session_index];
  connection.session = session_index;
  session.connection = index;
  session.keep_alive = packet.keep_alive;
  trace_.state(session.entity, Field::session_connected, 0, 1);
  trace_.emit(Kind::session_event, session.entity, 0,
              present ? SessionEvent::session_resumed : SessionEvent::session_created);
  if (packet.will) {
    const MessageId id = trace_.next_message();
    const MessageRef will = messages_.keep(id, trace_.intern(packet.will->topic), packet.will->topic,
                                           packet.will->payload, packet.will->qos, packet.will->retain);
    set_will(session, will);
  }
  arm_keep_alive(index);
  scratch_.clear();
  encode(Connack{present, ConnectCode::accepted}, scratch_);
  send(connection, 0);
  resume(session_index);
}

// A name that no client has [MQTT-3.1.3-6].
NameId Broker::given_name() {
  NameId name = 0;
  do {
    name = trace_.intern("auto-" + std::to_string(++given_names_));
  } while (by_client_.contains(name));
  return name;
}

// Carries out the receiver's table for an identifier.
const ReceiveRow& Broker::step_received(Session& session, PacketId id, ReceiveEvent event) {
  const auto known = std::find(session.received.begin(), session.received.end(), id);
  const bool waits = id != 0 && known != session.received.end();
  const ReceiveRow* row = step(waits ? ReceiveState::wait_pubrel : ReceiveState::none, event);
  check(row != nullptr, "what is received has a row in either state");
  const bool will_wait = row->next == ReceiveState::wait_pubrel;
  if (will_wait != waits) {
    trace_.state(session.entity, Field::session_received, waits ? 1 : 0, will_wait ? 1 : 0, id);
    if (will_wait) {
      session.received.push_back(id);
    } else {
      session.received.erase(known);
    }
  }
  return *row;
}

void Broker::take_publish(ConnectionIndex index, const Publish& packet, MessageId id) {
  Connection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  if (settings_.manners.forgets_beyond_window && packet.qos == Qos::exactly_once &&
      session.received.size() >= settings_.max_in_flight &&
      std::find(session.received.begin(), session.received.end(), packet.packet_id) == session.received.end()) {
    acknowledge(connection, PacketType::pubrec, packet.packet_id, id);
    trace_.emit(Kind::message_lost, session.entity, id, LossReason::queue_full);
    return;
  }
  const ReceiveRow* row = &step_received(session, packet.packet_id, static_cast<ReceiveEvent>(packet.qos));
  // The acknowledgement goes first, so that it is on its way before the copies; both are of one instant.
  if (row->action == ReceiveAction::deliver_and_puback)
    acknowledge(connection, PacketType::puback, packet.packet_id, id);
  if (row->action == ReceiveAction::deliver_and_pubrec || row->action == ReceiveAction::pubrec_only)
    acknowledge(connection, PacketType::pubrec, packet.packet_id, id);
  if (row->action == ReceiveAction::pubrec_only) return;
  if (row->action == ReceiveAction::deliver_and_pubrec && settings_.manners.deliver_at_release) {
    session.held.keep(packet, id);
  } else {
    accept(packet, id, 0);
  }
}

void Broker::take_pubrel(ConnectionIndex index, PacketId packet_id) {
  Connection& connection = *connections_[index];
  const ReceiveRow& row = step_received(*sessions_[connection.session], packet_id, ReceiveEvent::pubrel);
  if (row.action == ReceiveAction::pubcomp) acknowledge(connection, PacketType::pubcomp, packet_id);
  if (const auto released = sessions_[connection.session]->held.take(packet_id))
    accept(released->publish(), released->message, 0);
}

void Broker::take_acknowledgement(ConnectionIndex index, SendEvent event, PacketId packet_id) {
  Connection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  const std::uint32_t place = session.in_flight.find(packet_id);
  const bool found = place < session.in_flight.size();
  const SendRow* row = step(found ? session.in_flight[place].state : SendState::none, event);
  if (row == nullptr) return;
  if (!found) {
    acknowledge(connection, PacketType::pubrel, packet_id);
    return;
  }
  act(session, place, *row);
  fill_window(session);
}

void Broker::take_subscribe(ConnectionIndex index, Subscribe packet) {
  Connection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  std::vector<std::uint8_t> codes;
  FilterList again = packet.filters;
  while (const auto request = packet.filters.next()) {
    const NameId filter = trace_.intern(request->filter);
    tree_.subscribe(request->filter, connection.session, request->qos);
    const auto at = std::find_if(session.subscriptions.begin(), session.subscriptions.end(),
                                 [&](const Subscription& s) { return s.filter == filter; });
    const std::int64_t old = at == session.subscriptions.end() ? 0 : 1 + static_cast<std::int64_t>(at->qos);
    trace_.state(session.entity, Field::session_subscription, old, 1 + static_cast<std::int64_t>(request->qos), filter);
    if (at == session.subscriptions.end()) {
      session.subscriptions.push_back({filter, request->qos});
    } else {
      at->qos = request->qos;  // replaced [MQTT-3.8.4-3]
    }
    codes.push_back(static_cast<std::uint8_t>(request->qos));
  }
  scratch_.clear();
  encode_suback(packet.packet_id, codes, scratch_);
  send(connection, 0);
  while (const auto request = again.next()) send_retained(session, request->filter, request->qos);
}

void Broker::take_unsubscribe(ConnectionIndex index, Unsubscribe packet) {
  Connection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  while (const auto request = packet.filters.next()) {
    if (!tree_.unsubscribe(request->filter, connection.session)) continue;
    const NameId filter = trace_.intern(request->filter);
    const auto at = std::find_if(session.subscriptions.begin(), session.subscriptions.end(),
                                 [&](const Subscription& s) { return s.filter == filter; });
    trace_.state(session.entity, Field::session_subscription, 1 + static_cast<std::int64_t>(at->qos), 0, filter);
    session.subscriptions.erase(at);
  }
  acknowledge(connection, PacketType::unsuback, packet.packet_id);  // also where nothing matched [MQTT-3.10.4-5]
}

void Broker::acknowledge(Connection& connection, PacketType type, PacketId id, MessageId message) {
  scratch_.clear();
  encode_acknowledgement(type, id, scratch_);
  send(connection, message);
}

// Writes what stands in scratch_. The record is the cause of the segments that carry it.
bool Broker::send(Connection& connection, MessageId message) {
  if (connection.channel == nullptr || !connection.channel->is_open()) return false;
  CauseScope scope(trace_);
  const EntityId who = connection.session == kNone ? entity_ : sessions_[connection.session]->entity;
  const StreamPlace place = connection.channel->place();
  trace_.emit_cause(Kind::mqtt_sent, who, place.stream, scratch_[0], message, static_cast<std::int64_t>(place.offset),
                    static_cast<std::int64_t>(place.offset + connection.channel->size_in_stream(scratch_.size())));
  connection.channel->write(scratch_);
  return true;
}

void Broker::protocol_error(ConnectionIndex index, const Malformed& error) {
  const Connection& connection = *connections_[index];
  const EntityId who = connection.session == kNone ? entity_ : sessions_[connection.session]->entity;
  const BlobNumber text = trace_.text(std::string(error.what) + " [" + std::string(error.statement) + "]");
  trace_.emit(Kind::session_event, who, 0, SessionEvent::protocol_error, text);
  end_connection(index, SessionEvent::protocol_error, WillCause::protocol_error);
}

void Broker::closed(ConnectionIndex index) {
  if (connections_[index] == nullptr || connections_[index]->channel == nullptr) return;
  end_connection(index, SessionEvent::connection_lost, WillCause::connection_lost);
}

// The session's side of the end, then the network's.
void Broker::end_connection(ConnectionIndex index, SessionEvent event, WillCause cause) {
  const SessionIndex session_index = connections_[index]->session;
  if (session_index == kNone) {
    drop_connection(index);
    return;
  }
  Session& session = *sessions_[session_index];
  if (event != SessionEvent::protocol_error) trace_.emit(Kind::session_event, session.entity, 0, event);
  const ByteChannel* const channel = connections_[index]->channel;
  const bool goes_out = channel == nullptr || event == SessionEvent::disconnected;
  connections_[index]->qos0.connection_ended(goes_out ? ~std::uint64_t{0} : channel->acknowledged(), trace_,
                                             session.entity, LossReason::connection_lost);
  trace_.state(session.entity, Field::session_connected, 1, 0);
  disarm_timer(index);
  session.connection = kNone;
  connections_[index]->session = kNone;
  drop_connection(index);
  if (cause != WillCause::none) fire_will(session, cause);
  const SessionRow* row = step(session.state, SessionInput::connection_ended);
  check(row != nullptr, "a session with a connection can lose it");
  session.state = row->next;
  if (row->action == SessionAction::discard) end_session(session_index);
}

void Broker::drop_connection(ConnectionIndex index) {
  disarm_timer(index);
  const std::unique_ptr<Connection> connection = std::move(connections_[index]);
  events_.release(connection->timer);
  free_connections_.push_back(index);
  if (connection->channel != nullptr) connection->channel->close();
}

EntityId Broker::timer_entity(const Connection& connection) const {
  return connection.session == kNone ? entity_ : sessions_[connection.session]->entity;
}

// One and a half times the keep alive after the client's last packet [MQTT-3.1.2-24].
void Broker::arm_keep_alive(ConnectionIndex index) {
  Connection& connection = *connections_[index];
  const Session& session = *sessions_[connection.session];
  if (session.keep_alive == 0) return;
  Instant at = events_.now() + Duration::milliseconds(1500) * session.keep_alive;
  if (const std::int64_t every = settings_.manners.looks_every.ns(); every != 0)
    at = Instant::from_ns((at.ns() / every + 1) * every);
  arm_traced(trace_, connection.timer, session.entity, Field::session_keepalive_timer, at);
}

void Broker::disarm_timer(ConnectionIndex index) {
  const Connection& connection = *connections_[index];
  disarm_traced(trace_, connection.timer, timer_entity(connection), Field::session_keepalive_timer,
                connection.session == kNone ? index + 1 : 0);
}

void Broker::on_timer(void* target, std::uint64_t argument) {
  auto* self = static_cast<Broker*>(target);
  const auto index = static_cast<ConnectionIndex>(argument);
  const Connection& connection = *self->connections_[index];
  record_fired(self->trace_, self->timer_entity(connection), Field::session_keepalive_timer,
               connection.session == kNone ? index + 1 : 0);
  self->end_connection(index, SessionEvent::keepalive_expired, WillCause::keepalive_expired);
}

// The server closes connections on which no DISCONNECT came, so their wills are published [MQTT-3.1.2-8]: first all of
// them, to whoever still listens, then the connections end. Mosquitto does the same.
void Broker::stop() {
  for (const auto& session : sessions_) {
    if (session != nullptr && session->connection != kNone) fire_will(*session, WillCause::broker_stopped);
  }
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] != nullptr) end_connection(i, SessionEvent::disconnected, WillCause::none);
  }
}

void Broker::crash() {
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] == nullptr) continue;
    connections_[i]->channel = nullptr;
    end_connection(i, SessionEvent::connection_lost, WillCause::none);
  }
  for (SessionIndex i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i] == nullptr) continue;
    set_will(*sessions_[i], kNoMessage);
    end_session(i);
  }
  for (const auto& [topic, message] : retained_) {
    trace_.state(entity_, Field::broker_retained, messages_[message].id, 0, topic);
    messages_.release(message);
  }
  retained_.clear();
}

void Broker::visit_state(StateVisitor& visitor) const {
  for (const auto& [topic, message] : retained_)
    visitor.value(entity_, Field::broker_retained, topic, messages_[message].id);
  for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
    if (connections_[i] == nullptr) continue;
    const bool nameless = connections_[i]->session == kNone;
    visitor.value(timer_entity(*connections_[i]), Field::session_keepalive_timer, nameless ? i + 1 : 0,
                  deadline_of(events_, connections_[i]->timer));
  }
  for (const auto& session : sessions_) {
    if (session == nullptr) continue;
    visitor.value(session->entity, Field::session_connected, 0, session->connection == kNone ? 0 : 1);
    visitor.value(session->entity, Field::session_clean, 0, session->clean ? 1 : 0);
    visitor.value(session->entity, Field::session_queued, 0, session->queue.size());
    if (session->will != kNoMessage)
      visitor.value(session->entity, Field::session_will, 0, messages_[session->will].id);
    for (const PacketId id : session->received) visitor.value(session->entity, Field::session_received, id, 1);
    for (const Subscription& s : session->subscriptions)
      visitor.value(session->entity, Field::session_subscription, s.filter, 1 + static_cast<std::int64_t>(s.qos));
    for (std::uint32_t i = 0; i < session->in_flight.size(); ++i) {
      visitor.value(session->entity, Field::session_inflight, session->in_flight[i].packet_id,
                    static_cast<std::int64_t>(session->in_flight[i].state));
    }
  }
}

}  // namespace wirelab::mqtt
