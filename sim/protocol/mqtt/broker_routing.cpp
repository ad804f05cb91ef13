// From an accepted message to its subscribers, and the retained ones.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {

void Broker::accept(const Publish& packet, MessageId id, MessageId origin) {
  const NameId topic_name = trace_.intern(packet.topic);
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned>(packet.qos) | (packet.retain ? 4u : 0u));
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::message_accepted, entity_, id, flags, topic_name,
                    static_cast<std::int64_t>(packet.payload.size()), origin);
  if (packet.retain) keep_retained(packet, id, topic_name);
  const std::vector<Match>& matches = tree_.match(packet.topic);
  trace_.emit_cause(Kind::message_routed, entity_, id, std::uint16_t{0}, 0, static_cast<std::int64_t>(matches.size()));
  const bool stays = packet.retain && !packet.payload.empty();
  if (matches.empty() && !stays) trace_.emit(Kind::message_lost, entity_, id, LossReason::no_subscription);
  MessageRef kept = kNoMessage;  // one copy for all who need one
  for (const Match& match : matches) {
    const Qos qos = std::min(packet.qos, match.qos);                                  // never upgraded [MQTT-3.8.4-6]
    deliver(*sessions_[match.subscriber], packet, id, topic_name, qos, false, kept);  // RETAIN 0 [MQTT-3.3.1-9]
  }
  if (kept != kNoMessage) messages_.release(kept);
}

void Broker::deliver(Session& session, const Publish& packet, MessageId id, NameId topic_name, Qos qos, bool retain,
                     MessageRef& kept) {
  const bool connected = session.connection != kNone;
  if (qos == Qos::at_most_once && (connected || !settings_.queue_qos0)) {
    bool sent = false;
    if (connected) {
      scratch_.clear();
      encode(Publish{packet.topic, packet.payload, qos, retain, false, 0}, scratch_);
      Connection& connection = *connections_[session.connection];
      // A slow subscriber's QoS 0 messages are dropped rather than kept, as mosquitto does.
      sent = connection.channel != nullptr && connection.channel->has_room(scratch_.size()) && send(connection, id);
      if (sent) connection.qos0.sent(*connection.channel, id, connection.channel->place().offset);
    }
    if (!sent)
      trace_.emit(Kind::message_lost, session.entity, id,
                  connected ? LossReason::queue_full : LossReason::subscriber_offline);
    return;
  }
  const bool room = connected && session.queue.empty() && session.in_flight.size() < settings_.max_in_flight;
  if (!room && settings_.max_queued != 0 && session.queue.size() >= settings_.max_queued) {
    trace_.emit(Kind::message_lost, session.entity, id, LossReason::queue_full);
    return;
  }
  if (kept == kNoMessage)
    kept = messages_.keep(id, topic_name, packet.topic, packet.payload, packet.qos, packet.retain);
  messages_.add_reference(kept);
  if (!room) {
    session.queue.push_back({kept, qos, retain});
    trace_.emit(Kind::message_queued, session.entity, id);
    trace_.state(session.entity, Field::session_queued, session.queue.size() - 1, session.queue.size());
    return;
  }
  session.in_flight.add(kept, qos, retain);
  const auto event = qos == Qos::at_least_once ? SendEvent::publish_qos1 : SendEvent::publish_qos2;
  act(session, session.in_flight.size() - 1, *step(SendState::none, event));
}

// The last one of each topic [MQTT-3.3.1-5]; an empty payload clears it [MQTT-3.3.1-10].
void Broker::keep_retained(const Publish& packet, MessageId id, NameId topic_name) {
  const auto found = retained_.find(topic_name);
  std::int64_t old = 0;
  if (found != retained_.end()) {
    old = messages_[found->second].id;
    messages_.release(found->second);
    retained_.erase(found);
  }
  if (!packet.payload.empty())
    retained_[topic_name] = messages_.keep(id, topic_name, packet.topic, packet.payload, packet.qos, true);
  trace_.state(entity_, Field::broker_retained, old, packet.payload.empty() ? 0 : id, topic_name);
}

// On every SUBSCRIBE, also for a filter that was there before [MQTT-3.8.4-3]; RETAIN 1 [MQTT-3.3.1-8].
void Broker::send_retained(Session& session, std::string_view filter, Qos qos) {
  const auto send_one = [&](MessageRef ref) {
    const StoredMessage& message = messages_[ref];
    MessageRef kept = ref;
    deliver(session, Publish{message.topic(), message.payload(), message.qos, true, false, 0}, message.id,
            message.topic_name, std::min(qos, message.qos), true, kept);
  };
  if (filter.find_first_of("+#") == std::string_view::npos) {
    const auto found = retained_.find(trace_.intern(filter));
    if (found != retained_.end()) send_one(found->second);
    return;
  }
  for (const auto& [topic, message] : retained_) {
    if (matches(filter, messages_[message].topic())) send_one(message);
  }
}

}  // namespace wirelab::mqtt
