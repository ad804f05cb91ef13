// TLS 1.2 (RFC 5246) and 1.3 (RFC 8446) on the wire: records, and the messages of a handshake as OpenSSL 3.0 sends them with its
// default lists. What is secret in them (shares, signatures, tickets) is given by the caller and only carried.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/bytes.hpp"
#include "sim/wire/certificate.hpp"

namespace wirelab::wire {

enum class TlsVersion : std::uint16_t { none = 0, tls12 = 0x0303, tls13 = 0x0304 };
std::string_view name_of(TlsVersion version);

enum class ContentType : std::uint8_t { change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23 };
std::string_view name_of(ContentType type);

enum class HandshakeType : std::uint8_t {
  client_hello = 1,
  server_hello = 2,
  new_session_ticket = 4,
  encrypted_extensions = 8,
  certificate = 11,
  server_key_exchange = 12,
  server_hello_done = 14,
  certificate_verify = 15,
  client_key_exchange = 16,
  finished = 20,
};
std::string_view name_of(HandshakeType type);

enum class Alert : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  bad_certificate = 42,
  certificate_expired = 45,
  unknown_ca = 48,
  decode_error = 50,
  protocol_version = 70,
};
std::string_view name_of(Alert alert);

inline constexpr std::size_t kTlsRecordHeader = 5;
inline constexpr std::size_t kTlsLargestPlaintext = 16384;                    // of one record (RFC 8446, 5.1)
inline constexpr std::size_t kTlsLargestRecord = kTlsLargestPlaintext + 256;  // RFC 8446, 5.2

struct TlsRecordHeader {
  ContentType type = ContentType::handshake;
  std::uint16_t version = 0;
  std::uint16_t length = 0;  // of what follows
};
/// Empty if there are fewer than 5 bytes, or they begin no record of TLS.
std::optional<TlsRecordHeader> decode_tls_record(Bytes bytes);
/// The first record of a connection says TLS 1.0, all others 1.2 (RFC 8446, 5.1).
void encode_tls_record(ContentType type, std::uint16_t version, Bytes fragment, std::vector<std::uint8_t>& out);

using Random32 = std::array<std::uint8_t, 32>;

struct ClientHello {
  TlsVersion version = TlsVersion::tls13;  // the one that it offers
  Random32 random{};
  std::vector<std::uint8_t> session_id;  // 32 bytes or none
  std::string server_name;               // empty: none (RFC 6066, 3)
  Random32 share{};                      // for TLS 1.3: X25519
  std::vector<std::uint8_t> ticket;      // to resume by
  std::uint32_t ticket_age = 0;          // obfuscated, in ms (RFC 8446, 4.2.11.1)
};
struct ServerHello {
  TlsVersion version = TlsVersion::tls13;
  Random32 random{};
  std::vector<std::uint8_t> session_id;
  KeyKind key = KeyKind::rsa2048;  // of the certificate: names the cipher suite of TLS 1.2
  Random32 share{};
  bool resumed = false;
};

// Messages of a handshake, with their headers of four bytes. Each appends to `out`.
void encode(const ClientHello& hello, std::vector<std::uint8_t>& out);
void encode(const ServerHello& hello, std::vector<std::uint8_t>& out);
void encode_certificate_message(TlsVersion version, Bytes der, std::vector<std::uint8_t>& out);
void encode_message(HandshakeType type, Bytes body, std::vector<std::uint8_t>& out);

struct HandshakeMessage {
  HandshakeType type = HandshakeType::client_hello;
  Bytes body;
  std::size_t size() const { return 4 + body.size(); }
};
/// The message that the bytes begin with; empty if it is not whole.
std::optional<HandshakeMessage> decode_handshake(Bytes bytes);

/// Empty if malformed.
std::optional<ClientHello> decode_client_hello(Bytes body);
std::optional<ServerHello> decode_server_hello(Bytes body);
/// The first certificate of a Certificate message.
std::optional<Certificate> decode_certificate_message(TlsVersion version, Bytes body);
std::string_view cipher_of(const ServerHello& hello);

}  // namespace wirelab::wire
