// What a connection sends: new data, repairs, acknowledgements.
#include <algorithm>

#include "sim/protocol/tcp/connection.hpp"

namespace wirelab::tcp {

std::uint32_t Connection::segment_payload() const {
  const std::size_t options = timestamps_ ? wire::kTimestampsSize : 0;
  return static_cast<std::uint32_t>(mss_ - options);
}

// Less what SACK blocks take up in each segment (tcp_current_mss).
std::uint32_t Connection::present_payload() const {
  if (early_ == nullptr || !tells_sack_) return segment_payload();
  const std::size_t most = timestamps_ ? 3 : 4;
  const auto held =
      std::count_if(early_->newest.begin(), early_->newest.end(), [&](std::uint64_t at) { return at >= rcv_nxt_; });
  const std::size_t repeated = early_->repeated_end > early_->repeated_begin ? 1 : 0;
  const std::size_t blocks = std::min(most, static_cast<std::size_t>(held) + repeated);
  // A tiny segment leaves them out instead.
  const std::uint32_t told = static_cast<std::uint32_t>(blocks > 0 ? 4 + 8 * blocks : 0);
  return segment_payload() > 2 * told ? segment_payload() - told : segment_payload();
}

std::uint32_t Connection::send_window_left() const {
  return window_edge_ > snd_nxt_ ? static_cast<std::uint32_t>(window_edge_ - snd_nxt_) : 0;
}

// Whole segments, where it is tuned: 64240 of 1460 bytes, 65160 of 1448.
std::uint32_t Connection::first_window() const {
  const std::uint32_t window = settings_.receive_window;
  // Whether there will be timestamps is known to who answers only (tcp_connect_init, tcp_openreq_init_rwin).
  const std::uint32_t options = answers_ && timestamps_ ? static_cast<std::uint32_t>(wire::kTimestampsSize) : 0;
  const std::uint32_t segment = own_mss_ - options;
  return tunes() && window > segment ? window / segment * segment : std::min<std::uint32_t>(window, 65535);
}

std::uint64_t Connection::receive_room() const {
  const std::uint64_t held = unread_.size() + early_bytes();
  const std::uint64_t clamp = tunes() ? receive_clamp() : settings_.receive_window;
  const std::uint64_t room = held < clamp ? clamp - held : 0;
  if (!tunes()) return room;
  // Less than half of it is free: not in crumbs (__tcp_select_window).
  if (room < clamp / 2 && (room < clamp / 16 || room < own_mss_)) return 0;
  return std::min<std::uint64_t>(room, tuning_ != nullptr ? tuning_->threshold : first_window());
}

// The window never shrinks (RFC 9293, section 3.8.6.2.2). Tuned, it is what may be offered, up to the next whole unit of the scale;
// else it opens in steps worth a segment.
std::uint16_t Connection::window_to_offer() {
  const std::uint64_t room = receive_room();
  if (tunes()) {
    const std::uint64_t kept = rcv_edge_ > rcv_nxt_ ? rcv_edge_ - rcv_nxt_ : 0;
    const std::uint64_t unit = std::uint64_t{1} << receive_scale_;
    const std::uint64_t offered = std::min<std::uint64_t>((std::max(room, kept) + unit - 1) >> receive_scale_, 65535);
    rcv_edge_ = std::max(rcv_edge_, rcv_nxt_ + (offered << receive_scale_));
    return static_cast<std::uint16_t>(offered);
  }
  const std::uint64_t step = std::min<std::uint64_t>(settings_.receive_window / 2, own_mss_);
  if (rcv_nxt_ + room >= rcv_edge_ + step) rcv_edge_ = rcv_nxt_ + room;
  const std::uint64_t window = rcv_edge_ > rcv_nxt_ ? rcv_edge_ - rcv_nxt_ : 0;
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(window >> receive_scale_, 65535));
}

