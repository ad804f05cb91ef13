// One end of a TCP connection (RFC 9293) as a state machine: segments and calls go in; segments and events come out; two timers
// are armed in the event queue that it is handed. It owns no socket and knows neither links nor nodes.
//
// Positions in a stream are 64-bit offsets from its first byte of data (offset 0 is sequence number ISS + 1); the FIN takes
// one offset past the last byte. Sequence numbers of 32 bits appear only in headers.
//
// Present: handshake, also simultaneous; MSS, window scaling, timestamps with PAWS (RFC 7323); SACK, also of repetitions (RFC
// 2883), with RACK and tail loss probe (RFC 8985), NewReno's rules without it; F-RTO, PRR and undoing; CUBIC with HyStart, or
// NewReno; RFC 6298 as Linux; slow start after idle; Linux's quick and delayed acknowledgements; Nagle with Minshall's change,
// as Linux; receive auto-tuning; zero-window and keep-alive probes; orderly close, reset, TIME_WAIT; giving up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/kernel/event_queue.hpp"
#include "sim/kernel/ring.hpp"
#include "sim/protocol/tcp/ack_policy.hpp"
#include "sim/protocol/tcp/congestion.hpp"
#include "sim/protocol/tcp/loss.hpp"
#include "sim/protocol/tcp/reassembly.hpp"
#include "sim/protocol/tcp/receive_tuning.hpp"
#include "sim/protocol/tcp/round_trip.hpp"
#include "sim/protocol/tcp/send_buffer.hpp"
#include "sim/protocol/tcp/send_queue.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab::tcp {

using wire::Bytes;
using wire::Ipv4Address;

enum class State : std::uint8_t {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait
};
std::string_view name_of(State state);

enum class CloseReason : std::uint8_t {
  none,
  orderly,      // both ends have closed
  reset,        // the peer sent RST
  refused,      // the peer sent RST to our SYN
  timed_out,    // nothing came back for too long
  unreachable,  // ICMP said so during the handshake
  aborted,      // by our own side
  no_port,      // it was not opened: all ports are in use
};
std::string_view name_of(CloseReason reason);

