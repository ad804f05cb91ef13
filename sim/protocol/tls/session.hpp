// One connection's TLS, client or server: the handshake of TLS 1.2 (RFC 5246, 7.3; resumption by ticket: RFC 5077) and of TLS 1.3
// (RFC 8446, 2; resumption: 2.2), flight by flight with the messages and sizes of OpenSSL 3.0, and records of application data.
// Sans-I/O: records go out by the user, bytes of the stream come in by receive().
//
// It is a cost model: shares, signatures and tickets are random numbers, and the protection hides but does not secure. Left
// out: client certificates, chains (the authority signs the server's certificate itself), renegotiation, hello retry, early
// data, and the processor time of symmetric ciphers.
#pragma once

#include "sim/protocol/tls/protection.hpp"
#include "sim/protocol/tls/settings.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/tls_trace.hpp"

namespace wirelab::tls {

class Session;

class SessionUser {
 public:
  virtual ~SessionUser() = default;
  /// Takes whole records.
  virtual void send_records(wire::Bytes records) = 0;
  /// The offset in the stream at which the next record will lie.
  virtual std::uint64_t next_offset() const = 0;
  /// The handshake is done: write() may be called.
  virtual void on_secure() = 0;
  /// What one record held; `begin` to `end` is where the record lies in the stream.
  virtual void on_plain(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) = 0;
  /// There will be no secure connection, or no longer; an alert was sent where there is one. The session may be destroyed now.
  virtual void on_failed(Failure failure) = 0;
};

class Session {
 public:
  /// For a client. `entity` is the connection's, `stream` the one that it sends.
  Session(EventQueue& events, Tracer& trace, EntityId entity, StreamId stream, ClientContext& context,
          SessionUser& user);
  /// For a server.
  Session(EventQueue& events, Tracer& trace, EntityId entity, StreamId stream, ServerContext& context,
          SessionUser& user);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// A client sends its hello.
  void start();
  void receive(wire::Bytes bytes, StreamId stream, std::uint64_t offset);
  /// Application data; only once secure.
  void write(wire::Bytes plain);
  /// Says that nothing more will be sent (close_notify), where the connection is secure.
  void close();
  /// The connection has ended: what the trace says of the session ends too. Nothing may be called after it.
  void leave();
  bool secure() const { return state_ == State::secure; }
  std::size_t size_of(std::size_t plain) const { return protected_size(version_, plain); }
  bool resumed() const { return resumed_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  /// What a side does once its processor has worked through a flight.
  enum class Step : std::uint8_t { none, client_hello, client_finish, server_flight, server_finish };

  void begin();
  void process();
  bool take_record(const wire::TlsRecordHeader& header, wire::Bytes fragment, std::uint64_t begin);
  bool take_handshake(wire::Bytes bytes);
  bool take_plain(wire::ContentType type, wire::Bytes plain, std::uint64_t begin, std::uint64_t end);
  void think(Duration time, Step step);
  static void on_thought(void* self, std::uint64_t);
  void do_step(Step step);

  // The client's side.
  void send_client_hello();
  bool client_takes(wire::HandshakeType type, wire::Bytes body);
  bool take_server_hello(wire::Bytes body);
  bool check_certificate(wire::Bytes body);
  void take_ticket(wire::Bytes body);
  void send_client_finish();
  // The server's side.
  bool server_takes(wire::HandshakeType type, wire::Bytes body);
  bool take_client_hello(wire::Bytes body);
  bool knows_ticket(wire::Bytes ticket) const;
  void send_server_flight();
  void send_server_finish();
  void send_ticket();
  std::vector<std::uint8_t> make_ticket();

  void derive_keys();
  void add_message(wire::HandshakeType type, wire::Bytes body);
  void add_whole(const std::vector<std::uint8_t>& message);
  void add_change_cipher_spec();
  void add_record(wire::ContentType type, wire::Bytes fragment, std::uint16_t number);
  void add_random_message(wire::HandshakeType type, std::size_t size);
  void send_flight();
  void become_secure();
  bool fail(Failure failure, wire::Alert alert);
  void end_with(Failure failure);
  void add_alert(wire::Alert alert);
  RandomStream& random();
  std::vector<std::uint8_t> random_bytes(std::size_t count);
  wire::Random32 random32();
  const Speed& speed() const;
  Duration sign_time() const;
  Duration verify_time() const;
  bool tls13() const { return version_ == wire::TlsVersion::tls13; }

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  StreamId stream_out_;
  StreamId stream_in_ = 0;
  ClientContext* client_ = nullptr;  // of the two, the one of its side
  ServerContext* server_ = nullptr;
  SessionUser& user_;
  State state_ = State::none;
  wire::TlsVersion version_ = wire::TlsVersion::none;
  bool resumed_ = false;
  wire::HandshakeType expected_ = wire::HandshakeType::client_hello;
  wire::ClientHello client_hello_;
  wire::ServerHello server_hello_;
  wire::KeyKind key_ = wire::KeyKind::rsa2048;  // of the server's certificate
  Protection out_, in_;
  std::uint64_t client_key_ = 0, server_key_ = 0;  // of what each of them sends
  std::vector<std::uint8_t> buffer_;               // bytes that are no whole record yet, or wait for the processor
  std::uint64_t buffer_begin_ = 0;                 // where they lie in the stream
  std::vector<std::uint8_t> messages_;             // of a handshake, that are not whole yet
  std::uint64_t record_begin_ = 0, record_end_ = 0;
  std::vector<std::uint8_t> flight_;
  Step thinking_ = Step::none;
  TimerId timer_;
  bool* gone_ = nullptr;  // tells process() that a callback has destroyed it
};

}  // namespace wirelab::tls
