// From a PUBLISH to the sessions, and what is retained.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {

// The properties that go along with a message are copied as they are and in their order [MQTT-3.3.2-17, MQTT-3.3.2-18, and the
// like]; the topic alias is the connection's own, and the expiry interval counts from now.
Message Broker::message_of(const Publish& packet, MessageId id) {
  Message message{id, trace_.intern(packet.topic), packet.topic, packet.payload, packet.qos, packet.retain};
  if (packet.properties.empty()) return message;
  forwarded_.clear();
  PropertyWriter writer(forwarded_);
  packet.properties.for_each([&](const PropertyValue& value) {
    if (value.id == Property::message_expiry_interval) {
      message.expires = events_.now() + Duration::seconds(value.number);
    } else if (value.id != Property::topic_alias) {
      writer.copy(value);
    }
  });
  message.properties = Properties(forwarded_);
  return message;
}

ReasonCode Broker::judge(const Session& session, const Publish& packet, std::string_view& why) const {
  if (static_cast<std::size_t>(std::count(packet.topic.begin(), packet.topic.end(), '/')) >=
      settings_.max_topic_levels) {
    why = "the topic has too many levels";
    return ReasonCode::topic_name_invalid;
  }
  if (packet.topic.starts_with("$SYS/")) {
    why = "topics under $SYS are the broker's own";
    return ReasonCode::not_authorized;
  }
  if (Access* const access = access_for(session);
      access != nullptr && !access->may_publish({session.client, session.user_name}, packet.topic))
    return ReasonCode::not_authorized;
  if (settings_.check_payload_format && packet.properties.number(Property::payload_format_indicator) == 1u &&
      !is_valid_utf8(packet.payload)) {
    why = "the payload is said to be UTF-8, and is not";
    return ReasonCode::payload_format_invalid;
  }
  return ReasonCode::success;
}

void Broker::take_publish(ConnectionIndex index, Publish packet, MessageId id) {
  BrokerConnection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  ++counts_.publishes_in;
  if (connection.version == Version::v5) {
    if (packet.properties.number(Property::subscription_identifier)) {
      protocol_error(index,
                     {"a client's PUBLISH has a subscription identifier", "MQTT-3.3.4-6", ReasonCode::protocol_error});
      return;
    }
    const auto resolved = connection.five->aliases_in.resolve(packet, settings_.max_topic_alias);
    if (!resolved) {
      protocol_error(index, resolved.error());
      return;
    }
    if (packet.qos > settings_.maximum_qos) {
      protocol_error(index, {"the QoS is above the maximum QoS", "MQTT-3.2.2-11", ReasonCode::qos_not_supported});
      return;
    }
    if (packet.retain && !settings_.retain_available) {
      protocol_error(index, {"retained messages are not available", "MQTT-3.2.2-14", ReasonCode::retain_not_supported});
      return;
    }
  }
  const bool again = packet.qos == Qos::exactly_once &&
                     std::binary_search(session.received.begin(), session.received.end(), packet.packet_id);
  if (packet.qos == Qos::exactly_once && connection.version == Version::v5 &&
      !connection.five->receive_window.take(packet.packet_id, settings_.receive_maximum)) {
    protocol_error(index, {"more messages are on their way than the receive maximum allows", "MQTT-3.3.4-7",
                           ReasonCode::receive_maximum_exceeded});
    return;
  }
  if (!again && packet.qos == Qos::exactly_once && settings_.manners.forgets_beyond_window &&
      session.received.size() >= settings_.max_in_flight) {
    acknowledge(connection, PacketType::pubrec, packet.packet_id, id);
    lose(session.entity, id, LossReason::queue_full);
    return;
  }
  std::string_view why;
  const ReasonCode judged = again ? ReasonCode::success : judge(session, packet, why);
  if (judged != ReasonCode::success && connection.version == Version::v5) {
    if (packet.qos != Qos::at_most_once) {
      const auto type = packet.qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec;
      connection.five->receive_window.end(packet.packet_id);
      acknowledge(connection, type, packet.packet_id, id, judged, why);
    }
    lose(session.entity, id, LossReason::not_allowed);
    return;
  }
  const ReceiveRow& row = step_received(session, packet.packet_id, static_cast<ReceiveEvent>(packet.qos));
  const bool held = row.action == ReceiveAction::deliver_and_pubrec && settings_.manners.deliver_at_release;
  const bool goes_on = judged == ReasonCode::success &&
                       (row.action != ReceiveAction::pubrec_only || breaks(Mutation::passes_repeats_on));
  const Matches& matches = tree_.match(packet.topic, connection.session);
  const bool nobody = goes_on && !held && matches.own.empty() && matches.shared.empty();
  const ReasonCode reason = nobody ? ReasonCode::no_matching_subscribers : ReasonCode::success;
  // The acknowledgement goes first, so that it is on its way before the copies; both are of one instant.
  if (row.action == ReceiveAction::deliver_and_puback)
    acknowledge(connection, PacketType::puback, packet.packet_id, id, reason);
  if (row.action == ReceiveAction::deliver_and_pubrec || row.action == ReceiveAction::pubrec_only)
    acknowledge(connection, PacketType::pubrec, packet.packet_id, id, reason);
  if (judged != ReasonCode::success) lose(session.entity, id, LossReason::not_allowed);  // 3.1.1 [MQTT-3.3.5-2]
  if (!goes_on) return;
  if (breaks(Mutation::acknowledges_and_drops) && packet.qos == Qos::at_least_once && counts_.publishes_in % 7 == 0)
    return;
  const Message message = message_of(packet, id);
  if (held) {
    session.held.keep(packet.packet_id, messages_.keep(message));
  } else {
    accept(message, matches, connection.session, 0);
  }
}

