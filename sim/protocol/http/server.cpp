#include "sim/protocol/http/server.hpp"

#include <algorithm>

#include "sim/protocol/http/http_date.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::http {
namespace {

// Whether If-None-Match names the tag; weak ones are equal to strong ones here (RFC 9110, 13.1.2).
bool matches_tag(const Fields& fields, std::string_view tag) {
  const auto strong = [](std::string_view text) { return text.starts_with("W/") ? text.substr(2) : text; };
  const std::string* list = find(fields, "If-None-Match");
  if (list == nullptr) return false;
  for (std::string_view rest = *list; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view one = rest.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "*" || strong(one) == strong(tag)) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

}  // namespace

ServerConnection::ServerConnection(EventQueue& events, Tracer& trace, EntityId entity, std::uint32_t key, Site& site,
                                   const ServerSettings& settings, ByteChannel& channel)
    : events_(events),
      trace_(trace),
      entity_(entity),
      key_(key),
      site_(site),
      settings_(settings),
      channel_(channel),
      reader_(MessageReader::Of::requests, settings.limits),
      timer_(events.make_timer(on_timer, this)) {
  arm(settings_.to_request);
}

ServerConnection::~ServerConnection() {
  ended();
  events_.release(timer_);
}

void ServerConnection::receive(Bytes bytes, StreamId stream, StreamRange range) {
  if (state_ == State::over) return;
  stream_ = stream;
  if (more_.empty()) taken_ = range.begin;
  more_.insert(more_.end(), bytes.begin(), bytes.end());
  if (state_ == State::working || state_ == State::waiting) {
    // A client may send on before it is answered (RFC 9112, 9.3.2), but not without end.
    if (more_.size() > settings_.limits.head + settings_.limits.body) close();
    return;
  }
  take();
}

// Requests are answered one after another, in their order.
void ServerConnection::take() {
  if (is_taking_) return;  // an answer within the loop below
  is_taking_ = true;
  std::size_t at = 0;
  while (at < more_.size() && (state_ == State::idle || state_ == State::reading)) {
    if (state_ == State::idle) {
      state_ = State::reading;
      begin_ = taken_;
      arm(settings_.to_request);
    }
    const auto taken = reader_.take(Bytes(more_).subspan(at));
    if (!taken) {
      refuse(taken.error());
      break;
    }
    at += *taken;
    taken_ += *taken;
    if (reader_.is_whole()) {
      begin_work();
    } else if (!reader_.has_begun()) {
      state_ = State::idle;  // an empty line and nothing behind it
    } else if (reader_.has_head() && !continued_) {
      continue_if_asked();
    }
  }
  more_.erase(more_.begin(), more_.begin() + static_cast<std::ptrdiff_t>(std::min(at, more_.size())));
  is_taking_ = false;
}

void ServerConnection::continue_if_asked() {
  const Fields& fields = reader_.request().fields;
  if (find(fields, "Expect") == nullptr) return;
  if (!has_token(fields, "Expect", "100-continue")) {
    refuse({417, "an expectation that cannot be met"});
    return;
  }
  continued_ = true;
  channel_.write(wire::bytes_of(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")));  // RFC 9110, 10.1.1
}

void ServerConnection::begin_work() {
  const Request& request = reader_.request();
  target_ = trace_.intern_again(request.target, target_);
  trace_.emit_cause(Kind::http_received, entity_, stream_, method_of(request.method), target_,
                    static_cast<std::int64_t>(begin_), static_cast<std::int64_t>(taken_));
  ++requests_;
  if (settings_.service_time.ns() > 0) {
    state_ = State::working;
    arm(settings_.service_time);
  } else {
    hand_over();
  }
}

void ServerConnection::hand_over() {
  disarm();
  state_ = State::waiting;
  site_.handle(*this);
}

void ServerConnection::answer(Response response) {
  if (state_ != State::waiting) return;
  disarm();
  const Request& request = reader_.request();
  const Method method = method_of(request.method);
  const std::string* const tag = find(response.fields, "ETag");
  const bool reads = method == Method::get || method == Method::head;
  if (reads && response.status == 200 && tag != nullptr && matches_tag(request.fields, *tag)) {
    // RFC 9110, 15.4.5: what a cache needs, and no content.
    std::erase_if(response.fields, [](const Field& field) { return field.name.starts_with("Content-"); });
    response.status = 304;
    response.body.clear();
  }
  const bool keep = settings_.keep_alive && reader_.keeps_connection() && requests_ < settings_.most_requests;
  send(std::move(response), keep);
  if (!keep) {
    close();
    return;
  }
  continued_ = false;
  reader_.next();
  state_ = State::idle;
  arm(settings_.idle);
  take();
}

// What cannot be read is answered, and the connection ends: nobody knows where the next request begins.
void ServerConnection::refuse(const Malformed& wrong) {
  Response response;
  response.status = wrong.status;
  response.fields = {{"Content-Type", "application/json"}};
  response.body = "{\"status\":\"error\",\"message\":\"" + std::string(wrong.what) + "\"}";
  send(std::move(response), false);
  close();
}

void ServerConnection::send(Response response, bool keep) {
  Response whole;
  whole.status = response.status;
  if (!settings_.software.empty()) whole.fields.push_back({"Server", settings_.software});
  whole.fields.push_back({"Date", http_date(settings_.epoch + events_.now().ns() / 1'000'000'000)});
  for (Field& field : response.fields) whole.fields.push_back(std::move(field));
  const bool has_content = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_content) whole.fields.push_back({"Content-Length", std::to_string(response.body.size())});
  if (!keep) {
    whole.fields.push_back({"Connection", "close"});
  } else if (settings_.says_keep_alive) {
    whole.fields.push_back({"Connection", "keep-alive"});
  }
  std::vector<std::uint8_t> bytes;
  encode_head(whole, bytes);
  const bool silent = method_of(reader_.request().method) == Method::head;
  const std::string_view body = has_content && !silent ? std::string_view(response.body) : std::string_view{};
  const std::size_t head = bytes.size();
  bytes.insert(bytes.end(), body.begin(), body.end());
  const StreamPlace place = channel_.place();
  trace_.emit(Kind::http_sent, entity_, place.stream, static_cast<std::uint16_t>(response.status), target_,
              static_cast<std::int64_t>(place.offset), static_cast<std::int64_t>(place.offset + bytes.size()));
  if (!channel_.is_open()) return;
  const std::size_t first = settings_.two_segments ? head : bytes.size();
  channel_.write(Bytes(bytes).first(first));
  if (first < bytes.size()) channel_.write(Bytes(bytes).subspan(first));
}

void ServerConnection::close() {
  state_ = State::over;
  disarm();
  more_.clear();
  channel_.close();
}

void ServerConnection::ended() {
  if (state_ == State::waiting) site_.forget(*this);
  if (state_ == State::over) return;
  state_ = State::over;
  disarm();
}

void ServerConnection::arm(Duration after) {
  arm_traced(trace_, timer_, entity_, wirelab::Field::http_timer, events_.now() + after, key_);
}

void ServerConnection::disarm() { disarm_traced(trace_, timer_, entity_, wirelab::Field::http_timer, key_); }

void ServerConnection::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<ServerConnection*>(target);
  record_fired(self->trace_, self->entity_, wirelab::Field::http_timer, self->key_);
  switch (self->state_) {
    case State::working: self->hand_over(); break;
    case State::reading: self->refuse({408, "the rest of the request did not come in time"}); break;
    case State::waiting: self->site_.time_is_over(*self); break;
    default: self->close(); break;
  }
}

void ServerConnection::wait(Duration most) {
  if (state_ == State::waiting) arm(most);
}

void ServerConnection::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, wirelab::Field::http_timer, key_, deadline_of(events_, timer_));
}

}  // namespace wirelab::http
