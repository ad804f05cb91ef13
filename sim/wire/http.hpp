// HTTP/1.1 messages (RFC 9110 semantics, RFC 9112 syntax) as bytes: heads, and bodies by length, in chunks, or to the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab::http {

using wire::Bytes;

/// As the trace names them.
enum class Method : std::uint8_t { other, get, head, post, put, delete_, options, patch };
Method method_of(std::string_view text);
std::string_view name_of(Method method);

struct Field {
  std::string name, value;
};
using Fields = std::vector<Field>;
/// The value of the first field of this name, whatever its case (RFC 9110, 5.1); nullptr if there is none.
const std::string* find(const Fields& fields, std::string_view name);
/// Whether a field of this name lists the token, both in any case.
bool has_token(const Fields& fields, std::string_view name, std::string_view token);

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query
  Fields fields;
  std::string body;
};
struct Response {
  int status = 200;
  Fields fields;
  std::string body;
};
/// "OK", "Not Found"; empty for a status without a name here.
std::string_view reason_of(int status);

/// Start line and fields, as they are given, and the empty line. Fields that say where the body ends are the caller's.
void encode_head(const Request& request, std::vector<std::uint8_t>& out);
void encode_head(const Response& response, std::vector<std::uint8_t>& out);
/// A chunk of a chunked body (RFC 9112, 7.1); an empty one is the last, without trailers.
void encode_chunk(std::string_view text, std::vector<std::uint8_t>& out);

/// Why a message cannot be read, and the status with which a server answers that.
struct Malformed {
  int status = 400;
  std::string_view what;
};

struct Limits {
  std::size_t head = 16'384;  // bytes of start line and fields
  std::size_t body = 1'048'576;
};

/// Reads the messages of one direction, one after another.
class MessageReader {
 public:
  enum class Of : std::uint8_t { requests, responses };
  explicit MessageReader(Of of, const Limits& limits = {}) : of_(of), limits_(limits) {}

  /// Before a response's head: it answers a HEAD, so it has no body whatever it says (RFC 9112, 6.3).
  void answers_head(bool yes) { answers_head_ = yes; }
  /// Takes bytes until the message is whole, and returns how many it took. An error ends the stream.
  tl::expected<std::size_t, Malformed> take(Bytes bytes);
  /// The stream has ended: whether the message is whole by that.
  bool end();
  /// Puts the message away and begins the next one.
  void next();

  bool has_begun() const { return state_ != State::start || !line_.empty(); }
  bool has_head() const { return state_ > State::fields; }
  bool is_whole() const { return state_ == State::whole; }
  /// Whether more messages may follow on the connection (RFC 9112, 9.3).
  bool keeps_connection() const;
  /// Of the message that is being read; a response has no method and no target.
  const Request& request() const { return message_; }
  int status() const { return status_; }
  /// The response, with what request() has of it.
  Response response() const { return {status_, message_.fields, message_.body}; }

 private:
  enum class State : std::uint8_t { start, fields, length, chunk_size, chunk, chunk_end, trailers, until_end, whole };
  using Result = tl::expected<void, Malformed>;
  Result take_line();
  Result take_start();
  Result take_field();
  Result take_chunk_size();
  Result end_of_head();

  Of of_;
  Limits limits_;
  State state_ = State::start;
  bool answers_head_ = false;
  std::string line_;
  std::size_t head_size_ = 0;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  int minor_version_ = 1;
  int status_ = 0;
  Request message_;
};

}  // namespace wirelab::http
