// Messages on their way to one session: the window of those in flight, the queue behind it, and what is sent again.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {
namespace {

// Seconds that are left, a second that has begun counted whole: a message that has not expired never says 0.
std::uint32_t seconds_until(Instant expires, Instant now) {
  if (expires <= now) return 1;  // it was on its way before it expired, and goes again
  return static_cast<std::uint32_t>(((expires - now).ns() + 999'999'999) / 1'000'000'000);
}

}  // namespace

void Broker::lose(EntityId entity, MessageId message, LossReason reason) {
  ++counts_.dropped;
  trace_.emit(Kind::message_lost, entity, message, reason);
}

bool Broker::encode_publish(BrokerConnection& connection, const Message& message, Qos qos, bool retain, bool dup,
                            PacketId id, std::span<const std::uint32_t> identifiers) {
  // With what the broker adds it may be longer than any packet.
  const std::size_t own_size = message.topic.size() + message.payload.size() + message.properties.bytes().size();
  if (own_size + 6 * identifiers.size() + 32 > kMaximumRemainingLength) return false;
  scratch_.clear();
  Publish packet{message.topic, message.payload, qos, retain, dup, id};
  if (connection.version != Version::v5) {
    encode(packet, scratch_);
    return true;
  }
  ConnectionOf5& five = *connection.five;
  properties_.clear();
  PropertyWriter writer(properties_);
  // The time that it has waited is taken off [MQTT-3.3.2-6].
  if (message.expires != Instant::never())
    writer.number(Property::message_expiry_interval, seconds_until(message.expires, events_.now()));
  for (const std::uint32_t identifier : identifiers) writer.number(Property::subscription_identifier, identifier);
  TopicAliasesOut::Use use = five.aliases_out.look(message.topic);
  // A packet that an alias is introduced in is longer than it would be without.
  if (!use.stands_for_it && own_size + 6 * identifiers.size() + 32 > five.max_packet_size) use = {};
  if (use.alias != 0) writer.number(Property::topic_alias, use.alias);
  if (use.stands_for_it) packet.topic = {};
  const Bytes own = message.properties.bytes();
  properties_.insert(properties_.end(), own.begin(), own.end());
  packet.properties = Properties(properties_);
  encode(packet, scratch_, Version::v5);
  if (scratch_.size() > five.max_packet_size) return false;  // [MQTT-3.1.2-24]
  if (use.alias != 0 && !use.stands_for_it) five.aliases_out.introduced(message.topic, use.alias);
  return true;
}

void Broker::deliver(Session& session, const Message& message, Qos qos, bool retain,
                     std::span<const std::uint32_t> identifiers, MessageRef& kept) {
  // An interval of 0 lets it reach those who have a connection now.
  if (message.expires < events_.now()) {
    lose(session.entity, message.id, LossReason::expired);  // [MQTT-3.3.2-5]
    return;
  }
  if (limits_delivery_ && !session.is_within &&
      !access_->may_receive({session.client, session.user_name}, message.topic)) {
    lose(session.entity, message.id, LossReason::not_allowed);
    return;
  }
  const bool may_wait = settings_.queue_qos0 && !(session.connected() && session.queue.empty());
  if (breaks(Mutation::ignores_absent) && !session.connected()) return;
  if (qos == Qos::at_most_once && !may_wait) {
    deliver_qos0(session, message, retain, identifiers);
    return;
  }
  const bool room = session.connected() && session.queue.empty() && window_is_open(session);
  const std::size_t size = message.topic.size() + message.payload.size() + message.properties.bytes().size();
  if ((!room && !make_room(session, message)) || (kept == kNoMessage && !has_memory_for(size))) {
    lose(session.entity, message.id, LossReason::queue_full);
    return;
  }
  if (kept == kNoMessage) kept = messages_.keep(message);
  messages_.add_reference(kept);
  const Queued queued{kept, qos, retain, identifiers_.keep(identifiers)};
  if (room) {
    begin_exchange(session, queued);
    return;
  }
  session.queue.push_back(queued);
  session.queued_bytes += messages_[kept].size();
  session.queue_expires = std::min(session.queue_expires, message.expires);
  trace_.emit(Kind::message_queued, session.entity, message.id);
  trace_.state(session.entity, Field::session_queued, session.queue.size() - 1, session.queue.size());
}

// A slow subscriber's QoS 0 messages are dropped rather than kept, as mosquitto does.
void Broker::deliver_qos0(Session& session, const Message& message, bool retain,
                          std::span<const std::uint32_t> identifiers) {
  if (!session.connected()) {
    lose(session.entity, message.id, LossReason::subscriber_offline);
    return;
  }
  BrokerConnection& connection = connection_of(session);
  const std::size_t at_most = message.topic.size() + message.payload.size() + message.properties.bytes().size() + 64;
  if (connection.channel == nullptr || !connection.channel->has_room(at_most)) {
    lose(session.entity, message.id, LossReason::queue_full);
  } else if (!encode_publish(connection, message, Qos::at_most_once, retain, false, 0, identifiers)) {
    lose(session.entity, message.id, LossReason::too_large);
  } else if (send_publish(connection, message)) {
    connection.qos0.sent(*connection.channel, message.id, connection.channel->place().offset);
  } else {
    lose(session.entity, message.id, LossReason::queue_full);
  }
}

bool Broker::send_publish(BrokerConnection& connection, const Message& message) {
  ++counts_.publishes_out;
  return send(connection, message.id);
}

bool Broker::has_memory_for(std::size_t bytes) const {
  return settings_.memory_limit == 0 || memory() + bytes <= settings_.memory_limit;
}

// What has expired waits for nothing any more, wherever it stands.
void Broker::drop_expired(Session& session) {
  session.queue_expires = Instant::never();
  for (std::size_t left = session.queue.size(); left > 0; --left) {
    const Queued queued = take_from_queue(session);
    const StoredMessage& message = messages_[queued.message];
    if (message.expires <= events_.now()) {
      lose(session.entity, message.id, LossReason::expired);
      messages_.release(queued.message);
      identifiers_.release(queued.identifiers);
      continue;
    }
    session.queue_expires = std::min(session.queue_expires, message.expires);
    session.queued_bytes += message.size();
    session.queue.push_back(queued);
    trace_.state(session.entity, Field::session_queued, session.queue.size() - 1, session.queue.size());
  }
}

// Whether the queue takes one message more, if need be in the place of the oldest ones.
bool Broker::make_room(Session& session, const Message& message) {
  const std::size_t size = message.topic.size() + message.payload.size() + message.properties.bytes().size();
  const auto full = [&] {
    return (settings_.max_queued != 0 && session.queue.size() >= settings_.max_queued) ||
           (settings_.max_queued_bytes != 0 && session.queued_bytes + size > settings_.max_queued_bytes);
  };
  if (full() && session.queue_expires <= events_.now()) drop_expired(session);
  while (full()) {
    if (settings_.drop == DropPolicy::newest || session.queue.empty()) return false;
    const Queued oldest = take_from_queue(session);
    lose(session.entity, messages_[oldest.message].id, LossReason::queue_full);
    messages_.release(oldest.message);
    identifiers_.release(oldest.identifiers);
  }
  return true;
}

Queued Broker::take_from_queue(Session& session) {
  const Queued next = session.queue.front();
  session.queue.pop_front();
  session.queued_bytes -= messages_[next.message].size();
  trace_.state(session.entity, Field::session_queued, session.queue.size() + 1, session.queue.size());
  return next;
}

// The lesser of our limit and the client's receive maximum [MQTT-3.3.4-9].
std::uint32_t Broker::window(const Session& session) const {
  const std::uint32_t ours = settings_.max_in_flight == 0 ? 65535 : settings_.max_in_flight;
  const BrokerConnection& connection = *connections_[session.connection];
  if (breaks(Mutation::ignores_receive_maximum)) return ours;
  return connection.five == nullptr ? ours : std::min<std::uint32_t>(ours, connection.five->receive_maximum);
}

// Those that were sent on this connection, or are past PUBREC, and whose handshake has not ended.
std::uint32_t Broker::on_their_way(const Session& session) const {
  const std::uint32_t waiting =
      session.in_flight.lower_bound(session.resend_to) - session.in_flight.lower_bound(session.resend_from);
  return session.in_flight.size() - waiting;
}

bool Broker::window_is_open(const Session& session) const {
  return on_their_way(session) < window(session) && session.in_flight.has_free_identifier();
}

// Everything that was in flight goes again, in order [MQTT-4.4.0-1, MQTT-4.6.0-1], as far as the client's receive maximum allows;
// then what was queued.
void Broker::resume(SessionIndex index) {
  Session& session = *sessions_[index];
  session.resend_to = session.in_flight.next_serial();
  session.resend_from = session.in_flight.empty() ? session.resend_to : session.in_flight[0].serial;
  if (breaks(Mutation::does_not_resend)) session.resend_from = session.resend_to;
  while (breaks(Mutation::drops_the_queue) && !session.queue.empty()) {
    const Queued dropped = take_from_queue(session);
    messages_.release(dropped.message);
    identifiers_.release(dropped.identifiers);
  }
  fill_window(session);
}

// Sends the next message again that was in flight when the connection began; false if it has to wait, or there is none.
bool Broker::resend_next(Session& session) {
  const std::uint32_t place = session.in_flight.lower_bound(session.resend_from);
  if (place >= session.in_flight.lower_bound(session.resend_to)) {
    session.resend_from = session.resend_to;
    return false;
  }
  const InFlightEntry& entry = session.in_flight[place];
  if (entry.state != SendState::wait_pubcomp && on_their_way(session) >= window(session)) return false;
  session.resend_from = entry.serial + 1;
  const SendRow* row = step(entry.state, SendEvent::reconnected);
  check(row != nullptr, "what is in flight can be sent again");
  act(session, place, *row);
  return true;
}

// Carries out a row for the message at `place`.
void Broker::act(Session& session, std::uint32_t place, const SendRow& row) {
  InFlightEntry& entry = session.in_flight[place];
  const PacketId packet_id = entry.packet_id;
  trace_.state(session.entity, Field::session_inflight, static_cast<std::int64_t>(entry.state),
               static_cast<std::int64_t>(row.next), packet_id);
  entry.state = row.next;
  const MessageId id = entry.message == kNoMessage ? 0 : messages_[entry.message].id;
  BrokerConnection* connection = session.connected() ? &connection_of(session) : nullptr;
  switch (row.action) {
    case SendAction::send_publish:
    case SendAction::resend_publish: {
      if (connection == nullptr) break;
      const Message message = messages_[entry.message].message();
      const bool again = row.action == SendAction::resend_publish && !breaks(Mutation::resends_without_dup);
      const PacketId said = breaks(Mutation::reuses_identifiers) ? PacketId{1} : packet_id;
      if (encode_publish(*connection, message, entry.qos, entry.retain, again, said,
                         identifiers_.of(entry.identifiers))) {
        send_publish(*connection, message);
      } else {
        // The client counts it as received [MQTT-3.1.2-25].
        lose(session.entity, id, LossReason::too_large);
        trace_.state(session.entity, Field::session_inflight, static_cast<std::int64_t>(entry.state), 0, packet_id);
        remove(session, place);
      }
      break;
    }
    case SendAction::send_pubrel:
    case SendAction::resend_pubrel:
      // The message itself is not needed any more.
      if (connection != nullptr) acknowledge(*connection, PacketType::pubrel, packet_id, id);
      break;
    case SendAction::complete: remove(session, place); break;
    case SendAction::nothing: break;
  }
}

void Broker::remove(Session& session, std::uint32_t place) {
  if (!breaks(Mutation::keeps_what_has_ended)) messages_.release(session.in_flight[place].message);
  identifiers_.release(session.in_flight[place].identifiers);
  session.in_flight.remove(place);
}

void Broker::begin_exchange(Session& session, const Queued& queued) {
  session.in_flight.add(queued.message, queued.qos, queued.retain, queued.identifiers);
  const auto event = queued.qos == Qos::at_least_once ? SendEvent::publish_qos1 : SendEvent::publish_qos2;
  act(session, session.in_flight.size() - 1, *step(SendState::none, event));
}

// Moves messages into the window while there is room: those that go again before those that were queued.
void Broker::fill_window(Session& session) {
  if (!session.connected()) return;
  while (session.resend_from != session.resend_to && resend_next(session)) {
  }
  if (session.resend_from != session.resend_to) return;
  while (!session.queue.empty()) {
    if (session.queue.front().qos != Qos::at_most_once && !window_is_open(session)) return;
    if (breaks(Mutation::reverses_the_queue)) std::swap(session.queue.front(), session.queue[session.queue.size() - 1]);
    const Queued next = take_from_queue(session);
    const Message message = messages_[next.message].message();
    if (message.expires <= events_.now() && !breaks(Mutation::ignores_expiry)) {
      lose(session.entity, message.id, LossReason::expired);  // [MQTT-3.3.2-5]
    } else if (next.qos != Qos::at_most_once) {
      begin_exchange(session, next);
      continue;  // it holds the references now
    } else {
      deliver_qos0(session, message, next.retain, identifiers_.of(next.identifiers));
    }
    messages_.release(next.message);
    identifiers_.release(next.identifiers);
  }
}

}  // namespace wirelab::mqtt
