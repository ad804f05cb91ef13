#include "sim/protocol/tls/session.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "sim/trace/traced_timer.hpp"

namespace wirelab::tls {

using wire::ContentType;
using wire::HandshakeType;

ServerContext::ServerContext(const ServerSettings& given, std::uint64_t seed, std::string_view entity)
    : settings(given), random(seed, entity, "tls") {
  wire::encode(
      settings.certificate, [this] { return static_cast<std::uint8_t>(random.bits()); }, der);
  ticket_key = random.bits();
}

ClientContext::ClientContext(const ClientSettings& given, std::uint64_t seed, std::string_view entity)
    : settings(given), random(seed, entity, "tls") {}

Session::Session(EventQueue& events, Tracer& trace, EntityId entity, StreamId stream, ClientContext& context,
                 SessionUser& user)
    : events_(events), trace_(trace), entity_(entity), stream_out_(stream), client_(&context), user_(user) {
  version_ = context.settings.version;
  expected_ = HandshakeType::server_hello;
  timer_ = events.make_timer(on_thought, this);
}

Session::Session(EventQueue& events, Tracer& trace, EntityId entity, StreamId stream, ServerContext& context,
                 SessionUser& user)
    : events_(events), trace_(trace), entity_(entity), stream_out_(stream), server_(&context), user_(user) {
  timer_ = events.make_timer(on_thought, this);
}

Session::~Session() {
  if (gone_ != nullptr) *gone_ = true;
  events_.release(timer_);
}

void Session::leave() {
  disarm_traced(trace_, timer_, entity_, Field::tls_timer);
  trace_.set(entity_, Field::tls_state, state_, State::none);
}

void Session::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::tls_state, 0, static_cast<std::int64_t>(state_));
  visitor.value(entity_, Field::tls_timer, 0, deadline_of(events_, timer_));
}

RandomStream& Session::random() { return client_ != nullptr ? client_->random : server_->random; }
const Speed& Session::speed() const { return client_ != nullptr ? client_->settings.speed : server_->settings.speed; }

std::vector<std::uint8_t> Session::random_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random().bits());
  return bytes;
}

wire::Random32 Session::random32() {
  wire::Random32 bytes;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random().bits());
  return bytes;
}

Duration Session::sign_time() const { return key_ == wire::KeyKind::rsa2048 ? speed().rsa_sign : speed().ecdsa_sign; }
Duration Session::verify_time() const {
  return key_ == wire::KeyKind::rsa2048 ? speed().rsa_verify : speed().ecdsa_verify;
}

// Both sides' keys, of the numbers that both have seen.
void Session::derive_keys() {
  std::array<std::uint8_t, 64> seen{};
  std::copy(client_hello_.random.begin(), client_hello_.random.end(), seen.begin());
  std::copy(server_hello_.random.begin(), server_hello_.random.end(), seen.begin() + 32);
  client_key_ = XXH3_64bits_withSeed(seen.data(), seen.size(), 1);
  server_key_ = XXH3_64bits_withSeed(seen.data(), seen.size(), 2);
}

void Session::begin() {
  trace_.set(entity_, Field::tls_state, state_, State::handshake);
  trace_.emit(Kind::tls_event, entity_, 0, Event::begun);
}

void Session::start() {
  begin();
  think(tls13() ? speed().key_generation : Duration(), Step::client_hello);
}

void Session::think(Duration time, Step step) {
  if (time == Duration()) {
    do_step(step);
    return;
  }
  thinking_ = step;
  arm_traced(trace_, timer_, entity_, Field::tls_timer, events_.now() + time);
}

void Session::on_thought(void* target, std::uint64_t) {
  auto* self = static_cast<Session*>(target);
  record_fired(self->trace_, self->entity_, Field::tls_timer);
  const Step step = self->thinking_;
  self->thinking_ = Step::none;
  bool gone = false;
  self->gone_ = &gone;
  self->do_step(step);
  if (gone) return;
  self->gone_ = nullptr;
  self->process();
}

void Session::do_step(Step step) {
  switch (step) {
    case Step::client_hello: send_client_hello(); break;
    case Step::client_finish: send_client_finish(); break;
    case Step::server_flight: send_server_flight(); break;
    case Step::server_finish: send_server_finish(); break;
    case Step::none: break;
  }
}

