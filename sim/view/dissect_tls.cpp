#include "sim/view/dissect_tls.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/wire/tls.hpp"

namespace wirelab {
namespace {

using wire::Bytes;
using wire::HandshakeType;
using wire::TlsVersion;

class TlsFields {
 public:
  TlsFields(Bytes packet, std::size_t at, std::vector<DissectedField>& fields)
      : packet_(packet), at_(at), fields_(fields) {}

  void operator()(std::string_view name, std::string value, std::size_t begin, std::size_t end,
                  std::string_view meaning) const {
    fields_.push_back({FieldLayer::tls, std::string(name), std::move(value), static_cast<std::uint32_t>(at_ + begin),
                       static_cast<std::uint32_t>(std::min(at_ + end, packet_.size())), meaning});
  }

 private:
  Bytes packet_;
  std::size_t at_;
  std::vector<DissectedField>& fields_;
};

// What stands in a message that is not protected, all of it at its own bytes, from `begin` to `end`.
void message_fields(const TlsFields& add, const wire::HandshakeMessage& message, std::size_t begin, std::size_t end) {
  add("Handshake message", std::string(name_of(message.type)), begin, begin + 4,
      "Its type in one byte, its length in three (RFC 8446, 4; RFC 5246, 7.4).");
  const std::size_t body = begin + 4;
  switch (message.type) {
    case HandshakeType::client_hello: {
      const auto hello = wire::decode_client_hello(message.body);
      if (!hello) break;
      add("Offers", std::string(name_of(hello->version)), body, end,
          "The version in the first bytes is always 1.2; an extension says what is meant (RFC 8446, 4.2.1).");
      add("Server name", hello->server_name.empty() ? "none" : hello->server_name, body, end,
          "Whose certificate the client wants: readable to all on the way (RFC 6066, 3).");
      add("Ticket", hello->ticket.empty() ? "none" : fmt::format("{} bytes", hello->ticket.size()), body, end,
          "Of an earlier session, to go on without certificates (RFC 8446, 2.2; RFC 5077).");
      return;
    }
    case HandshakeType::server_hello: {
      const auto hello = wire::decode_server_hello(message.body);
      if (!hello) break;
      add("Chosen version", std::string(name_of(hello->version)), body, end, "The server chooses (RFC 8446, 4.1.3).");
      add("Cipher suite", std::string(cipher_of(*hello)), body, end,
          "How the rest is protected: of those that the client offered (RFC 8446, B.4).");
      add("Resumed", hello->resumed ? "yes" : "no", body, end,
          "Whether the server goes on with the session of the client's ticket (RFC 8446, 2.2).");
      return;
    }
    case HandshakeType::certificate: {
      const auto certificate = wire::decode_certificate_message(TlsVersion::tls12, message.body);
      if (!certificate) break;
      add("Certificate of", certificate->name, body, end,
          "Whom it names: the client compares it with whom it wants (RFC 6125). TLS 1.3 hides it.");
      add("Signed by", certificate->issuer, body, end, "The client must trust this authority (RFC 5280, 6).");
      add("Valid until", wire::date_of(certificate->until), body, end,
          "After this a client refuses it (RFC 5280, 4.1.2.5).");
      return;
    }
    default: break;
  }
  add("Body", fmt::format("{} bytes", message.body.size()), body, end,
      "Shares of the key exchange, signatures and tickets: readable, but no use to who listens.");
}

}  // namespace

std::size_t dissect_tls(Bytes packet, std::size_t at, std::vector<DissectedField>& fields) {
  const TlsFields add(packet, at, fields);
  const Bytes rest = packet.subspan(at);
  const auto header = wire::decode_tls_record(rest);
  if (!header) {
    add("Part of a record", fmt::format("{} bytes", rest.size()), 0, rest.size(),
        "TCP is a stream: where one of its segments ends says nothing about TLS (RFC 9293, 3.9).");
    return packet.size();
  }
  add("Content type", fmt::format("{} ({})", name_of(header->type), static_cast<int>(header->type)), 0, 1,
      "TLS 1.3 says \"Application Data\" of all that it protects, the rest of the handshake too (RFC 8446, 5.2).");
  add("Record version", header->version == 0x0301 ? "TLS 1.0, for old servers' sake" : "TLS 1.2, also in 1.3", 1, 3,
      "Says nothing any more: it is there for what stands on the way (RFC 8446, 5.1).");
  add("Record length", fmt::format("{}", header->length), 3, 5, "Bytes that follow: 16,640 at most (RFC 8446, 5.2).");
  const std::size_t end = std::min(rest.size(), wire::kTlsRecordHeader + header->length);
  if (end < wire::kTlsRecordHeader + header->length) {
    add("First part of a record", fmt::format("{} of {} bytes", end - wire::kTlsRecordHeader, header->length),
        wire::kTlsRecordHeader, end, "The record goes on in the next segment: TCP is a stream (RFC 9293, 3.9).");
    return packet.size();
  }
  const Bytes fragment = rest.subspan(wire::kTlsRecordHeader, header->length);
  const auto message = header->type == wire::ContentType::handshake ? wire::decode_handshake(fragment) : std::nullopt;
  if (message && message->size() == fragment.size()) {
    message_fields(add, *message, wire::kTlsRecordHeader, end);
  } else if (header->type == wire::ContentType::change_cipher_spec) {
    add("Change Cipher Spec", "1", wire::kTlsRecordHeader, end,
        "From here on its sender protects all it sends; in TLS 1.3 it means nothing (RFC 5246, 7.1; RFC 8446, D.4).");
  } else if (header->type == wire::ContentType::alert && fragment.size() == 2) {
    add("Alert", std::string(name_of(static_cast<wire::Alert>(fragment[1]))), wire::kTlsRecordHeader, end,
        "Why the connection ends (RFC 8446, 6).");
  } else {
    add("Protected", fmt::format("{} bytes", fragment.size()), wire::kTlsRecordHeader, end,
        "Encrypted, with a tag of 16 bytes that shows any change: only its length is seen (RFC 8446, 5.2).");
  }
  return at + end;
}

}  // namespace wirelab
