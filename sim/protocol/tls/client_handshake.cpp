// The client's side of the handshakes.
#include "sim/protocol/tls/session.hpp"
#include "sim/wire/ipv4.hpp"

namespace wirelab::tls {

using wire::HandshakeType;
using wire::TlsVersion;

namespace {

constexpr std::size_t kFinished12 = 12;  // RFC 5246, 7.4.9
constexpr std::size_t kFinished13 = 48;  // SHA-384

}  // namespace

void Session::send_client_hello() {
  client_hello_.version = version_;
  client_hello_.random = random32();
  // A name only, never an address (RFC 6066, section 3).
  const bool is_address = wire::parse_address(client_->settings.name).has_value();
  client_hello_.server_name = is_address ? std::string() : client_->settings.name;
  client_hello_.share = random32();
  const auto& ticket = client_->ticket;
  const bool resume = client_->settings.resume && ticket && ticket->version == version_;
  // TLS 1.3 sends a session id to look like 1.2 (RFC 8446, D.4), 1.2 to see whether a ticket was taken (RFC 5077, 3.4).
  if (tls13() || resume) client_hello_.session_id = random_bytes(32);
  if (resume) {
    client_hello_.ticket = ticket->bytes;
    const std::int64_t age = (events_.now() - ticket->received).ns() / 1'000'000;
    client_hello_.ticket_age = static_cast<std::uint32_t>(age) + ticket->age_add;
  }
  std::vector<std::uint8_t> message;
  wire::encode(client_hello_, message);
  add_whole(message);
  send_flight();
}

// Messages come in the order of the standard; what comes otherwise is an error (RFC 5246, 7.3; RFC 8446, 4).
bool Session::client_takes(HandshakeType type, wire::Bytes body) {
  if (type == HandshakeType::new_session_ticket && (tls13() ? state_ == State::secure : !in_.on())) {
    take_ticket(body);
    return true;
  }
  if (type != expected_ || state_ != State::handshake) return fail(Failure::broken, wire::Alert::unexpected_message);
  switch (type) {
    case HandshakeType::server_hello: return take_server_hello(body);
    case HandshakeType::encrypted_extensions:
      expected_ = resumed_ ? HandshakeType::finished : HandshakeType::certificate;
      return true;
    case HandshakeType::certificate:
      expected_ = tls13() ? HandshakeType::certificate_verify : HandshakeType::server_key_exchange;
      return check_certificate(body);
    case HandshakeType::certificate_verify: expected_ = HandshakeType::finished; return true;
    case HandshakeType::server_key_exchange: expected_ = HandshakeType::server_hello_done; return true;
    case HandshakeType::server_hello_done:
      expected_ = HandshakeType::finished;
      think(speed().key_generation + speed().key_agreement + verify_time() * 2, Step::client_finish);
      return true;
    case HandshakeType::finished:
      if (tls13()) {
        think(speed().key_agreement + (resumed_ ? Duration() : verify_time() * 2), Step::client_finish);
      } else if (resumed_) {
        send_client_finish();
      } else {
        become_secure();
      }
      return true;
    default: return fail(Failure::broken, wire::Alert::unexpected_message);
  }
}

bool Session::take_server_hello(wire::Bytes body) {
  const auto hello = wire::decode_server_hello(body);
  if (!hello) return fail(Failure::broken, wire::Alert::decode_error);
  if (hello->version != version_) return fail(Failure::version, wire::Alert::protocol_version);
  server_hello_ = *hello;
  resumed_ = hello->resumed;
  derive_keys();
  if (tls13()) {
    in_ = Protection(version_, server_key_);
    expected_ = HandshakeType::encrypted_extensions;
  } else {
    expected_ = resumed_ ? HandshakeType::finished : HandshakeType::certificate;
  }
  return true;
}

// As OpenSSL's s_client does with its options for the authority and the host's name, in the same order.
bool Session::check_certificate(wire::Bytes body) {
  const auto certificate = wire::decode_certificate_message(version_, body);
  if (!certificate) return fail(Failure::broken, wire::Alert::decode_error);
  key_ = certificate->key;
  const ClientSettings& settings = client_->settings;
  if (!settings.verify) return true;
  const std::int64_t now = events_.now().ns() / 1'000'000'000;
  // In TLS 1.3 the client's alert is protected already.
  if (tls13()) out_ = Protection(version_, client_key_);
  if (certificate->issuer != settings.authority) return fail(Failure::unknown_authority, wire::Alert::unknown_ca);
  if (now < certificate->from || now > certificate->until)
    return fail(Failure::certificate_expired, wire::Alert::certificate_expired);
  if (certificate->name != settings.name) return fail(Failure::wrong_name, wire::Alert::bad_certificate);
  if (tls13()) out_ = Protection();
  return true;
}

// Lifetime, in TLS 1.3 what is added to the age and a nonce, then the ticket (RFC 5077, 3.3; RFC 8446, 4.6.1).
void Session::take_ticket(wire::Bytes body) {
  wire::Reader reader(body);
  reader.u32();
  Ticket ticket{version_, {}, events_.now(), 0};
  if (tls13()) {
    ticket.age_add = reader.u32();
    reader.take(reader.u8());
  }
  const wire::Bytes bytes = reader.take(reader.u16());
  ticket.bytes.assign(bytes.begin(), bytes.end());
  if (reader.ok()) client_->ticket = std::move(ticket);
}

void Session::send_client_finish() {
  if (!tls13() && !resumed_) {
    std::vector<std::uint8_t> share{32};
    const auto key = random_bytes(32);
    share.insert(share.end(), key.begin(), key.end());
    add_message(HandshakeType::client_key_exchange, share);
  }
  add_change_cipher_spec();
  add_random_message(HandshakeType::finished, tls13() ? kFinished13 : kFinished12);
  send_flight();
  if (tls13() || resumed_) become_secure();
}

}  // namespace wirelab::tls
