// The server's side of one HTTP/1.1 connection (RFC 9112) as a state machine: bytes go in, answers come out. What these say is
// a site's business; lengths, conditions, HEAD, time-outs and the connection's end are seen to here.
#pragma once

#include "sim/protocol/byte_channel.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/http.hpp"

namespace wirelab::http {

struct ServerSettings {
  std::string software;                         // the Server field; empty: none
  bool two_segments = false;                    // head and body are written one after the other, as nginx does
  bool keep_alive = true;                       // the connection serves further requests
  bool says_keep_alive = false;                 // in a Connection field, as nginx does though HTTP/1.1 does without
  Duration idle = Duration::seconds(75);        // between two requests; nginx's keepalive_timeout
  Duration to_request = Duration::seconds(60);  // for a whole request; nginx's client_header_timeout
  std::uint32_t most_requests = 1000;           // of one connection; nginx's keepalive_requests
  Duration service_time;                        // from a request's last byte to its answer
  std::int64_t epoch = 0;                       // instant 0 in seconds since 1970, for the Date field
  Limits limits;
};

/// A request that is to be answered, once, unless its site is told to forget it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual void answer(Response response) = 0;
  /// It will be answered later; after this time its site is told that it is over.
  virtual void wait(Duration most) = 0;
};

class Site {
 public:
  virtual ~Site() = default;
  /// Answers now, or later.
  virtual void handle(Exchange& exchange) = 0;
  /// As Exchange::wait() has said.
  virtual void time_is_over(Exchange& exchange) = 0;
  /// Its connection has ended: nobody waits for the answer any more.
  virtual void forget(Exchange& exchange) = 0;
};

class ServerConnection final : public Exchange {
 public:
  /// `key` tells the connections of one server apart in the trace. Everything must outlive the connection.
  ServerConnection(EventQueue& events, Tracer& trace, EntityId entity, std::uint32_t key, Site& site,
                   const ServerSettings& settings, ByteChannel& channel);
  ~ServerConnection() override;
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Bytes have come. The channel may be closed when this returns.
  void receive(Bytes bytes, StreamId stream, StreamRange range);
  /// The connection has ended, or its client will send nothing more.
  void ended();
  void visit_state(StateVisitor& visitor) const;

  const Request& request() const override { return reader_.request(); }
  void answer(Response response) override;
  void wait(Duration most) override;

 private:
  enum class State : std::uint8_t { idle, reading, working, waiting, over };
  void take();
  void continue_if_asked();
  void begin_work();
  void hand_over();
  void refuse(const Malformed& wrong);
  void send(Response response, bool keep);
  void close();
  void arm(Duration after);
  void disarm();
  static void on_timer(void* self, std::uint64_t);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  std::uint32_t key_;
  Site& site_;
  const ServerSettings& settings_;
  ByteChannel& channel_;
  MessageReader reader_;
  State state_ = State::idle;
  bool continued_ = false;  // "100 Continue" is said
  bool is_taking_ = false;
  std::vector<std::uint8_t> more_;  // that came while a request was worked on
  StreamId stream_ = 0;
  std::uint64_t begin_ = 0, taken_ = 0;  // of the request in its stream, and up to where it was read
  NameId target_ = 0;                    // of the request, in the trace
  std::uint32_t requests_ = 0;
  TimerId timer_;
};

}  // namespace wirelab::http
