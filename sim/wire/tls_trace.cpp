#include "sim/wire/tls_trace.hpp"

#include <array>

#include "sim/kernel/check.hpp"
#include "sim/wire/tls.hpp"

namespace wirelab::tls {
namespace {

template <typename Enum, std::size_t N>
std::string_view look_up(const std::array<std::string_view, N>& names, Enum value) {
  static_assert(N == static_cast<std::size_t>(Enum::count_));
  check(static_cast<std::size_t>(value) < N, "a word of TLS is in its table");
  return names[static_cast<std::size_t>(value)];
}

}  // namespace

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 4> names{"none", "handshake", "secure", "ended"};
  return look_up(names, state);
}

std::string_view name_of(Event event) {
  constexpr std::array<std::string_view, 6> names{
      "none", "handshake begins", "secure", "secure, resumed by a ticket", "failed", "closed"};
  return look_up(names, event);
}

std::string_view name_of(Failure failure) {
  constexpr std::array<std::string_view, 7> names{"none",
                                                  "nobody trusted has signed the certificate",
                                                  "the certificate has expired",
                                                  "the certificate is for another name",
                                                  "no common version of TLS",
                                                  "no TLS, or changed on the way",
                                                  "the peer refused"};
  return look_up(names, failure);
}

std::string name_of_message(std::uint16_t number) {
  if (number >= kAlert) return "Alert: " + std::string(name_of(static_cast<wire::Alert>(number - kAlert)));
  if (number == kChangeCipherSpec) return "Change Cipher Spec";
  return std::string(name_of(static_cast<wire::HandshakeType>(number)));
}

}  // namespace wirelab::tls