// ---- what comes in

void Session::receive(wire::Bytes bytes, StreamId stream, std::uint64_t offset) {
  stream_in_ = stream;
  if (state_ == State::none) begin();
  if (buffer_.empty() && gone_ == nullptr) buffer_begin_ = offset;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (gone_ == nullptr) process();
}

// Takes whole records as long as the processor has nothing else to do.
void Session::process() {
  bool gone = false;
  gone_ = &gone;
  const std::vector<std::uint8_t> bytes = std::move(buffer_);  // what is taken may bring more, or end this object
  buffer_.clear();
  std::size_t used = 0;
  while (thinking_ == Step::none && state_ != State::ended && bytes.size() - used >= wire::kTlsRecordHeader) {
    const wire::Bytes rest = wire::Bytes(bytes).subspan(used);
    const auto header = wire::decode_tls_record(rest);
    if (!header || header->length > wire::kTlsLargestRecord) {
      fail(Failure::broken, header ? wire::Alert::record_overflow : wire::Alert::unexpected_message);
      if (!gone) gone_ = nullptr;
      return;
    }
    const std::size_t size = wire::kTlsRecordHeader + header->length;
    if (rest.size() < size) break;
    const std::uint64_t begin = buffer_begin_ + used;
    used += size;
    const bool goes_on = take_record(*header, rest.subspan(wire::kTlsRecordHeader, header->length), begin);
    if (gone) return;
    if (!goes_on) break;
  }
  gone_ = nullptr;
  const bool more = !buffer_.empty();  // came meanwhile
  buffer_.insert(buffer_.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
  buffer_begin_ += used;
  if (more) process();
}

// False, here and below: nothing more is to be taken, and the session may be gone.
bool Session::take_record(const wire::TlsRecordHeader& header, wire::Bytes fragment, std::uint64_t begin) {
  const std::uint64_t end = begin + wire::kTlsRecordHeader + fragment.size();
  if (header.type == ContentType::change_cipher_spec) {
    trace_.emit(Kind::tls_received, entity_, stream_in_, kChangeCipherSpec, 0, static_cast<std::int64_t>(begin),
                static_cast<std::int64_t>(end));
    // It changes the keys of TLS 1.2; in 1.3 it is there for old boxes on the way only (RFC 8446, D.4).
    if (!tls13()) in_ = Protection(version_, client_ != nullptr ? server_key_ : client_key_);
    return true;
  }
  if (!in_.on()) return take_plain(header.type, fragment, begin, end);
  const auto opened = in_.open(header.type, fragment);
  if (!opened) return fail(Failure::broken, wire::Alert::bad_record_mac);
  return take_plain(opened->type, opened->plain, begin, end);
}

bool Session::take_plain(ContentType type, wire::Bytes plain, std::uint64_t begin, std::uint64_t end) {
  switch (type) {
    case ContentType::handshake: record_begin_ = begin, record_end_ = end; return take_handshake(plain);
    case ContentType::application_data:
      if (state_ != State::secure) return fail(Failure::broken, wire::Alert::unexpected_message);
      user_.on_plain(plain, begin, end);
      return true;
    case ContentType::alert: {
      if (plain.size() != 2) return fail(Failure::broken, wire::Alert::decode_error);
      const auto number = static_cast<std::uint16_t>(kAlert + plain[1]);
      trace_.emit(Kind::tls_received, entity_, stream_in_, number, 0, static_cast<std::int64_t>(begin),
                  static_cast<std::int64_t>(end));
      if (static_cast<wire::Alert>(plain[1]) == wire::Alert::close_notify) return true;  // the stream's end follows
      end_with(Failure::refused);
      return false;
    }
    case ContentType::change_cipher_spec: break;
  }
  return fail(Failure::broken, wire::Alert::unexpected_message);
}

bool Session::take_handshake(wire::Bytes bytes) {
  const bool& gone = *gone_;  // outlives the session
  messages_.insert(messages_.end(), bytes.begin(), bytes.end());
  while (const auto message = wire::decode_handshake(messages_)) {
    trace_.emit(Kind::tls_received, entity_, stream_in_, static_cast<std::uint16_t>(message->type), 0,
                static_cast<std::int64_t>(record_begin_), static_cast<std::int64_t>(record_end_));
    const std::vector<std::uint8_t> body(message->body.begin(), message->body.end());
    const HandshakeType type = message->type;
    // It is the first message under the new keys: readable it says nothing of who sent it (RFC 5246, 7.4.9; RFC 8446, 4.4.4).
    if (type == HandshakeType::finished && !in_.on()) return fail(Failure::broken, wire::Alert::unexpected_message);
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(message->size()));
    const bool goes_on = client_ != nullptr ? client_takes(type, body) : server_takes(type, body);
    if (gone || !goes_on) return false;
  }
  return true;
}

