// The trace, record by record: who sent and received which control packet.
#include "lab/proof/torture/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/wire/mqtt_word.hpp"
#include "sim/world/intervention.hpp"

namespace wirelab::torture {

using mqtt::PacketType;
using mqtt::Property;
using mqtt::Qos;

namespace {

constexpr std::size_t kMostFailures = 20;

std::string tag_of(mqtt::Bytes payload) {
  const std::string_view text = wire::text_of(payload);
  return std::string(text.substr(0, text.find(':')));
}

}  // namespace

Judge::Judge(const Plan& plan, const Omissions& without, const Played& played)
    : plan_(plan), without_(without), played_(played) {
  if (plan.broker.persistence && plan.broker.autosave_interval.ns() > 0)
    next_save_ = Instant() + plan.broker.autosave_interval;
}

void Judge::fail(std::string what) {
  if (failures_.size() < kMostFailures) failures_.push_back({now_, std::move(what)});
}

std::vector<Failure> Judge::judge() {
  const auto& entries = played_.recording.entries();
  for (place_ = 0; place_ < entries.size() && failures_.size() < kMostFailures; ++place_) {
    now_ = Instant::from_ns(entries[place_].record.at);
    take(entries[place_]);
  }
  now_ = played_.end;
  if (failures_.empty()) look_once_more();
  return failures_;
}

std::string Judge::client_of(EntityId session) const {
  std::string_view text = name(session);
  text.remove_prefix(std::min(text.size(), text.find('/') + 1));
  return std::string(text.substr(0, text.find('#')));
}

void Judge::take(const Recording::Entry& entry) {
  const Record& r = entry.record;
  if (stopping_ && (now_ > *stopping_ || r.kind == Kind::intervention)) after_stop();
  while (next_save_ && *next_save_ < now_) {
    save();
    next_save_ = *next_save_ + plan_.broker.autosave_interval;
  }
  expire_sessions();
  check_wills();
  switch (r.kind) {
    case Kind::defined:
      kinds_[r.entity] = static_cast<EntityKind>(r.field);
      if (kinds_[r.entity] == EntityKind::mqtt_client) {
        const std::string_view device = name(r.subject);
        for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
          if (plan_.devices[i].name == device)
            clients_[r.entity] = {plan_.devices[i].options.client_id, i, r.subject, true, {}, {}, {}, {}, 0, 65535};
        }
      }
      break;
    case Kind::stream_joined:
      other_[r.subject] = static_cast<StreamId>(r.a);
      other_[static_cast<StreamId>(r.a)] = r.subject;
      break;
    case Kind::mqtt_received:
      clients_.contains(r.entity) ? received_by_client(entry) : received_by_broker(entry);
      break;
    case Kind::mqtt_sent: clients_.contains(r.entity) ? sent_by_client(r) : sent_by_broker(r); break;
    case Kind::message_accepted: accepted(r); break;
    case Kind::message_routed:
      if (const auto went = static_cast<std::size_t>(r.a);
          went < expected_routes_.least || went > expected_routes_.most)
        fail(fmt::format("a message went to {} sessions, its topic's subscribers are {}", went, expected_routes_.most));
      break;
    case Kind::message_delivered: delivered(r); break;
    case Kind::message_lost: lost(r); break;
    case Kind::will_published: will_published(r); break;
    case Kind::session_event:
      if (kinds_[r.entity] == EntityKind::session) take_session_event(r);
      break;
    case Kind::state: take_state(entry); break;
    case Kind::intervention: take_intervention(r); break;
    default: break;
  }
}