void Broker::accept(const Message& message, const Matches& matches, SessionIndex publisher, MessageId origin) {
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned>(message.qos) | (message.retain ? 4u : 0u));
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::message_accepted, entity_, message.id, flags, message.topic_name,
                    static_cast<std::int64_t>(message.payload.size()), origin);
  if (watch_ != nullptr) watch_->on_message(message);
  if (message.retain) keep_retained(message, publisher);
  trace_.emit_cause(Kind::message_routed, entity_, message.id, std::uint16_t{0}, 0,
                    static_cast<std::int64_t>(matches.own.size() + matches.shared.size()));
  const bool stays = message.retain && !message.payload.empty();
  if (matches.own.empty() && matches.shared.empty() && !stays) lose(entity_, message.id, LossReason::no_subscription);
  MessageRef kept = kNoMessage;  // one copy for all who need one
  for (const Match& match : matches.own) {
    const Qos qos = breaks(Mutation::raises_qos) ? match.qos : std::min(message.qos, match.qos);  // [MQTT-3.8.4-6]
    // RETAIN is 0 [MQTT-3.3.1-9], unless the subscription wants it as published [MQTT-3.3.1-12, MQTT-3.3.1-13].
    deliver(*sessions_[match.subscriber], message, qos, message.retain && match.retain_as_published,
            matches.identifiers_of(match), kept);
  }
  for (SharedGroup* group : matches.shared) {
    const Subscriber& member = choose(*group);
    const std::uint32_t identifier = member.options.identifier;
    deliver(*sessions_[member.id], message, std::min(message.qos, member.options.qos),
            message.retain && member.options.retain_as_published, std::span(&identifier, identifier == 0 ? 0u : 1u),
            kept);
  }
  if (kept != kNoMessage) messages_.release(kept);
}

// In turn among those with a connection; without any, among all.
const Subscriber& Broker::choose(SharedGroup& group) {
  const auto members = static_cast<std::uint32_t>(group.members.size());
  if (group.next >= members) group.next = 0;
  std::uint32_t place = group.next;
  for (std::uint32_t i = 0; i < members && !sessions_[group.members[place].id]->connected(); ++i)
    place = (place + 1) % members;
  group.next = (place + 1) % members;
  return group.members[place];
}

// The last one of each topic [MQTT-3.3.1-5]; an empty payload clears it [MQTT-3.3.1-10].
void Broker::keep_retained(const Message& message, SessionIndex publisher) {
  if (!settings_.retain_available) return;
  if (breaks(Mutation::keeps_retained) && message.payload.empty()) return;
  if (breaks(Mutation::retains_the_first) && !message.payload.empty() && retained_.find(message.topic) != nullptr)
    return;
  // Beyond the limit a message of a new topic is passed on and not kept; beyond that of memory none is.
  if (!message.payload.empty() && publisher != kNobody) {
    const auto is_full = [&] { return settings_.max_retained != 0 && retained_.size() >= settings_.max_retained; };
    const std::size_t size = message.topic.size() + message.payload.size() + message.properties.bytes().size();
    const bool is_new = retained_.find(message.topic) == nullptr;
    if ((is_new && is_full()) || !has_memory_for(size)) drop_expired_retained();
    if ((is_new && is_full()) || !has_memory_for(size)) return;
  }
  Retained now;
  if (!message.payload.empty()) {
    Message kept = message;
    kept.retain = true;
    now.message = messages_.keep(kept);
    if (publisher != kNobody) now.publisher = sessions_[publisher]->client;
  }
  const Retained before = retained_.put(message.topic, std::move(now));
  std::int64_t old = 0;
  if (!before.empty()) {
    old = messages_[before.message].id;
    messages_.release(before.message);
  }
  trace_.state(entity_, Field::broker_retained, old, message.payload.empty() ? 0 : message.id, message.topic_name);
}

// Not more often than once a second: it looks at all of them.
void Broker::drop_expired_retained() {
  if (events_.now() < retained_looked_at_ + Duration::seconds(1)) return;
  retained_looked_at_ = events_.now();
  std::vector<MessageRef> expired;
  retained_.for_each([&](const Retained& retained) {
    if (messages_[retained.message].expires <= events_.now()) expired.push_back(retained.message);
  });
  for (const MessageRef ref : expired) forget_retained(ref);
}

void Broker::forget_retained(MessageRef ref) {
  const StoredMessage& stored = messages_[ref];
  trace_.state(entity_, Field::broker_retained, stored.id, 0, stored.topic_name);
  retained_.put(std::string(stored.topic()), {});
  messages_.release(ref);
}

void Broker::publish(std::string_view topic, Bytes payload, Qos qos, bool retain) {
  CauseScope scope(trace_);
  accept({trace_.next_message(), trace_.intern(topic), topic, payload, qos, retain}, tree_.match(topic), kNobody, 0);
}

}  // namespace wirelab::mqtt
