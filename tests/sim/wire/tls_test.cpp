// The messages of a handshake against the sizes that OpenSSL 3.0.19 sends (`openssl s_client -msg` to mosquitto 2.0.11 with a
// certificate of `openssl req -x509 -subj /CN=broker.example`), and against their own decoders.
#include <catch2/catch.hpp>

#include "sim/wire/tls.hpp"

using namespace wirelab;
using namespace wirelab::wire;

namespace {

std::function<std::uint8_t()> counting() {
  return [n = std::uint8_t{0}]() mutable { return static_cast<std::uint8_t>(n += 37); };
}

std::vector<std::uint8_t> certificate(KeyKind key) {
  std::vector<std::uint8_t> der;
  encode(Certificate{"broker.example", "broker.example", 0, 315'360'000, key}, counting(), der);
  return der;
}

}  // namespace

TEST_CASE("a certificate has the size of OpenSSL's, and is read again") {
  CHECK(certificate(KeyKind::rsa2048).size() == 791);
  const std::size_t ec = certificate(KeyKind::p256).size();
  CHECK((ec >= 395 && ec <= 397));  // its signature has one byte more for each number that begins high
  for (const KeyKind key : {KeyKind::rsa2048, KeyKind::p256}) {
    const Certificate made{"broker.example", "Course CA", 1'795'317'502, 2'110'677'502, key};
    std::vector<std::uint8_t> der;
    encode(made, counting(), der);
    const auto read = decode_certificate(der);
    REQUIRE(read);
    CHECK(*read == made);
    for (std::size_t cut = 0; cut < der.size(); ++cut) CHECK_NOTHROW(decode_certificate(Bytes(der).first(cut)));
  }
  CHECK(date_of(0) == "1970-01-01");
  CHECK(date_of(951'782'400) == "2000-02-29");
  CHECK(date_of(1'795'317'502) == "2026-11-22");
}

TEST_CASE("the hellos have the sizes of OpenSSL's, and are read again") {
  struct Case {
    TlsVersion version;
    std::size_t session_id, ticket, client, server;
  };
  for (const Case& c : {Case{TlsVersion::tls12, 0, 0, 206, 65}, Case{TlsVersion::tls12, 32, 176, 414, 85},
                        Case{TlsVersion::tls13, 32, 0, 243, 122}, Case{TlsVersion::tls13, 32, 224, 530, 128}}) {
    ClientHello hello;
    hello.version = c.version;
    hello.server_name = "broker.example";
    hello.session_id.assign(c.session_id, 7);
    hello.ticket.assign(c.ticket, 9);
    hello.random.fill(3);
    std::vector<std::uint8_t> bytes;
    encode(hello, bytes);
    CHECK(bytes.size() == c.client);
    const auto message = decode_handshake(bytes);
    REQUIRE(message);
    CHECK(message->type == HandshakeType::client_hello);
    const auto read = decode_client_hello(message->body);
    REQUIRE(read);
    CHECK(read->version == c.version);
    CHECK(read->server_name == "broker.example");
    CHECK(read->session_id == hello.session_id);
    CHECK(read->ticket == hello.ticket);
    CHECK(read->random == hello.random);

    ServerHello answer;
    answer.version = c.version;
    answer.session_id = hello.session_id;
    answer.resumed = c.ticket != 0;
    bytes.clear();
    encode(answer, bytes);
    CHECK(bytes.size() == c.server);
    const auto read_answer = decode_server_hello(decode_handshake(bytes)->body);
    REQUIRE(read_answer);
    CHECK(read_answer->version == c.version);
    CHECK(read_answer->resumed == answer.resumed);
  }
}

TEST_CASE("a Certificate message has the size of OpenSSL's") {
  std::vector<std::uint8_t> bytes;
  encode_certificate_message(TlsVersion::tls12, certificate(KeyKind::rsa2048), bytes);
  CHECK(bytes.size() == 0x321);
  CHECK(decode_certificate_message(TlsVersion::tls12, decode_handshake(bytes)->body)->name == "broker.example");
  bytes.clear();
  encode_certificate_message(TlsVersion::tls13, certificate(KeyKind::rsa2048), bytes);
  CHECK(bytes.size() == 0x324);
  CHECK(decode_certificate_message(TlsVersion::tls13, decode_handshake(bytes)->body)->issuer == "broker.example");
}

TEST_CASE("what is cut short is no hello") {
  ClientHello hello;
  hello.server_name = "broker.example";
  hello.session_id.assign(32, 1);
  std::vector<std::uint8_t> bytes;
  encode(hello, bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK_FALSE(decode_handshake(Bytes(bytes).first(cut)));
    if (cut >= 4) CHECK_FALSE(decode_client_hello(Bytes(bytes).subspan(4, cut - 4)));
  }
}
