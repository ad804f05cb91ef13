// SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {
namespace {

// Retained messages that one SUBSCRIBE may have looked at, or once all that there are: half a million filters in a packet could
// otherwise keep the broker from everybody else.
constexpr std::size_t kMostLookedAt = 1'000'000;

std::uint32_t levels_of(std::string_view filter) {
  return static_cast<std::uint32_t>(std::count(filter.begin(), filter.end(), '/')) + 1;
}

}  // namespace

void Broker::take_subscribe(ConnectionIndex index, Subscribe packet) {
  BrokerConnection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  const std::uint32_t identifier = packet.properties.number(Property::subscription_identifier).value_or(0);
  if (identifier != 0 && !settings_.subscription_identifiers) {
    protocol_error(index, {"subscription identifiers are not available", "3.2.2.3.12",
                           ReasonCode::subscription_identifiers_not_supported});
    return;
  }
  std::vector<std::uint8_t> codes;
  std::vector<std::pair<std::string_view, SubscriptionOptions>> with_retained;
  while (const auto request = packet.filters.next()) {
    bool retained = false;
    SubscriptionOptions options{request->qos, request->no_local, request->retain_as_published, identifier};
    const ReasonCode code = subscribe(connection, *request, options, retained);
    codes.push_back(static_cast<std::uint8_t>(code));
    if (connection.version != Version::v5 && is_failure(code)) codes.back() = kSubscribeFailed;
    if (retained) with_retained.emplace_back(request->filter, options);
  }
  scratch_.clear();
  encode_suback(packet.packet_id, codes, scratch_, connection.version);
  if (!answer(index)) return;
  std::size_t budget = std::max(kMostLookedAt, retained_.size());
  for (const auto& [filter, options] : with_retained) {
    if (budget == 0) {
      end_connection(index, SessionEvent::protocol_error, WillCause::protocol_error, ReasonCode::quota_exceeded,
                     "one SUBSCRIBE asks for too many retained messages");
      return;
    }
    if (!send_retained(session, filter, options, budget)) return;
  }
}

// Sends what stands in scratch_, which cannot be shortened; false if it is larger than the client takes [MQTT-3.1.2-24].
bool Broker::answer(ConnectionIndex index) {
  BrokerConnection& connection = *connections_[index];
  if (connection.five == nullptr || scratch_.size() <= connection.five->max_packet_size) return send(connection, 0);
  end_connection(index, SessionEvent::protocol_error, WillCause::protocol_error, ReasonCode::packet_too_large);
  return false;
}

// One filter of a SUBSCRIBE: what SUBACK says of it [MQTT-3.8.4-5]. `options` become what is granted.
ReasonCode Broker::subscribe(BrokerConnection& connection, const FilterRequest& request, SubscriptionOptions& options,
                             bool& retained) {
  Session& session = *sessions_[connection.session];
  const bool shared = shared_filter(request.filter).has_value();  // for clients below 5.0, too, as at mosquitto
  if (shared && !settings_.shared_subscriptions) return ReasonCode::shared_subscriptions_not_supported;
  if (!settings_.wildcard_subscriptions && request.filter.find_first_of("+#") != std::string_view::npos)
    return ReasonCode::wildcard_subscriptions_not_supported;
  const std::uint32_t levels = levels_of(request.filter);
  if (levels > settings_.max_topic_levels) return ReasonCode::topic_filter_invalid;
  const auto known = session.subscriptions.find(request.filter);
  const bool is_new = known == session.subscriptions.end();
  if (is_new && settings_.max_subscriptions != 0 && session.subscriptions.size() >= settings_.max_subscriptions)
    return ReasonCode::quota_exceeded;
  if (is_new && settings_.max_filter_levels != 0 && session.filter_levels + levels > settings_.max_filter_levels)
    return ReasonCode::quota_exceeded;
  if (is_new && !has_memory_for(request.filter.size())) return ReasonCode::quota_exceeded;
  if (Access* const access = access_for(session);
      access != nullptr && !access->may_subscribe({session.client, session.user_name}, request.filter))
    return ReasonCode::not_authorized;
  options.qos = std::min(options.qos, settings_.maximum_qos);
  if (breaks(Mutation::ignores_no_local)) options.no_local = false;
  const NameId name = trace_.intern(request.filter);
  tree_.subscribe(request.filter, connection.session, options);
  const std::int64_t old = is_new ? 0 : 1 + static_cast<std::int64_t>(known->second.options.qos);
  trace_.state(session.entity, Field::session_subscription, old, 1 + static_cast<std::int64_t>(options.qos), name);
  if (is_new) {
    session.subscriptions.emplace(request.filter, Subscription{options, name});
    session.filter_levels += levels;
  } else {
    known->second.options = options;  // replaced [MQTT-3.8.4-3]
  }
  // [MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11]; never for shared ones (5.0, section 4.8.2).
  retained = !breaks(Mutation::withholds_retained) && !shared &&
             request.retain_handling != RetainHandling::do_not_send &&
             (is_new || request.retain_handling == RetainHandling::send);
  return static_cast<ReasonCode>(options.qos);
}

