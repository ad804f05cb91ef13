// The two timers of a connection: one that retransmits, probes a closed window or ends TIME_WAIT, and the delayed
// acknowledgement.
#include <algorithm>

#include "sim/protocol/tcp/connection.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::tcp {
namespace {

constexpr Field kTimerField[] = {Field::none,
                                 Field::tcp_retransmit_timer,
                                 Field::tcp_persist_timer,
                                 Field::tcp_close_timer,
                                 Field::tcp_probe_timer,
                                 Field::tcp_reorder_timer};

}  // namespace

// The instant at which a timer goes off that is set for `after` from now. Linux's timer wheel counts ticks and keeps later timers
// in coarser slots, each level eight times as coarse, and rounds up so that none is early (kernel/time/timer.c, calc_index):
// up to 252 ms by a tick of 4 ms, up to 2 s by 32 ms, up to 16 s by 256 ms, then by 2 s. Where the ticks fall is chance.
Instant Connection::when(Duration after) const {
  const Instant now = host_.events.now();
  if (const Duration tick = settings_.slow_tick; tick.ns() != 0) {
    // lwIP counts the ticks that come: so the last of n may come up to one early.
    const std::int64_t count = (after.ns() + tick.ns() - 1) / tick.ns();
    return Instant::from_ns((ticks(now, tick) + count) * tick.ns() - phase(tick));
  }
  if (!settings_.timer_wheel) return now + after;
  constexpr std::int64_t kSlots = 63;  // of the first level, less one
  const std::int64_t tick = settings_.tick.ns();
  const std::int64_t shift_of_ticks = tick_shift();
  const std::int64_t clock = (now.ns() + shift_of_ticks) / tick;
  const std::int64_t expires = clock + (after.ns() + tick - 1) / tick;
  int shift = 0;
  while (shift < 12 && expires - clock >= (kSlots << shift)) shift += 3;
  const std::int64_t slot = ((expires >> shift) + 1) << shift;
  return Instant::from_ns(slot * tick - shift_of_ticks);
}

// How far the timer wheel of ticks was into a round of its third level at the beginning.
std::int64_t Connection::tick_shift() const {
  return settings_.tick_phase ? settings_.tick_phase->ns() : phase(Duration::nanoseconds(512 * settings_.tick.ns()));
}

// The beginning of the present tick: what Linux measures in jiffies is as coarse.
Instant Connection::tick_began() const {
  const std::int64_t tick = settings_.tick.ns(), shift = tick_shift();
  return Instant::from_ns((host_.events.now().ns() + shift) / tick * tick - shift);
}

// Where a kernel's ticks fall is chance.
std::int64_t Connection::phase(Duration tick) const {
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(iss_) >> 8) * static_cast<std::uint64_t>(tick.ns()) >>
                                   24);
}
std::int64_t Connection::ticks(Instant at, Duration tick) const { return (at.ns() + phase(tick)) / tick.ns(); }

void Connection::arm(Mode mode, Duration after) {
  if (mode_ != mode) disarm();
  arm_traced(host_.trace, timer_, entity_, kTimerField[static_cast<std::size_t>(mode)], when(after));
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
    case Mode::probe: self->send_tail_probe(); break;
    case Mode::reorder: self->reordering_timeout(); break;
    case Mode::idle: break;
  }
}