struct Endpoint {
  Ipv4Address address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

struct Settings {
  bool nodelay = false;                  // Nagle's algorithm off
  std::uint32_t receive_window = 65535;  // offered at first: half of Linux's tcp_rmem[1], in 16 bits
  std::uint32_t receive_window_most = 16u
                                      << 20;  // after tuning: half of tcp_rmem[2]; not more than the first: no tuning
  std::uint32_t send_buffer = 1u << 22;       // bytes; what is written beyond waits in the application's memory
  bool slow_start_after_idle = true;          // Linux's tcp_slow_start_after_idle
  Duration tick = Duration::milliseconds(4);  // of the kernel's timers: HZ 250
  bool timer_wheel = false;  // round up as that kernel's timer wheel does: by up to an eighth (see timers.cpp)
  std::optional<Duration> tick_phase;    // where the ticks fall; else chance
  std::uint8_t syn_retries = 6;          // Linux's tcp_syn_retries
  std::uint8_t syn_linear_timeouts = 4;  // of them at the first time-out, before it doubles (Linux 6.5)
  Duration give_up =
      Duration::milliseconds(924'600);  // tcp_retries2 = 15, in Linux's hypothetical time; or TCP_USER_TIMEOUT
  Duration keep_alive = Duration::nanoseconds(0);        // SO_KEEPALIVE: silence before the first probe; 0: off
  Duration keep_alive_interval = Duration::seconds(75);  // Linux's tcp_keepalive_intvl, between probes
  std::uint8_t keep_alive_probes = 9;                    // Linux's tcp_keepalive_probes, unanswered, end it
  Duration time_wait = Duration::seconds(60);            // Linux's TCP_TIMEWAIT_LEN, also for an orphan in FIN_WAIT_2
  const CongestionAlgorithm* congestion = &cubic();
  bool timestamps = true;
  bool window_scaling = true;
  bool sack = true;                                          // as a sender: what the peer tells is used
  bool tells_sack = true;                                    // as a receiver
  std::uint32_t initial_window = 10;                         // segments: RFC 6928
  Duration first_timeout = Duration::seconds(1);             // before anything is measured: RFC 6298, 2.1
  std::uint8_t retries = 0;                                  // time-outs in a row that end it; 0: give_up alone does
  bool syn_backs_off = true;                                 // after syn_linear_timeouts
  Duration invalid_ratelimit = Duration::milliseconds(500);  // tcp_invalid_ratelimit; 0: none
  bool collapses = true;                                     // small segments that are sent again: tcp_retrans_collapse
  // Where slow_tick is not 0, time-outs are counted and measured in it; every second segment is acknowledged, and what waits at the
  // next fast_tick.
  Duration slow_tick = Duration::nanoseconds(0);
  Duration fast_tick = Duration::milliseconds(250);
};

/// What microcontrollers run: lwIP 2's tcp.c, tcp_in.c and tcp_out.c with the sizes of its opt.h for a maximum segment of 1460
/// bytes. Receive window of 4 segments, send buffer of 2, timers of 250 and 500 ms, first time-out 3 s, 12 retries, 6 of a SYN at
/// a steady pace; no timestamps, no window scaling, NewReno. With `sack` it tells what it has beyond a gap (LWIP_TCP_SACK_OUT),
/// and uses nothing of it.
Settings lwip_like(bool sack = false);

class Connection;

/// What uses a connection. A call may write, close or abort, but not destroy the connection.
class User {
 public:
  virtual ~User() = default;
  virtual void on_connected(Connection&) {}
  /// Bytes in order, the first at `offset` of the stream. Returns how many it takes; the rest is kept until read_more().
  virtual std::size_t on_data(Connection& connection, Bytes bytes, std::uint64_t offset) = 0;
  /// The peer will send no more.
  virtual void on_peer_closed(Connection&) {}
  /// The connection has ended; nothing more comes from it.
  virtual void on_closed(Connection&, CloseReason) {}
  /// Bytes of ours were acknowledged.
  virtual void on_acknowledged(Connection&) {}
};

/// What carries segments. `first` and `second` are the payload, at `begin` of `stream`.
class SegmentOutput {
 public:
  virtual ~SegmentOutput() = default;
  virtual void send_segment(Connection& from, const wire::TcpHeader& header, Bytes first, Bytes second,
                            std::uint64_t begin) = 0;
  /// The connection has reached CLOSED and may be destroyed once the present call has returned.
  virtual void ended(Connection& connection) = 0;
};

/// What a connection is handed: shared by all of a node, and outliving them.
struct Host {
  EventQueue& events;
  Tracer& trace;
  SegmentOutput& output;
};

class Connection {
 public:
  Connection(Host& host, const Settings& settings, EntityId entity, Endpoint local, Endpoint remote,
             std::uint32_t initial_sequence, std::uint16_t maximum_segment_size);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends a SYN.
  void connect(User* user);
  /// Answers a SYN.
  void accept(User* user, const wire::TcpHeader& syn);
  /// Takes a segment that was addressed to this end.
  void receive(const wire::TcpSegment& segment);
  /// Queues bytes; returns the offset of the first, kNotTaken after close() or the end. What does not fit into the send
  /// buffer is queued too, as an application's own buffer would: ask has_room() where it should not be.
  std::uint64_t write(Bytes bytes);
  static constexpr std::uint64_t kNotTaken = ~std::uint64_t{0};
  /// Ends our side once all is sent.
  void close();
  /// Sends RST and forgets everything.
  void abort();
  /// Forgets everything without a word, as a machine without power does.
  void vanish();
  /// Offers bytes again that on_data() did not take.
  void read_more();
  /// A router says that packets must be smaller (RFC 1191). `mtu` is that of the IP packet.
  void lower_mtu(std::uint16_t mtu);
  /// In TIME-WAIT: whether this SYN may open a new connection between the same ends, since its number or its timestamp is newer
  /// (RFC 6191, and tcp_timewait_state_process).
  bool gives_way_to(const wire::TcpHeader& syn) const;
  /// Ends TIME-WAIT before its time.
  void end_waiting() { finish(CloseReason::orderly); }
  /// The address is gone: ends with "unreachable", and nothing is sent.
  void lose_interface();
  /// ICMP says that the peer cannot be reached: ends a connection that is being opened, as Linux does.
  void unreachable();

