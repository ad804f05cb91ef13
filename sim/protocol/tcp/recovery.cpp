// How a sender finds out what is lost, and how fast it goes on: RACK and tail loss probe (RFC 8985), recovery with proportional
// rate reduction (RFC 6937), F-RTO (RFC 5682), undoing what was wrong (RFC 4015); NewReno (RFC 6582) where the peer has no SACK.
#include <algorithm>

#include "sim/protocol/tcp/connection.hpp"

namespace wirelab::tcp {

LossState& Connection::loss() {
  if (loss_ == nullptr) loss_ = std::make_unique<LossState>();
  return *loss_;
}

// Everything that an acknowledgement means for loss and for the window, in Linux's order (tcp_ack).
void Connection::recover(const wire::TcpHeader& header, AckNews& news, bool duplicate) {
  const Instant now = host_.events.now();
  repair_waits_ = false;
  const auto sample = [&] {
    return AckSample{news.delivered,      now,      tick_began(), settings_.tick, news.round_trip,
                     round_trip_.least(), snd_una_, snd_nxt_};
  };
  if (news.round_trip.ns() >= 0) {
    const std::uint32_t old_threshold = congestion_.threshold;
    settings_.congestion->measured(congestion_, sample());
    host_.trace.state(entity_, Field::tcp_ssthresh, old_threshold, congestion_.threshold);
  }
  if (loss_ != nullptr && loss_->probe_end != 0) answer_to_probe(duplicate, news);
  if (duplicate && duplicate_acks_ < 255) ++duplicate_acks_;
  if (recovery_ == Recovery::none && loss_ != nullptr)
    loss_->resent = loss_->resent && !sent_.empty() && loss_->probe_end != 0;
  if (recovery_ == Recovery::fast && snd_una_ >= loss().recovery_point) {
    if (loss().undo.possible && original_answered(header)) undo(false);
    leave_recovery();
  } else if (recovery_ == Recovery::fast && news.advanced && loss().undo.possible && original_answered(header)) {
    undo(true);  // a hole was filled by the original
    set(Field::tcp_recovery, recovery_, Recovery::none);
  } else if (recovery_ == Recovery::timeout) {
    after_timeout(header, news, duplicate);
  }
  if (!sack_ && recovery_ == Recovery::fast && news.advanced && !sent_.empty())
    sent_.mark_lost(0);  // RFC 6582: a partial acknowledgement names the next hole
  const std::uint32_t under_repair = sent_.in_repair();
  news.lost_more = (!sack_ || (loss_ != nullptr && loss_->rack.advanced)) && detect_loss();
  // After a time-out the flight is sent again at its own pace, until a repair is lost as well.
  const bool repair_lost = recovery_ == Recovery::timeout && sent_.in_repair() < under_repair;
  // What was lost in a recovery that is over begins the next one, sent again or not (tcp_time_to_recover).
  if ((sent_.lost() > 0 && recovery_ == Recovery::none) || repair_lost) enter_recovery();

  // A SACK puts the time-out off only where it tells of something older than the oldest segment's last sending, or the time-out
  // could recede for ever (tcp_clean_rtx_queue).
  const bool older = !sent_.empty() && news.sacked_sending < sent_[0].last_sent;
  if ((news.whole || older) && mode_ != Mode::reorder) arm_probe_or_retransmission(true, true);

  if (recovery_ == Recovery::fast) {
    const std::uint32_t delivered = sack_ ? news.delivered : news.delivered + (duplicate ? 1 : 0);
    if (delivered == 0 && !duplicate) return;
    const std::uint32_t in_flight = sent_.in_flight();
    const std::uint32_t more =
        loss().reduction.allowance(delivered, news.advanced, news.lost_more, in_flight, congestion_.threshold);
    set(Field::tcp_cwnd, congestion_.window, in_flight + more);
    return;
  }
  if (!news.advanced || !congestion_.limits()) return;
  const std::uint32_t old_window = congestion_.window;
  settings_.congestion->acknowledged(congestion_, sample());
  host_.trace.state(entity_, Field::tcp_cwnd, old_window, congestion_.window);
}

// RFC 8985, section 7.4: what the answer to a tail loss probe says.
void Connection::answer_to_probe(bool duplicate, const AckNews& news) {
  if (snd_una_ < loss().probe_end) return;
  if (!probe_resent_ || news.repeated) {
    loss().probe_end = 0;  // it was new data, or had not been needed
  } else if (snd_una_ > loss().probe_end) {
    // The segment that was sent again had been lost: repaired, but the window must know of it.
    loss().probe_end = 0;
    if (recovery_ == Recovery::none) {
      reduce();
      set(Field::tcp_cwnd, congestion_.window, congestion_.threshold);
      loss().undo.possible = false;
    }
  } else if (duplicate && !news.advanced) {
    loss().probe_end = 0;  // both arrived
  }
}

// In the recovery after a time-out: tcp_process_loss.
void Connection::after_timeout(const wire::TcpHeader& header, const AckNews& news, bool duplicate) {
  const bool all_acknowledged = snd_una_ >= loss().recovery_point;
  if (news.advanced && loss().undo.possible && original_answered(header)) {
    undo(true);
    set(Field::tcp_recovery, recovery_, Recovery::none);
    return;
  }
  if (maybe_spurious_) {
    // RFC 5682, section 3.1 with SACK: what was sent once, before the time-out, arrives, so it was only late.
    if (news.original_arrived) {
      undo(true);
      set(Field::tcp_recovery, recovery_, Recovery::none);
      return;
    }
    if (snd_nxt_ > loss().recovery_point) {
      if (news.sacked || duplicate) maybe_spurious_ = false;  // step 3.a: the loss was real
    } else if (news.advanced && !all_acknowledged) {
      // Step 2.b: send new data instead of the rest, and see.
      loss().recovery_point = snd_nxt_;
      const bool more = snd_nxt_ < sendable() && !fin_sent_ && send_window_left() > 0;
      if (more) {
        new_before_repair_ = true;
        return;
      }
      maybe_spurious_ = false;
    }
  }
  if (!all_acknowledged) return;
  if (loss().undo.possible && original_answered(header)) undo(false);
  set(Field::tcp_recovery, recovery_, Recovery::none);
  loss().undo.possible = false;
}

// The echo in this acknowledgement is older than our first retransmission: the original arrived (RFC 3522).
bool Connection::original_answered(const wire::TcpHeader& header) const {
  return loss_ != nullptr && loss_->resent && timestamps_ && header.has_timestamps && header.timestamp_echo != 0 &&
         static_cast<std::int32_t>(header.timestamp_echo - loss_->first_resend) < 0;
}

// True if something is newly taken for lost. With SACK as RACK has it: whatever was sent a round trip and some patience before
// something that has arrived. Without, three duplicate acknowledgements say so of the first segment.
bool Connection::detect_loss() {
  constexpr std::uint8_t kDuplicateThreshold = 3;
  if (!sack_) {
    if (duplicate_acks_ != kDuplicateThreshold || recovery_ != Recovery::none || sent_.empty()) return false;
    sent_.mark_lost(0);
    return true;
  }
  if (loss_ == nullptr || loss_->rack.round_trip.ns() == 0) return false;
  const Instant now = host_.events.now();
  loss().rack.advanced = false;
  const Duration patience = loss().rack.patience(recovery_ != Recovery::none, sent_.sacked(), round_trip_.least(),
                                                 Duration::microseconds(round_trip_.srtt_us()));
  bool any = false;
  Duration wait = Duration::nanoseconds(0);
  for (std::uint32_t i = 0; i < sent_.size(); ++i) {
    const SentSegment& s = sent_[i];
    if (s.sacked || (s.lost && !s.in_repair)) continue;
    if (!Rack::after(loss().rack.sent, loss().rack.end, s.last_sent, s.end())) continue;
    const Duration left = s.last_sent + loss().rack.round_trip + patience - now;
    if (left.ns() <= 0) {
      sent_.mark_lost(i);
      any = true;
    } else {
      wait = std::max(wait, left);
    }
  }
  if (wait.ns() > 0) {
    arm(Mode::reorder, std::min(wait + kTimerMargin, round_trip_.rto()));
  } else if (mode_ == Mode::reorder) {
    arm_retransmission();
  }
  return any;
}

void Connection::reordering_timeout() {
  if (detect_loss() && recovery_ != Recovery::fast) {
    enter_recovery();
    const std::uint32_t in_flight = sent_.in_flight();
    set(Field::tcp_cwnd, congestion_.window,
        in_flight + loss().reduction.allowance(1, false, false, in_flight, congestion_.threshold));
  }
  output();
  if (mode_ == Mode::idle) arm_retransmission();
}

// FlightSize: what is not cumulatively acknowledged, without what limited transmit sent beyond the window (RFC 5681, equation
// 4, and RFC 6675, section 5, step 4.2).
std::uint32_t Connection::flight_size() const { return std::min(sent_.size(), congestion_.window); }

void Connection::reduce() {
  loss().undo = {true, congestion_.window, congestion_.threshold};
  loss().reduction = {congestion_.window, 0, 0};
  congestion_.counted = 0;
  const std::uint32_t threshold =
      settings_.congestion->threshold_after_loss(congestion_, flight_size(), host_.events.now());
  set(Field::tcp_ssthresh, congestion_.threshold, threshold);
}

void Connection::enter_recovery() {
  reduce();
  set(Field::tcp_recovery, recovery_, Recovery::fast);
  loss().recovery_point = snd_nxt_;
  loss().probe_end = 0;
}

void Connection::leave_recovery() {
  if (loss().undo.possible) set(Field::tcp_cwnd, congestion_.window, std::max(congestion_.threshold, 2u));
  loss().undo.possible = false;
  set(Field::tcp_recovery, recovery_, Recovery::none);
}

// The reduction was wrong: window and threshold as they were before.
void Connection::undo(bool nothing_is_lost) {
  if (nothing_is_lost) sent_.unmark_all_lost();
  if (loss().undo.possible) {
    set(Field::tcp_cwnd, congestion_.window, std::max(congestion_.window, loss().undo.window));
    set(Field::tcp_ssthresh, congestion_.threshold, std::max(congestion_.threshold, loss().undo.threshold));
  }
  loss().undo.possible = false;
  loss().rack.advanced = true;  // what is lost is to be judged anew
  timeouts_ = 0;
}

// RFC 8985, section 7.3: new data if there is any, whatever holds it back; else the last segment once more. Then the time-out
// runs anew. Where an earlier probe may still be answered there is no other, and the time-out runs from the oldest segment's
// sending as if none had been planned: mostly it is over (tcp_send_loss_probe).
void Connection::send_tail_probe() {
  if (sent_.empty()) return;
  if (loss().probe_end != 0) {
    arm(Mode::retransmit, time_out_left());
    return;
  }
  probe_resent_ = false;
  const bool more = has_unsent();
  const bool fits = send_window_left() > 0;
  if (!(more && fits && send_new({.anything = true}))) {
    probe_resent_ = true;
    resend(sent_.size() - 1, RetransmitReason::probe);
  }
  loss().probe_end = snd_nxt_;
  arm(Mode::retransmit, round_trip_.rto());
}

}  // namespace wirelab::tcp
