// The server's side of the handshakes.
#include <algorithm>

#include "sim/kernel/mix_hash.hpp"
#include "sim/protocol/tls/session.hpp"

namespace wirelab::tls {

using wire::HandshakeType;
using wire::TlsVersion;

namespace {

constexpr std::size_t kFinished12 = 12;
constexpr std::size_t kFinished13 = 48;
// Tickets hold the session, encrypted and authenticated (RFC 5077, 4), in the sizes of OpenSSL 3.0.
constexpr std::size_t kTicket12 = 176;
constexpr std::size_t kTicket13 = 224;
constexpr std::uint32_t kTicketLifetime = 7200;  // seconds, of OpenSSL

}  // namespace

bool Session::server_takes(HandshakeType type, wire::Bytes body) {
  if (type != expected_ || state_ != State::handshake) return fail(Failure::broken, wire::Alert::unexpected_message);
  switch (type) {
    case HandshakeType::client_hello: return take_client_hello(body);
    case HandshakeType::client_key_exchange:
      if (body.size() != 33) return fail(Failure::broken, wire::Alert::decode_error);
      expected_ = HandshakeType::finished;
      return true;
    case HandshakeType::finished:
      think(!tls13() && !resumed_ ? speed().key_agreement : Duration(), Step::server_finish);
      return true;
    default: return fail(Failure::broken, wire::Alert::unexpected_message);
  }
}

bool Session::take_client_hello(wire::Bytes body) {
  const auto hello = wire::decode_client_hello(body);
  if (!hello) return fail(Failure::broken, wire::Alert::decode_error);
  client_hello_ = *hello;
  const ServerSettings& settings = server_->settings;
  const bool offered = hello->version == TlsVersion::tls13 ? settings.tls13 : settings.tls12;
  if (!offered) return fail(Failure::version, wire::Alert::protocol_version);
  version_ = hello->version;
  key_ = settings.certificate.key;
  resumed_ = knows_ticket(hello->ticket);
  expected_ = tls13() || resumed_ ? HandshakeType::finished : HandshakeType::client_key_exchange;
  const Duration exchange = speed().key_generation + (tls13() ? speed().key_agreement : Duration());
  think(!resumed_ ? exchange + sign_time() : tls13() ? exchange : Duration(), Step::server_flight);
  return true;
}

void Session::send_server_flight() {
  server_hello_.version = version_;
  server_hello_.random = random32();
  // TLS 1.3 echoes it always (RFC 8446, 4.1.3), 1.2 where it resumes by a ticket (RFC 5077, 3.4).
  if (tls13() || resumed_) server_hello_.session_id = client_hello_.session_id;
  server_hello_.key = key_;
  server_hello_.share = random32();
  server_hello_.resumed = resumed_;
  derive_keys();
  std::vector<std::uint8_t> message;
  wire::encode(server_hello_, message);
  add_whole(message);
  const bool rsa = key_ == wire::KeyKind::rsa2048;
  // Of ECDSA: two numbers of 32 or 33 bytes in DER.
  const std::size_t signature = rsa ? 256 : 70 + random().below(2) + random().below(2);
  std::vector<std::uint8_t> certificate;
  if (!resumed_) wire::encode_certificate_message(version_, server_->der, certificate);
  if (tls13()) {
    add_change_cipher_spec();
    in_ = Protection(version_, client_key_);
    const std::uint8_t none[2] = {};
    add_message(HandshakeType::encrypted_extensions, none);
    if (!resumed_) {
      add_whole(certificate);
      add_random_message(HandshakeType::certificate_verify, 4 + signature);  // scheme, length, signature
    }
    add_random_message(HandshakeType::finished, kFinished13);
  } else if (resumed_) {
    add_change_cipher_spec();
    add_random_message(HandshakeType::finished, kFinished12);
  } else {
    add_whole(certificate);
    std::vector<std::uint8_t> exchange{3, 0, 0x1d, 32};  // a named curve: X25519, and a share of 32 bytes
    const auto rest = random_bytes(32 + 4 + signature);
    exchange.insert(exchange.end(), rest.begin(), rest.end());
    // The scheme: RSA-PSS or ECDSA with SHA-256, and the signature's length.
    exchange[36] = rsa ? 8 : 4, exchange[37] = rsa ? 4 : 3;
    wire::store16(&exchange[38], static_cast<std::uint16_t>(signature));
    add_message(HandshakeType::server_key_exchange, exchange);
    add_message(HandshakeType::server_hello_done, {});
  }
  send_flight();
}

// TLS 1.3: a ticket a write, as OpenSSL flushes after each. One after a resumption.
void Session::send_server_finish() {
  if (tls13()) {
    const int tickets = server_->settings.tickets == 0 ? 0 : resumed_ ? 1 : server_->settings.tickets;
    for (int i = 0; i < tickets; ++i) send_ticket();
  } else if (!resumed_) {
    if (server_->settings.tickets > 0) send_ticket();
    add_change_cipher_spec();
    add_random_message(HandshakeType::finished, kFinished12);
    send_flight();
  }
  become_secure();
}

void Session::send_ticket() {
  std::vector<std::uint8_t> body;
  wire::Writer writer(body);
  writer.u32(kTicketLifetime);
  if (tls13()) {
    writer.u32(static_cast<std::uint32_t>(random().bits()));
    writer.u8(8);
    writer.raw(random_bytes(8));  // the nonce
  }
  const auto ticket = make_ticket();
  writer.u16(static_cast<std::uint16_t>(ticket.size()));
  writer.raw(ticket);
  if (tls13()) writer.u16(0);  // no extensions
  add_message(HandshakeType::new_session_ticket, body);
  if (tls13()) send_flight();
}

// The name of the key that encrypts it, then what only the server reads: here, when it was made.
std::vector<std::uint8_t> Session::make_ticket() {
  std::vector<std::uint8_t> ticket = random_bytes(tls13() ? kTicket13 : kTicket12);
  wire::store32(&ticket[0], static_cast<std::uint32_t>(server_->ticket_key >> 32));
  wire::store32(&ticket[4], static_cast<std::uint32_t>(server_->ticket_key));
  const auto now = static_cast<std::uint32_t>(events_.now().ns() / 1'000'000'000);
  wire::store32(&ticket[16], now ^ static_cast<std::uint32_t>(MixHash{}(server_->ticket_key)));
  return ticket;
}

bool Session::knows_ticket(wire::Bytes ticket) const {
  if (server_->settings.tickets == 0 || ticket.size() != (tls13() ? kTicket13 : kTicket12)) return false;
  const std::uint64_t key = static_cast<std::uint64_t>(wire::load32(&ticket[0])) << 32 | wire::load32(&ticket[4]);
  const std::uint32_t made = wire::load32(&ticket[16]) ^ static_cast<std::uint32_t>(MixHash{}(server_->ticket_key));
  const auto now = static_cast<std::uint32_t>(events_.now().ns() / 1'000'000'000);
  return key == server_->ticket_key && made <= now && now - made <= kTicketLifetime;
}

}  // namespace wirelab::tls
