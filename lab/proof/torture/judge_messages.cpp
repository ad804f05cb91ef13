// The model's messages: who must get which, and what became of them.
#include <fmt/format.h>

#include <algorithm>

#include "lab/proof/torture/judge.hpp"

namespace wirelab::torture {
namespace {

using mqtt::Qos;

// Section 4.7, level by level, from the end of the text to its beginning: not the way in which the broker does it.
bool selects(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && !filter.starts_with('$')) return false;
  const auto split = [](std::string_view text) {
    std::vector<std::string_view> levels;
    for (std::size_t at = 0;;) {
      const std::size_t next = text.find('/', at);
      levels.push_back(text.substr(at, next - at));
      if (next == std::string_view::npos) return levels;
      at = next + 1;
    }
  };
  std::vector<std::string_view> wanted = split(filter);
  const std::vector<std::string_view> given = split(topic);
  const bool open = wanted.back() == "#";
  if (open) wanted.pop_back();
  if (open ? given.size() < wanted.size() : given.size() != wanted.size()) return false;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    if (wanted[i] != "+" && wanted[i] != given[i]) return false;
  }
  return true;
}

int step_of(const std::string& tag) { return tag.starts_with('m') ? std::stoi(tag.substr(1)) : -1; }

}  // namespace

Judge::Expectation* Judge::find(const std::string& tag, LifeIndex life) {
  const auto found = expectations_.find({tag, life});
  return found == expectations_.end() ? nullptr : &found->second;
}

Judge::Expectation& Judge::add_copy(const Sent& message, LifeIndex life, Qos granted, bool owed) {
  Expectation& expected = expectations_[{message.tag, life}];
  expected.message = message;
  const Qos qos = std::min(message.qos, granted);
  ++expected.copies[static_cast<std::size_t>(qos)];
  if (owed && qos != Qos::at_most_once) ++expected.owed;
  return expected;
}

void Judge::accepted(const Record& r) {
  const bool is_will = r.b != 0;
  auto found = at_broker_.find(static_cast<std::uint32_t>(is_will ? r.b : r.subject));
  // What a broker that passes on at PUBREL has read from its disk has another number.
  if (found == at_broker_.end() && released_) found = at_broker_.try_emplace(r.subject, *released_).first;
  if (found == at_broker_.end()) {
    fail(fmt::format("the broker accepts a message to {} that nobody has sent", name(r.key)));
    return;
  }
  if (is_will) found->second.accepted_at = now_;  // of others the time counts from their arrival
  const Sent message = found->second;
  at_broker_[r.subject] = message;
  if (message.topic != name(r.key) || static_cast<unsigned>(message.qos) != (r.field & 3u))
    fail(fmt::format("{} was sent to {} at QoS {} and accepted for {} at QoS {}", message.tag, message.topic,
                     static_cast<int>(message.qos), name(r.key), r.field & 3));
  if (message.size != 0) {
    Acceptance& before = acceptances_[message.tag];
    const LifeIndex publisher = sessions_[message.client].life;
    if (before.times > 0 && (message.qos != Qos::at_least_once || is_will) && before.publisher == publisher &&
        before.epoch == epoch_ && !lives_[publisher].doubled)
      fail(fmt::format("{}, of QoS {}, is accepted twice", message.tag, static_cast<int>(message.qos)));
    before = {before.times + 1, publisher, epoch_};
  }
  if (message.retain && message.size == 0) {
    retained_.erase(message.topic);
  } else if (message.retain) {
    retained_[message.topic] = message;
  }
  expected_routes_ = expect(message);
}