// Thin flows need none of it: it begins with the first segment that is no small one. False while it has not.
bool Connection::begin_tuning(std::size_t bytes) {
  if (tuning_ != nullptr) return true;
  if (!tunes() || bytes < ReceiveTuning::kSmall) return false;
  constexpr std::uint32_t kFirst = 10;  // segments that an initial window holds
  tuning_ = std::make_unique<ReceiveTuning>();
  tuning_->buffer = 2 * (std::uint64_t{settings_.receive_window} + 1);
  tuning_->threshold = first_window();
  tuning_->space = std::min(first_window(), kFirst * segment_payload());
  tuning_->from = rcv_nxt_ - unread_.size();
  tuning_->since = host_.events.now();
  return true;
}

void Connection::data_arrived(const wire::TcpHeader& header, std::size_t bytes) {
  if (!begin_tuning(bytes)) return;
  constexpr std::size_t kLarge = 1000;
  if (tuning_->grow(bytes, segment_payload())) acks_.quick |= 1;  // the sender should hear of it
  if (bytes >= kLarge && timestamps_ && header.has_timestamps) tuning_->measure(header.timestamp_echo, timestamp_now());
}

void Connection::data_read() {
  if (tuning_ == nullptr) return;
  tuning_->read(rcv_nxt_ - (peer_fin_ ? 1 : 0) - unread_.size(), host_.events.now(), largest_buffer());
}

wire::TcpHeader Connection::header_for(std::uint64_t offset) {
  ack_is_due_ = false;
  wire::TcpHeader header;
  header.source_port = local_.port;
  header.destination_port = remote_.port;
  header.sequence = sequence_of(offset);
  header.flags.ack = true;
  header.acknowledgement = irs_ + 1 + static_cast<std::uint32_t>(rcv_nxt_);
  header.window = window_to_offer();
  set(Field::tcp_rcv_wnd, rcv_wnd_, static_cast<std::uint32_t>(header.window) << receive_scale_);
  if (timestamps_) {
    header.has_timestamps = true;
    header.timestamp = timestamp_now();
    header.timestamp_echo = recent_timestamp_;
  }
  const std::uint8_t most = timestamps_ ? 3 : 4;  // blocks that fit
  if (early_ != nullptr && early_->repeated_end > early_->repeated_begin) {
    header.sack[header.sack_count++] = {irs_ + 1 + static_cast<std::uint32_t>(early_->repeated_begin),
                                        irs_ + 1 + static_cast<std::uint32_t>(early_->repeated_end)};
    early_->repeated_end = 0;
  }
  if (tells_sack_ && has_early()) {
    // RFC 2018, section 4: first the block with the newest segment, then by when they were last told of, as many as fit.
    std::erase_if(early_->newest, [&](std::uint64_t at) { return at < rcv_nxt_; });
    for (const std::uint64_t at : early_->newest) {
      const Reassembly::Piece* const piece = early_->pieces.piece_with(at);
      if (piece == nullptr || header.sack_count >= most) continue;
      header.sack[header.sack_count++] = {irs_ + 1 + static_cast<std::uint32_t>(at),
                                          irs_ + 1 + static_cast<std::uint32_t>(piece->end())};
    }
  }
  return header;
}

void Connection::send_ack() {
  disarm_delayed_ack();
  acked_ = rcv_nxt_;
  acks_.acknowledged();
  const wire::TcpHeader header = header_for(snd_nxt_);
  host_.output.send_segment(*this, header, {}, {}, snd_nxt_);
}

void Connection::send_probe() {
  wire::TcpHeader header = header_for(snd_una_);
  --header.sequence;
  host_.output.send_segment(*this, header, {}, {}, snd_nxt_);
}

