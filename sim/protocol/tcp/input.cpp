// What a connection does with a segment: the steps of RFC 9293, section 3.10.7.
#include <algorithm>

#include "sim/protocol/tcp/connection.hpp"

namespace wirelab::tcp {

void Connection::receive(const wire::TcpSegment& segment) {
  if (state_ == State::closed) return;
  if (state_ == State::syn_sent) {
    receive_in_syn_sent(segment);
    return;
  }
  const wire::TcpHeader& header = segment.header;
  if (keep_alive_ != nullptr) keep_alive_->heard = host_.events.now();
  // Unwraps the sequence number around what is expected next; the SYN itself lies at offset -1.
  const std::uint32_t expected = irs_ + 1 + static_cast<std::uint32_t>(rcv_nxt_);
  const std::int64_t ahead = static_cast<std::int32_t>(header.sequence - expected);
  const std::int64_t begin = static_cast<std::int64_t>(rcv_nxt_) + ahead;
  const std::int64_t length = static_cast<std::int64_t>(segment.payload.size()) + (header.flags.fin ? 1 : 0);

  // PAWS: RFC 7323, section 5.3. RST is exempt; after 24 days without one the last timestamp says nothing (section 5.5).
  constexpr Duration kOutdated = Duration::seconds(24 * 24 * 3600);
  if (timestamps_ && header.has_timestamps && !header.flags.rst &&
      static_cast<std::int32_t>(header.timestamp - recent_timestamp_) < 0 &&
      host_.events.now() - recent_timestamp_at_ < kOutdated) {
    length > 0 ? send_ack() : answer_invalid();
    return;
  }
  const std::int64_t edge = static_cast<std::int64_t>(std::max(rcv_edge_, rcv_nxt_));
  // Old is what lies before our last acknowledgement, as in Linux: ACKs may overtake one another, and a repetition of the newest
  // segment still says what the time is.
  const bool old = begin + length < static_cast<std::int64_t>(acked_);
  if (old || begin > edge) {
    // Answered by an ACK. A repeated SYN of the handshake draws the SYN-ACK again.
    if (header.flags.rst) return;
    if (state_ == State::syn_received && header.flags.syn && !header.flags.ack && header.sequence == irs_) {
      CauseScope scope(host_.trace);
      host_.trace.emit_cause(Kind::retransmission, entity_, stream_out_, RetransmitReason::repeated_syn);
      syn_repeated_ = true;
      send_syn();
      return;
    }
    if (state_ == State::time_wait && header.flags.fin) arm(Mode::close, settings_.time_wait);
    if (header.flags.ack && !process_ack(header, 0)) return;
    if (state_ == State::closed) return;
    length > 0 ? answer_repetition(begin, length) : answer_invalid();
    return;
  }
  if (header.flags.rst) {
    // RFC 5961: only an exact hit resets; elsewhere in the window it draws a challenge.
    if (ahead == 0) {
      // In TIME-WAIT both sides have had everything already.
      finish(state_ == State::syn_received ? CloseReason::refused
             : state_ == State::time_wait  ? CloseReason::orderly
                                           : CloseReason::reset);
    } else {
      answer_invalid();
    }
    return;
  }
  if (header.flags.syn) {
    answer_invalid();  // RFC 5961, section 4: challenge
    return;
  }
  if (!header.flags.ack) return;
  if (header.has_timestamps && timestamps_ && begin <= static_cast<std::int64_t>(acked_))
    take_timestamp(header.timestamp);
  if (!process_ack(header, segment.payload.size() + (header.flags.fin ? 1 : 0))) return;
  if (state_ == State::closed) return;
  if (length > 0 && begin + length <= static_cast<std::int64_t>(rcv_nxt_)) {
    if (state_ == State::time_wait && header.flags.fin) arm(Mode::close, settings_.time_wait);
    answer_repetition(begin, length);
    output();
    return;
  }
  const bool listens = state_ == State::established || state_ == State::fin_wait_1 || state_ == State::fin_wait_2;
  if (listens && length > 0) {
    Bytes payload = segment.payload;
    std::uint64_t from = 0;
    if (begin < static_cast<std::int64_t>(rcv_nxt_)) {
      const auto seen = static_cast<std::size_t>(static_cast<std::int64_t>(rcv_nxt_) - begin);
      payload = payload.subspan(std::min(seen, payload.size()));
      if (begin >= 0) came_twice(static_cast<std::uint64_t>(begin), rcv_nxt_);
      from = rcv_nxt_;
    } else {
      from = static_cast<std::uint64_t>(begin);
    }
    process_data(header, payload, from);
  }
  if (state_ == State::closed) return;
  output();
  go_on_writing();
}

// What we have had already is acknowledged at once, and so are the next segments: the peer is in trouble. RFC 2883: the first SACK
// block says what came twice. `length` counts a FIN.
void Connection::answer_repetition(std::int64_t begin, std::int64_t length) {
  if (length > 0 && begin < static_cast<std::int64_t>(rcv_nxt_)) {
    acks_.be_quick(rcv_wnd_);
    acks_.ping_pong = false;
    acks_.timeout = AckPolicy::kLeast;
    acks_.scheduled = true;
    if (begin >= 0)
      came_twice(static_cast<std::uint64_t>(begin), std::min(static_cast<std::uint64_t>(begin + length), rcv_nxt_));
  }
  send_ack();
}

// What is out of the window and carries nothing is answered so often only: two ends that each hold the other for wrong, as after a
// router has given one of them the port of another connection, would answer each other for ever. Linux does so since 4.0.
void Connection::answer_invalid() {
  const Instant now = host_.events.now();
  if (settings_.invalid_ratelimit.ns() != 0) {
    Instant& last = early().answered_invalid;
    if (last != Instant() && now - last < settings_.invalid_ratelimit) return;
    last = now;
  }
  send_ack();
}

// To be told by the first SACK block of the next acknowledgement.
void Connection::came_twice(std::uint64_t begin, std::uint64_t end) {
  if (!tells_sack_ || begin >= end) return;
  early().repeated_begin = begin;
  early().repeated_end = end;
}

Connection::Early& Connection::early() {
  if (early_ == nullptr) early_ = std::make_unique<Early>();
  return *early_;
}

void Connection::receive_in_syn_sent(const wire::TcpSegment& segment) {
  const wire::TcpHeader& header = segment.header;
  const bool ack_ok = header.flags.ack && header.acknowledgement == iss_ + 1;
  if (header.flags.ack && !ack_ok) {
    if (!header.flags.rst) answer_with_reset(header);
    return;
  }
  if (header.flags.rst) {
    if (ack_ok) finish(CloseReason::refused);
    return;
  }
  if (!header.flags.syn) return;
  peer_spoke(header);
  if (!ack_ok) {  // both opened at once: RFC 9293, section 3.5, figure 8
    set_state(State::syn_received);
    send_syn();
    return;
  }
  disarm();
  wl2_ = header.acknowledgement;
  end_of_handshake(header);
  begin_after_losses();
  set_state(State::established);
  // Linux acknowledges before the program hears of the connection; lwIP lets the program's first data carry it.
  const bool at_once = settings_.slow_tick.ns() == 0;
  if (at_once) send_ack();
  const std::uint64_t before = snd_nxt_;
  if (user_ != nullptr) user_->on_connected(*this);
  if (state_ == State::closed) return;
  output();
  if (!at_once && snd_nxt_ == before) send_ack();
}

void Connection::sample_round_trip(Duration measured) {
  const std::int64_t old_rto = round_trip_.rto_us();
  const std::int64_t old_srtt = round_trip_.srtt_us();
  if (settings_.slow_tick.ns() == 0) {
    round_trip_.sample(measured, snd_una_, snd_nxt_);
  } else {
    const Instant now = host_.events.now();
    round_trip_.sample_in_ticks(ticks(now, settings_.slow_tick) - ticks(now - measured, settings_.slow_tick),
                                settings_.slow_tick);
  }
  host_.trace.state(entity_, Field::tcp_srtt, old_srtt, round_trip_.srtt_us());
  host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
}

// The first round trip. A SYN or SYN-ACK that was sent once is timed as it is; of a repeated one the echo tells which of them is
// answered. A SYN-ACK echoes the first SYN that came, so where the first SYN-ACK is lost the sample is a second and more.
void Connection::end_of_handshake(const wire::TcpHeader& header) {
  if (retries_ == 0 && !syn_repeated_) {
    sample_round_trip(host_.events.now() - last_data_sent_);
  } else if (timestamps_ && header.has_timestamps) {
    sample_round_trip(Duration::milliseconds(static_cast<std::int32_t>(timestamp_now() - header.timestamp_echo)));
  } else {
    const std::int64_t old_rto = round_trip_.rto_us();
    round_trip_.backoff = 0;
    round_trip_.base = std::max(round_trip_.base, 3 * RoundTrip::kInitial);  // RFC 6298, 5.7
    host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
  }
}

// The handshake is over. RFC 5681, section 3.1: after losses in it, sending begins with one segment; as Linux, the first of them
// is forgiven, since it may have been no loss but a round trip above the initial time-out.
void Connection::begin_after_losses() {
  if (retries_ > 1) set(Field::tcp_cwnd, congestion_.window, 1u);
  retries_ = 0;
}

// Takes the acknowledgement, the window and the SACK blocks. False if the segment must be dropped.
bool Connection::process_ack(const wire::TcpHeader& header, std::size_t payload) {
  const std::uint64_t ack = offset_of_ack(header.acknowledgement);
  if (state_ == State::syn_received) {
    if (header.acknowledgement != iss_ + 1) {
      answer_with_reset(header);
      return false;
    }
    disarm();
    end_of_handshake(header);
    begin_after_losses();
    wl1_ = header.sequence - 1;
    set_state(State::established);
    if (close_asked_) {
      set_state(State::fin_wait_1);
    } else if (user_ != nullptr) {
      user_->on_connected(*this);
    }
    if (state_ == State::closed) return false;
  }
  const auto behind = static_cast<std::int64_t>(ack - snd_una_);
  if (behind > 0 && ack > snd_nxt_) {  // acknowledges what was never sent
    answer_invalid();
    return false;
  }
  bool window_changed = false;
  if (behind >= 0) {
    // RFC 9293, section 3.10.7.4: newest segment, then newest acknowledgement, decides.
    const bool newer = static_cast<std::int32_t>(header.sequence - wl1_) > 0 ||
                       (header.sequence == wl1_ && static_cast<std::int32_t>(header.acknowledgement - wl2_) >= 0);
    if (newer) {
      // A SYN's window is never scaled: RFC 7323, section 2.2.
      const std::uint32_t window = static_cast<std::uint32_t>(header.window) << (header.flags.syn ? 0 : send_scale_);
      window_changed = window != snd_wnd_;
      set(Field::tcp_snd_wnd, snd_wnd_, window);
      snd_wnd_most_ = std::max(snd_wnd_most_, window);
      window_edge_ = ack + window;
      wl1_ = header.sequence;
      wl2_ = header.acknowledgement;
    }
  }
  AckNews news;
  const bool was_under_way = !sent_.empty();
  if (sent_.sacked() > 0) news.highest_before = loss().highest_sacked;
  take_sacks(header, news);
  if (behind > 0) {
    acknowledge_to(ack, header, news);
  } else if (behind == 0 && news.sacked_sending != Instant::never()) {
    const Instant now = host_.events.now();
    time_arrival(news, now - news.sacked_sending, now - news.last_sacked_sending);  // what is SACKed is timed too
  }
  // Without SACK a duplicate acknowledgement is an empty one that changes nothing (RFC 5681, section 2).
  const bool duplicate = behind == 0 && !sent_.empty() && payload == 0 && !window_changed && !news.sacked;
  if (behind >= 0 && was_under_way) {
    recover(header, news, duplicate);
    repair();
  }
  if (behind > 0) closing_acknowledged();
  if (state_ == State::closed) return false;
  if (mode_ == Mode::persist) {
    first_timeout_ = Instant::never();  // the peer answers: the connection stays open (RFC 9293, MUST-37)
    if (window_changed && send_window_left() > 0) {
      disarm();
      const std::int64_t old_rto = round_trip_.rto_us();
      round_trip_.backoff = 0;
      host_.trace.state(entity_, Field::tcp_rto, old_rto, round_trip_.rto_us());
    }
  }
  return true;
}

// Marks what the peer holds beyond the cumulative acknowledgement.
void Connection::take_sacks(const wire::TcpHeader& header, AckNews& news) {
  if (!sack_ || header.sack_count == 0) return;
  const Instant now = host_.events.now();
  // RFC 2883: the first block tells of a repetition where it lies below the acknowledgement, or within the second.
  const bool tells_repetition =
      static_cast<std::int32_t>(header.sack[0].end - header.acknowledgement) <= 0 ||
      (header.sack_count > 1 && static_cast<std::int32_t>(header.sack[0].begin - header.sack[1].begin) >= 0 &&
       static_cast<std::int32_t>(header.sack[0].end - header.sack[1].end) <= 0);
  // What was sent needlessly has arrived; more repetitions than retransmissions are the network's own (tcp_dsack_seen).
  if (tells_repetition && ++loss().repeated_ever <= loss().resent_ever) {
    news.repeated = true;
    ++news.delivered;
  }
  // In order, so that RACK takes the round trip of the newest.
  auto blocks = header.sack;
  const std::uint8_t first = tells_repetition ? 1 : 0;
  std::sort(blocks.begin() + first, blocks.begin() + header.sack_count, [this](const auto& a, const auto& b) {
    const std::uint64_t a_begin = offset_of_ack(a.begin), b_begin = offset_of_ack(b.begin);
    return a_begin != b_begin ? a_begin < b_begin : offset_of_ack(a.end) < offset_of_ack(b.end);
  });
  for (std::uint8_t k = first; k < header.sack_count; ++k) {
    const std::uint64_t begin = offset_of_ack(blocks[k].begin);
    const std::uint64_t end = offset_of_ack(blocks[k].end);
    if (end <= begin || end > snd_nxt_) continue;
    for (std::uint32_t i = 0; i < sent_.size(); ++i) {
      const SentSegment& s = sent_[i];
      if (s.begin >= end) break;
      if (s.sacked || s.begin < begin || s.end() > end) continue;
      loss().rack.delivered(s.last_sent, s.end(), s.retransmitted(), now, round_trip_.least());
      if (!s.retransmitted()) {
        news.sacked_sending = std::min(news.sacked_sending, s.last_sent);
        news.last_sacked_sending = s.last_sent;
        if (s.end() <= loss().recovery_point) news.original_arrived = true;
        if (s.end() < news.highest_before) loss().rack.reordering = true;
      }
      loss().highest_sacked = std::max(loss().highest_sacked, s.end());
      sent_.mark_sacked(i);
      news.sacked = true;
      ++news.delivered;
    }
  }
}

void Connection::acknowledge_to(std::uint64_t ack, const wire::TcpHeader& header, AckNews& news) {
  const Instant now = host_.events.now();
  Instant first_clean = Instant::never();  // when the oldest of them was sent, if none was sent twice
  Instant newest_clean = now;
  bool any_resent = false;
  while (!sent_.empty() && sent_.front().begin < ack) {
    SentSegment& s = sent_.front();
    if (s.end() > ack) {
      sent_.trim_front(ack);
      break;
    }
    if (s.retransmitted()) {
      any_resent = true;
    } else if (!s.sacked) {
      first_clean = std::min(first_clean, s.last_sent);
      newest_clean = s.last_sent;
      if (loss_ != nullptr && s.end() <= loss_->recovery_point) news.original_arrived = true;
      if (s.end() < news.highest_before) loss_->rack.reordering = true;
    }
    if (!s.sacked) {
      if (loss_ != nullptr) loss_->rack.delivered(s.last_sent, s.end(), s.retransmitted(), now, round_trip_.least());
      ++news.delivered;
    }
    sent_.drop_front();
    news.whole = true;
  }
  const std::uint64_t data_end = std::min(ack, written_);
  if (data_end > snd_una_) unacknowledged_.drop_front(static_cast<std::uint32_t>(data_end - snd_una_));
  set(Field::tcp_snd_una, snd_una_, ack);
  news.advanced = true;
  // Karn's rule: no sample from what was sent twice, unless the timestamp's echo says which copy arrived. Where the ACK of one
  // segment is lost and a later one covers it, the sample counts from the sending of the first.
  if (first_clean != Instant::never() && !any_resent) {
    time_arrival(news, now - first_clean, now - newest_clean);
  } else if (news.sacked_sending != Instant::never()) {
    time_arrival(news, now - news.sacked_sending, now - news.last_sacked_sending);
  } else if (news.whole && timestamps_ && header.has_timestamps && header.timestamp_echo != 0) {
    const auto echoed = Duration::milliseconds(static_cast<std::int32_t>(timestamp_now() - header.timestamp_echo));
    time_arrival(news, echoed, echoed);
  }
  duplicate_acks_ = 0;
  retries_ = timeouts_ = 0;
}

// What an acknowledgement measures: of the first segment for the time-out, of the last for the path (tcp_ack_update_rtt).
void Connection::time_arrival(AckNews& news, Duration first, Duration last) {
  news.round_trip = last;
  round_trip_.note_least(last, host_.events.now());
  sample_round_trip(first);
}

void Connection::closing_acknowledged() {
  if (user_ != nullptr) user_->on_acknowledged(*this);
  if (!fin_acknowledged()) return;
  if (state_ == State::fin_wait_1) {
    set_state(State::fin_wait_2);
    arm(Mode::close, settings_.time_wait);
  } else if (state_ == State::closing) {
    set_state(State::time_wait);
    arm(Mode::close, settings_.time_wait);
  } else if (state_ == State::last_ack) {
    finish(CloseReason::orderly);
  }
}

void Connection::process_data(const wire::TcpHeader& header, Bytes payload, std::uint64_t begin) {
  if (reader_gone_ && begin + payload.size() > rcv_nxt_) {
    // RFC 1122, section 4.2.2.13: nobody will read it, and the peer is to know.
    answer_with_reset(header);
    finish(CloseReason::aborted);
    return;
  }
  if (header.flags.fin) peer_fin_at_ = begin + payload.size();
  if (begin > rcv_nxt_) {
    // Beyond a gap: kept, and answered at once so that the peer learns of it (RFC 5681, section 4.2).
    const std::uint64_t room = rcv_edge_ > begin ? rcv_edge_ - begin : 0;
    payload = payload.first(std::min<std::uint64_t>(payload.size(), room));
    if (!payload.empty()) {
      data_arrived(header, payload.size());
      keep_early(begin, payload);
    }
    if (tuning_ != nullptr) tuning_->widen(begin + payload.size() - rcv_nxt_, largest_buffer());
    host_.trace.emit(Kind::stream_held, entity_, stream_in_, 0, 0, static_cast<std::int64_t>(begin),
                     static_cast<std::int64_t>(begin + payload.size()));
    // Data that this segment's acknowledgement lets go carries it (tcp_data_snd_check comes before tcp_ack_snd_check).
    ack_is_due_ = acks_.scheduled = true;
    output();
    if (ack_is_due_) send_ack();
    return;
  }
  const bool filled_gap = has_early();
  const std::uint64_t room = rcv_edge_ > rcv_nxt_ ? rcv_edge_ - rcv_nxt_ : 0;
  if (room == 0 && !payload.empty()) {  // a probe of our closed window
    send_ack();
    return;
  }
  payload = payload.first(std::min<std::uint64_t>(payload.size(), room));
  acks_.every_second = settings_.slow_tick.ns() != 0;
  const bool longest = payload.size() > acks_.full_segment;
  acks_.data_came(static_cast<std::uint32_t>(payload.size()), timestamps_ ? wire::kTimestampsSize : 0, header.flags.psh,
                  segment_payload(), rcv_wnd_, round_trip_.rto(), tick_began(), settings_.tick);
  if (longest && begin_tuning(payload.size())) tuning_->take_share(static_cast<std::uint32_t>(payload.size()));
  if (!payload.empty()) {
    data_arrived(header, payload.size());
    std::vector<std::uint8_t> next;
    if (filled_gap) {
      const auto [again_from, again_to] = early_->pieces.held_of(rcv_nxt_, rcv_nxt_ + payload.size());
      came_twice(again_from, again_to);
    }
    if (filled_gap && early_->pieces.take(rcv_nxt_ + payload.size(), next)) {
      std::vector<std::uint8_t> whole(payload.begin(), payload.end());
      whole.insert(whole.end(), next.begin(), next.end());
      deliver(whole);
    } else {
      deliver(payload);
    }
  }
  if (state_ == State::closed) return;
  const bool ends_here = !peer_fin_ && peer_fin_at_ == rcv_nxt_;
  if (ends_here) peer_finished();
  if (state_ == State::closed || acked_ == rcv_nxt_) return;  // data or an ACK that went out meanwhile carried it
  // A FIN that the program may answer by its own waits as data does in Linux (tcp_fin enters ping-pong); lwIP answers at once.
  const bool may_answer = ends_here && state_ == State::close_wait && settings_.slow_tick.ns() == 0;
  if (may_answer) acks_.ping_pong = true;
  // At once when a gap is filled (RFC 5681, section 4.2), and for a FIN that ends the connection.
  if (filled_gap || (ends_here && !may_answer)) {
    send_ack();
  } else {
    send_ack_later();
  }
}

void Connection::keep_early(std::uint64_t begin, Bytes payload) {
  const auto [again_from, again_to] = early().pieces.held_of(begin, begin + payload.size());
  came_twice(again_from, again_to);
  early_->pieces.insert(begin, payload);
  const std::uint64_t piece = early_->pieces.piece_with(begin)->begin;
  std::erase_if(early_->newest, [&](std::uint64_t at) { return at >= piece && at <= begin + payload.size(); });
  early_->newest.insert(early_->newest.begin(), piece);
}

// Bytes that have become next: acknowledged if the rules say so, and handed on. The system acknowledges before the program answers,
// once it has read all.
void Connection::deliver(Bytes bytes) {
  const std::uint64_t begin = rcv_nxt_;
  set(Field::tcp_rcv_nxt, rcv_nxt_, rcv_nxt_ + bytes.size());
  host_.trace.emit(Kind::stream_delivered, entity_, stream_in_, 0, 0, static_cast<std::int64_t>(begin),
                   static_cast<std::int64_t>(rcv_nxt_));
  // What waited for this acknowledgement leaves before the program has seen the data, and takes the answer to it along
  // (tcp_data_snd_check). So an answer that Nagle's algorithm held back may stay one message behind for good.
  output();
  const std::uint64_t waiting = rcv_nxt_ - acked_;
  const bool read_at_once = unread_.empty() && user_ != nullptr;
  if (acks_.at_once(waiting) || (read_at_once && acks_.after_reading(waiting))) send_ack();
  if (!read_at_once) {
    if (user_ != nullptr) unread_.append(bytes);
    return;
  }
  const std::size_t taken = user_->on_data(*this, bytes, begin);
  if (state_ == State::closed) return;
  if (taken < bytes.size()) unread_.append(bytes.subspan(taken));
  data_read();
}

void Connection::read_more() {
  while (!unread_.empty() && user_ != nullptr) {
    const auto [first, second] = unread_.view(0, unread_.size());
    std::vector<std::uint8_t> bytes(first.begin(), first.end());
    bytes.insert(bytes.end(), second.begin(), second.end());
    // In the user's hands they are read: it may close now, and leaves nothing unread behind.
    unread_.drop_front(unread_.size());
    const std::size_t taken = user_->on_data(*this, bytes, rcv_nxt_ - (peer_fin_ ? 1 : 0) - bytes.size());
    if (state_ == State::closed) return;
    if (taken < bytes.size()) {
      unread_.append(Bytes(bytes).subspan(taken));
      break;
    }
  }
  if (unread_.empty() && can_send() && acks_.after_reading(rcv_nxt_ - acked_)) send_ack();
  data_read();
  // A window that had closed and is open again is told to the peer (RFC 9293, 3.8.6.2.2): where it has doubled to half of what
  // there may be (tcp_cleanup_rbuf), or, untuned, by two segments or half of it.
  const std::uint64_t room = receive_room();
  const std::uint64_t offered = rcv_edge_ > rcv_nxt_ ? rcv_edge_ - rcv_nxt_ : 0;
  const std::uint64_t step = std::min<std::uint64_t>(settings_.receive_window / 2, 2u * own_mss_);
  const bool open = tunes() ? 2 * offered <= receive_clamp() && room > 0 && room >= 2 * offered
                            : room >= offered + step && offered < settings_.receive_window / 2;
  if (state_ == State::established && open) send_ack();
  if (peer_fin_ && unread_.empty() && user_ != nullptr && state_ == State::close_wait) user_->on_peer_closed(*this);
}

void Connection::peer_finished() {
  peer_fin_ = true;
  set(Field::tcp_rcv_nxt, rcv_nxt_, rcv_nxt_ + 1);
  switch (state_) {
    case State::established: set_state(State::close_wait); break;
    case State::fin_wait_1:
      if (fin_acknowledged()) {
        set_state(State::time_wait);
        arm(Mode::close, settings_.time_wait);
      } else {
        set_state(State::closing);
      }
      break;
    case State::fin_wait_2:
      set_state(State::time_wait);
      arm(Mode::close, settings_.time_wait);
      break;
    default: break;
  }
  if (user_ != nullptr && unread_.empty()) user_->on_peer_closed(*this);
}

void Connection::lower_mtu(std::uint16_t mtu) {
  const auto mss = static_cast<std::uint16_t>(std::max<int>(mtu - 40, 64));
  if (mss >= mss_) return;
  mss_ = mss;
  for (std::uint32_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].length > segment_payload()) sent_.mark_lost(i);
  }
  output();
}

}  // namespace wirelab::tcp