void Judge::take_state(const Recording::Entry& entry) {
  const Record& r = entry.record;
  switch (static_cast<Field>(r.field)) {
    case Field::session_connected:
      if (r.b == 1) connection_begins(entry);
      if (r.b == 0) connection_ends(sessions_[client_of(r.entity)]);
      break;
    case Field::session_queued: {
      ModelSession& session = sessions_[client_of(r.entity)];
      session.queued = r.b;
      if (plan_.broker.max_queued != 0 && r.b > plan_.broker.max_queued)
        fail(fmt::format("{} messages wait for {}, the limit is {}", r.b, name(r.entity), plan_.broker.max_queued));
      break;
    }
    case Field::session_inflight:
      sessions_[client_of(r.entity)].in_flight += (r.b != 0 ? 1 : 0) - (r.a != 0 ? 1 : 0);
      break;
    case Field::session_subscription: {
      if (r.b == 0) break;
      const ModelSession& session = sessions_[client_of(r.entity)];
      const auto found = session.subscriptions.find(std::string(name(r.key)));
      if (found == session.subscriptions.end()) {
        if (!session.uncertain)
          fail(fmt::format("{} has a subscription to {} that nobody asked for", name(r.entity), name(r.key)));
      } else if (r.b != 1 + static_cast<std::int64_t>(found->second.qos)) {
        fail(fmt::format("{} was granted QoS {} for {}, and asked for {}", name(r.entity), r.b - 1, name(r.key),
                         static_cast<int>(found->second.qos)));
      }
      break;
    }
    case Field::client_inflight: clients_[r.entity].in_flight += (r.b != 0 ? 1 : 0) - (r.a != 0 ? 1 : 0); break;
    case Field::broker_retained: {
      const std::string topic(name(r.key));
      if (r.b == 0) {
        retained_in_trace_.erase(topic);
      } else {
        retained_in_trace_[topic] = r.b;
        // What a broker has read from its disk has a new number.
        if (const auto known = retained_.find(topic); known != retained_.end())
          at_broker_.try_emplace(static_cast<std::uint32_t>(r.b), known->second);
      }
      break;
    }
    default: break;
  }
}

void Judge::take_intervention(const Record& r) {
  const bool off = r.field == Intervention(PowerOff{}).index();
  const bool crash = r.field == Intervention(Crash{}).index();
  const bool stop = r.field == Intervention(Stop{}).index();
  const bool restart = r.field == Intervention(Restart{}).index();
  if (name(r.entity) != "hub") {
    if (off || crash || stop || restart) program_dies(r.entity);
    return;
  }
  if (off || crash || stop) broker_stops(!stop);
  if (restart) broker_begins();
}

// Sent by alias: the topic that the alias stands for.
std::string_view Judge::resolve(const mqtt::Publish& packet, StreamId stream, bool sent) {
  const auto alias = packet.properties.number(Property::topic_alias);
  if (!alias) return packet.topic;
  std::string& topic = aliases_[{stream, sent}][*alias];
  if (!packet.topic.empty()) topic = packet.topic;
  if (topic.empty()) fail("a topic alias stands for nothing");
  return topic;
}

void Judge::received_by_broker(const Recording::Entry& entry) {
  const Record& r = entry.record;
  const auto packet = played_.recording.packet(r);
  if (!packet) {
    fail("the broker received what cannot be read, or was never sent");
    return;
  }
  if (const auto* connect = std::get_if<mqtt::Connect>(&*packet)) {
    connects_[entry.number] = {r.subject, now_, *connect};
    return;
  }
  const std::string client = client_of(r.entity);
  ModelSession& session = sessions_[client];
  check_silence(session, client);
  session.last_heard = now_;
  if (const auto* publish = std::get_if<mqtt::Publish>(&*packet)) {
    Sent message{tag_of(publish->payload),
                 std::string(resolve(*publish, r.subject, false)),
                 publish->payload.size(),
                 publish->qos,
                 publish->retain,
                 publish->properties.number(Property::message_expiry_interval).value_or(kNever),
                 client,
                 publish->packet_id,
                 now_};
    if (publish->qos == Qos::exactly_once) {
      session.received.try_emplace(publish->packet_id, message);
      // It was under way when its program died.
      if (!clients_[sender_[r.subject]].alive) {
        session.stale.insert(publish->packet_id);
        unordered_.insert(message.tag);
      }
    }
    at_broker_[r.key] = std::move(message);
  } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&*packet)) {
    subscribed(client, *subscribe);
  } else if (const auto* unsubscribe = std::get_if<mqtt::Unsubscribe>(&*packet)) {
    mqtt::FilterList filters = unsubscribe->filters;
    while (const auto request = filters.next()) session.subscriptions.erase(std::string(request->filter));
  } else if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&*packet)) {
    const auto expiry = disconnect->properties.number(Property::session_expiry_interval);
    // Raising it from 0 is a protocol error, and the will is then sent.
    const bool wrong = expiry && *expiry != 0 && session.expiry == 0;
    if (expiry && !wrong) session.expiry = *expiry;
    session.graceful = !wrong && disconnect->reason == mqtt::ReasonCode::success;
  } else {
    answer_to_broker(session, *packet);
  }
}