// ---- what goes out

void Session::add_record(ContentType type, wire::Bytes fragment, std::uint16_t number) {
  const std::uint64_t begin = user_.next_offset() + flight_.size();
  if (out_.on()) {
    out_.seal(type, fragment, flight_);
  } else {
    const bool first = number == static_cast<std::uint16_t>(HandshakeType::client_hello);
    wire::encode_tls_record(type, first ? 0x0301 : 0x0303, fragment, flight_);
  }
  trace_.emit(Kind::tls_sent, entity_, stream_out_, number, 0, static_cast<std::int64_t>(begin),
              static_cast<std::int64_t>(user_.next_offset() + flight_.size()));
}

void Session::add_whole(const std::vector<std::uint8_t>& message) {
  add_record(ContentType::handshake, message, message[0]);
}

void Session::add_message(HandshakeType type, wire::Bytes body) {
  std::vector<std::uint8_t> message;
  wire::encode_message(type, body, message);
  add_whole(message);
}

void Session::add_random_message(HandshakeType type, std::size_t size) { add_message(type, random_bytes(size)); }

void Session::add_change_cipher_spec() {
  const std::uint8_t one = 1;
  const bool protect = out_.on();
  const Protection kept = out_;
  out_ = Protection();  // it is never protected
  add_record(ContentType::change_cipher_spec, {&one, 1}, kChangeCipherSpec);
  out_ = protect ? kept : Protection(version_, client_ != nullptr ? client_key_ : server_key_);
}

void Session::send_flight() {
  const std::vector<std::uint8_t> records = std::move(flight_);
  flight_.clear();
  user_.send_records(records);
}

void Session::write(wire::Bytes plain) {
  std::vector<std::uint8_t> records;
  do {
    const wire::Bytes part = plain.first(std::min(plain.size(), wire::kTlsLargestPlaintext));
    const std::uint64_t begin = user_.next_offset() + records.size();
    out_.seal(ContentType::application_data, part, records);
    trace_.emit(Kind::tls_content, entity_, stream_out_, 0, trace_.packet(part), static_cast<std::int64_t>(begin),
                static_cast<std::int64_t>(user_.next_offset() + records.size()));
    plain = plain.subspan(part.size());
  } while (!plain.empty());
  user_.send_records(records);
}

void Session::close() {
  if (state_ != State::secure) return;
  add_alert(wire::Alert::close_notify);
  send_flight();
  trace_.set(entity_, Field::tls_state, state_, State::ended);
  trace_.emit(Kind::tls_event, entity_, 0, Event::closed);
}

void Session::add_alert(wire::Alert alert) {
  const std::uint8_t level = alert == wire::Alert::close_notify ? 1 : 2;  // a warning, or fatal
  const std::uint8_t bytes[] = {level, static_cast<std::uint8_t>(alert)};
  add_record(ContentType::alert, bytes, static_cast<std::uint16_t>(kAlert + static_cast<std::uint16_t>(alert)));
}

void Session::become_secure() {
  trace_.set(entity_, Field::tls_state, state_, State::secure);
  trace_.emit(Kind::tls_event, entity_, 0, resumed_ ? Event::resumed : Event::secure, 0,
              static_cast<std::int64_t>(version_));
  user_.on_secure();
}

bool Session::fail(Failure failure, wire::Alert alert) {
  flight_.clear();
  add_alert(alert);
  send_flight();
  end_with(failure);
  return false;
}

void Session::end_with(Failure failure) {
  trace_.set(entity_, Field::tls_state, state_, State::ended);
  trace_.emit_cause(Kind::tls_event, entity_, 0, Event::failed, static_cast<std::uint32_t>(failure));
  user_.on_failed(failure);
}

}  // namespace wirelab::tls