  /// The user is gone, as a process that has closed its socket: data that still comes is answered by RST (RFC 1122,
  /// section 4.2.2.13).
  void detach() { user_ = nullptr, reader_gone_ = true; }

  State state() const { return state_; }
  std::size_t early_bytes() const { return early_ == nullptr ? 0 : early_->pieces.bytes(); }
  bool has_early() const { return early_ != nullptr && !early_->pieces.empty(); }
  bool can_send() const { return state_ == State::established || state_ == State::close_wait; }
  Endpoint local() const { return local_; }
  Endpoint remote() const { return remote_; }
  EntityId entity() const { return entity_; }
  StreamId stream_out() const { return stream_out_; }
  StreamId stream_in() const { return stream_in_; }
  void set_streams(StreamId out, StreamId in) { stream_out_ = out, stream_in_ = in; }
  /// Two numbers of its carrier's own: where it stands and which way it sends.
  struct Carrier {
    std::uint32_t node = 0;
    std::uint32_t link = 0;
  };
  Carrier carrier;
  std::uint32_t initial_sequence() const { return iss_; }
  std::uint32_t peer_initial_sequence() const { return irs_; }
  std::uint64_t acknowledged() const { return snd_una_; }
  std::uint64_t written() const { return written_; }
  /// Whether so many bytes fit into the send buffer; an empty one takes anything, piece by piece.
  bool has_room(std::size_t bytes) const {
    return unacknowledged_.size() == 0 || unacknowledged_.size() + bytes <= settings_.send_buffer;
  }
  std::uint32_t segment_payload() const;
  const CongestionState& congestion() const { return congestion_; }
  const RoundTrip& round_trip() const { return round_trip_; }

  /// Names every value of this end that the trace follows, as it is now.
  void visit_state(StateVisitor& visitor) const;

 private:
  static constexpr Duration kTimerMargin =
      Duration::milliseconds(2);  // of probe and reordering timers: TCP_TIMEOUT_MIN_US
  struct Early {
    Reassembly pieces;
    std::vector<std::uint64_t> newest;  // where pieces begin, by when they last grew: the order of SACK blocks
    std::uint64_t repeated_begin = 0, repeated_end = 0;  // has come twice, and the peer is not told yet (RFC 2883)
    Instant answered_invalid;                            // the last time; 0: never
  };
  enum class Mode : std::uint8_t { idle, retransmit, persist, close, probe, reorder };
  enum class Recovery : std::uint8_t { none, fast, timeout };

  // connection.cpp: opening, closing, the application's calls
  void set_state(State state);
  void begin_trace();
  void finish(CloseReason reason);
  void peer_spoke(const wire::TcpHeader& syn);
  void take_timestamp(std::uint32_t timestamp) {
    recent_timestamp_ = timestamp;
    recent_timestamp_at_ = host_.events.now();
  }
  template <typename T>
  void set(Field field, T& variable, T value) {
    host_.trace.set(entity_, field, variable, value);
  }

  // input.cpp
  void receive_in_syn_sent(const wire::TcpSegment& segment);
  void answer_repetition(std::int64_t begin, std::int64_t length);
  void time_arrival(AckNews& news, Duration first, Duration last);
  Early& early();
  void keep_early(std::uint64_t begin, Bytes payload);
  void answer_invalid();
  void came_twice(std::uint64_t begin, std::uint64_t end);
  bool process_ack(const wire::TcpHeader& header, std::size_t payload);
  void take_sacks(const wire::TcpHeader& header, AckNews& news);
  void acknowledge_to(std::uint64_t ack, const wire::TcpHeader& header, AckNews& news);
  void closing_acknowledged();
  void begin_after_losses();
  void process_data(const wire::TcpHeader& header, Bytes payload, std::uint64_t begin);
  void deliver(Bytes bytes);
  void sample_round_trip(Duration measured);
  void end_of_handshake(const wire::TcpHeader& header);
  void peer_finished();

