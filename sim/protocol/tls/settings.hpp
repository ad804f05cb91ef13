// What a TLS client and a TLS server are given, and what each side's sessions share: the certificate, whom a client trusts,
// tickets, and how long the processor takes for the steps of a handshake.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/kernel/time.hpp"
#include "sim/wire/tls.hpp"

namespace wirelab::tls {

/// Processor time of the operations that count in a handshake; all else in it takes no time here.
struct Speed {
  Duration key_generation, key_agreement;  // X25519
  Duration rsa_sign, rsa_verify;           // 2048 bits
  Duration ecdsa_sign, ecdsa_verify;       // P-256
};
/// A computer, as `openssl speed rsa2048 ecdsap256 ecdhx25519` of OpenSSL 3.0.19 prints on one core of an x86-64 server.
inline constexpr Speed kComputer{Duration::microseconds(33), Duration::microseconds(33), Duration::microseconds(271),
                                 Duration::microseconds(17), Duration::microseconds(20), Duration::microseconds(58)};
/// An ESP32 at 240 MHz, as wolfSSL's benchmark example for it prints (wolfSSL 5.5.3, ESP-IDF 4.4.2).
inline constexpr Speed kEsp32{Duration::microseconds(426'333), Duration::microseconds(425'250),
                              Duration::microseconds(264'000), Duration::microseconds(19'654),
                              Duration::microseconds(306'500), Duration::microseconds(586'000)};

struct ServerSettings {
  wire::Certificate certificate;
  bool tls12 = true, tls13 = true;
  int tickets = 2;  // that are sent after a full handshake of TLS 1.3, as OpenSSL does; 0: nobody resumes
  Speed speed = kComputer;
};

struct ClientSettings {
  wire::TlsVersion version = wire::TlsVersion::tls13;
  bool verify = true;     // else any certificate will do: "insecure"
  std::string authority;  // whom it trusts, by name
  std::string name;       // that the certificate must have, and that it asks for; empty: asks for none
  bool resume = false;    // by the last ticket
  Speed speed = kComputer;
};

/// What a server's sessions share for as long as its process lives. The key of the tickets goes with it, so that after
/// a restart nobody can resume.
class ServerContext {
 public:
  ServerContext(const ServerSettings& given, std::uint64_t seed, std::string_view entity);
  ServerSettings settings;
  std::vector<std::uint8_t> der;  // of the certificate
  RandomStream random;
  std::uint64_t ticket_key = 0;
};

struct Ticket {
  wire::TlsVersion version = wire::TlsVersion::tls13;
  std::vector<std::uint8_t> bytes;
  Instant received;
  std::uint32_t age_add = 0;
};

/// What a client's connections share.
class ClientContext {
 public:
  ClientContext(const ClientSettings& given, std::uint64_t seed, std::string_view entity);
  ClientSettings settings;
  RandomStream random;
  std::optional<Ticket> ticket;
};

}  // namespace wirelab::tls