void Connection::send_syn() {
  wire::TcpHeader header;
  header.source_port = local_.port;
  header.destination_port = remote_.port;
  header.sequence = iss_;
  header.flags.syn = true;
  if (state_ != State::syn_sent) {
    header.flags.ack = true;
    header.acknowledgement = irs_ + 1;
  }
  header.window = static_cast<std::uint16_t>(first_window());
  set(Field::tcp_rcv_wnd, rcv_wnd_, first_window());
  rcv_edge_ = first_window();
  header.maximum_segment_size = own_mss_;
  const bool first = state_ == State::syn_sent;
  header.sack_permitted = first ? settings_.tells_sack : sack_ || tells_sack_;
  if (timestamps_) {
    header.has_timestamps = true;
    header.timestamp = timestamp_now();
    header.timestamp_echo = recent_timestamp_;
  }
  if (settings_.window_scaling && (first || send_scale_ != 0 || receive_scale_ != 0))
    header.window_scale = receive_scale_;
  if (retries_ == 0 && !syn_repeated_) last_data_sent_ = host_.events.now();
  host_.output.send_segment(*this, header, {}, {}, 0);
  arm(Mode::retransmit, round_trip_.rto());
}

void Connection::send_reset(std::uint32_t sequence) {
  wire::TcpHeader header;
  header.source_port = local_.port;
  header.destination_port = remote_.port;
  header.sequence = sequence;
  header.flags.rst = true;
  header.flags.ack = true;
  header.acknowledgement = irs_ + 1 + static_cast<std::uint32_t>(rcv_nxt_);
  if (timestamps_) {
    header.has_timestamps = true;
    header.timestamp = timestamp_now();
    header.timestamp_echo = recent_timestamp_;
  }
  host_.output.send_segment(*this, header, {}, {}, snd_nxt_);
}

void Connection::answer_with_reset(const wire::TcpHeader& to) {
  wire::TcpHeader header;
  header.source_port = local_.port;
  header.destination_port = remote_.port;
  header.sequence = to.acknowledgement;
  header.flags.rst = true;
  host_.output.send_segment(*this, header, {}, {}, snd_nxt_);
}

void Connection::transmit(const SentSegment& segment) {
  disarm_delayed_ack();
  acked_ = rcv_nxt_;
  acks_.acknowledged();
  acks_.data_went(tick_began());
  last_data_sent_ = host_.events.now();
  wire::TcpHeader header = header_for(segment.begin);
  header.flags.fin = segment.fin;
  header.flags.psh = segment.push;
  const std::size_t most = wire::kTcpHeaderSize + mss_;  // SACK blocks go where the payload leaves room
  while (header.sack_count > 0 && wire::header_size(header) + segment.length > most) --header.sack_count;
  const auto [first, second] =
      unacknowledged_.view(static_cast<std::uint32_t>(segment.begin - snd_una_), segment.length);
  host_.output.send_segment(*this, header, first, second, segment.begin);
}

// Sends the first lost segment again, if the window allows. RFC 6675, section 5, step C.
bool Connection::repair_one() {
  if (!sent_.needs_repair()) return false;
  if (sent_.in_flight() >= congestion_.window) return false;
  for (std::uint32_t i = 0; i < sent_.size(); ++i) {
    if (!sent_[i].lost || sent_[i].in_repair) continue;
    if (sent_[i].length > present_payload()) sent_.split(i, present_payload());
    resend(i, recovery_ == Recovery::timeout ? RetransmitReason::timeout
              : i == 0                       ? RetransmitReason::fast
                                             : RetransmitReason::recovery);
    if (i == 0 && mode_ != Mode::reorder) arm(Mode::retransmit, round_trip_.rto());
    return true;
  }
  return false;
}

void Connection::resend(std::uint32_t i, RetransmitReason reason) {
  if (settings_.collapses) collapse(i);
  const SentSegment segment = sent_[i];
  CauseScope scope(host_.trace);
  host_.trace.emit_cause(Kind::retransmission, entity_, stream_out_, reason, 0,
                         static_cast<std::int64_t>(segment.begin), static_cast<std::int64_t>(segment.end()));
  sent_.resent(i, host_.events.now());
  ++loss().resent_ever;
  if (!loss().resent) loss().first_resend = timestamp_now();
  loss().resent = true;
  if (recovery_ == Recovery::fast) ++loss().reduction.sent;
  transmit(segment);
}

