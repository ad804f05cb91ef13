// The broker's sessions: how they begin, are resumed and end, what they have in flight, and their wills.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {

Broker::SessionIndex Broker::open_session(const Connect& packet, NameId client, bool& present) {
  const auto found = by_client_.find(client);
  SessionIndex index = found == by_client_.end() ? kNone : found->second;
  if (index == kNone) {
    if (free_sessions_.empty()) {
      index = static_cast<SessionIndex>(sessions_.size());
      sessions_.emplace_back();
    } else {
      index = free_sessions_.back();
      free_sessions_.pop_back();
    }
    sessions_[index] = std::make_unique<Session>();
    Session& session = *sessions_[index];
    session.client = client;
    const std::string name = std::string(trace_.names().text(entity_)) + "/" + std::string(trace_.names().text(client));
    session.entity = trace_.define(EntityKind::session, name, entity_);
    by_client_[client] = index;
  }
  Session& session = *sessions_[index];
  const auto input = packet.clean_session ? SessionInput::connect_clean : SessionInput::connect_persistent;
  const SessionRow* row = step(session.state, input);
  check(row != nullptr, "a session without a connection can get one");
  if (row->action == SessionAction::replace) empty_session(session);
  present = row->action == SessionAction::resume;
  session.state = row->next;
  trace_.set(session.entity, Field::session_clean, session.clean, packet.clean_session);
  return index;
}

// Everything that was in flight goes again, in order [MQTT-4.4.0-1, MQTT-4.6.0-1]; then what was queued.
void Broker::resume(SessionIndex index) {
  Session& session = *sessions_[index];
  for (std::uint32_t i = 0; i < session.in_flight.size(); ++i) {
    const SendRow* row = step(session.in_flight[i].state, SendEvent::reconnected);
    check(row != nullptr, "what is in flight can be sent again");
    act(session, i, *row);
  }
  fill_window(session);
}

// Carries out a row for the message at `place`.
void Broker::act(Session& session, std::uint32_t place, const SendRow& row) {
  InFlightEntry& entry = session.in_flight[place];
  const PacketId packet_id = entry.packet_id;
  trace_.state(session.entity, Field::session_inflight, static_cast<std::int64_t>(entry.state),
               static_cast<std::int64_t>(row.next), packet_id);
  entry.state = row.next;
  const MessageId id = entry.message == kNoMessage ? 0 : messages_[entry.message].id;
  Connection* connection = session.connection == kNone ? nullptr : connections_[session.connection].get();
  switch (row.action) {
    case SendAction::send_publish:
    case SendAction::resend_publish: {
      if (connection == nullptr) break;
      const StoredMessage& message = messages_[entry.message];
      scratch_.clear();
      encode(Publish{message.topic(), message.payload(), entry.qos, entry.retain,
                     row.action == SendAction::resend_publish, packet_id},
             scratch_);
      send(*connection, id);
      break;
    }
    case SendAction::send_pubrel:
    case SendAction::resend_pubrel:
      // The message itself is not needed any more.
      if (connection != nullptr) acknowledge(*connection, PacketType::pubrel, packet_id, id);
      break;
    case SendAction::complete:
      messages_.release(entry.message);
      session.in_flight.remove(place);
      break;
    case SendAction::nothing: break;
  }
}

// Moves queued messages into the window while there is room.
void Broker::fill_window(Session& session) {
  if (session.connection == kNone) return;
  while (!session.queue.empty()) {
    const Queued next = session.queue.front();
    if (next.qos != Qos::at_most_once && session.in_flight.size() >= settings_.max_in_flight) return;
    session.queue.pop_front();
    trace_.state(session.entity, Field::session_queued, session.queue.size() + 1, session.queue.size());
    const StoredMessage& message = messages_[next.message];
    if (next.qos == Qos::at_most_once) {
      scratch_.clear();
      encode(Publish{message.topic(), message.payload(), next.qos, next.retain, false, 0}, scratch_);
      send(*connections_[session.connection], message.id);
      messages_.release(next.message);
      continue;
    }
    session.in_flight.add(next.message, next.qos, next.retain);
    const auto event = next.qos == Qos::at_least_once ? SendEvent::publish_qos1 : SendEvent::publish_qos2;
    act(session, session.in_flight.size() - 1, *step(SendState::none, event));
  }
}

// The session's state is discarded: what was not delivered is lost, and said to be.
void Broker::empty_session(Session& session) {
  trace_.emit(Kind::session_event, session.entity, 0, SessionEvent::session_discarded);
  for (std::uint32_t i = 0; i < session.in_flight.size(); ++i) {
    const InFlightEntry& entry = session.in_flight[i];
    trace_.state(session.entity, Field::session_inflight, static_cast<std::int64_t>(entry.state), 0, entry.packet_id);
    // After PUBREC the subscriber has the message; only the end of the handshake is missing.
    if (entry.state != SendState::wait_pubcomp)
      trace_.emit(Kind::message_lost, session.entity, messages_[entry.message].id, LossReason::session_ended);
    messages_.release(entry.message);
  }
  session.in_flight.clear();
  trace_.state(session.entity, Field::session_queued, session.queue.size(), 0);
  while (!session.queue.empty()) {
    const MessageRef message = session.queue.front().message;
    trace_.emit(Kind::message_lost, session.entity, messages_[message].id, LossReason::session_ended);
    messages_.release(message);
    session.queue.pop_front();
  }
  for (const PacketId id : session.received) trace_.state(session.entity, Field::session_received, 1, 0, id);
  session.received.clear();
  session.held.for_each([&](const HeldMessage& held) {
    trace_.emit(Kind::message_lost, session.entity, held.message, LossReason::session_ended);
  });
  session.held.clear();
  const SessionIndex index = by_client_.at(session.client);
  for (const Subscription& s : session.subscriptions) {
    trace_.state(session.entity, Field::session_subscription, 1 + static_cast<std::int64_t>(s.qos), 0, s.filter);
    tree_.unsubscribe(trace_.names().text(s.filter), index);
  }
  session.subscriptions.clear();
  trace_.set(session.entity, Field::session_clean, session.clean, false);
}

void Broker::end_session(SessionIndex index) {
  Session& session = *sessions_[index];
  set_will(session, kNoMessage);
  empty_session(session);
  by_client_.erase(session.client);
  sessions_[index].reset();
  free_sessions_.push_back(index);
}

// Takes over one reference; the will that was armed before is released.
void Broker::set_will(Session& session, MessageRef will) {
  const auto id_of = [&](MessageRef ref) {
    return ref == kNoMessage ? 0 : static_cast<std::int64_t>(messages_[ref].id);
  };
  trace_.state(session.entity, Field::session_will, id_of(session.will), id_of(will));
  if (session.will != kNoMessage) messages_.release(session.will);
  session.will = will;
}

// [MQTT-3.1.2-8]
void Broker::fire_will(Session& session, WillCause cause) {
  if (session.will == kNoMessage) return;
  CauseScope scope(trace_);
  const MessageRef will = session.will;
  messages_.add_reference(will);
  set_will(session, kNoMessage);
  const StoredMessage& stored = messages_[will];
  trace_.emit_cause(Kind::will_published, session.entity, stored.id, cause);
  accept(Publish{stored.topic(), stored.payload(), stored.qos, stored.retain, false, 0}, trace_.next_message(),
         stored.id);
  messages_.release(will);
}

}  // namespace wirelab::mqtt
