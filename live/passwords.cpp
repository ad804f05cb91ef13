#include "live/passwords.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace wirelab::live {
namespace {

struct Kept {
  int iterations = 0;  // 0: SHA-512 once
  std::vector<unsigned char> salt, hash;
};

std::optional<std::vector<unsigned char>> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> out(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::optional<Kept> parse(std::string_view kept) {
  const auto take = [&]() -> std::string_view {
    const std::size_t end = std::min(kept.find('$'), kept.size());
    const std::string_view part = kept.substr(0, end);
    kept.remove_prefix(std::min(end + 1, kept.size()));
    return part;
  };
  if (kept.empty() || kept.front() != '$') return std::nullopt;
  kept.remove_prefix(1);
  const std::string_view form = take();
  Kept parsed;
  if (form == "7") {
    const std::string_view number = take();
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed.iterations);
    if (error != std::errc() || end != number.data() + number.size() || parsed.iterations < 1) return std::nullopt;
    if (parsed.iterations > 10'000'000) return std::nullopt;
  } else if (form != "6") {
    return std::nullopt;
  }
  const auto salt = from_base64(take());
  const auto hash = from_base64(take());
  if (!salt || !hash || hash->size() != 64 || !kept.empty()) return std::nullopt;
  parsed.salt = *salt;
  parsed.hash = *hash;
  return parsed;
}

}  // namespace

bool is_kept_password(std::string_view kept) { return parse(kept).has_value(); }

bool verify_password(std::string_view kept, std::string_view given) {
  const auto parsed = parse(kept);
  if (!parsed) return false;
  std::vector<unsigned char> hash(64);
  if (parsed->iterations > 0) {
    if (PKCS5_PBKDF2_HMAC(given.data(), static_cast<int>(given.size()), parsed->salt.data(),
                          static_cast<int>(parsed->salt.size()), parsed->iterations, EVP_sha512(), 64,
                          hash.data()) != 1)
      return false;
  } else {
    std::string whole(given);
    whole.append(parsed->salt.begin(), parsed->salt.end());
    unsigned int size = 0;
    if (EVP_Digest(whole.data(), whole.size(), hash.data(), &size, EVP_sha512(), nullptr) != 1 || size != 64)
      return false;
  }
  return CRYPTO_memcmp(hash.data(), parsed->hash.data(), hash.size()) == 0;
}

}  // namespace wirelab::live
