// Opening, closing and the application's calls.
#include "sim/protocol/tcp/connection.hpp"

#include <algorithm>
#include <array>

#include "sim/trace/traced_timer.hpp"

namespace wirelab::tcp {

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 10> names{"CLOSED",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED",
                                                   "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",   "CLOSING",
                                                   "LAST-ACK",   "TIME-WAIT"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(CloseReason reason) {
  constexpr std::array<std::string_view, 8> names{"none",      "closed",      "reset by the peer", "refused",
                                                  "timed out", "unreachable", "aborted",           "no free port"};
  return names[static_cast<std::size_t>(reason)];
}

Connection::Connection(Host& host, const Settings& settings, EntityId entity, Endpoint local, Endpoint remote,
                       std::uint32_t initial_sequence, std::uint16_t maximum_segment_size)
    : host_(host),
      settings_(settings),
      entity_(entity),
      local_(local),
      remote_(remote),
      iss_(initial_sequence),
      own_mss_(maximum_segment_size) {
  congestion_.window = settings_.initial_window;
  round_trip_.base = static_cast<std::int32_t>(settings_.first_timeout.ns() / 1000);
  round_trip_.in_ticks = settings_.slow_tick.ns() != 0;
  if (settings_.timer_wheel) round_trip_.unit = static_cast<std::int32_t>(settings_.tick.ns() / 1000);
  timer_ = host_.events.make_timer(on_timer, this);
  delayed_ack_ = host_.events.make_timer(on_delayed_ack, this);
  if (settings_.keep_alive.ns() > 0) {
    keep_alive_ = std::make_unique<KeepAlive>();
    keep_alive_->timer = host_.events.make_timer(on_keep_alive, this);
  }
  // The smallest shift with which 16 bits could offer the whole buffer, of which half is window: RFC 7323, section 2.3.
  const std::uint64_t buffer = std::uint64_t{2} * std::max(settings_.receive_window_most, settings_.receive_window);
  while (settings_.window_scaling && receive_scale_ < 14 && (buffer >> receive_scale_) > 65535) ++receive_scale_;
  rcv_edge_ = first_window();
}

Connection::~Connection() {
  host_.events.release(timer_);
  host_.events.release(delayed_ack_);
  if (keep_alive_ != nullptr) host_.events.release(keep_alive_->timer);
}

Settings lwip_like(bool sack) {
  constexpr std::uint32_t kSegment = 1460;
  Settings settings;
  settings.receive_window = settings.receive_window_most = 4 * kSegment;  // TCP_WND
  settings.send_buffer = 2 * kSegment;                                    // TCP_SND_BUF
  settings.slow_start_after_idle = false;
  settings.syn_retries = 6;  // TCP_SYNMAXRTX
  settings.syn_backs_off = false;
  settings.collapses = false;
  settings.invalid_ratelimit = Duration();
  settings.retries = 12;  // TCP_MAXRTX
  settings.give_up = Duration::seconds(86'400);
  settings.keep_alive_interval = Duration::seconds(75);
  settings.time_wait = Duration::seconds(120);  // twice TCP_MSL
  settings.congestion = &new_reno();
  settings.timestamps = settings.window_scaling = settings.sack = false;
  settings.tells_sack = sack;
  settings.initial_window = 3;  // LWIP_TCP_CALC_INITIAL_CWND, RFC 3390
  settings.first_timeout = Duration::seconds(3);
  settings.slow_tick = Duration::milliseconds(500);
  return settings;
}

void Connection::set_state(State state) {
  set(Field::tcp_state, state_, state);
  if (keep_alive_ == nullptr) return;
  if (state == State::established) {
    keep_alive_->heard = host_.events.now();
    arm_keep_alive(settings_.keep_alive);
  } else if (state == State::closed || state == State::time_wait) {
    disarm_traced(host_.trace, keep_alive_->timer, entity_, Field::tcp_keepalive_timer);
  }
}

// The values that a connection begins with and that are not 0.
void Connection::begin_trace() {
  host_.trace.state(entity_, Field::tcp_cwnd, 0, congestion_.window);
  host_.trace.state(entity_, Field::tcp_ssthresh, 0, congestion_.threshold);
  host_.trace.state(entity_, Field::tcp_rto, 0, round_trip_.rto_us());
}

void Connection::connect(User* user) {
  user_ = user;
  timestamps_ = settings_.timestamps;
  sack_ = settings_.sack;
  tells_sack_ = settings_.tells_sack;
  begin_trace();
  set_state(State::syn_sent);
  send_syn();
}

void Connection::accept(User* user, const wire::TcpHeader& syn) {
  user_ = user;
  answers_ = true;
  begin_trace();
  peer_spoke(syn);
  set_state(State::syn_received);
  send_syn();
}

// What the peer's SYN settles: RFC 9293, section 3.7.1, RFC 7323, RFC 2018.
void Connection::peer_spoke(const wire::TcpHeader& syn) {
  irs_ = syn.sequence;
  if (syn.maximum_segment_size != 0) mss_ = syn.maximum_segment_size;
  mss_ = std::max<std::uint16_t>(std::min(mss_, own_mss_), 64);
  timestamps_ = syn.has_timestamps && settings_.timestamps;
  if (timestamps_) take_timestamp(syn.timestamp);
  sack_ = syn.sack_permitted && settings_.sack;
  tells_sack_ = syn.sack_permitted && settings_.tells_sack;
  if (!settings_.window_scaling || syn.window_scale == wire::TcpHeader::kNoWindowScale) {
    receive_scale_ = 0;
  } else {
    send_scale_ = syn.window_scale;
  }
  set(Field::tcp_snd_wnd, snd_wnd_, static_cast<std::uint32_t>(syn.window));  // never scaled in a SYN
  snd_wnd_most_ = snd_wnd_;
  window_edge_ = snd_una_ + snd_wnd_;
  wl1_ = syn.sequence;
}

std::uint64_t Connection::write(Bytes bytes) {
  const bool open = state_ == State::syn_sent || state_ == State::syn_received || can_send();
  if (!open || close_asked_) return kNotTaken;
  const std::uint64_t begin = written_;
  unacknowledged_.append(bytes);
  written_ += bytes.size();
  begin_after_pause();
  take_written(begin);
  output();
  return begin;
}

void Connection::close() {
  if (close_asked_ || state_ == State::closed) return;
  if (!unread_.empty()) {
    // Data that nobody will read: RST says that it was lost (RFC 1122, section 4.2.2.13).
    abort();
    return;
  }
  close_asked_ = true;
  if (state_ == State::syn_sent) {
    finish(CloseReason::aborted);
  } else if (state_ == State::established) {  // in SYN-RECEIVED the FIN waits for the handshake
    set_state(State::fin_wait_1);
    output();
  } else if (state_ == State::close_wait) {
    set_state(State::last_ack);
    output();
  }
}

void Connection::abort() {
  if (state_ == State::closed) return;
  if (state_ != State::syn_sent && state_ != State::time_wait) send_reset(sequence_of(snd_nxt_));
  finish(CloseReason::aborted);
}

void Connection::vanish() {
  user_ = nullptr;
  if (state_ != State::closed) finish(CloseReason::aborted);
}

bool Connection::gives_way_to(const wire::TcpHeader& syn) const {
  if (state_ != State::time_wait || !syn.flags.syn || syn.flags.ack || syn.flags.rst) return false;
  const bool newer =
      timestamps_ && syn.has_timestamps && static_cast<std::int32_t>(syn.timestamp - recent_timestamp_) > 0;
  const std::uint32_t expected = irs_ + 1 + static_cast<std::uint32_t>(rcv_nxt_);
  return newer || static_cast<std::int32_t>(syn.sequence - expected) > 0;
}

void Connection::lose_interface() {
  if (state_ != State::closed) finish(CloseReason::unreachable);
}

void Connection::unreachable() {
  if (state_ == State::syn_sent || state_ == State::syn_received) finish(CloseReason::unreachable);
}

// Leaves every traced value at 0, as a connection begins.
void Connection::finish(CloseReason reason) {
  disarm();
  disarm_delayed_ack();
  set_state(State::closed);
  host_.trace.state(entity_, Field::tcp_cwnd, congestion_.window, 0);
  host_.trace.state(entity_, Field::tcp_ssthresh, congestion_.threshold, 0);
  host_.trace.state(entity_, Field::tcp_rto, round_trip_.rto_us(), 0);
  host_.trace.state(entity_, Field::tcp_srtt, round_trip_.srtt_us(), 0);
  User* user = user_;
  user_ = nullptr;
  if (user != nullptr) user->on_closed(*this, reason);  // it may still ask what was acknowledged
  set(Field::tcp_recovery, recovery_, Recovery::none);
  set(Field::tcp_snd_una, snd_una_, std::uint64_t{0});
  set(Field::tcp_snd_nxt, snd_nxt_, std::uint64_t{0});
  set(Field::tcp_rcv_nxt, rcv_nxt_, std::uint64_t{0});
  set(Field::tcp_snd_wnd, snd_wnd_, 0u);
  set(Field::tcp_rcv_wnd, rcv_wnd_, 0u);
  sent_.clear();
  early_.reset();
  host_.output.ended(*this);
}

void Connection::visit_state(StateVisitor& visitor) const {
  if (state_ == State::closed) return;
  const auto timer = [&](Mode mode) { return mode_ == mode ? host_.events.due(timer_).ns() : 0; };
  const Instant ack_due = host_.events.due(delayed_ack_);
  visitor.value(entity_, Field::tcp_state, 0, static_cast<std::int64_t>(state_));
  visitor.value(entity_, Field::tcp_cwnd, 0, congestion_.window);
  visitor.value(entity_, Field::tcp_ssthresh, 0, congestion_.threshold);
  visitor.value(entity_, Field::tcp_rto, 0, round_trip_.rto_us());
  visitor.value(entity_, Field::tcp_srtt, 0, round_trip_.srtt_us());
  visitor.value(entity_, Field::tcp_recovery, 0, static_cast<std::int64_t>(recovery_));
  visitor.value(entity_, Field::tcp_snd_una, 0, static_cast<std::int64_t>(snd_una_));
  visitor.value(entity_, Field::tcp_snd_nxt, 0, static_cast<std::int64_t>(snd_nxt_));
  visitor.value(entity_, Field::tcp_rcv_nxt, 0, static_cast<std::int64_t>(rcv_nxt_));
  visitor.value(entity_, Field::tcp_snd_wnd, 0, snd_wnd_);
  visitor.value(entity_, Field::tcp_rcv_wnd, 0, rcv_wnd_);
  visitor.value(entity_, Field::tcp_retransmit_timer, 0, timer(Mode::retransmit));
  visitor.value(entity_, Field::tcp_persist_timer, 0, timer(Mode::persist));
  visitor.value(entity_, Field::tcp_close_timer, 0, timer(Mode::close));
  visitor.value(entity_, Field::tcp_probe_timer, 0, timer(Mode::probe));
  visitor.value(entity_, Field::tcp_reorder_timer, 0, timer(Mode::reorder));
  if (keep_alive_ != nullptr) {
    const Instant due = host_.events.due(keep_alive_->timer);
    visitor.value(entity_, Field::tcp_keepalive_timer, 0, due == Instant::never() ? 0 : due.ns());
  }
  visitor.value(entity_, Field::tcp_delayed_ack_timer, 0, ack_due == Instant::never() ? 0 : ack_due.ns());
}

}  // namespace wirelab::tcp
