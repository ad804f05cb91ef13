// X.509 certificates (RFC 5280) as TLS servers of small networks have them: version 3, one common name, a key of RSA or on the
// curve P-256, signed by itself or by an authority. The form and the sizes are those of `openssl req -x509`. Keys and
// signatures are random numbers: nothing is computed with them here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab::wire {

enum class KeyKind : std::uint8_t { rsa2048, p256 };
std::string_view name_of(KeyKind kind);

struct Certificate {
  std::string name;    // whom it names, at most 64 bytes (RFC 5280, ub-common-name)
  std::string issuer;  // who signed it; the same as `name`: it did itself
  std::int64_t from = 0,
               until =
                   0;  // seconds since 1970-01-01, at most to the end of 2049: from then on dates are written otherwise
  KeyKind key = KeyKind::rsa2048;
  bool operator==(const Certificate&) const = default;
};

/// Appends the certificate in DER; `random` gives the bytes of serial number, key and signature.
void encode(const Certificate& certificate, const std::function<std::uint8_t()>& random,
            std::vector<std::uint8_t>& out);
/// The certificate that the bytes begin with; empty if it is none, or one of another form.
std::optional<Certificate> decode_certificate(Bytes der);
/// As "2027-02-28".
std::string date_of(std::int64_t seconds_since_1970);

}  // namespace wirelab::wire