void Judge::sent_by_broker(const Record& r) {
  if (kinds_[r.entity] != EntityKind::session) return;
  const std::string client = client_of(r.entity);
  ModelSession& session = sessions_[client];
  if (static_cast<std::uint64_t>(r.b - r.a) > session.max_packet_size)
    fail(fmt::format("{} takes packets of {} bytes at most and was sent one of {}", client, session.max_packet_size,
                     r.b - r.a));
  const auto packet = played_.recording.packet(r);
  if (!packet) return;  // its connection ended before it went out
  if (const auto* connack = std::get_if<mqtt::Connack>(&*packet)) {
    if (session.version != mqtt::Version::v3_1 && connack->session_present != session.resumed)
      fail(fmt::format("{} is told session present {}, and its session is {}", client, connack->session_present ? 1 : 0,
                       session.resumed ? "an old one" : "a new one"));
  } else if (const auto* publish = std::get_if<mqtt::Publish>(&*packet)) {
    publish_to_client(session, client, *publish, r);
  } else if (const auto* puback = std::get_if<mqtt::Puback>(&*packet)) {
    if (!is_failure(puback->reason)) acknowledged_.insert(at_broker_[r.key].tag);
  } else if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&*packet)) {
    // To a program that has lost its state, an identifier of the one before it may be known already.
    const bool known = session.stale.contains(pubrec->packet_id) || lives_[session.life].doubled;
    if (!is_failure(pubrec->reason) && !known) acknowledged_.insert(at_broker_[r.key].tag);
  }
}

void Judge::received_by_client(const Recording::Entry& entry) {
  const Record& r = entry.record;
  Client& client = clients_[r.entity];
  const auto packet = played_.recording.packet(r);
  if (!packet) {
    fail(fmt::format("{} received what cannot be read, or was never sent", name(r.entity)));
    return;
  }
  if (const auto* publish = std::get_if<mqtt::Publish>(&*packet)) {
    mqtt::Publish whole = *publish;
    whole.topic = resolve(*publish, r.subject, false);
    arrivals_[entry.number] = {r.subject, now_, whole};
    if (publish->qos == Qos::exactly_once) {
      if (!publish->dup || !client.unreleased.contains(publish->packet_id))
        client.received.insert_or_assign(publish->packet_id, Arrived<mqtt::Publish>{r.subject, now_, whole});
    }
    Expectation* const expected = find(tag_of(publish->payload), life_of_[r.subject]);
    if (expected != nullptr) ++expected->arrivals;
    if (publish->qos == Qos::exactly_once) {
      // A broker that goes on with what it had saved before may use an identifier anew that is not released here.
      const int epoch = epoch_of_[r.subject];
      const auto known = client.unreleased.try_emplace(publish->packet_id, epoch).first;
      if (known->second != epoch && expected != nullptr) expected->excused = true;
    }
  } else if (const auto* release = std::get_if<mqtt::Pubrel>(&*packet)) {
    releases_[entry.number] = {r.entity, release->packet_id};
    client.unreleased.erase(release->packet_id);
  } else {
    answer_to_client(client, *packet);
  }
}

