#include "sim/trace/digest.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <cstring>

namespace wirelab {
namespace {

// Appends numbers in little-endian order, whatever the machine's own.
struct Writer {
  std::uint8_t* at;
  template <typename T>
  void put(T value) {
    if constexpr (std::endian::native == std::endian::big) {
      for (std::size_t i = 0; i < sizeof(T); ++i)
        at[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i));
    } else {
      std::memcpy(at, &value, sizeof(T));
    }
    at += sizeof(T);
  }
};

constexpr std::size_t kFullSize = 48;
constexpr std::size_t kOrderSize = 14;

std::string text_of(XXH128_hash_t hash) {
  return fmt::format("w{}-{:016x}{:016x}", kDigestVersion, hash.high64, hash.low64);
}

}  // namespace

// Records and blobs are hashed apart and joined at the end, so that it does not matter how the trace was cut into parts.
struct Digest::Hashes {
  XXH3_state_t records, blobs, order, wire;
};

Digest::Digest() : hashes_(std::make_unique<Hashes>()), buffer_(TraceChunk::kRecords * kFullSize) {
  XXH3_128bits_reset(&hashes_->records);
  XXH3_128bits_reset(&hashes_->blobs);
  XXH3_128bits_reset(&hashes_->order);
  XXH3_128bits_reset(&hashes_->wire);
}

Digest::~Digest() = default;

void Digest::consume(const TracePart& part) {
  Writer full{buffer_.data()};
  for (const Record& r : part.records()) {
    full.put(r.at);
    full.put(r.cause);
    full.put(r.entity);
    full.put(r.subject);
    full.put(static_cast<std::uint16_t>(r.kind));
    full.put(r.field);
    full.put(r.key);
    full.put(r.a);
    full.put(r.b);
  }
  XXH3_128bits_update(&hashes_->records, buffer_.data(), static_cast<std::size_t>(full.at - buffer_.data()));
  Writer order{buffer_.data()};
  for (const Record& r : part.records()) {
    order.put(r.at);
    order.put(static_cast<std::uint16_t>(r.kind));
    order.put(r.entity);
  }
  static_assert(kOrderSize <= kFullSize);
  XXH3_128bits_update(&hashes_->order, buffer_.data(), static_cast<std::size_t>(order.at - buffer_.data()));
  // A blob's length is hashed before its bytes, so that moving a boundary changes the digest.
  for (std::uint32_t i = part.from_blob; i < part.to_blob; ++i) {
    const auto blob = part.chunk.blob(i);
    std::uint8_t length[4];
    Writer{length}.put(static_cast<std::uint32_t>(blob.size()));
    XXH3_128bits_update(&hashes_->blobs, length, sizeof length);
    XXH3_128bits_update(&hashes_->blobs, blob.data(), blob.size());
    if (part.chunk.blob_packet[i] == 0) continue;
    XXH3_128bits_update(&hashes_->wire, length, sizeof length);
    XXH3_128bits_update(&hashes_->wire, blob.data(), blob.size());
  }
}

DigestTexts Digest::texts() const {
  const XXH128_hash_t records = XXH3_128bits_digest(&hashes_->records);
  const XXH128_hash_t blobs = XXH3_128bits_digest(&hashes_->blobs);
  std::uint8_t both[32];
  Writer writer{both};
  writer.put(records.low64);
  writer.put(records.high64);
  writer.put(blobs.low64);
  writer.put(blobs.high64);
  return {text_of(XXH3_128bits(both, sizeof both)), text_of(XXH3_128bits_digest(&hashes_->order)),
          text_of(XXH3_128bits_digest(&hashes_->wire))};
}

}  // namespace wirelab
