// What a broker saves of itself, and how it takes it up again.
#include <algorithm>
#include <set>

#include "sim/protocol/mqtt/broker.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::mqtt {
namespace {

std::int64_t time_left(Instant until, Instant now) {
  return until == Instant::never() ? -1 : std::max<std::int64_t>((until - now).ns(), 0);
}

}  // namespace

SavedBroker Broker::saved() const {
  SavedBroker broker;
  tsl::robin_map<MessageRef, std::uint32_t> places;  // only looked up
  const auto place_of = [&](MessageRef ref) {
    const auto [at, is_new] = places.emplace(ref, static_cast<std::uint32_t>(broker.messages.size()));
    if (is_new) {
      const StoredMessage& m = messages_[ref];
      const Bytes properties = m.properties().bytes(), payload = m.payload();
      broker.messages.push_back({std::string(m.topic()),
                                 {properties.begin(), properties.end()},
                                 {payload.begin(), payload.end()},
                                 m.qos,
                                 m.retain,
                                 time_left(m.expires, events_.now())});
    }
    return at->second;
  };
  retained_.for_each([&](const Retained& retained) {
    broker.retained.push_back({place_of(retained.message), retained.publisher});
  });
  for (const auto& session : sessions_) {
    if (session == nullptr || session->expiry == 0) continue;
    SavedSession made;
    made.client = session->client;
    made.user_name = session->user_name;
    made.expiry = session->expiry;
    if (session->expiry_timer.valid()) made.expires_in = time_left(events_.due(session->expiry_timer), events_.now());
    for (const auto& [filter, subscription] : session->subscriptions)
      made.subscriptions.emplace_back(filter, subscription.options);
    const auto delivery = [&](const auto& from) {
      const auto identifiers = identifiers_.of(from.identifiers);
      return SavedDelivery{place_of(from.message), from.qos, from.retain, {identifiers.begin(), identifiers.end()}};
    };
    for (std::uint32_t i = 0; i < session->in_flight.size(); ++i) {
      made.in_flight.push_back(delivery(session->in_flight[i]));
      made.in_flight.back().packet_id = session->in_flight[i].packet_id;
      made.in_flight.back().state = session->in_flight[i].state;
    }
    for (std::uint32_t i = 0; i < session->queue.size(); ++i) made.queue.push_back(delivery(session->queue[i]));
    session->held.for_each([&](PacketId id, MessageRef message) {
      made.held.push_back({place_of(message), Qos::exactly_once, false, {}, id, SendState::none});
    });
    made.received = session->received;
    broker.sessions.push_back(std::move(made));
  }
  return broker;
}

void Broker::restore(const SavedBroker& broker, Duration elapsed) {
  const auto is_over = [&](std::int64_t left) { return left >= 0 && left <= elapsed.ns(); };
  const auto in = [&](std::int64_t left) { return events_.now() + Duration::nanoseconds(left - elapsed.ns()); };
  std::vector<MessageRef> kept;
  for (const SavedMessage& m : broker.messages) {
    const Instant expires = m.expires_in < 0        ? Instant::never()
                            : is_over(m.expires_in) ? events_.now()
                                                    : in(m.expires_in);
    kept.push_back(messages_.keep({trace_.next_message(), trace_.intern(m.topic), m.topic, m.payload, m.qos, m.retain,
                                   Properties(m.properties), expires}));
  }
  const auto reference = [&](std::uint32_t place) {
    messages_.add_reference(kept[place]);
    return kept[place];
  };
  for (const SavedRetained& retained : broker.retained) {
    const StoredMessage& m = messages_[kept[retained.message]];
    if (retained_.find(m.topic()) != nullptr) continue;
    retained_.put(m.topic(), {reference(retained.message), retained.publisher});
    trace_.state(entity_, Field::broker_retained, 0, m.id, m.topic_name);
  }
  for (const SavedSession& s : broker.sessions) {
    if (by_client_.contains(std::string_view(s.client)) || is_over(s.expires_in)) continue;
    bool present = false;
    const SessionIndex index = open_session(s.client, false, s.expiry, present);
    Session& session = *sessions_[index];
    session.state = SessionState::stored;
    session.user_name = s.user_name;
    trace_.emit(Kind::session_event, session.entity, 0, SessionEvent::session_created);
    for (const auto& [filter, options] : s.subscriptions) {
      const NameId name = trace_.intern(filter);
      if (!session.subscriptions.emplace(filter, Subscription{options, name}).second) continue;
      session.filter_levels += static_cast<std::uint32_t>(std::count(filter.begin(), filter.end(), '/')) + 1;
      tree_.subscribe(filter, index, options);
      trace_.state(session.entity, Field::session_subscription, 0, 1 + static_cast<std::int64_t>(options.qos), name);
    }
    std::set<PacketId> ids;
    for (const SavedDelivery& d : s.in_flight) {
      if (!session.in_flight.has_free_identifier() || !ids.insert(d.packet_id).second) continue;
      InFlightEntry& entry = session.in_flight.restore(d.packet_id, reference(d.message), d.qos, d.retain,
                                                       identifiers_.keep(d.identifiers));
      entry.state = d.state;
      trace_.state(session.entity, Field::session_inflight, 0, static_cast<std::int64_t>(d.state), d.packet_id);
    }
    for (const SavedDelivery& d : s.queue) {
      session.queue.push_back({reference(d.message), d.qos, d.retain, identifiers_.keep(d.identifiers)});
      session.queue_expires = std::min(session.queue_expires, messages_[kept[d.message]].expires);
      session.queued_bytes += messages_[kept[d.message]].size();
    }
    trace_.state(session.entity, Field::session_queued, 0, session.queue.size());
    session.received = s.received;
    std::sort(session.received.begin(), session.received.end());
    session.received.erase(std::unique(session.received.begin(), session.received.end()), session.received.end());
    for (const PacketId id : session.received) trace_.state(session.entity, Field::session_received, 0, 1, id);
    for (const SavedDelivery& d : s.held) session.held.keep(d.packet_id, reference(d.message));
    if (session.expiry == kNeverExpires) continue;
    const Duration whole = Duration::seconds(session.expiry);
    if (!session.expiry_timer.valid()) session.expiry_timer = events_.make_timer(on_expired, this, index);
    arm_traced(trace_, session.expiry_timer, session.entity, Field::session_expiry_timer,
               s.expires_in < 0 ? events_.now() + whole : in(s.expires_in));
  }
  for (const MessageRef ref : kept) messages_.release(ref);
}

}  // namespace wirelab::mqtt