// To how many sessions it goes.
Judge::Routes Judge::expect(const Sent& message) {
  Routes routes;
  std::map<std::string, Group> groups;  // by the whole filter
  for (const auto& [client, session] : sessions_) {
    if (!session.exists) continue;
    std::optional<Qos> granted;
    bool shows_retain = false;
    for (const auto& [filter, subscription] : session.subscriptions) {
      if (const auto shared = mqtt::shared_filter(filter)) {
        if (!selects(shared->filter, message.topic)) continue;
        Group& group = groups[filter];
        group.certain = group.certain || !session.uncertain;
        if (message.size == 0) continue;  // it has no tag to follow it by
        group.tag = message.tag;
        group.members.push_back(session.life);
        group.owed = std::min(message.qos, subscription.qos) != Qos::at_most_once && !session.uncertain &&
                     (group.members.size() == 1 || group.owed);
        Expectation& expected = add_copy(message, session.life, subscription.qos, false);
        expected.live = true;
        expected.retained = expected.retained || (message.retain && subscription.retain_as_published);
        continue;
      }
      if (!selects(filter, message.topic) || (subscription.no_local && client == message.client)) continue;
      granted = granted ? std::max(*granted, subscription.qos) : subscription.qos;
      shows_retain = shows_retain || subscription.retain_as_published;
    }
    if (!granted) continue;
    routes.least += session.uncertain ? 0 : 1;
    ++routes.most;
    if (message.size == 0) continue;
    Expectation& expected = add_copy(message, session.life, *granted, true);
    expected.live = true;
    expected.retained = expected.retained || (message.retain && shows_retain);
    expected.excused = expected.excused || session.uncertain;
  }
  for (auto& [filter, group] : groups) {
    routes.least += group.certain ? 1 : 0;
    ++routes.most;
    groups_.push_back(std::move(group));
  }
  return routes;
}

void Judge::subscribed(const std::string& client, mqtt::Subscribe packet) {
  ModelSession& session = sessions_[client];
  while (const auto request = packet.filters.next()) {
    const std::string filter(request->filter);
    const bool is_new = !session.subscriptions.contains(filter);
    session.subscriptions[filter] = {request->qos, request->no_local, request->retain_as_published};
    const bool wants = request->retain_handling == mqtt::RetainHandling::send ||
                       (request->retain_handling == mqtt::RetainHandling::send_if_new && is_new);
    if (!wants || mqtt::shared_filter(filter)) continue;
    for (const auto& [topic, message] : retained_) {
      if (!selects(filter, topic) || (request->no_local && message.client == client) || message.has_expired(now_))
        continue;
      add_copy(message, session.life, request->qos, true).retained = true;
    }
  }
}

void Judge::delivered(const Record& r) {
  const auto arrival = arrivals_.find(r.cause);
  const auto release = releases_.find(r.cause);
  std::optional<Arrived<mqtt::Publish>> which;
  if (arrival != arrivals_.end()) which = arrival->second;
  if (release != releases_.end()) {
    const auto& received = clients_[r.entity].received;
    if (const auto held = received.find(release->second.second); held != received.end()) which = held->second;
  }
  if (!which) {
    fail(fmt::format("{} is given a message that did not come", name(r.entity)));
    return;
  }
  const auto& [stream, at, packet] = *which;
  if (packet.payload.empty()) return;  // it clears what is retained, and has no tag
  const std::string_view text = wire::text_of(packet.payload);
  const std::string tag(text.substr(0, text.find(':')));
  const LifeIndex life = life_of_[stream];
  Expectation* const expected = find(tag, life);
  const auto wrong = [&](std::string_view what) { fail(fmt::format("{} got {} {}", name(r.entity), tag, what)); };
  if (expected == nullptr) {
    wrong("from nowhere: its session has no subscription that selects it");
    return;
  }
  const unsigned qos = static_cast<unsigned>(packet.qos);
  if (packet.topic != expected->message.topic) wrong("under another topic");
  if (packet.payload.size() != expected->message.size) wrong("with another payload");
  if (expected->copies[qos] == 0) wrong(fmt::format("at QoS {}, which it should not have", qos));
  if (packet.retain ? !expected->retained : !expected->live) wrong(packet.retain ? "with RETAIN" : "without RETAIN");
  const bool first = expected->got++ == 0;
  const int times = ++expected->delivered[r.entity][qos];
  const int fresh = expected->fresh[r.entity][qos] += packet.dup ? 0 : 1;
  if (expected->may_repeat || lives_[life].doubled) return;
  if (packet.qos != Qos::at_least_once && times > expected->copies[qos])
    wrong(fmt::format("{} times at QoS {}", times, qos));
  if (packet.qos == Qos::at_least_once && fresh > expected->copies[qos])
    wrong(fmt::format("{} times without DUP", fresh));
  const Acceptance& acceptance = acceptances_[tag];
  const int step = step_of(tag);
  if (!first || packet.retain || step < 0 || acceptance.times > 1 || lives_[acceptance.publisher].doubled ||
      unordered_.contains(tag))
    return;
  // Messages of one publisher, topic and QoS keep their order [MQTT-4.6.0-6].
  const unsigned levels = static_cast<unsigned>(expected->message.qos) * 4 + qos;
  int& last = last_step_.try_emplace({expected->message.client, expected->message.topic, levels, life, r.entity}, -1)
                  .first->second;
  if (step < last) wrong(fmt::format("after m{}", last));
  last = std::max(last, step);
}

