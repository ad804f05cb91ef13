#include "sim/wire/tls.hpp"

#include <algorithm>

namespace wirelab::wire {
namespace {

enum Extension : std::uint16_t {
  kServerName = 0,
  kSupportedGroups = 10,
  kPointFormats = 11,
  kSignatureAlgorithms = 13,
  kEncryptThenMac = 22,
  kExtendedMasterSecret = 23,
  kSessionTicket = 35,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
  kPskModes = 45,
  kKeyShare = 51,
  kRenegotiationInfo = 0xff01,
};

constexpr std::uint16_t kX25519 = 0x001d;
constexpr std::uint16_t kAes256GcmSha384 = 0x1302;          // of TLS 1.3
constexpr std::uint16_t kEcdheRsaAes256GcmSha384 = 0xc030;  // of TLS 1.2
constexpr std::uint16_t kEcdheEcdsaAes256GcmSha384 = 0xc02c;
constexpr std::size_t kBinder = 48;  // SHA-384

// What OpenSSL 3.0 offers by default, in its order.
constexpr std::uint16_t kSuites13[] = {0x1302, 0x1303, 0x1301, 0x00ff};
constexpr std::uint16_t kSuites12[] = {0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024,
                                       0xc028, 0x006b, 0xc023, 0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013,
                                       0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x00ff};
constexpr std::uint16_t kGroups13[] = {0x001d, 0x0017, 0x001e, 0x0019, 0x0018, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104};
constexpr std::uint16_t kGroups12[] = {0x001d, 0x0017, 0x001e, 0x0019, 0x0018};
constexpr std::uint16_t kSignatures13[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a,
                                           0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601};
constexpr std::uint16_t kSignatures12[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a,
                                           0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
                                           0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602};

// A block whose length, of one to three bytes, stands before it: written when the block is whole.
class Block {
 public:
  Block(std::vector<std::uint8_t>& out, std::size_t width) : out_(out), width_(width), at_(out.size()) {
    out.resize(at_ + width);
  }
  ~Block() {
    const std::size_t length = out_.size() - at_ - width_;
    for (std::size_t i = 0; i < width_; ++i) out_[at_ + i] = static_cast<std::uint8_t>(length >> 8 * (width_ - 1 - i));
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

 private:
  std::vector<std::uint8_t>& out_;
  std::size_t width_, at_;
};

void list16(std::span<const std::uint16_t> values, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  const Block block(out, 2);
  for (const std::uint16_t value : values) writer.u16(value);
}

template <typename Fill>
void extension(std::uint16_t type, std::vector<std::uint8_t>& out, Fill&& fill) {
  Writer(out).u16(type);
  const Block block(out, 2);
  fill();
}
void empty_extension(std::uint16_t type, std::vector<std::uint8_t>& out) {
  extension(type, out, [] {});
}

void server_name(std::string_view name, std::vector<std::uint8_t>& out) {
  extension(kServerName, out, [&] {
    const Block list(out, 2);
    out.push_back(0);  // a host name
    const Block text(out, 2);
    Writer(out).raw(bytes_of(name));
  });
}

void point_formats(std::vector<std::uint8_t>& out) {
  extension(kPointFormats, out, [&] { Writer(out).raw(std::array<std::uint8_t, 4>{3, 0, 1, 2}); });
}

void extensions_of(const ClientHello& hello, std::vector<std::uint8_t>& out) {
  const bool tls13 = hello.version == TlsVersion::tls13;
  Writer writer(out);
  if (!hello.server_name.empty()) server_name(hello.server_name, out);
  point_formats(out);
  extension(kSupportedGroups, out, [&] { tls13 ? list16(kGroups13, out) : list16(kGroups12, out); });
  extension(kSessionTicket, out, [&] {
    if (!tls13) writer.raw(hello.ticket);
  });
  empty_extension(kEncryptThenMac, out);
  empty_extension(kExtendedMasterSecret, out);
  extension(kSignatureAlgorithms, out, [&] { tls13 ? list16(kSignatures13, out) : list16(kSignatures12, out); });
  if (!tls13) return;
  extension(kSupportedVersions, out, [&] {
    writer.u8(2);
    writer.u16(static_cast<std::uint16_t>(TlsVersion::tls13));
  });
  extension(kPskModes, out, [&] {
    writer.u8(1);
    writer.u8(1);  // with a key exchange
  });
  extension(kKeyShare, out, [&] {
    const Block list(out, 2);
    writer.u16(kX25519);
    const Block share(out, 2);
    writer.raw(hello.share);
  });
  if (hello.ticket.empty()) return;
  extension(kPreSharedKey, out, [&] {  // the last one (RFC 8446, 4.2.11)
    {
      const Block identities(out, 2);
      {
        const Block identity(out, 2);
        writer.raw(hello.ticket);
      }
      writer.u32(hello.ticket_age);
    }
    const Block binders(out, 2);
    const Block binder(out, 1);
    for (std::size_t i = 0; i < kBinder; ++i) out.push_back(hello.random[i % 32]);
  });
}

void extensions_of(const ServerHello& hello, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  if (hello.version == TlsVersion::tls12) {
    extension(kRenegotiationInfo, out, [&] { out.push_back(0); });
    if (!hello.resumed) {
      point_formats(out);
      empty_extension(kSessionTicket, out);
    }
    empty_extension(kExtendedMasterSecret, out);
    return;
  }
  extension(kSupportedVersions, out, [&] { writer.u16(static_cast<std::uint16_t>(TlsVersion::tls13)); });
  extension(kKeyShare, out, [&] {
    writer.u16(kX25519);
    const Block share(out, 2);
    writer.raw(hello.share);
  });
  if (hello.resumed) extension(kPreSharedKey, out, [&] { writer.u16(0); });
}

template <typename Fill>
void message(HandshakeType type, std::vector<std::uint8_t>& out, Fill&& fill) {
  out.push_back(static_cast<std::uint8_t>(type));
  const Block body(out, 3);
  fill();
}

std::optional<Random32> take_random(Reader& reader) {
  const Bytes bytes = reader.take(32);
  if (bytes.size() != 32) return std::nullopt;
  Random32 random;
  std::copy(bytes.begin(), bytes.end(), random.begin());
  return random;
}

std::vector<std::uint8_t> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// Calls take(type, content) for each extension; false if malformed.
template <typename Take>
bool each_extension(Reader& reader, Take&& take) {
  Reader all(reader.take(reader.u16()));
  while (reader.ok() && all.ok() && !all.empty()) {
    const std::uint16_t type = all.u16();
    take(type, Reader(all.take(all.u16())));
  }
  return reader.ok() && all.ok();
}

}  // namespace

std::string_view name_of(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls12: return "TLS 1.2";
    case TlsVersion::tls13: return "TLS 1.3";
    case TlsVersion::none: break;
  }
  return "none";
}

std::string_view name_of(ContentType type) {
  switch (type) {
    case ContentType::change_cipher_spec: return "Change Cipher Spec";
    case ContentType::alert: return "Alert";
    case ContentType::handshake: return "Handshake";
    case ContentType::application_data: return "Application Data";
  }
  return "?";
}

std::string_view name_of(HandshakeType type) {
  switch (type) {
    case HandshakeType::client_hello: return "Client Hello";
    case HandshakeType::server_hello: return "Server Hello";
    case HandshakeType::new_session_ticket: return "New Session Ticket";
    case HandshakeType::encrypted_extensions: return "Encrypted Extensions";
    case HandshakeType::certificate: return "Certificate";
    case HandshakeType::server_key_exchange: return "Server Key Exchange";
    case HandshakeType::server_hello_done: return "Server Hello Done";
    case HandshakeType::certificate_verify: return "Certificate Verify";
    case HandshakeType::client_key_exchange: return "Client Key Exchange";
    case HandshakeType::finished: return "Finished";
  }
  return "?";
}

std::string_view name_of(Alert alert) {
  switch (alert) {
    case Alert::close_notify: return "close notify";
    case Alert::unexpected_message: return "unexpected message";
    case Alert::bad_record_mac: return "bad record MAC";
    case Alert::record_overflow: return "record overflow";
    case Alert::bad_certificate: return "bad certificate";
    case Alert::certificate_expired: return "certificate expired";
    case Alert::unknown_ca: return "unknown CA";
    case Alert::decode_error: return "decode error";
    case Alert::protocol_version: return "protocol version";
  }
  return "?";
}

std::optional<TlsRecordHeader> decode_tls_record(Bytes bytes) {
  if (bytes.size() < kTlsRecordHeader || bytes[0] < 20 || bytes[0] > 23 || bytes[1] != 3) return std::nullopt;
  return TlsRecordHeader{static_cast<ContentType>(bytes[0]), load16(&bytes[1]), load16(&bytes[3])};
}

void encode_tls_record(ContentType type, std::uint16_t version, Bytes fragment, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(version);
  writer.u16(static_cast<std::uint16_t>(fragment.size()));
  writer.raw(fragment);
}

void encode(const ClientHello& hello, std::vector<std::uint8_t>& out) {
  message(HandshakeType::client_hello, out, [&] {
    Writer writer(out);
    writer.u16(static_cast<std::uint16_t>(TlsVersion::tls12));  // of both (RFC 8446, 4.1.2)
    writer.raw(hello.random);
    writer.u8(static_cast<std::uint8_t>(hello.session_id.size()));
    writer.raw(hello.session_id);
    hello.version == TlsVersion::tls13 ? list16(kSuites13, out) : list16(kSuites12, out);
    writer.u16(0x0100);  // no compression
    const Block extensions(out, 2);
    extensions_of(hello, out);
  });
}

void encode(const ServerHello& hello, std::vector<std::uint8_t>& out) {
  message(HandshakeType::server_hello, out, [&] {
    Writer writer(out);
    writer.u16(static_cast<std::uint16_t>(TlsVersion::tls12));
    writer.raw(hello.random);
    writer.u8(static_cast<std::uint8_t>(hello.session_id.size()));
    writer.raw(hello.session_id);
    writer.u16(hello.version == TlsVersion::tls13 ? kAes256GcmSha384
               : hello.key == KeyKind::rsa2048    ? kEcdheRsaAes256GcmSha384
                                                  : kEcdheEcdsaAes256GcmSha384);
    writer.u8(0);
    const Block extensions(out, 2);
    extensions_of(hello, out);
  });
}

void encode_certificate_message(TlsVersion version, Bytes der, std::vector<std::uint8_t>& out) {
  message(HandshakeType::certificate, out, [&] {
    if (version == TlsVersion::tls13) out.push_back(0);  // no request's context
    const Block list(out, 3);
    {
      const Block certificate(out, 3);
      Writer(out).raw(der);
    }
    if (version == TlsVersion::tls13) Writer(out).u16(0);  // no extensions
  });
}

void encode_message(HandshakeType type, Bytes body, std::vector<std::uint8_t>& out) {
  message(type, out, [&] { Writer(out).raw(body); });
}

std::optional<HandshakeMessage> decode_handshake(Bytes bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const std::size_t length = load32(bytes.data()) & 0xff'ffff;
  if (bytes.size() < 4 + length) return std::nullopt;
  return HandshakeMessage{static_cast<HandshakeType>(bytes[0]), bytes.subspan(4, length)};
}

std::optional<ClientHello> decode_client_hello(Bytes body) {
  Reader reader(body);
  reader.u16();
  const auto random = take_random(reader);
  if (!random) return std::nullopt;
  ClientHello hello{TlsVersion::tls12, *random, {}, {}, {}, {}, 0};
  hello.session_id = copy_of(reader.take(reader.u8()));
  reader.take(reader.u16());
  reader.take(reader.u8());
  const bool whole = each_extension(reader, [&](std::uint16_t type, Reader content) {
    switch (type) {
      case kServerName:
        content.take(3);
        hello.server_name = text_of(content.take(content.u16()));
        break;
      case kSessionTicket: hello.ticket = copy_of(content.rest()); break;
      case kSupportedVersions: {
        Reader versions(content.take(content.u8()));
        while (!versions.empty() && versions.ok())
          if (versions.u16() == static_cast<std::uint16_t>(TlsVersion::tls13)) hello.version = TlsVersion::tls13;
        break;
      }
      case kPreSharedKey: {
        Reader identities(content.take(content.u16()));
        hello.ticket = copy_of(identities.take(identities.u16()));
        hello.ticket_age = identities.u32();
        break;
      }
      case kKeyShare:
        content.take(6);
        hello.share = take_random(content).value_or(Random32{});
        break;
      default: break;
    }
  });
  return whole ? std::optional(hello) : std::nullopt;
}

std::optional<ServerHello> decode_server_hello(Bytes body) {
  Reader reader(body);
  reader.u16();
  const auto random = take_random(reader);
  if (!random) return std::nullopt;
  ServerHello hello{TlsVersion::tls12, *random, {}, KeyKind::rsa2048, {}, false};
  hello.session_id = copy_of(reader.take(reader.u8()));
  hello.key = reader.u16() == kEcdheEcdsaAes256GcmSha384 ? KeyKind::p256 : KeyKind::rsa2048;
  reader.u8();
  // TLS 1.2: a server that resumes by a ticket echoes the session id that came with it (RFC 5077, 3.4).
  bool promises_ticket = false;
  const bool whole = each_extension(reader, [&](std::uint16_t type, Reader content) {
    if (type == kSupportedVersions) hello.version = TlsVersion::tls13;
    if (type == kPreSharedKey) hello.resumed = true;
    if (type == kSessionTicket) promises_ticket = true;
    if (type == kKeyShare) content.take(4), hello.share = take_random(content).value_or(Random32{});
  });
  if (hello.version == TlsVersion::tls12) hello.resumed = !promises_ticket && !hello.session_id.empty();
  return whole ? std::optional(hello) : std::nullopt;
}

std::optional<Certificate> decode_certificate_message(TlsVersion version, Bytes body) {
  Reader reader(body);
  if (version == TlsVersion::tls13) reader.take(reader.u8());
  reader.take(3);
  const std::size_t high = reader.u8();
  const std::size_t size = high << 16 | reader.u16();
  return decode_certificate(reader.take(size));
}

std::string_view cipher_of(const ServerHello& hello) {
  if (hello.version == TlsVersion::tls13) return "TLS_AES_256_GCM_SHA384";
  return hello.key == KeyKind::rsa2048 ? "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
                                       : "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
}

}  // namespace wirelab::wire
