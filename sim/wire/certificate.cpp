#include "sim/wire/certificate.hpp"

#include <fmt/format.h>

#include <array>

namespace wirelab::wire {
namespace {

using Octets = std::vector<std::uint8_t>;

// The tags of DER (X.690) that a certificate needs.
enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kObject = 0x06,
  kUtf8 = 0x0c,
  kUtcTime = 0x17,
  kSequence = 0x30,
  kSet = 0x31,
  kVersion = 0xa0,     // [0]
  kExtensions = 0xa3,  // [3]
  kKeyId = 0x80,       // [0] of an authority's key identifier
};

// Object identifiers, already in DER.
constexpr std::array<std::uint8_t, 3> kCommonName{0x55, 0x04, 0x03};
constexpr std::array<std::uint8_t, 3> kSubjectKey{0x55, 0x1d, 0x0e};
constexpr std::array<std::uint8_t, 3> kAuthorityKey{0x55, 0x1d, 0x23};
constexpr std::array<std::uint8_t, 3> kBasicConstraints{0x55, 0x1d, 0x13};
constexpr std::array<std::uint8_t, 9> kRsa{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::array<std::uint8_t, 9> kSha256WithRsa{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
constexpr std::array<std::uint8_t, 7> kEcPublicKey{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::array<std::uint8_t, 8> kPrime256v1{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::array<std::uint8_t, 8> kEcdsaWithSha256{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

Octets tagged(std::uint8_t tag, Bytes content) {
  Octets out{tag};
  if (content.size() >= 256) {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(content.size() >> 8)});
  } else if (content.size() >= 128) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Octets joined(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Octets sequence(std::initializer_list<Octets> parts) { return tagged(kSequence, joined(parts)); }

class Random {
 public:
  explicit Random(const std::function<std::uint8_t()>& source) : source_(source) {}
  Octets octets(std::size_t count) {
    Octets out(count);
    for (std::uint8_t& octet : out) octet = source_();
    return out;
  }
  // A positive whole number of so many bytes, whose highest bit is set or not: set, DER writes a zero before it.
  Octets integer(std::size_t count, bool high) {
    Octets out = octets(count);
    out[0] = static_cast<std::uint8_t>(high ? out[0] | 0x80 : (out[0] & 0x3f) | 0x40);
    if (high) out.insert(out.begin(), 0);
    return tagged(kInteger, out);
  }
  bool coin() { return (source_() & 1) != 0; }

 private:
  const std::function<std::uint8_t()>& source_;
};

Octets bit_string(const Octets& content) {
  Octets out{0};  // no unused bits
  out.insert(out.end(), content.begin(), content.end());
  return tagged(kBitString, out);
}

Octets name_of_one(std::string_view common_name) {
  return sequence({tagged(kSet, sequence({tagged(kObject, kCommonName), tagged(kUtf8, bytes_of(common_name))}))});
}

struct Date {
  std::int64_t year;
  unsigned month, day;
};

// The Gregorian calendar from days since 1970-01-01, counted in eras of 400 years that begin in March.
Date date_from_days(std::int64_t days) {
  days += 719'468;  // from 0000-03-01
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
  const unsigned month = (5 * of_year + 2) / 153;
  const unsigned day = of_year - (153 * month + 2) / 5 + 1;
  return {era * 400 + year + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day};
}

std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto of_era = static_cast<unsigned>(year - era * 400);
  const unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Octets utc_time(std::int64_t seconds) {
  const Date date = date_from_days(seconds / 86'400);
  const std::int64_t rest = seconds % 86'400;
  const std::string text = fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}Z", date.year % 100, date.month, date.day,
                                       rest / 3600, rest / 60 % 60, rest % 60);
  return tagged(kUtcTime, bytes_of(text));
}

Octets public_key(KeyKind kind, Random& random) {
  if (kind == KeyKind::rsa2048) {
    const Octets exponent{kInteger, 3, 1, 0, 1};
    return sequence({sequence({tagged(kObject, kRsa), tagged(kNull, {})}),
                     bit_string(sequence({random.integer(256, true), exponent}))});
  }
  Octets point = random.octets(65);
  point[0] = 4;  // not compressed
  return sequence({sequence({tagged(kObject, kEcPublicKey), tagged(kObject, kPrime256v1)}), bit_string(point)});
}

Octets signature_algorithm(KeyKind kind) {
  return kind == KeyKind::rsa2048 ? sequence({tagged(kObject, kSha256WithRsa), tagged(kNull, {})})
                                  : sequence({tagged(kObject, kEcdsaWithSha256)});
}

Octets signature(KeyKind kind, Random& random) {
  if (kind == KeyKind::rsa2048) return random.octets(256);
  return sequence({random.integer(32, random.coin()), random.integer(32, random.coin())});
}

Octets extensions(bool authority, Random& random) {
  const Octets key = random.octets(20);
  const Octets yes{kBoolean, 1, 0xff};
  return tagged(
      kExtensions,
      sequence({sequence({tagged(kObject, kSubjectKey), tagged(kOctetString, tagged(kOctetString, key))}),
                sequence({tagged(kObject, kAuthorityKey), tagged(kOctetString, sequence({tagged(kKeyId, key)}))}),
                sequence({tagged(kObject, kBasicConstraints), yes,
                          tagged(kOctetString, authority ? sequence({yes}) : sequence({}))})}));
}

// What an element of DER holds; the reader goes on behind it.
struct Element {
  std::uint8_t tag = 0;
  Bytes content;
};
Element next(Reader& reader) {
  Element element{reader.u8(), {}};
  std::size_t size = reader.u8();
  if (size == 0x81) {
    size = reader.u8();
  } else if (size == 0x82) {
    size = reader.u16();
  } else if (size > 0x82) {
    size = ~std::size_t{0};
  }
  element.content = reader.take(size);
  return element;
}

// The common name, where it is all of the name.
std::optional<std::string> read_name(Reader& reader) {
  Reader name(next(reader).content);
  Reader set(next(name).content);
  Reader pair(next(set).content);
  const Element object = next(pair);
  const Element text = next(pair);
  const bool common = object.tag == kObject &&
                      std::equal(object.content.begin(), object.content.end(), kCommonName.begin(), kCommonName.end());
  if (!common || !pair.ok() || !name.empty()) return std::nullopt;
  return std::string(text_of(text.content));
}

std::optional<std::int64_t> read_time(Reader& reader) {
  const Element time = next(reader);
  if (time.tag != kUtcTime || time.content.size() != 13) return std::nullopt;
  std::array<unsigned, 6> parts{};
  for (std::size_t i = 0; i < 12; ++i) {
    if (time.content[i] < '0' || time.content[i] > '9') return std::nullopt;
    parts[i / 2] = parts[i / 2] * 10 + (time.content[i] - '0');
  }
  const std::int64_t year = parts[0] < 50 ? 2000 + parts[0] : 1900 + parts[0];  // RFC 5280, 4.1.2.5.1
  return days_of(year, parts[1], parts[2]) * 86'400 + parts[3] * 3600 + parts[4] * 60 + parts[5];
}

}  // namespace

std::string_view name_of(KeyKind kind) { return kind == KeyKind::rsa2048 ? "RSA 2048" : "P-256"; }

void encode(const Certificate& certificate, const std::function<std::uint8_t()>& random_octet,
            std::vector<std::uint8_t>& out) {
  Random random(random_octet);
  const bool self_signed = certificate.name == certificate.issuer;
  const Octets version{kInteger, 1, 2};  // version 3
  const Octets body =
      sequence({tagged(kVersion, version), random.integer(20, false), signature_algorithm(certificate.key),
                name_of_one(certificate.issuer), sequence({utc_time(certificate.from), utc_time(certificate.until)}),
                name_of_one(certificate.name), public_key(certificate.key, random), extensions(self_signed, random)});
  const Octets whole =
      sequence({body, signature_algorithm(certificate.key), bit_string(signature(certificate.key, random))});
  out.insert(out.end(), whole.begin(), whole.end());
}

std::optional<Certificate> decode_certificate(Bytes der) {
  Reader outer(der);
  Reader whole(next(outer).content);
  Reader body(next(whole).content);
  next(body);  // version
  next(body);  // serial number
  next(body);  // algorithm
  const auto issuer = read_name(body);
  Reader validity(next(body).content);
  const auto from = read_time(validity);
  const auto until = read_time(validity);
  const auto name = read_name(body);
  Reader key(next(body).content);
  Reader algorithm(next(key).content);
  const Element kind = next(algorithm);
  if (!body.ok() || !issuer || !from || !until || !name || kind.tag != kObject) return std::nullopt;
  const bool rsa = std::equal(kind.content.begin(), kind.content.end(), kRsa.begin(), kRsa.end());
  return Certificate{*name, *issuer, *from, *until, rsa ? KeyKind::rsa2048 : KeyKind::p256};
}

std::string date_of(std::int64_t seconds) {
  const Date date = date_from_days(seconds / 86'400);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

}  // namespace wirelab::wire
