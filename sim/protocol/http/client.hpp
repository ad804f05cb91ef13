// The client's side of one HTTP/1.1 connection (RFC 9112) as a state machine: a request goes out, its answer comes back. Connecting
// and time-outs are its owner's.
#pragma once

#include <optional>

#include "sim/protocol/byte_channel.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/http.hpp"
#include "sim/wire/http_trace.hpp"

namespace wirelab::http {

class ClientConnection {
 public:
  /// `channel` must outlive it.
  ClientConnection(Tracer& trace, EntityId entity, ByteChannel& channel)
      : trace_(trace), entity_(entity), channel_(channel) {}

  /// Sends the request, when there is none under way. Content-Length is added where there is a body.
  void send(const Request& request, NameId target);
  /// Bytes have come: the answer, once it is whole. Answers of 100 to 199 are passed over.
  tl::expected<std::optional<Response>, Malformed> receive(Bytes bytes, StreamId stream, StreamRange range);
  /// The server has closed: an answer that ends by that.
  std::optional<Response> ended();
  /// Whether another request may follow on this connection.
  bool can_go_on() const { return can_go_on_; }
  bool is_waiting() const { return is_waiting_; }
  /// Whether some of the answer has come.
  bool has_answer_begun() const { return begun_; }

 private:
  Response finish();

  Tracer& trace_;
  EntityId entity_;
  ByteChannel& channel_;
  MessageReader reader_{MessageReader::Of::responses, {.head = 65'536, .body = 16'777'216}};
  StreamId stream_ = 0;
  NameId target_ = 0;
  std::uint64_t begin_ = 0, taken_ = 0;  // of the answer in its stream
  bool is_waiting_ = false, begun_ = false, can_go_on_ = true;
  bool asked_for_head_ = false;
};

}  // namespace wirelab::http