void Judge::lost(const Record& r) {
  if (kinds_[r.entity] != EntityKind::session) return;
  const auto found = at_broker_.find(r.subject);
  if (found == at_broker_.end()) return;  // what a broker has read from its disk
  const Sent& message = found->second;
  const std::string client = client_of(r.entity);
  ModelSession& session = sessions_[client];
  if (static_cast<LossReason>(r.field) == LossReason::too_large) {
    std::erase_if(session.identifiers, [&](const auto& entry) { return entry.second == r.subject; });
    std::erase_if(session.unanswered, [&](mqtt::PacketId id) { return !session.identifiers.contains(id); });
  }
  Expectation* const expected = find(message.tag, session.life);
  if (expected == nullptr || message.size == 0) return;
  const bool may_be_qos0 = expected->copies[0] != 0;
  const mqtt::BrokerSettings& limits = plan_.broker;
  bool right = false;
  switch (static_cast<LossReason>(r.field)) {
    case LossReason::queue_full:
      right = may_be_qos0 || limits.max_queued_bytes != 0 || limits.manners.forgets_beyond_window ||
              (limits.max_queued != 0 && session.queued + 1 >= limits.max_queued);
      break;
    case LossReason::expired: right = message.has_expired(now_); break;
    case LossReason::too_large: right = message.size + message.topic.size() + 40 > session.max_packet_size; break;
    case LossReason::session_ended:
      right = session.life == kNoLife || lives_[session.life].ended || session.expires <= now_ ||
              stopping_.has_value() || is_replaced(client);
      break;
    case LossReason::subscriber_offline:
    case LossReason::connection_lost: right = may_be_qos0; break;
    default: break;
  }
  if (!right)
    fail(fmt::format("{} is lost for {}, and there is no reason for it: {}", message.tag, client,
                     name_of(static_cast<LossReason>(r.field))));
  const auto reason = static_cast<LossReason>(r.field);
  if (reason == LossReason::subscriber_offline || reason == LossReason::connection_lost) return;  // a copy of QoS 0
  expected->owed = std::max(0, expected->owed - 1);
  for (Group& group : groups_) {
    if (group.tag == message.tag && std::count(group.members.begin(), group.members.end(), session.life) != 0)
      group.owed = false;
  }
}

void Judge::check_messages() {
  const auto session_of = [&](LifeIndex life) -> const ModelSession* {
    for (const auto& [client, session] : sessions_) {
      if (session.life == life) return &session;
    }
    return nullptr;
  };
  const auto is_settled = [&](LifeIndex life) {
    const ModelSession* const session = session_of(life);
    return session != nullptr && session->connected && !lives_[life].ended && !lives_[life].doubled;
  };
  for (const auto& [key, expected] : expectations_) {
    if (expected.got >= expected.owed || expected.excused || !is_settled(key.second)) continue;
    for (const auto& [client, session] : sessions_) {
      if (session.life == key.second)
        fail(fmt::format("{}, of QoS {}, never came to {}", key.first, static_cast<int>(expected.message.qos), client));
    }
  }
  for (const Group& group : groups_) {
    if (!group.owed) continue;
    bool settled = true, got = false;
    for (const LifeIndex life : group.members) {
      const Expectation* const expected = find(group.tag, life);
      settled = settled && is_settled(life) && !expected->excused;
      got = got || expected->got > 0;
    }
    if (settled && !got) fail(fmt::format("{} never came to any member of a shared subscription", group.tag));
  }
}

}  // namespace wirelab::torture
