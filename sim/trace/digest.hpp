// Three 128-bit digests of a trace (XXH3), so that a difference says what changed: everything; the order of what happened
// (instant, kind, entity) alone; the bytes on the wire alone. Fields are hashed as canonical little-endian numbers, never as
// memory; sequence numbers of the event queue are in none of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/trace/sink.hpp"

namespace wirelab {

/// Raised when the same run gives another digest by design: records, their meaning, or a model changed.
inline constexpr int kDigestVersion = 5;

struct DigestTexts {
  std::string everything, order, wire;  // "w1-" and 32 hexadecimal digits
};

class Digest final : public Sink {
 public:
  Digest();
  ~Digest() override;
  void consume(const TracePart& part) override;
  DigestTexts texts() const;

 private:
  struct Hashes;
  std::unique_ptr<Hashes> hashes_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace wirelab
