// The two timers of a connection: one that retransmits, probes a closed window or ends TIME_WAIT, and the delayed
// acknowledgement.
#include <algorithm>

#include "sim/protocol/tcp/connection.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::tcp {
namespace {

constexpr Field kTimerField[] = {Field::none, Field::tcp_retransmit_timer, Field::tcp_persist_timer,
                                 Field::tcp_close_timer};

}  // namespace

void Connection::arm(Mode mode, Duration after) {
  if (mode_ != mode) disarm();
  arm_traced(host_.trace, timer_, entity_, kTimerField[static_cast<std::size_t>(mode)], host_.events.now() + after);
  mode_ = mode;
}

void Connection::disarm() {
  if (mode_ == Mode::idle) return;
  disarm_traced(host_.trace, timer_, entity_, kTimerField[static_cast<std::size_t>(mode_)]);
  mode_ = Mode::idle;
}

void Connection::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<Connection*>(target);
  const Mode mode = self->mode_;
  record_fired(self->host_.trace, self->entity_, kTimerField[static_cast<std::size_t>(mode)]);
  self->mode_ = Mode::idle;
  switch (mode) {
    case Mode::retransmit: self->retransmission_timeout(); break;
    case Mode::persist: self->persist_timeout(); break;
    case Mode::close: self->finish(CloseReason::orderly); break;
    case Mode::idle: break;
  }
}

// An acknowledgement that may wait. One that is nearly due already goes now.
void Connection::send_ack_later() {
  const Duration delay = acks_.delay(Duration::microseconds(round_trip_.srtt_us()));
  Instant at = host_.events.now() + delay;
  if (const Instant due = host_.events.due(delayed_ack_); due != Instant::never()) {
    if (due <= host_.events.now() + delay / 4) {
      send_ack();
      return;
    }
    at = std::min(at, due);
  }
  arm_traced(host_.trace, delayed_ack_, entity_, Field::tcp_delayed_ack_timer, at);
}

void Connection::disarm_delayed_ack() {
  disarm_traced(host_.trace, delayed_ack_, entity_, Field::tcp_delayed_ack_timer);
}

void Connection::on_delayed_ack(void* target, std::uint64_t) {
  auto* self = static_cast<Connection*>(target);
  record_fired(self->host_.trace, self->entity_, Field::tcp_delayed_ack_timer);
  self->acks_.waited_in_vain(self->round_trip_.rto());
  self->send_ack();
}

void Connection::rearm_retransmission() {
  if (sent_.empty()) {
    if (mode_ == Mode::retransmit) disarm();
  } else {
    arm(Mode::retransmit, round_trip_.rto());
  }
}

void Connection::retransmission_timeout() {
  const std::int64_t old_rto = round_trip_.rto_us();
  if (state_ == State::syn_sent || state_ == State::syn_received) {
    if (retries_ >= settings_.syn_retries) {
      finish(CloseReason::timed_out);
      return;
    }
    ++retries_;
    // Linux answers a SYN with doubling from the start; its own SYN it first repeats at a steady pace.
    if (state_ == State::syn_received || retries_ > settings_.syn_linear_timeouts) ++round_trip_.backoff;
    host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
    CauseScope scope(host_.trace);
    host_.trace.emit_cause(Kind::retransmission, entity_, stream_out_, RetransmitReason::timeout);
    send_syn();
    return;
  }
  if (sent_.empty()) return;
  const Instant now = host_.events.now();
  if (round_trip_.backoff == 0) first_timeout_ = sent_.front().last_sent;
  if (now - first_timeout_ >= settings_.give_up) {
    finish(CloseReason::timed_out);
    return;
  }
  // RFC 5681, section 3.1: the threshold falls once for a flight, not again when its repair times out.
  if (recovery_ == Recovery::none) {
    const std::uint32_t threshold = settings_.congestion->threshold_after_loss(congestion_, flight_size(), now);
    set(Field::tcp_ssthresh, congestion_.threshold, threshold);
  }
  set(Field::tcp_recovery, recovery_, Recovery::timeout);
  recovery_point_ = snd_nxt_;
  duplicate_acks_ = 0;
  set(Field::tcp_cwnd, congestion_.window, 1u);
  sent_.mark_all_lost();
  ++round_trip_.backoff;  // RFC 6298, 5.5
  host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
  output();
  rearm_retransmission();
}

// RFC 9293, section 3.8.6.1: asks the peer whether its window has opened, ever more seldom. As Linux, the probe has no data and
// an old sequence number, which draws an ACK; so it stands outside of loss and congestion.
void Connection::persist_timeout() {
  const Instant now = host_.events.now();
  if (first_timeout_ == Instant::never()) first_timeout_ = now;
  if (now - first_timeout_ >= settings_.give_up) {  // of probes that nobody answers
    finish(CloseReason::timed_out);
    return;
  }
  // A window that is open, but too small for silly window avoidance, is used after this wait.
  if (send_window_left() > 0) {
    if (send_new(true)) rearm_retransmission();
    return;
  }
  send_probe();
  const std::int64_t old_rto = round_trip_.rto_us();
  ++round_trip_.backoff;
  host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
  arm(Mode::persist, round_trip_.rto());
}

}  // namespace wirelab::tcp
