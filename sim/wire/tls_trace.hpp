// The words of the trace about TLS: the state of a session, what became of its handshake, and the numbers of messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wirelab::tls {

enum class State : std::uint8_t { none, handshake, secure, ended, count_ };
std::string_view name_of(State state);

enum class Event : std::uint8_t { none, begun, secure, resumed, failed, closed, count_ };
std::string_view name_of(Event event);

/// Why there is no secure connection.
enum class Failure : std::uint8_t {
  none,
  unknown_authority,    // the certificate was signed by one that is not trusted
  certificate_expired,  // or is not valid yet
  wrong_name,           // the certificate names another
  version,              // no version that both speak
  broken,               // what came is no TLS, or was changed on the way
  refused,              // the peer said so in an alert
  count_
};
std::string_view name_of(Failure failure);

/// Messages of a handshake have the numbers of HandshakeType; what is none has a number above those.
inline constexpr std::uint16_t kChangeCipherSpec = 256;
inline constexpr std::uint16_t kAlert = 512;  // + the alert
/// "Client Hello", "Change Cipher Spec", "Alert: unknown CA".
std::string name_of_message(std::uint16_t number);

}  // namespace wirelab::tls