void Broker::take_unsubscribe(ConnectionIndex index, Unsubscribe packet) {
  BrokerConnection& connection = *connections_[index];
  Session& session = *sessions_[connection.session];
  std::vector<std::uint8_t> codes;
  while (const auto request = packet.filters.next()) {
    const auto known = session.subscriptions.find(request->filter);
    const bool existed = known != session.subscriptions.end();
    codes.push_back(static_cast<std::uint8_t>(existed ? ReasonCode::success
                                                      : ReasonCode::no_subscription_existed));  // [MQTT-3.11.3-2]
    if (!existed || breaks(Mutation::keeps_unsubscribed)) continue;
    tree_.unsubscribe(request->filter, connection.session);
    trace_.state(session.entity, Field::session_subscription, 1 + static_cast<std::int64_t>(known->second.options.qos),
                 0, known->second.name);
    session.filter_levels -= levels_of(request->filter);
    session.subscriptions.erase(known);
  }
  if (connection.version != Version::v5) {
    acknowledge(connection, PacketType::unsuback, packet.packet_id);  // also where nothing matched [MQTT-3.10.4-5]
    return;
  }
  scratch_.clear();
  encode_unsuback(packet.packet_id, codes, {}, scratch_);
  answer(index);
}

// RETAIN is 1 [MQTT-3.3.1-8]; in the order in which they were published. False if the session takes no more: what is left is
// lost.
bool Broker::send_retained(Session& session, std::string_view filter, const SubscriptionOptions& options,
                           std::size_t& budget) {
  std::vector<MessageRef> selected, expired;
  budget -= std::min<std::size_t>(budget, 1);
  retained_.select(filter, [&](const Retained& retained) {
    budget -= std::min<std::size_t>(budget, 1);
    const bool own = options.no_local && retained.publisher == session.client;
    if (messages_[retained.message].expires <= events_.now()) {
      expired.push_back(retained.message);
    } else if (!own) {
      selected.push_back(retained.message);
    }
  });
  for (const MessageRef ref : expired) forget_retained(ref);
  std::sort(selected.begin(), selected.end(),
            [&](MessageRef a, MessageRef b) { return messages_[a].id < messages_[b].id; });
  const std::span<const std::uint32_t> identifiers(&options.identifier, options.identifier == 0 ? 0u : 1u);
  for (std::size_t i = 0; i < selected.size(); ++i) {
    MessageRef ref = selected[i];
    const Message message = messages_[ref].message();
    const std::uint64_t dropped = counts_.dropped;
    deliver(session, message, std::min(options.qos, message.qos), true, identifiers, ref);
    if (counts_.dropped == dropped || takes_more(session)) continue;
    for (std::size_t left = i + 1; left < selected.size(); ++left)
      lose(session.entity, messages_[selected[left]].id, LossReason::queue_full);
    return false;
  }
  return true;
}

bool Broker::takes_more(const Session& session) const {
  if (settings_.max_queued != 0 && session.queue.size() >= settings_.max_queued) return false;
  const BrokerConnection* connection = connection_of(session);
  return connection != nullptr && connection->channel != nullptr && connection->channel->has_room(1);
}

}  // namespace wirelab::mqtt
