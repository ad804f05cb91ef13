// Two TLS sessions joined by a pipe in memory. Bytes of the handshakes against the measurements of OpenSSL 3.0 in truth/connect.csv
// (columns tls_handshake_up_B and _down_B; resumption of TLS 1.2 by `openssl s_client -sess_in`), and what goes wrong.
#include <catch2/catch.hpp>
#include <memory>

#include "sim/protocol/tls/session.hpp"

using namespace wirelab;
using namespace wirelab::tls;
using wire::Bytes;
using wire::KeyKind;
using wire::TlsVersion;

namespace {

// One end of the pipe: what it sends waits until it is carried over.
struct End final : SessionUser {
  std::vector<std::uint8_t> outbox;
  std::uint64_t sent = 0;  // bytes that it has ever written
  std::uint64_t until_secure = 0;
  bool secure = false;
  Failure failure = Failure::none;
  std::string plain;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  void send_records(Bytes records) override {
    outbox.insert(outbox.end(), records.begin(), records.end());
    sent += records.size();
  }
  std::uint64_t next_offset() const override { return sent; }
  void on_secure() override { secure = true, until_secure = sent; }
  void on_plain(Bytes bytes, std::uint64_t begin, std::uint64_t end) override {
    plain += wire::text_of(bytes);
    ranges.emplace_back(begin, end);
  }
  void on_failed(Failure why) override { failure = why; }
};

struct Pipe {
  explicit Pipe(const ServerSettings& server_settings = settings_of(KeyKind::rsa2048),
                const ClientSettings& client_settings = {})
      : server_context(server_settings, 1, "server"), client_context(client_settings, 1, "client") {
    if (client_context.settings.authority.empty()) client_context.settings.authority = "broker.example";
    if (client_context.settings.name.empty()) client_context.settings.name = "broker.example";
  }
  static ServerSettings settings_of(KeyKind key) {
    ServerSettings settings;
    settings.certificate = {"broker.example", "broker.example", 0, 86'400, key};
    return settings;
  }
  void connect(std::size_t piece = 100'000) {
    client_end = {}, server_end = {};
    client = std::make_unique<Session>(events, trace, 1, 1, client_context, client_end);
    server = std::make_unique<Session>(events, trace, 2, 2, server_context, server_end);
    client->start();
    carry(piece);
  }
  // Carries all that is written, in pieces, and lets the processors think, until nothing happens any more.
  void carry(std::size_t piece = 100'000) {
    for (bool busy = true; busy;) {
      busy = move(client_end, *server, 1, piece);
      busy = move(server_end, *client, 2, piece) || busy;
      busy = events.step(Instant::from_ns(events.now().ns() + 10'000'000'000)) || busy;
    }
  }
  static bool move(End& from, Session& to, StreamId stream, std::size_t piece) {
    const std::vector<std::uint8_t> bytes = std::move(from.outbox);
    from.outbox.clear();
    const std::uint64_t begin = from.sent - bytes.size();
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      to.receive(Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at)), stream, begin + at);
    return !bytes.empty();
  }
  EventQueue events;
  Tracer trace{events};
  ServerContext server_context;
  ClientContext client_context;
  End client_end, server_end;
  std::unique_ptr<Session> client, server;
};

ClientSettings client_of(TlsVersion version, bool resume = false) {
  ClientSettings settings;
  settings.version = version;
  settings.resume = resume;
  return settings;
}

}  // namespace

TEST_CASE("handshakes have the bytes of OpenSSL's, whole and resumed") {
  struct Case {
    TlsVersion version;
    KeyKind key;
    std::uint64_t up, down_least, down_most;  // of a whole handshake
    std::uint64_t up_resumed, down_resumed;
  };
  for (const Case& c : {Case{TlsVersion::tls12, KeyKind::rsa2048, 304, 1432, 1432, 470, 141},
                        Case{TlsVersion::tls13, KeyKind::rsa2048, 328, 1347, 1347, 615, 241},
                        Case{TlsVersion::tls13, KeyKind::p256, 328, 763, 769, 615, 241}}) {
    Pipe pipe(Pipe::settings_of(c.key), client_of(c.version, true));
    pipe.connect();
    CAPTURE(static_cast<int>(c.version), static_cast<int>(c.key));
    REQUIRE(pipe.client_end.secure);
    REQUIRE(pipe.server_end.secure);
    CHECK(pipe.client_end.sent == c.up);
    // Of TLS 1.3, the tickets come behind the handshake.
    const std::uint64_t tickets = c.version == TlsVersion::tls13 ? 2 * 271 : 0;
    CHECK(pipe.server_end.sent - tickets >= c.down_least);
    CHECK(pipe.server_end.sent - tickets <= c.down_most);
    CHECK_FALSE(pipe.client->resumed());

    pipe.connect();
    REQUIRE(pipe.client_end.secure);
    REQUIRE(pipe.server_end.secure);
    CHECK(pipe.client->resumed());
    CHECK(pipe.client_end.sent == c.up_resumed);
    CHECK(pipe.server_end.sent - tickets / 2 == c.down_resumed);
  }
}

TEST_CASE("application data crosses both ways, however the stream is cut") {
  for (const TlsVersion version : {TlsVersion::tls12, TlsVersion::tls13}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{100}, std::size_t{100'000}}) {
      Pipe pipe(Pipe::settings_of(KeyKind::rsa2048), client_of(version));
      pipe.connect(piece);
      REQUIRE(pipe.client_end.secure);
      const std::string question = "what is it?", answer(40'000, 'a');
      const std::uint64_t begin = pipe.client_end.sent;
      pipe.client->write(wire::bytes_of(question));
      CHECK(pipe.client_end.sent - begin == pipe.client->size_of(question.size()));
      CHECK(wire::text_of(pipe.client_end.outbox).find(question) == std::string_view::npos);
      pipe.carry(piece);
      CHECK(pipe.server_end.plain == question);
      CHECK(pipe.server_end.ranges == std::vector{std::pair{begin, pipe.client_end.sent}});
      const std::uint64_t before = pipe.server_end.sent;
      pipe.server->write(wire::bytes_of(answer));
      CHECK(pipe.server_end.sent - before == pipe.server->size_of(answer.size()));
      pipe.carry(piece);
      CHECK(pipe.client_end.plain == answer);
      CHECK(pipe.client_end.ranges.size() == 3);  // 16,384 bytes a record
      pipe.client->close();
      pipe.carry(piece);
      CHECK(pipe.server_end.failure == Failure::none);
    }
  }
}

TEST_CASE("a client refuses a certificate that it cannot trust, and says why in an alert") {
  for (const TlsVersion version : {TlsVersion::tls12, TlsVersion::tls13}) {
    const auto failure_of = [&](ClientSettings settings, Instant at = Instant()) {
      settings.version = version;
      Pipe pipe(Pipe::settings_of(KeyKind::rsa2048), settings);
      pipe.events.run_until(at);
      pipe.connect();
      CHECK(pipe.server_end.secure == (pipe.client_end.failure == Failure::none));
      CHECK(pipe.server_end.failure == (pipe.client_end.failure == Failure::none ? Failure::none : Failure::refused));
      return pipe.client_end.failure;
    };
    ClientSettings settings;
    CHECK(failure_of(settings) == Failure::none);
    settings.authority = "Another CA";
    CHECK(failure_of(settings) == Failure::unknown_authority);
    settings.verify = false;
    CHECK(failure_of(settings) == Failure::none);
    settings = {};
    settings.name = "hub";
    CHECK(failure_of(settings) == Failure::wrong_name);
    settings = {};
    CHECK(failure_of(settings, Instant() + Duration::seconds(86'400)) == Failure::none);
    CHECK(failure_of(settings, Instant() + Duration::seconds(86'402)) == Failure::certificate_expired);
  }
}

TEST_CASE("versions that do not meet, other protocols and changed bytes end a handshake") {
  ServerSettings old = Pipe::settings_of(KeyKind::rsa2048);
  old.tls13 = false;
  Pipe pipe(old, client_of(TlsVersion::tls13));
  pipe.connect();
  CHECK(pipe.server_end.failure == Failure::version);
  CHECK(pipe.client_end.failure == Failure::refused);

  Pipe other;
  other.server = std::make_unique<Session>(other.events, other.trace, 2, 2, other.server_context, other.server_end);
  const std::uint8_t connect[] = {0x10, 4, 0, 0, 0, 0};
  other.server->receive(connect, 1, 0);
  CHECK(other.server_end.failure == Failure::broken);

  Pipe changed;
  changed.connect();
  changed.client->write(wire::bytes_of("open the door"));
  changed.client_end.outbox[12] ^= 1;
  changed.carry();
  CHECK(changed.server_end.failure == Failure::broken);
  CHECK(changed.server_end.plain.empty());
}

TEST_CASE("Finished in the open ends a handshake, at either end") {
  Pipe pipe(Pipe::settings_of(KeyKind::rsa2048), client_of(TlsVersion::tls12));
  pipe.client = std::make_unique<Session>(pipe.events, pipe.trace, 1, 1, pipe.client_context, pipe.client_end);
  pipe.server = std::make_unique<Session>(pipe.events, pipe.trace, 2, 2, pipe.server_context, pipe.server_end);
  std::vector<std::uint8_t> message, record;
  wire::encode_message(wire::HandshakeType::finished, std::vector<std::uint8_t>(12), message);
  wire::encode_tls_record(wire::ContentType::handshake, 0x0303, message, record);
  pipe.client->start();
  // The server's flight goes over, and the client's answer; then each gets a Finished that no key protects.
  Pipe::move(pipe.client_end, *pipe.server, 1, 100'000);
  while (pipe.events.step(Instant::from_ns(1'000'000'000))) {
  }
  Pipe::move(pipe.server_end, *pipe.client, 2, 100'000);
  while (pipe.events.step(Instant::from_ns(1'000'000'000))) {
  }
  pipe.client->receive(record, 2, pipe.server_end.sent);
  CHECK(pipe.client_end.failure == Failure::broken);
  CHECK_FALSE(pipe.client_end.secure);
  pipe.server->receive(record, 1, 0);
  CHECK(pipe.server_end.failure == Failure::broken);
  CHECK_FALSE(pipe.server_end.secure);
}

TEST_CASE("a ticket is good for two hours and for one process of the server") {
  for (const TlsVersion version : {TlsVersion::tls12, TlsVersion::tls13}) {
    Pipe pipe(Pipe::settings_of(KeyKind::rsa2048), client_of(version, true));
    const auto resumes = [&] {
      pipe.connect();
      CHECK(pipe.client_end.secure);
      return pipe.client->resumed();
    };
    CHECK_FALSE(resumes());
    CHECK(resumes());
    pipe.client_context.settings.resume = false;
    CHECK_FALSE(resumes());
    pipe.client_context.settings.resume = true;
    pipe.server_context.ticket_key += 1;
    CHECK_FALSE(resumes());
    pipe.events.run_until(pipe.events.now() + Duration::seconds(7201));
    CHECK_FALSE(resumes());
  }
}

TEST_CASE("an ESP32 takes a second for its part of a handshake") {
  ClientSettings settings = client_of(TlsVersion::tls13);
  settings.speed = kEsp32;
  Pipe pipe(Pipe::settings_of(KeyKind::p256), settings);
  pipe.connect();
  // Its own share and the agreement, and two signatures: the certificate's and the server's over the handshake.
  const Duration client = kEsp32.key_generation + kEsp32.key_agreement + kEsp32.ecdsa_verify * 2;
  const Duration server = kComputer.key_generation + kComputer.key_agreement + kComputer.ecdsa_sign;
  CHECK(pipe.events.now() - Instant() == client + server);
}

TEST_CASE("whatever bytes come, a session ends with a failure at worst") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RandomStream luck(seed, "noise", "test");
    Pipe pipe(Pipe::settings_of(KeyKind::rsa2048),
              client_of(luck.below(2) == 0 ? TlsVersion::tls12 : TlsVersion::tls13));
    if (luck.below(2) == 0) {
      pipe.connect();
    } else {
      pipe.client = std::make_unique<Session>(pipe.events, pipe.trace, 1, 1, pipe.client_context, pipe.client_end);
      pipe.server = std::make_unique<Session>(pipe.events, pipe.trace, 2, 2, pipe.server_context, pipe.server_end);
      pipe.client->start();
      pipe.carry();
    }
    // A record that says a type, with anything in it; or a handshake message with its own type and anything in it.
    std::vector<std::uint8_t> body(luck.below(300));
    for (auto& byte : body) byte = static_cast<std::uint8_t>(luck.bits());
    if (body.size() >= 4) {
      body[0] = static_cast<std::uint8_t>(luck.below(21));
      body[1] = 0, body[2] = 0, body[3] = static_cast<std::uint8_t>(luck.below(2) == 0 ? body.size() - 4 : body[3]);
    }
    std::vector<std::uint8_t> record;
    wire::encode_tls_record(static_cast<wire::ContentType>(20 + luck.below(4)), 0x0303, body, record);
    for (int i = 0; i < 3; ++i) {
      pipe.client->receive(record, 2, pipe.server_end.sent);
      pipe.server->receive(record, 1, pipe.client_end.sent);
      pipe.carry();
    }
  }
}
