// The model's sessions: how they begin, are resumed and end; their keep alive and their wills.
#include <fmt/format.h>

#include <algorithm>

#include "lab/proof/torture/judge.hpp"

namespace wirelab::torture {

using mqtt::Property;
using mqtt::Qos;
using mqtt::Version;

void Judge::connection_begins(const Recording::Entry& entry) {
  const auto found = connects_.find(entry.record.cause);
  if (found == connects_.end()) {
    fail(fmt::format("{} is connected without a CONNECT", name(entry.record.entity)));
    return;
  }
  const auto& [stream, at, connect] = found->second;
  const std::string client(connect.client_id);
  ModelSession& session = sessions_[client];
  if (session.connected) fail(fmt::format("{} has two connections", client));
  const bool known = session.exists && now_ < session.expires;
  session.resumed = known && !connect.clean_session;
  if (session.uncertain && !connect.clean_session) {
    // What a crashed broker has kept depends on when it saved: it says itself what came of it.
    const auto& entries = played_.recording.entries();
    for (std::size_t i = place_; i < entries.size(); ++i) {
      const Record& r = entries[i].record;
      if (r.kind != Kind::session_event || r.entity != entry.record.entity) continue;
      if (r.field == static_cast<std::uint16_t>(SessionEvent::session_resumed)) session.resumed = session.exists;
      if (r.field == static_cast<std::uint16_t>(SessionEvent::session_created)) session.resumed = false;
      break;
    }
  }
  session.uncertain = false;
  if (session.will) {
    const bool waits = session.will->due && *session.will->due > now_;
    if (!session.resumed || !waits)
      fail(fmt::format("the will of {} was not published when its session ended", client));
    session.will.reset();  // it does not go out: the client is back in time
  }
  if (!session.resumed) {
    if (session.exists) end_life(session);
    session.life = lives_.size();
    const auto devices = std::count_if(plan_.devices.begin(), plan_.devices.end(),
                                       [&](const DevicePlan& device) { return device.options.client_id == client; });
    lives_.push_back({false, devices > 1});
  }
  session.exists = session.connected = true;
  session.version = static_cast<Version>(connect.level);
  session.expiry = connect.clean_session ? 0 : kNever;
  session.receive_maximum = 65535;
  session.max_packet_size = 0xffffffff;
  if (session.version == Version::v5) {
    session.expiry = connect.properties.number(Property::session_expiry_interval).value_or(0);
    session.receive_maximum = connect.properties.number(Property::receive_maximum).value_or(65535);
    session.max_packet_size = connect.properties.number(Property::maximum_packet_size).value_or(0xffffffff);
  }
  session.expires = Instant::never();
  session.keep_alive = connect.keep_alive;
  session.last_heard = now_;
  session.graceful = false;
  session.unanswered.clear();
  life_of_[other_[stream]] = session.life;
  epoch_of_[other_[stream]] = epoch_;
  if (connect.will) arm_will(session, client, *connect.will);
}

void Judge::connection_ends(ModelSession& session) {
  session.connected = false;
  if (session.graceful) session.will.reset();
  if (session.will) {
    const std::uint32_t delay = std::min(session.will->delay, session.expiry);
    session.will->due = now_ + Duration::seconds(stopping_ ? 0 : delay);
  }
  session.expires = session.expiry == kNever ? Instant::never() : now_ + Duration::seconds(session.expiry);
}

void Judge::end_life(ModelSession& session) {
  if (session.life != kNoLife) lives_[session.life].ended = true;
  session.exists = false;
  session.subscriptions.clear();
  session.identifiers.clear();
  session.unanswered.clear();
  session.received.clear();
  session.stale.clear();
  if (session.will && session.will->due) session.will->due = std::min(*session.will->due, now_);
}

void Judge::expire_sessions() {
  for (auto& [client, session] : sessions_) {
    if (session.exists && !session.connected && session.expires < now_) end_life(session);
  }
}

// By a CONNECT with a clean start, which is being handled.
bool Judge::is_replaced(const std::string& client) const {
  if (connects_.empty()) return false;
  const Arrived<mqtt::Connect>& last = connects_.rbegin()->second;
  return last.at == now_ && last.packet.client_id == client && last.packet.clean_session;
}

void Judge::take_session_event(const Record& r) {
  const std::string client = client_of(r.entity);
  ModelSession& session = sessions_[client];
  switch (static_cast<SessionEvent>(r.field)) {
    case SessionEvent::session_resumed:
      if (!session.resumed) fail(fmt::format("{} is given a session that should be over", client));
      break;
    case SessionEvent::session_created:
      if (session.resumed) fail(fmt::format("the session of {} is lost", client));
      break;
    case SessionEvent::session_expired:
      if (!session.uncertain && session.exists && now_ != session.expires)
        fail(fmt::format("the session of {} expires at {:.3f} s, and should at {:.3f} s", client,
                         static_cast<double>(now_.ns()) / 1e9, static_cast<double>(session.expires.ns()) / 1e9));
      if (session.exists) end_life(session);
      break;
    case SessionEvent::session_discarded:
      // With its connection: its will may still reach it in between.
      if (session.exists && !session.connected && (session.expires <= now_ || is_replaced(client))) end_life(session);
      break;
    case SessionEvent::keepalive_expired: {
      const Duration silent = now_ - session.last_heard;
      const Duration limit = Duration::milliseconds(1500) * session.keep_alive;
      if (session.keep_alive == 0 || silent < limit || silent > limit + plan_.broker.manners.looks_every)
        fail(fmt::format("{} is thrown out after {:.3f} s of silence, its keep alive is {} s", client,
                         static_cast<double>(silent.ns()) / 1e9, session.keep_alive));
      break;
    }
    default: break;
  }
}

// A client that says nothing for longer than one and a half times its keep alive loses its connection [MQTT-3.1.2-24].
void Judge::check_silence(const ModelSession& session, const std::string& client) {
  if (!session.connected || session.keep_alive == 0) return;
  const Duration limit = Duration::milliseconds(1500) * session.keep_alive + plan_.broker.manners.looks_every;
  if (now_ - session.last_heard > limit)
    fail(fmt::format("{} was silent for {:.3f} s and keeps its connection, with a keep alive of {} s", client,
                     static_cast<double>((now_ - session.last_heard).ns()) / 1e9, session.keep_alive));
}

// Asked to stop, it publishes all wills and keeps its state, or not; at once, it only goes.
void Judge::broker_stops(bool at_once) {
  next_save_.reset();
  stopping_ = now_;
  crashed_ = at_once;
  for (auto& [client, session] : sessions_) {
    if (!session.will) continue;
    if (at_once) {
      session.will.reset();
    } else {
      session.will->due = now_;
    }
  }
}

void Judge::after_stop() {
  const bool gone = crashed_ || !plan_.broker.persistence;
  if (!gone) save();
  stopping_.reset();
  if (!gone) return;
  // Nothing that was accepted is owed any more, and what had been saved may come again.
  for (auto& [key, expected] : expectations_) expected.excused = expected.may_repeat = true;
  for (Group& group : groups_) group.owed = false;
  ++epoch_;
  for (auto& [client, session] : sessions_) {
    const Saved* saved = nullptr;
    if (disk_ && plan_.broker.persistence) {
      if (const auto found = disk_->sessions.find(client); found != disk_->sessions.end()) saved = &found->second;
    }
    if (session.exists && (saved == nullptr || saved->life != session.life)) end_life(session);
    session = ModelSession();
    if (saved == nullptr) continue;
    static_cast<Saved&>(session) = *saved;
    session.uncertain = true;
    for (const auto& [id, message] : session.received) session.stale.insert(id);
    lives_[session.life].ended = false;
  }
  retained_.clear();
  if (disk_ && plan_.broker.persistence) retained_ = disk_->retained;
}

void Judge::broker_begins() {
  if (plan_.broker.persistence && plan_.broker.autosave_interval.ns() > 0)
    next_save_ = now_ + plan_.broker.autosave_interval;
}

void Judge::save() {
  disk_.emplace();
  disk_->retained = retained_;
  for (const auto& [client, session] : sessions_) {
    // A session that ends with its connection does not outlive the process.
    if (session.exists && session.expiry != 0) disk_->sessions[client] = session;
  }
}

// What the program had received and not finished with is gone with it.
void Judge::program_dies(EntityId node) {
  for (auto& [entity, client] : clients_) {
    if (client.node != node || !client.alive) continue;
    client.alive = false;
    const auto found = sessions_.find(client.id);
    if (found == sessions_.end()) continue;
    for (const auto& [id, message] : found->second.received) {
      found->second.stale.insert(id);
      unordered_.insert(message.tag);  // a broker that waits for PUBREL gets it from a later program only
    }
    for (auto& [key, expected] : expectations_) {
      if (key.second != found->second.life) continue;
      expected.may_repeat = true;
      if (expected.arrivals > expected.got) expected.excused = true;
    }
  }
}

void Judge::arm_will(ModelSession& session, const std::string& client, const mqtt::Will& will) {
  const std::string_view text = wire::text_of(will.payload);
  ModelWill armed;
  armed.message = {std::string(text.substr(0, text.find(':'))),
                   std::string(will.topic),
                   will.payload.size(),
                   will.qos,
                   will.retain,
                   will.properties.number(Property::message_expiry_interval).value_or(kNever),
                   client,
                   0,
                   now_};
  armed.delay = will.properties.number(Property::will_delay_interval).value_or(0);
  session.will = std::move(armed);
}

void Judge::will_published(const Record& r) {
  const std::string client = client_of(r.entity);
  ModelSession& session = sessions_[client];
  const auto cause = static_cast<WillCause>(r.field);
  if (!session.will) {
    fail(fmt::format("a will of {} is published, and it has none", client));
    return;
  }
  const bool stops = stopping_ && cause == WillCause::broker_stopped;
  const bool replaced = cause == WillCause::session_ended && is_replaced(client);
  if (session.connected && !stops) {
    fail(fmt::format("the will of {} is published while it is connected", client));
  } else if (!stops && !replaced && (!session.will->due || *session.will->due != now_)) {
    fail(fmt::format("the will of {} is published at the wrong time", client));
  }
  Sent message = session.will->message;
  session.will.reset();
  at_broker_[r.subject] = std::move(message);
}

void Judge::check_wills() {
  for (auto& [client, session] : sessions_) {
    if (!session.will || !session.will->due || *session.will->due >= now_) continue;
    fail(fmt::format("the will of {} was due at {:.3f} s and was not published", client,
                     static_cast<double>(session.will->due->ns()) / 1e9));
    session.will.reset();
  }
}

}  // namespace wirelab::torture
