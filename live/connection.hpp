// One accepted socket: a channel of the broker's. Its bytes are read where the socket has some, and written when the server has gone
// through what came; nothing blocks.
#pragma once

#include <asio.hpp>
#include <memory>
#include <vector>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::live {

class Server;

class Connection final : public mqtt::ByteChannel, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, asio::ip::tcp::socket socket, StreamId stream);

  /// Begins to read.
  void start();
  /// Writes what waits, as much as the socket takes.
  void flush();
  /// Without further words.
  void abort();
  const std::string& peer() const { return peer_; }

  mqtt::StreamPlace place() const override { return {stream_ + 1, written_}; }
  std::uint64_t acknowledged() const override { return written_ - (out_.size() - sent_); }
  bool is_open() const override { return !closing_; }
  bool has_room(std::size_t bytes) const override;
  void write(mqtt::Bytes bytes) override;
  void close() override;

 private:
  void wait_readable();
  void read();
  void wait_writable();
  void ended();
  void finish();

  Server& server_;
  asio::ip::tcp::socket socket_;
  std::string peer_;
  StreamId stream_;  // in; out is one more
  mqtt::ConnectionIndex index_ = 0;
  std::uint64_t received_ = 0, written_ = 0;
  std::vector<std::uint8_t> out_;  // from sent_ on
  std::size_t sent_ = 0;
  bool reading_ = false;
  bool waits_writable_ = false;
  bool marked_ = false;   // for the server's next flush
  bool told_ = false;     // the broker knows of it
  bool closing_ = false;  // the broker has let go: what waits is written, then the socket is closed
  bool gone_ = false;
  asio::steady_timer farewell_;
};

}  // namespace wirelab::live