// What is sent again takes the small segments behind it along, as far as they fit (tcp_retrans_try_collapse).
void Connection::collapse(std::uint32_t i) {
  while (i + 1 < sent_.size()) {
    const SentSegment& next = sent_[i + 1];
    if (next.sacked || next.end() > window_edge_ || sent_[i].length + next.length > present_payload()) return;
    sent_.join_next(i);
  }
}

// Room for one segment only, right after others went: it waits for the next acknowledgement, to leave with another as one piece.
// Not where the window is so small that this would matter, and not where that acknowledgement is far (tcp_tso_should_defer).
bool Connection::waits_for_pair() const {
  constexpr Duration kRecent = Duration::milliseconds(1);
  constexpr std::uint32_t kShare = 3;  // tcp_tso_win_divisor
  if (settings_.slow_tick.ns() != 0 || recovery_ != Recovery::none || sent_.empty()) return false;
  if (piece_end() - snd_nxt_ <= present_payload()) return false;
  const Instant now = host_.events.now();
  if (now - last_data_sent_ > kRecent) return false;
  const std::uint32_t full = segment_payload();
  const std::uint32_t room = std::min((congestion_.window - sent_.in_flight()) * full, send_window_left());
  if (room >= 2 * full || room >= std::min(snd_wnd_, congestion_.window * full) / kShare) return false;
  return (now - sent_[0].last_sent).ns() / 1000 >= round_trip_.srtt_us() / 2;
}

// Sends one segment of what was never sent.
bool Connection::send_new(Push push) {
  const std::uint64_t unsent = fin_sent_ ? 0 : sendable() - snd_nxt_;
  const bool fin_due = close_asked_ && !fin_sent_ && sendable() == written_;
  if (unsent == 0 && !fin_due) return false;
  const std::uint32_t full = present_payload();
  const std::uint32_t window = send_window_left();
  const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>({unsent, full, window}));
  const bool last = length == unsent;
  const bool fin = fin_due && last;
  if (!push.anything) {
    if (sent_.in_flight() >= congestion_.window) return false;
    if (length == 0 && unsent > 0) return false;
    if (!push.second && !push.piece && waits_for_pair()) return false;
    if (length < full && !fin) {
      // Silly window avoidance (RFC 9293, section 3.8.6.2.1): a short piece of more data waits for a larger window.
      if (!last && length < snd_wnd_most_ / 2) return false;
      // Nagle as changed by Minshall: a small segment waits while another small one is not acknowledged.
      if (last && !push.small_too && !settings_.nodelay && small_end_ > snd_una_) return false;
    }
  }
  SentSegment segment;
  segment.begin = snd_nxt_;
  segment.length = length;
  segment.fin = fin;
  segment.push = length > 0 && (last || push.second);
  segment.last_sent = host_.events.now();
  if (length < full && length > 0) small_end_ = segment.end();
  if (fin) fin_sent_ = true;
  sent_.sent(segment);
  if (recovery_ == Recovery::fast) ++loss().reduction.sent;
  set(Field::tcp_snd_nxt, snd_nxt_, segment.end());
  if (buffer_ != nullptr) buffer_->sent_up_to(snd_nxt_);
  transmit(segment);
  return true;
}

// RFC 5681, section 4.1, as Linux does it: after a pause the window says little about the path, so it is halved for every RTO of
// silence, down to the initial window; the threshold keeps what was learnt.
void Connection::begin_after_pause() {
  constexpr std::uint32_t kInitialWindow = 10;
  Duration pause = host_.events.now() - last_data_sent_;
  const Duration rto = round_trip_.rto();
  if (!settings_.slow_start_after_idle || !sent_.empty() || last_data_sent_ == Instant() || pause <= rto) return;
  std::uint32_t window = congestion_.window;
  const std::uint32_t least = std::min(kInitialWindow, window);
  set(Field::tcp_ssthresh, congestion_.threshold, std::max(congestion_.threshold, window / 4 * 3));
  for (pause = pause - rto; pause.ns() > 0 && window > least; pause = pause - rto) window /= 2;
  set(Field::tcp_cwnd, congestion_.window, std::max(window, least));
}

