#include "sim/world/http_endpoint.hpp"

#include "sim/trace/traced_timer.hpp"

namespace wirelab {

using http::ClientState;
using http::Failure;

HttpEndpoint::HttpEndpoint(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity)
    : events_(events),
      trace_(trace),
      transport_(transport),
      node_(node),
      entity_(entity),
      timer_(events.make_timer(on_timer, this)) {}

HttpEndpoint::~HttpEndpoint() {
  if (connection_ != nullptr) connection_->detach();
  events_.release(timer_);
}

void HttpEndpoint::set_state(ClientState state) { trace_.set(entity_, Field::http_state, state_, state); }

void HttpEndpoint::disarm() { disarm_traced(trace_, timer_, entity_, Field::http_timer); }

void HttpEndpoint::send(const Target& target, http::Request request, dns::Resolver& resolver, Done done) {
  CauseScope scope(trace_);
  request_ = std::move(request);
  name_ = trace_.intern_again(request_.target, name_);
  done_ = std::move(done);
  if (settings_.timeout.ns() > 0)
    arm_traced(trace_, timer_, entity_, Field::http_timer, events_.now() + settings_.timeout);
  if (!settings_.keep_alive && find(request_.fields, "Connection") == nullptr)
    request_.fields.push_back({"Connection", "close"});
  const bool kept = is_open() && http_ != nullptr && http_->can_go_on() && target == target_;
  if (kept) {
    reused_ = true;
    send_request();
    return;
  }
  close_connection();
  target_ = target;
  set_state(ClientState::connecting);
  if (target_.address) {
    address_ = *target_.address;
    open_connection();
    return;
  }
  resolving_ = std::make_shared<int>();
  resolver.resolve(target_.name, [this, waiting = std::weak_ptr<int>(resolving_)](const dns::Answer& answer) {
    if (waiting.expired()) return;
    resolving_.reset();
    if (answer.failure != dns::Failure::none) {
      fail(Failure::not_resolved);
      return;
    }
    address_ = answer.address;
    open_connection();
  });
}

// Without a free port there is none, and the request times out.
void HttpEndpoint::open_connection() {
  reused_ = false;
  connection_ = transport_.connect(node_, {address_, target_.port}, this,
                                   settings_.tcp != nullptr ? *settings_.tcp : Transport::kDefaults);
}

void HttpEndpoint::on_connected(tcp::Connection&) {
  http_ = std::make_unique<http::ClientConnection>(trace_, entity_, *this);
  send_request();
}

void HttpEndpoint::send_request() {
  set_state(ClientState::waiting);
  http_->send(request_, name_);
}

std::size_t HttpEndpoint::on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) {
  auto answer = http_->receive(bytes, connection.stream_in(), {offset, offset + bytes.size()});
  if (!answer) {
    close_connection();
    fail(Failure::malformed);
  } else if (*answer) {
    if (!http_->can_go_on()) close_connection();
    finish(std::move(**answer));
  }
  return bytes.size();
}

void HttpEndpoint::on_peer_closed(tcp::Connection&) {
  auto answer = http_->ended();
  const bool untouched = !http_->has_answer_begun();
  close_connection();
  if (answer) {
    finish(std::move(*answer));
  } else if (state_ == ClientState::waiting && !(untouched && try_again())) {
    fail(Failure::reset);
  }
}

// A server may close a kept connection just when a request is on its way: who has got nothing of an answer may ask again (RFC 9110,
// 9.2.2; RFC 9112, 9.3.1), if asking twice does no harm.
bool HttpEndpoint::try_again() {
  const http::Method method = http::method_of(request_.method);
  if (!reused_ || (method != http::Method::get && method != http::Method::head)) return false;
  set_state(ClientState::connecting);
  open_connection();
  return true;
}

void HttpEndpoint::on_closed(tcp::Connection&, tcp::CloseReason reason) {
  connection_ = nullptr;
  if (state_ == ClientState::idle) return;
  const bool untouched = http_ == nullptr || !http_->has_answer_begun();
  if (state_ == ClientState::waiting && untouched && reason == tcp::CloseReason::reset && try_again()) return;
  fail(reason == tcp::CloseReason::refused       ? Failure::refused
       : reason == tcp::CloseReason::unreachable ? Failure::unreachable
       : reason == tcp::CloseReason::timed_out   ? Failure::timed_out
                                                 : Failure::reset);
}

void HttpEndpoint::close_connection() {
  if (connection_ == nullptr) return;
  tcp::Connection* const connection = connection_;
  connection_ = nullptr;
  connection->detach();
  connection->close();
}

void HttpEndpoint::finish(HttpResult result) {
  disarm();
  set_state(ClientState::idle);
  const Done done = std::move(done_);
  done_ = nullptr;
  done(std::move(result));
}

void HttpEndpoint::fail(Failure failure) {
  trace_.emit_cause(Kind::http_failed, entity_, 0, failure, name_);
  finish(tl::unexpected(failure));
}

void HttpEndpoint::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<HttpEndpoint*>(target);
  record_fired(self->trace_, self->entity_, Field::http_timer);
  self->resolving_.reset();
  self->close_connection();
  self->fail(Failure::timed_out);
}

void HttpEndpoint::crash() {
  close_connection();
  vanish();
}

void HttpEndpoint::vanish() {
  if (connection_ != nullptr) connection_->detach();
  connection_ = nullptr;
  http_.reset();
  resolving_.reset();
  disarm();
  set_state(ClientState::idle);
  done_ = nullptr;
}

void HttpEndpoint::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::http_state, 0, static_cast<std::int64_t>(state_));
  visitor.value(entity_, Field::http_timer, 0, deadline_of(events_, timer_));
}

}  // namespace wirelab
