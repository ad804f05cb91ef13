#include "sim/protocol/tls/protection.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "sim/kernel/mix_hash.hpp"

namespace wirelab::tls {
namespace {

using wire::TlsVersion;

constexpr std::size_t kTag = 16;           // of GCM
constexpr std::size_t kExplicitNonce = 8;  // TLS 1.2 (RFC 5288, 3)
constexpr std::size_t kInnerType = 1;      // TLS 1.3 (RFC 8446, 5.2)

constexpr std::size_t overhead(TlsVersion version) {
  return kTag + (version == TlsVersion::tls13 ? kInnerType : kExplicitNonce);
}

using Tag = std::array<std::uint8_t, kTag>;
Tag tag_of(std::uint64_t key, wire::Bytes text) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, XXH3_128bits_withSeed(text.data(), text.size(), key));
  Tag tag;
  std::copy(std::begin(bytes.digest), std::end(bytes.digest), tag.begin());
  return tag;
}

}  // namespace

std::size_t protected_size(TlsVersion version, std::size_t plain) {
  const std::size_t records =
      std::max<std::size_t>((plain + wire::kTlsLargestPlaintext - 1) / wire::kTlsLargestPlaintext, 1);
  return plain + records * (wire::kTlsRecordHeader + overhead(version));
}

void Protection::apply_stream(std::span<std::uint8_t> bytes) const {
  std::uint64_t counter = MixHash{}(key_ + sequence_ * 0x2545f4914f6cdd1d);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 8 == 0) counter = MixHash{}(counter + 0x9e3779b97f4a7c15);
    bytes[i] ^= static_cast<std::uint8_t>(counter >> 8 * (i % 8));
  }
}

void Protection::seal(wire::ContentType type, wire::Bytes plain, std::vector<std::uint8_t>& out) {
  std::vector<std::uint8_t> fragment;
  fragment.reserve(plain.size() + overhead(version_));
  if (version_ == TlsVersion::tls12) {
    wire::Writer writer(fragment);
    writer.u32(static_cast<std::uint32_t>(sequence_ >> 32));
    writer.u32(static_cast<std::uint32_t>(sequence_));
  }
  const std::size_t begin = fragment.size();
  fragment.insert(fragment.end(), plain.begin(), plain.end());
  if (version_ == TlsVersion::tls13) fragment.push_back(static_cast<std::uint8_t>(type));
  apply_stream(std::span(fragment).subspan(begin));
  const Tag tag = tag_of(key_ ^ sequence_, fragment);
  fragment.insert(fragment.end(), tag.begin(), tag.end());
  ++sequence_;
  const bool hidden = version_ == TlsVersion::tls13;  // the real type is inside (RFC 8446, 5.2)
  wire::encode_tls_record(hidden ? wire::ContentType::application_data : type, 0x0303, fragment, out);
}

std::optional<Protection::Opened> Protection::open(wire::ContentType type, wire::Bytes fragment) {
  if (fragment.size() < overhead(version_)) return std::nullopt;
  const wire::Bytes text = fragment.first(fragment.size() - kTag);
  const Tag tag = tag_of(key_ ^ sequence_, text);
  if (!std::equal(tag.begin(), tag.end(), fragment.end() - kTag)) return std::nullopt;
  const std::size_t begin = version_ == TlsVersion::tls12 ? kExplicitNonce : 0;
  Opened opened{type, {text.begin() + static_cast<std::ptrdiff_t>(begin), text.end()}};
  apply_stream(opened.plain);
  ++sequence_;
  if (version_ == TlsVersion::tls13) {
    opened.type = static_cast<wire::ContentType>(opened.plain.back());
    opened.plain.pop_back();
  }
  return opened;
}

}  // namespace wirelab::tls
