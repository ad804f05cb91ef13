#include "sim/protocol/http/client.hpp"

namespace wirelab::http {

void ClientConnection::send(const Request& request, NameId target) {
  Request whole{request.method, request.target, request.fields, {}};
  const Method method = method_of(request.method);
  const bool wants_length = !request.body.empty() || method == Method::post || method == Method::put;
  if (wants_length && find(whole.fields, "Content-Length") == nullptr)
    whole.fields.push_back({"Content-Length", std::to_string(request.body.size())});
  std::vector<std::uint8_t> bytes;
  encode_head(whole, bytes);
  bytes.insert(bytes.end(), request.body.begin(), request.body.end());
  reader_.next();
  asked_for_head_ = method == Method::head;
  reader_.answers_head(asked_for_head_);
  target_ = target;
  is_waiting_ = true;
  begun_ = false;
  can_go_on_ = !has_token(whole.fields, "Connection", "close");
  const StreamPlace place = channel_.place();
  trace_.emit_cause(Kind::http_sent, entity_, place.stream, method, target_, static_cast<std::int64_t>(place.offset),
                    static_cast<std::int64_t>(place.offset + bytes.size()));
  channel_.write(bytes);
}

tl::expected<std::optional<Response>, Malformed> ClientConnection::receive(Bytes bytes, StreamId stream,
                                                                           StreamRange range) {
  stream_ = stream;
  if (!is_waiting_) {
    can_go_on_ = false;  // nobody has asked for this: what follows cannot be told apart
    return std::nullopt;
  }
  if (!begun_) begin_ = range.begin;
  begun_ = true;
  taken_ = range.begin;
  while (!bytes.empty()) {
    const auto taken = reader_.take(bytes);
    if (!taken) return tl::unexpected(taken.error());
    bytes = bytes.subspan(*taken);
    taken_ += *taken;
    if (!reader_.is_whole()) continue;
    if (reader_.status() >= 200) {
      if (!bytes.empty()) can_go_on_ = false;
      return finish();
    }
    reader_.next();
    reader_.answers_head(asked_for_head_);
    begin_ = taken_;
  }
  return std::nullopt;
}

std::optional<Response> ClientConnection::ended() {
  can_go_on_ = false;
  if (!is_waiting_ || !reader_.end()) return std::nullopt;
  return finish();
}

Response ClientConnection::finish() {
  is_waiting_ = false;
  can_go_on_ = can_go_on_ && reader_.keeps_connection();
  Response response = reader_.response();
  trace_.emit_cause(Kind::http_received, entity_, stream_, static_cast<std::uint16_t>(response.status), target_,
                    static_cast<std::int64_t>(begin_), static_cast<std::int64_t>(taken_));
  return response;
}

}  // namespace wirelab::http