  // recovery.cpp
  LossState& loss();
  void recover(const wire::TcpHeader& header, AckNews& news, bool duplicate);
  void answer_to_probe(bool duplicate, const AckNews& news);
  void after_timeout(const wire::TcpHeader& header, const AckNews& news, bool duplicate);
  bool detect_loss();
  void enter_recovery();
  void leave_recovery();
  void reduce();
  void undo(bool nothing_is_lost);
  bool original_answered(const wire::TcpHeader& header) const;
  void reordering_timeout();
  void send_tail_probe();

  // output.cpp
  void output();
  void begin_after_pause();
  bool repair_one();
  void resend(std::uint32_t i, RetransmitReason reason);
  struct Push {
    bool anything = false;   // whatever keeps it back
    bool small_too = false;  // Nagle off
    bool piece = false;      // just written: it does not wait for another
    bool second = false;     // of two that leave as one piece: Linux marks the end of each with PSH
  };
  bool send_new(Push push);
  void take_written(std::uint64_t before);
  void fill_buffer();
  void go_on_writing();
  std::uint32_t piece_size() const;
  /// End of what may be sent of it.
  std::uint64_t sendable() const { return buffer_ == nullptr ? written_ : buffer_->taken; }
  /// End of what the system holds in one piece.
  std::uint64_t piece_end() const {
    return buffer_ == nullptr || buffer_->ends.empty() ? sendable() : buffer_->ends[0];
  }
  /// There is something that was never sent, and may be.
  bool has_unsent() const { return !fin_sent_ && (snd_nxt_ < sendable() || (close_asked_ && sendable() == written_)); }
  bool waits_for_pair() const;
  void repair();
  bool open_for_sending() const {
    return can_send() || state_ == State::fin_wait_1 || state_ == State::last_ack || state_ == State::closing;
  }
  std::uint32_t present_payload() const;
  void collapse(std::uint32_t i);
  void transmit(const SentSegment& segment);
  void send_ack();
  void send_probe();
  void send_syn();
  void send_reset(std::uint32_t sequence);
  // A reset that only the segment it answers is told by: its ACK as sequence, no options (RFC 9293, section 3.5.2, group 2).
  void answer_with_reset(const wire::TcpHeader& to);
  wire::TcpHeader header_for(std::uint64_t offset);
  std::uint16_t window_to_offer();
  std::uint32_t first_window() const;
  bool tunes() const { return settings_.receive_window_most > settings_.receive_window && receive_scale_ > 0; }
  /// What could be offered now, bytes, by Linux's rule against silly windows.
  std::uint64_t receive_room() const;
  std::uint32_t receive_clamp() const { return tuning_ != nullptr ? tuning_->clamp() : settings_.receive_window + 1; }
  std::uint64_t largest_buffer() const { return 2 * std::uint64_t{settings_.receive_window_most}; }
  bool begin_tuning(std::size_t bytes);
  void data_arrived(const wire::TcpHeader& header, std::size_t bytes);
  void data_read();
  std::uint32_t send_window_left() const;

  // timers.cpp
  static void on_timer(void* self, std::uint64_t);
  static void on_delayed_ack(void* self, std::uint64_t);
  void arm(Mode mode, Duration after);
  Instant when(Duration after) const;
  std::int64_t phase(Duration tick) const;
  std::int64_t tick_shift() const;
  Instant tick_began() const;
  std::int64_t ticks(Instant at, Duration tick) const;
  void disarm();
  void send_ack_later();
  static void on_keep_alive(void* self, std::uint64_t);
  void arm_keep_alive(Duration after);
  void keep_alive_is_due();
  void disarm_delayed_ack();
  void retransmission_timeout();
  std::uint32_t flight_size() const;
  void persist_timeout();
  void arm_retransmission();
  Duration time_out_left() const;
  void arm_probe_or_retransmission(bool advancing, bool begins);