void Judge::sent_by_client(const Record& r) {
  sender_[r.subject] = r.entity;
  if (const auto packet = played_.recording.packet(r)) from_client(clients_[r.entity], r, *packet);
}

// Everything is mended, everybody has come back and had time: nothing may be left on the way.
void Judge::look_once_more() {
  check_wills();
  check_messages();
  for (const std::string& tag : acknowledged_) {
    if (!tag.empty() && !acceptances_.contains(tag) && plan_.broker.manners.name == "standard")
      fail(fmt::format("{} was acknowledged, and the broker never took it", tag));
  }
  for (const auto& [client, session] : sessions_) {
    if (!session.connected) continue;
    check_silence(session, client);
    if (session.queued != 0 || session.in_flight != 0)
      fail(fmt::format("{} is connected, and {} messages wait for it, {} are in flight", client, session.queued,
                       session.in_flight));
    if (session.will && session.will->due) fail(fmt::format("a will of {} is pending, and it is connected", client));
  }
  for (const auto& [entity, client] : clients_) {
    const auto found = sessions_.find(client.id);
    if (client.alive && client.in_flight != 0 && found != sessions_.end() && found->second.connected)
      fail(fmt::format("{} is connected, and {} of its messages were never acknowledged", name(entity),
                       client.in_flight));
  }
  check_memory();
  for (const auto& [topic, message] : retained_) {
    if (!retained_in_trace_.contains(topic) && !message.has_expired(now_))
      fail(fmt::format("nothing is retained of {}, and {} should be", topic, message.tag));
  }
  for (const auto& [topic, number] : retained_in_trace_) {
    const auto meant = retained_.find(topic);
    const auto kept = at_broker_.find(static_cast<std::uint32_t>(number));
    if (meant == retained_.end()) {
      fail(fmt::format("something is retained of {}, and nothing should be", topic));
    } else if (kept != at_broker_.end() && kept->second.tag != meant->second.tag) {
      fail(fmt::format("{} is retained of {}, and {} should be", kept->second.tag, topic, meant->second.tag));
    }
  }
}

// Clients and broker keep what waits, what is in flight, what is retained, and a will for each device: nothing else.
void Judge::check_memory() {
  std::int64_t messages = static_cast<std::int64_t>(retained_in_trace_.size() + plan_.devices.size());
  for (const auto& [client, session] : sessions_) messages += session.queued + session.in_flight;
  std::vector<std::size_t> published(plan_.devices.size());
  std::size_t largest = 0;
  for (const Step& step : plan_.steps) {
    constexpr std::size_t kAround = 100;  // a tag, and properties
    if (step.kind != StepKind::publish) continue;
    largest = std::max(largest, step.topic.size() + step.padding + kAround);
    ++published[step.device];
  }
  for (const auto& [entity, client] : clients_) {
    const auto found = sessions_.find(client.id);
    const auto same_name = std::count_if(plan_.devices.begin(), plan_.devices.end(), [&](const DevicePlan& device) {
      return device.options.client_id == client.id;
    });
    const bool connected = found != sessions_.end() && found->second.connected && same_name == 1;
    // Of who is not connected, as the second of two with one name is not, all may wait.
    messages += connected ? client.in_flight : static_cast<std::int64_t>(published[client.device]);
    // Messages of QoS 2 that wait for their release are held by a broker of these manners.
    if (plan_.broker.manners.deliver_at_release) messages += static_cast<std::int64_t>(published[client.device]);
  }
  if (played_.held_bytes > static_cast<std::size_t>(messages) * largest)
    fail(fmt::format("{} bytes of messages are kept, and there should be {} messages of at most {} bytes",
                     played_.held_bytes, messages, largest));
}

}  // namespace wirelab::torture
