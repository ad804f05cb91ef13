// One accepted socket: a channel of the broker's, through TLS and WebSocket where its listener wants them. Its bytes are read
// where the socket has some, and written when the server has gone through what came; nothing blocks. A client that does not
// read what is sent to it is not read from either.
#pragma once

#include <asio.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "live/recorder.hpp"
#include "live/settings.hpp"
#include "live/tls.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/websocket/acceptor.hpp"

namespace wirelab::live {

class Server;

class Connection final : public mqtt::ByteChannel,
                         public websocket::AcceptorUser,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// `tls` may be nullptr, and else outlives the connection.
  Connection(Server& server, asio::ip::tcp::socket socket, const TlsContext* tls, bool websocket);

  /// Begins to read.
  void start();
  /// Writes what waits, as much as the socket takes.
  void flush();
  /// Without further words.
  void abort();
  /// Lets go of all that waits to be written, and of the client with the next flush: it has not read for too long.
  void give_up();
  /// Bytes of memory that wait because the socket takes no more.
  std::size_t held_back() const { return waits_writable_ ? held_ : 0; }
  const std::string& peer() const { return peer_; }
  /// Whether the broker knows of it: a handshake of TLS or WebSocket comes before.
  bool told() const { return told_; }

  mqtt::StreamPlace place() const override { return {stream_out_, written_}; }
  std::uint64_t acknowledged() const override { return out_.size() == sent_ ? written_ : flushed_; }
  bool is_open() const override { return !closing_; }
  bool has_room(std::size_t bytes) const override;
  void write(mqtt::Bytes bytes) override;
  void close() override;

 private:
  void send_frames(wire::Bytes bytes) override;
  void on_websocket() override { open_channel(); }
  void on_content(wire::Bytes bytes) override;
  void on_websocket_end() override { lose(); }

  void open_channel();
  void wait_readable();
  void read();
  void go_through(wire::Bytes bytes);
  void take(wire::Bytes bytes);
  void wait_writable();
  void mark();
  void write_early();
  void record_sent(std::size_t size);
  void let_go_of_sent();
  void note_held();
  void begin_farewell();
  void lose();
  void ended();
  void finish();
  std::size_t waiting() const { return out_.size() - sent_; }

  Server& server_;
  asio::ip::tcp::socket socket_;
  std::string peer_;
  StreamId stream_in_, stream_out_;  // of MQTT
  std::optional<Recorder::Line> recorded_;
  RecordNumber cause_ = 0;  // of what waits to be written
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<websocket::Acceptor> websocket_;
  mqtt::ConnectionIndex index_ = 0;
  std::uint64_t received_ = 0, written_ = 0, flushed_ = 0;  // of MQTT
  std::vector<std::uint8_t> out_;                           // from sent_ on, as the socket gets it
  std::size_t sent_ = 0;
  std::size_t held_ = 0;  // by out_ while something waits there, as the server has it in its sum
  bool reading_ = false;
  bool waits_writable_ = false;
  bool marked_ = false;   // for the server's next flush
  bool told_ = false;     // the broker knows of it
  bool closing_ = false;  // the broker has let go: what waits is written, then the socket is closed
  bool given_up_ = false;
  bool gone_ = false;
  asio::steady_timer deadline_;  // of TLS's and WebSocket's handshakes, and of the farewell
};

}  // namespace wirelab::live