  std::uint32_t sequence_of(std::uint64_t offset) const { return iss_ + 1 + static_cast<std::uint32_t>(offset); }
  std::uint64_t offset_of_ack(std::uint32_t sequence) const {
    return snd_una_ + static_cast<std::uint64_t>(
                          static_cast<std::int64_t>(static_cast<std::int32_t>(sequence - sequence_of(snd_una_))));
  }
  std::uint32_t timestamp_now() const { return static_cast<std::uint32_t>(host_.events.now().ns() / 1'000'000); }
  bool fin_acknowledged() const { return fin_sent_ && snd_una_ == written_ + 1; }

  Host& host_;
  const Settings& settings_;
  User* user_ = nullptr;
  EntityId entity_;
  StreamId stream_out_ = 0;
  StreamId stream_in_ = 0;
  Endpoint local_;
  Endpoint remote_;
  std::uint32_t iss_;
  std::uint32_t irs_ = 0;

  State state_ = State::closed;
  Mode mode_ = Mode::idle;
  Recovery recovery_ = Recovery::none;
  std::uint8_t retries_ = 0;  // of SYN or SYN-ACK
  bool close_asked_ = false;  // by the application
  bool fin_sent_ = false;
  bool peer_fin_ = false;  // received in order
  bool reader_gone_ = false;
  bool timestamps_ = false;
  bool sack_ = false;
  bool tells_sack_ = false;
  std::uint8_t send_scale_ = 0;
  std::uint8_t receive_scale_ = 0;
  bool answers_ = false;            // the peer's SYN came first
  bool ack_is_due_ = false;         // at once, unless data goes out that carries it
  bool syn_repeated_ = false;       // the SYN-ACK was sent again, for a SYN that came again
  bool probe_resent_ = false;       // the tail loss probe was no new data
  bool new_before_repair_ = false;  // F-RTO, step 2.b
  bool repair_waits_ = false;       // for the answer to that
  bool maybe_spurious_ = false;     // F-RTO: the time-out may have been one
  std::uint8_t duplicate_acks_ = 0;
  std::uint8_t timeouts_ = 0;  // in a row, without an advance
  std::uint16_t mss_ = 536;
  std::uint16_t own_mss_;
  std::uint32_t rcv_wnd_ = 0;  // bytes that the last segment offered

  // sending
  std::uint64_t snd_una_ = 0;
  std::uint64_t snd_nxt_ = 0;
  std::uint64_t written_ = 0;      // end of what the application wrote
  std::uint64_t small_end_ = 0;    // end of the last segment below full size: Minshall's variable
  std::uint64_t window_edge_ = 0;  // offset up to which the peer accepts
  std::uint32_t snd_wnd_ = 0;
  std::uint32_t snd_wnd_most_ = 0;
  std::uint32_t wl1_ = 0;
  std::uint32_t wl2_ = 0;
  Instant first_timeout_;               // when the present row of time-outs, or of unanswered probes, began
  ByteRing unacknowledged_;             // bytes from snd_una_ to written_
  std::unique_ptr<SendBuffer> buffer_;  // where more was written than a little: thin flows need none
  SendQueue sent_;
  CongestionState congestion_;
  std::unique_ptr<LossState> loss_;  // null while nothing was ever missing
  RoundTrip round_trip_;
  Instant last_data_sent_;  // the first SYN before there is any

  // receiving
  AckPolicy acks_;
  std::uint64_t rcv_nxt_ = 0;
  std::uint64_t rcv_edge_ = 0;  // offset up to which we have promised to accept
  std::uint64_t acked_ = 0;     // rcv_nxt_ of the last segment we sent
  std::uint64_t peer_fin_at_ = ~std::uint64_t{0};
  std::uint32_t recent_timestamp_ = 0;
  Instant recent_timestamp_at_;
  ByteRing unread_;
  std::unique_ptr<ReceiveTuning> tuning_;  // from the first large segment on: thin flows need none
  std::unique_ptr<Early> early_;           // what came before its turn, or twice; null if nothing ever did

  TimerId timer_;
  TimerId delayed_ack_;
  struct KeepAlive {
    TimerId timer;
    Instant heard;  // when anything last came from the peer
    std::uint8_t unanswered = 0;
  };
  std::unique_ptr<KeepAlive> keep_alive_;  // where it is wanted
};

}  // namespace wirelab::tcp
