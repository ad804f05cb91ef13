// The broker's sessions: how they begin, are resumed and end, and their wills.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::mqtt {

SessionIndex Broker::open_session(std::string_view client, bool clean_start, std::uint32_t expiry, bool& present) {
  const auto found = by_client_.find(client);
  SessionIndex index = found == by_client_.end() ? kNoIndex : found->second;
  if (index == kNoIndex) {
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
    session.entity =
        trace_.define(EntityKind::session, std::string(trace_.names().text(entity_)) + "/" + session.client, entity_);
    by_client_[session.client] = index;
  }
  Session& session = *sessions_[index];
  const auto input = clean_start ? SessionInput::connect_clean : SessionInput::connect_persistent;
  const SessionRow* row = step(session.state, input);
  check(row != nullptr, "a session without a connection can get one");
  disarm_session(session, session.expiry_timer, Field::session_expiry_timer);
  if (row->action == SessionAction::replace) {
    if (!breaks(Mutation::ignores_clean_start)) empty_session(session);
    fire_will(session, WillCause::session_ended);  // the old session's; it does not wait longer
  }
  set_will(session, kNoMessage);  // one that waited for its delay is not sent [MQTT-3.1.3-9]
  present = row->action == SessionAction::resume;
  set_expiry(session, expiry);
  return index;
}

// Of a session with a connection: with an interval of 0 it will end with that.
void Broker::set_expiry(Session& session, std::uint32_t expiry) {
  session.expiry = std::min(expiry, settings_.longest_session_expiry);
  trace_.set(session.entity, Field::session_clean, session.clean, session.expiry == 0);
  session.state = session.expiry == 0 ? SessionState::connected_clean : SessionState::connected_persistent;
}

// The session's state is discarded: what was not delivered is lost, and said to be.
void Broker::empty_session(Session& session) {
  trace_.emit(Kind::session_event, session.entity, 0, SessionEvent::session_discarded);
  for (std::uint32_t i = 0; i < session.in_flight.size(); ++i) {
    const InFlightEntry& entry = session.in_flight[i];
    trace_.state(session.entity, Field::session_inflight, static_cast<std::int64_t>(entry.state), 0, entry.packet_id);
    // After PUBREC the subscriber has the message; only the end of the handshake is missing.
    if (entry.state != SendState::wait_pubcomp)
      lose(session.entity, messages_[entry.message].id, LossReason::session_ended);
    messages_.release(entry.message);
    identifiers_.release(entry.identifiers);
  }
  session.in_flight.clear();
  while (!session.queue.empty()) {
    const Queued queued = take_from_queue(session);
    lose(session.entity, messages_[queued.message].id, LossReason::session_ended);
    messages_.release(queued.message);
    identifiers_.release(queued.identifiers);
  }
  for (const PacketId id : session.received) trace_.state(session.entity, Field::session_received, 1, 0, id);
  session.received.clear();
  session.held.for_each(
      [&](PacketId, MessageRef held) { lose(session.entity, messages_[held].id, LossReason::session_ended); });
  session.held.clear(messages_);
  const SessionIndex index = by_client_.at(std::string_view(session.client));
  for (const auto& [filter, s] : session.subscriptions) {
    trace_.state(session.entity, Field::session_subscription, 1 + static_cast<std::int64_t>(s.options.qos), 0, s.name);
    tree_.unsubscribe(filter, index);
  }
  session.subscriptions.clear();
  session.filter_levels = 0;
  trace_.set(session.entity, Field::session_clean, session.clean, false);
}

void Broker::end_session(SessionIndex index) {
  Session& session = *sessions_[index];
  empty_session(session);
  fire_will(session, WillCause::session_ended);
  disarm_session(session, session.expiry_timer, Field::session_expiry_timer);
  for (const TimerId timer : {session.will_timer, session.expiry_timer}) {
    if (timer.valid()) events_.release(timer);
  }
  by_client_.erase(std::string_view(session.client));
  sessions_[index].reset();
  free_sessions_.push_back(index);
}

void Broker::arm_session(SessionIndex index, TimerId& timer, EventFunction function, Field field,
                         std::uint32_t seconds) {
  if (!timer.valid()) timer = events_.make_timer(function, this, index);
  arm_traced(trace_, timer, sessions_[index]->entity, field, events_.now() + Duration::seconds(seconds));
}

void Broker::disarm_session(Session& session, TimerId timer, Field field) {
  if (timer.valid()) disarm_traced(trace_, timer, session.entity, field);
}

void Broker::on_will_due(void* target, std::uint64_t argument) {
  auto* self = static_cast<Broker*>(target);
  Session& session = *self->sessions_[argument];
  record_fired(self->trace_, session.entity, Field::session_will_timer);
  self->fire_will(session, WillCause::delay_over);
}

void Broker::on_expired(void* target, std::uint64_t argument) {
  auto* self = static_cast<Broker*>(target);
  Session& session = *self->sessions_[argument];
  record_fired(self->trace_, session.entity, Field::session_expiry_timer);
  self->trace_.emit(Kind::session_event, session.entity, 0, SessionEvent::session_expired);
  const SessionRow* row = step(session.state, SessionInput::expired);
  check(row != nullptr && row->action == SessionAction::discard, "a stored session can expire");
  session.state = row->next;
  self->end_session(static_cast<SessionIndex>(argument));
}

// Takes over one reference; the will that was armed before is released.
void Broker::set_will(Session& session, MessageRef will) {
  const auto id_of = [&](MessageRef ref) {
    return ref == kNoMessage ? 0 : static_cast<std::int64_t>(messages_[ref].id);
  };
  trace_.state(session.entity, Field::session_will, id_of(session.will), id_of(will));
  disarm_session(session, session.will_timer, Field::session_will_timer);
  if (session.will != kNoMessage) messages_.release(session.will);
  session.will = will;
}

// [MQTT-3.1.2-8]. The message counts as one of the client's own.
void Broker::fire_will(Session& session, WillCause cause) {
  if (session.will == kNoMessage) return;
  CauseScope scope(trace_);
  const MessageRef will = session.will;
  messages_.add_reference(will);
  set_will(session, kNoMessage);
  Message message = messages_[will].message();
  trace_.emit_cause(Kind::will_published, session.entity, message.id, cause);
  Access* const access = access_for(session);
  const bool allowed = access == nullptr || access->may_publish({session.client, session.user_name}, message.topic);
  const MessageId origin = message.id;
  if (allowed) {
    message.id = trace_.next_message();
    if (session.will_expiry != kNeverExpires) message.expires = events_.now() + Duration::seconds(session.will_expiry);
    const SessionIndex publisher = by_client_.at(std::string_view(session.client));
    accept(message, tree_.match(message.topic, publisher), publisher, origin);
  } else {
    lose(entity_, origin, LossReason::not_allowed);
  }
  messages_.release(will);
}

}  // namespace wirelab::mqtt
