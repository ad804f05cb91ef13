// The record layer's protection, as a cost model: records have the form and the sizes of AES-256-GCM, their content is not
// readable and any change of it is noticed, but it is a stream of numbers of a 64-bit key, and no cryptography.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/wire/tls.hpp"

namespace wirelab::tls {

/// What a plain text of so many bytes takes on the wire, over as many records as it needs.
std::size_t protected_size(wire::TlsVersion version, std::size_t plain);

/// One direction of a connection from its change of cipher on.
class Protection {
 public:
  Protection() = default;
  Protection(wire::TlsVersion version, std::uint64_t key) : version_(version), key_(key) {}
  bool on() const { return version_ != wire::TlsVersion::none; }
  /// Appends one record; `plain` has at most 16,384 bytes.
  void seal(wire::ContentType type, wire::Bytes plain, std::vector<std::uint8_t>& out);
  struct Opened {
    wire::ContentType type = wire::ContentType::handshake;
    std::vector<std::uint8_t> plain;
  };
  /// `fragment` is what follows a record's header of this type; empty if it was changed on the way.
  std::optional<Opened> open(wire::ContentType type, wire::Bytes fragment);

 private:
  void apply_stream(std::span<std::uint8_t> bytes) const;

  wire::TlsVersion version_ = wire::TlsVersion::none;
  std::uint64_t key_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace wirelab::tls