// An acknowledgement that may wait. One that is nearly due already goes now.
void Connection::send_ack_later() {
  const Duration delay = acks_.delay(Duration::microseconds(round_trip_.srtt_us()));
  const Duration fast = settings_.fast_tick;
  Instant at = settings_.slow_tick.ns() == 0
                   ? when(delay)
                   : Instant::from_ns((ticks(host_.events.now(), fast) + 1) * fast.ns() - phase(fast));
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

// The time-out runs from now; where a probe or the reordering timer stood in its place, from the sending of the oldest segment
// (tcp_rearm_rto).
void Connection::arm_retransmission() {
  if (sent_.empty()) {
    if (mode_ == Mode::retransmit || mode_ == Mode::probe || mode_ == Mode::reorder) disarm();
    return;
  }
  arm(Mode::retransmit, mode_ == Mode::probe || mode_ == Mode::reorder ? time_out_left() : round_trip_.rto());
}

// Of the oldest segment's time-out, since it was sent.
Duration Connection::time_out_left() const {
  return std::max(sent_[0].last_sent + round_trip_.rto() - host_.events.now(), Duration::microseconds(1));
}

// RFC 8985, section 7.2: a probe comes before the time-out, where nothing is known to be lost. `advancing`: the time-out would
// run from now, else from the sending of the oldest segment. `begins`: where there can be no probe, the time-out is set.
void Connection::arm_probe_or_retransmission(bool advancing, bool begins) {
  constexpr Duration kDelayedAck = Duration::milliseconds(200);  // Linux's tcp_rto_min, for a lone segment
  if (sent_.empty() || !sack_ || recovery_ != Recovery::none || sent_.sacked() > 0) {
    if (begins || sent_.empty()) arm_retransmission();
    return;
  }
  Duration after = Duration::microseconds(RoundTrip::kInitial);
  if (round_trip_.srtt8 > 0)
    after = Duration::microseconds(2 * round_trip_.srtt_us()) + (sent_.size() == 1 ? kDelayedAck : kTimerMargin);
  const Duration timeout = advancing ? round_trip_.rto() : sent_[0].last_sent + round_trip_.rto() - host_.events.now();
  if (timeout.ns() > 0) after = std::min(after, timeout);
  arm(Mode::probe, after);
}

void Connection::arm_keep_alive(Duration after) {
  arm_traced(host_.trace, keep_alive_->timer, entity_, Field::tcp_keepalive_timer, when(after));
}

void Connection::on_keep_alive(void* target, std::uint64_t) {
  auto* self = static_cast<Connection*>(target);
  record_fired(self->host_.trace, self->entity_, Field::tcp_keepalive_timer);
  self->keep_alive_is_due();
}

// RFC 1122, section 4.2.3.6, as Linux: after so much silence an old sequence number asks for an ACK; if none of some probes is
// answered, the peer is gone. While data is under way its own timers do that.
void Connection::keep_alive_is_due() {
  const Duration silence = host_.events.now() - keep_alive_->heard;
  if (!sent_.empty() || snd_nxt_ < written_) {
    arm_keep_alive(settings_.keep_alive);
  } else if (silence < settings_.keep_alive) {
    keep_alive_->unanswered = 0;
    arm_keep_alive(settings_.keep_alive - silence);
  } else if (keep_alive_->unanswered >= settings_.keep_alive_probes) {
    send_reset(sequence_of(snd_nxt_));
    finish(CloseReason::timed_out);
  } else {
    ++keep_alive_->unanswered;
    send_probe();
    arm_keep_alive(settings_.keep_alive_interval);
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
    if (state_ == State::syn_received || (settings_.syn_backs_off && retries_ > settings_.syn_linear_timeouts))
      ++round_trip_.backoff;
    host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
    CauseScope scope(host_.trace);
    host_.trace.emit_cause(Kind::retransmission, entity_, stream_out_, RetransmitReason::timeout);
    send_syn();
    if (settings_.slow_tick.ns() != 0 && retries_ >= settings_.syn_retries) arm(Mode::retransmit, settings_.slow_tick);
    return;
  }
  if (sent_.empty()) return;
  repair_waits_ = false;
  const Instant now = host_.events.now();
  if (round_trip_.backoff == 0) first_timeout_ = sent_.front().last_sent;
  if (now - first_timeout_ >= settings_.give_up || (settings_.retries != 0 && timeouts_ >= settings_.retries)) {
    finish(CloseReason::timed_out);
    return;
  }
  const bool all_was_well = recovery_ == Recovery::none;
  // The threshold falls once for a flight, not again when its repair times out (RFC 5681, section 3.1).
  if (all_was_well || snd_una_ >= loss().recovery_point || (recovery_ == Recovery::timeout && timeouts_ == 0)) {
    loss().undo = {true, congestion_.window, congestion_.threshold};
    const std::uint32_t threshold = settings_.congestion->threshold_after_loss(congestion_, flight_size(), now);
    set(Field::tcp_ssthresh, congestion_.threshold, threshold);
  }
  // F-RTO begins: RFC 5682, section 3.1, step 1. What counts ticks has none.
  maybe_spurious_ = settings_.slow_tick.ns() == 0 && (all_was_well || timeouts_ > 0);
  settings_.congestion->timed_out(congestion_);
  congestion_.counted = 0;
  if (timeouts_ < 255) ++timeouts_;
  set(Field::tcp_recovery, recovery_, Recovery::timeout);
  loss().recovery_point = snd_nxt_;
  duplicate_acks_ = 0;
  loss().probe_end = 0;
  // The oldest is lost, and all that were sent longer ago than a round trip; what is younger may still arrive.
  sent_.mark_lost(0);
  for (std::uint32_t i = 1; i < sent_.size(); ++i) {
    const Duration recent =
        loss().rack.round_trip.ns() > 0 ? loss().rack.round_trip : Duration::microseconds(round_trip_.srtt_us());
    if (!sack_ || now - sent_[i].last_sent >= recent) sent_.mark_lost(i);
  }
  set(Field::tcp_cwnd, congestion_.window, sent_.in_flight() + 1);
  ++round_trip_.backoff;  // RFC 6298, 5.5
  host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
  output();
  arm_retransmission();
  // lwIP's slow timer finds that there were enough, and ends it at its next tick.
  if (settings_.slow_tick.ns() != 0 && timeouts_ >= settings_.retries) arm(Mode::retransmit, settings_.slow_tick);
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
    if (send_new({.anything = true})) arm_retransmission();
    return;
  }
  send_probe();
  const std::int64_t old_rto = round_trip_.rto_us();
  ++round_trip_.backoff;
  host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
  arm(Mode::persist, round_trip_.rto());
}

}  // namespace wirelab::tcp
