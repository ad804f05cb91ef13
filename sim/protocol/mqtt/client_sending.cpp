// What a client sends: its messages, their window, subscriptions and acknowledgements.
#include <algorithm>

#include "sim/protocol/mqtt/client.hpp"
#include "sim/wire/mqtt_word.hpp"

namespace wirelab::mqtt {

// False if the packet is larger than the server takes.
bool Client::encode_publish(const Message& message, Qos qos, bool retain, bool dup, PacketId id) {
  scratch_.clear();
  Publish packet{message.topic, message.payload, qos, retain, dup, id, message.properties};
  if (five_ == nullptr) {
    encode(packet, scratch_, options_.version);
    return true;
  }
  const TopicAliasesOut::Use use = five_->aliases_out.look(message.topic);
  std::vector<std::uint8_t> properties;
  if (use.alias != 0) {
    PropertyWriter(properties).number(Property::topic_alias, use.alias);
    const Bytes own = message.properties.bytes();
    properties.insert(properties.end(), own.begin(), own.end());
    packet.properties = Properties(properties);
    if (use.stands_for_it) packet.topic = {};
  }
  encode(packet, scratch_, Version::v5);
  if (scratch_.size() > five_->max_packet_size) return false;  // [MQTT-3.2.2-15]
  if (use.alias != 0 && !use.stands_for_it) five_->aliases_out.introduced(message.topic, use.alias);
  return true;
}

void Client::take_acknowledgement(SendEvent event, PacketId id, ReasonCode reason) {
  const std::uint32_t place = in_flight_.find(id);
  const bool found = place < in_flight_.size();
  const SendRow* row = step(found ? in_flight_[place].state : SendState::none, event);
  if (row == nullptr) return;
  if (!found) {
    acknowledge(PacketType::pubrel, id, 0, ReasonCode::packet_identifier_not_found);
    return;
  }
  if (is_failure(reason)) {
    const MessageId message = messages_[in_flight_[place].message].id;
    trace_.state(entity_, Field::client_inflight, static_cast<std::int64_t>(in_flight_[place].state), 0, id);
    trace_.emit(Kind::message_lost, entity_, message, LossReason::refused);
    remove(place);
    user_.on_refused(*this, message, reason);
  } else {
    act(place, *row);
  }
  fill_window();
}

void Client::remove(std::uint32_t place) {
  messages_.release(in_flight_[place].message);
  in_flight_.remove(place);
}

void Client::act(std::uint32_t place, const SendRow& row) {
  InFlightEntry& entry = in_flight_[place];
  const PacketId packet_id = entry.packet_id;
  trace_.state(entity_, Field::client_inflight, static_cast<std::int64_t>(entry.state),
               static_cast<std::int64_t>(row.next), packet_id);
  entry.state = row.next;
  const MessageId id = messages_[entry.message].id;
  switch (row.action) {
    case SendAction::send_publish:
    case SendAction::resend_publish:
      if (encode_publish(messages_[entry.message].message(), entry.qos, entry.retain,
                         row.action == SendAction::resend_publish, packet_id)) {
        send(id);
        break;
      }
      trace_.state(entity_, Field::client_inflight, static_cast<std::int64_t>(entry.state), 0, packet_id);
      trace_.emit(Kind::message_lost, entity_, id, LossReason::too_large);
      remove(place);
      user_.on_refused(*this, id, ReasonCode::packet_too_large);
      break;
    case SendAction::send_pubrel:
    case SendAction::resend_pubrel: acknowledge(PacketType::pubrel, packet_id, id); break;
    case SendAction::complete:
      trace_.emit(Kind::message_completed, entity_, id);
      remove(place);
      user_.on_published(*this, id);
      break;
    case SendAction::nothing: break;
  }
}

// The lesser of our limit and the server's receive maximum [MQTT-3.3.4-7].
std::uint32_t Client::window() const {
  const std::uint32_t ours = options_.max_in_flight;
  return five_ == nullptr ? ours : std::min<std::uint32_t>(ours, five_->receive_maximum);
}

// Sends the next message again that was in flight when the connection began; false if it has to wait, or there is none.
bool Client::resend_next(bool past_the_limit) {
  const std::uint32_t place = in_flight_.lower_bound(resend_from_);
  if (place >= in_flight_.lower_bound(resend_to_)) {
    resend_from_ = resend_to_;
    return false;
  }
  const InFlightEntry& entry = in_flight_[place];
  if (entry.state != SendState::wait_pubcomp && !past_the_limit && on_their_way() >= window()) return false;
  resend_from_ = entry.serial + 1;
  if (const SendRow* row = step(entry.state, SendEvent::reconnected)) act(place, *row);
  return true;
}

void Client::fill_window(bool past_the_limit) {
  while (resend_from_ != resend_to_ && resend_next(past_the_limit)) {
  }
  if (resend_from_ != resend_to_) return;
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

// Against what the server has said it does not take [MQTT-3.2.2-11, MQTT-3.2.2-14].
bool Client::is_allowed(Qos qos, bool retain) const {
  if (five_ == nullptr || state_ != ClientState::connected) return true;
  return qos <= five_->maximum_qos && (!retain || five_->retain_available);
}

Client::Published Client::publish(std::string_view topic, Bytes payload, Qos qos, bool retain, Properties properties) {
  CauseScope scope(trace_);
  const MessageId id = trace_.next_message();
  const NameId topic_name = last_topic_ = trace_.intern_again(topic, last_topic_);
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned>(qos) | (retain ? 4u : 0u));
  trace_.emit_cause(Kind::message_published, entity_, id, flags, topic_name, static_cast<std::int64_t>(payload.size()));
  const auto refused = [&](PublishResult result, LossReason reason) {
    trace_.emit(Kind::message_lost, entity_, id, reason);
    return Published{result, id};
  };
  if (!is_allowed(qos, retain)) return refused(PublishResult::refused_not_allowed, LossReason::not_allowed);
  const Message message{id, topic_name, topic, payload, qos, retain, properties};
  if (qos == Qos::at_most_once) {
    if (state_ != ClientState::connected)
      return refused(PublishResult::refused_not_connected, LossReason::not_connected);
    // Nothing would keep a QoS 0 message that does not fit.
    if (!channel_->has_room(topic.size() + payload.size() + properties.bytes().size() + 32))
      return refused(PublishResult::refused_queue_full, LossReason::queue_full);
    if (!encode_publish(message, qos, retain, false, 0))
      return refused(PublishResult::refused_not_allowed, LossReason::too_large);
    if (!send(id)) return refused(PublishResult::refused_queue_full, LossReason::queue_full);
    qos0_.sent(*channel_, id, channel_->place().offset);
    user_.on_published(*this, id);
    look();
    return {PublishResult::sent, id};
  }
  if (options_.max_queued != 0 && queue_.size() >= options_.max_queued)
    return refused(PublishResult::refused_queue_full, LossReason::queue_full);
  const Waiting waiting{messages_.keep(message), qos, retain};
  if (queue_.empty() && window_is_open()) {
    begin_exchange(waiting);
    look();
    return {PublishResult::sent, id};
  }
  queue_.push_back(waiting);
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

PacketId Client::subscribe(std::span<const FilterRequest> filters, Properties properties) {
  if (state_ != ClientState::connected) return 0;
  const PacketId id = take_request_id();
  scratch_.clear();
  encode_subscribe(id, filters, scratch_, options_.version, properties);
  return send(0) ? id : PacketId{0};
}

PacketId Client::unsubscribe(std::span<const std::string_view> filters, Properties properties) {
  if (state_ != ClientState::connected) return 0;
  const PacketId id = take_request_id();
  scratch_.clear();
  encode_unsubscribe(id, filters, scratch_, options_.version, properties);
  return send(0) ? id : PacketId{0};
}

void Client::acknowledge(PacketType type, PacketId id, MessageId message, ReasonCode reason) {
  scratch_.clear();
  if (options_.version == Version::v5) {
    encode_acknowledgement(type, id, reason, {}, scratch_);
  } else {
    encode_acknowledgement(type, id, scratch_);
  }
  send(message);
}

// Writes what stands in scratch_. By the standard's rule every packet puts the next PINGREQ off, by others CONNECT and PINGREQ
// only.
bool Client::send(MessageId message) {
  if (channel_ == nullptr || !channel_->is_open()) return false;
  CauseScope scope(trace_);
  const StreamPlace place = channel_->place();
  trace_.emit_cause(Kind::mqtt_sent, entity_, place.stream, trace_word(scratch_[0], options_.version), message,
                    static_cast<std::int64_t>(place.offset),
                    static_cast<std::int64_t>(place.offset + channel_->size_in_stream(scratch_.size())));
  last_sent_ = events_.now();
  const auto type = static_cast<PacketType>(scratch_[0] >> 4);
  const bool puts_off =
      options_.manners.ping == PingRule::when_silent || type == PacketType::connect || type == PacketType::pingreq;
  if (keep_alive() != 0 && puts_off)
    arm(keep_alive_timer_, Field::client_keepalive_timer, Duration::seconds(keep_alive()));
  channel_->write(scratch_);
  return true;
}

}  // namespace wirelab::mqtt
