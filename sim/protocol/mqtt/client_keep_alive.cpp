// When a client sends PINGREQ, and when it gives an unanswered one up.
#include <algorithm>

#include "sim/protocol/mqtt/client.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::mqtt {

void Client::arm(TimerId timer, Field field, Duration after) {
  arm_traced(trace_, timer, entity_, field, events_.now() + after);
}

void Client::disarm(TimerId timer, Field field) {
  if (timer.valid()) disarm_traced(trace_, timer, entity_, field);
}

void Client::on_keep_alive(void* target, std::uint64_t) {
  auto* self = static_cast<Client*>(target);
  record_fired(self->trace_, self->entity_, Field::client_keepalive_timer);
  if (self->state_ == ClientState::connected) self->keep_alive_is_due();
}

// A loop looks once in a while only: after what it last did.
Instant Client::next_look() const {
  const Instant now = events_.now();
  const Duration every = options_.manners.looks_every;
  if (every.ns() == 0) return now;
  const Duration idle = now - std::max({last_sent_, last_received_, last_ping_});
  const std::int64_t begun = (idle.ns() + every.ns() - 1) / every.ns();
  return now + (every * begun - idle);
}

Instant Client::ping_is_due_at() const {
  const Duration interval = Duration::seconds(keep_alive());
  switch (options_.manners.ping) {
    case PingRule::since_last_ping: return last_ping_ + interval;
    case PingRule::when_either_silent: return std::max(last_ping_, std::min(last_sent_, last_received_)) + interval;
    case PingRule::when_silent: break;
  }
  return last_sent_ + interval;
}

// The loop has come round after a packet.
void Client::look() {
  if (options_.manners.looks_every.ns() == 0 || keep_alive() == 0 || !served_) return;
  if (state_ != ClientState::connected) return;
  const Instant now = events_.now();
  if (ping_timer_.valid() && events_.due(ping_timer_) != Instant::never()) {
    if (now - last_ping_ >= Duration::seconds(keep_alive())) give_up_unanswered();
  } else if (now >= ping_is_due_at()) {
    ping();
  }
}

void Client::keep_alive_is_due() {
  const Instant at = std::max(next_look(), ping_is_due_at());
  if (options_.manners.ping != PingRule::when_silent && at > events_.now()) {
    arm(keep_alive_timer_, Field::client_keepalive_timer, at - events_.now());
    return;
  }
  if (served_) {
    ping();
  } else {
    ping_due_ = true;
  }
}

void Client::ping() {
  ping_due_ = false;
  last_ping_ = events_.now();
  scratch_.clear();
  encode_empty(PacketType::pingreq, scratch_);
  send(0);
  if (!ping_timer_.valid()) ping_timer_ = events_.make_timer(on_ping_timeout, this);
  if (events_.due(ping_timer_) == Instant::never())
    arm(ping_timer_, Field::client_ping_timer, Duration::seconds(keep_alive()));
}

void Client::set_served(bool served) {
  served_ = served;
  if (served_ && ping_due_ && state_ == ClientState::connected) ping();
}

void Client::on_ping_timeout(void* target, std::uint64_t) {
  auto* self = static_cast<Client*>(target);
  record_fired(self->trace_, self->entity_, Field::client_ping_timer);
  if (self->channel_ == nullptr) return;
  const Instant at = self->next_look();
  if (at > self->events_.now()) {
    self->arm(self->ping_timer_, Field::client_ping_timer, at - self->events_.now());
  } else {
    self->give_up_unanswered();
  }
}

void Client::give_up_unanswered() {
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::ping_unanswered);
  ByteChannel* const dead = channel_;
  end(SessionEvent::connection_lost, false);
  dead->close();
}

}  // namespace wirelab::mqtt