// As much as the system puts into one packet buffer at a time: half of what the peer accepts, 45 segments at most.
std::uint32_t Connection::piece_size() const {
  constexpr std::uint32_t kMost = 65535 - SendBuffer::kHeaders;
  return std::max(std::min(kMost, snd_wnd_most_ / 2) / segment_payload(), 1u) * segment_payload();
}

// The program has written what follows `before`.
void Connection::take_written(std::uint64_t before) {
  constexpr std::uint64_t kLittle = 1u << 14;
  if (buffer_ == nullptr) {
    if (settings_.slow_tick.ns() != 0 || written_ - snd_una_ <= kLittle) return;
    buffer_ = std::make_unique<SendBuffer>();
    buffer_->limit = SendBuffer::limit_for(0, own_mss_);
    buffer_->taken = before;
    if (before > snd_nxt_) buffer_->ends.push_back(before);
  }
  if (buffer_->taken == before) fill_buffer();  // else it waits already
}

// A piece that nothing waits before is sent as far as it may be before the next is taken (tcp_push_one).
void Connection::fill_buffer() {
  while (buffer_->take(buffer_->used(sent_, snd_una_), snd_nxt_, written_, piece_size())) {
    if (buffer_->ends.size() > 1 || sent_.needs_repair() || !open_for_sending()) continue;
    const bool begins = sent_.empty() || mode_ == Mode::probe;
    if (!send_new({.piece = true})) continue;
    send_new({.second = true});
    arm_probe_or_retransmission(false, begins);
  }
  output();
}

// An acknowledgement may have made room for a program that waits (tcp_check_space).
void Connection::go_on_writing() {
  if (buffer_ == nullptr || buffer_->taken == written_ || !open_for_sending()) return;
  if (sent_.in_flight() < congestion_.window)
    buffer_->limit = std::max(buffer_->limit, SendBuffer::limit_for(congestion_.window, own_mss_));
  if (buffer_->wakes_writer(buffer_->used(sent_, snd_una_))) fill_buffer();
}

// What was lost is sent again as soon as an acknowledgement says so, before the data that came with it is looked at
// (tcp_xmit_recovery).
void Connection::repair() {
  if (!open_for_sending() || repair_waits_) return;
  if (new_before_repair_) {
    new_before_repair_ = false;
    const std::uint64_t before = snd_nxt_;
    while (send_new({.small_too = true})) {
    }
    if (mode_ != Mode::retransmit) arm_retransmission();
    repair_waits_ = snd_nxt_ != before;
    if (repair_waits_) return;
    maybe_spurious_ = false;
  }
  while (repair_one()) {
  }
}

void Connection::output() {
  if (!open_for_sending()) return;
  repair();
  if (!sent_.needs_repair()) {
    const bool begins = sent_.empty() || mode_ == Mode::probe;  // RFC 6298, 5.1
    bool sent_any = false;
    const bool unsent = snd_nxt_ < sendable();
    // As tcp_cwnd_test and tcp_tso_autosize have it at the rates of slow links; at faster ones more leave as one.
    const bool in_twos = settings_.slow_tick.ns() == 0 && congestion_.window >= 4;
    for (bool second = false; send_new({.second = second}); second = in_twos && !second) sent_any = true;
    const bool full = unsent && (sent_.in_flight() >= congestion_.window || waits_for_pair());
    if (sent_any || full) congestion_.used(full, sent_.size(), snd_una_, snd_nxt_);
    if (sent_any) arm_probe_or_retransmission(false, begins);
  }
  const bool waits = snd_nxt_ < sendable() && sent_.empty();
  if (waits && mode_ != Mode::persist) {
    first_timeout_ = Instant::never();
    arm(Mode::persist, round_trip_.rto());
  }
}

}  // namespace wirelab::tcp
