// A bridge of `serve` to another broker, over a real socket: see sim/protocol/mqtt/bridge.hpp. What ends is begun anew, after a
// while that doubles with each failure.
#pragma once

#include <asio.hpp>
#include <functional>
#include <string>
#include <vector>

#include "live/clock.hpp"
#include "live/settings.hpp"
#include "sim/protocol/mqtt/bridge.hpp"

namespace wirelab::live {

class BridgeConnection final : public mqtt::ByteChannel, public mqtt::ClientUser {
 public:
  /// `say` gets a line of words when the connection begins, fails or ends.
  BridgeConnection(asio::io_context& io, Clock& clock, EventQueue& events, Tracer& trace, mqtt::MessagePool& messages,
                   EntityId entity, mqtt::Broker& local, const BridgeTarget& target,
                   std::function<void(const std::string&)> say);

  void start();
  /// Says good-bye; what is not written at once is not written.
  void end();
  /// Writes what waits, as much as the socket takes.
  void flush();

  mqtt::StreamPlace place() const override { return {stream_out_, written_}; }
  std::uint64_t acknowledged() const override { return out_.empty() ? written_ : flushed_; }
  bool is_open() const override { return open_; }
  bool has_room(std::size_t bytes) const override;
  void write(mqtt::Bytes bytes) override;
  void close() override;

 private:
  void on_connack(mqtt::Client&, const mqtt::Connack& packet) override;
  void on_disconnected(mqtt::Client&, bool expected) override;
  void on_message(mqtt::Client&, const mqtt::Publish& message) override { bridge_.from_remote(message); }

  void attempt();
  void opened();
  void wait_readable();
  void read();
  void lose(const std::string& why);
  void retry();
  void let_go();

  asio::io_context& io_;
  Clock& clock_;
  Tracer& trace_;
  BridgeTarget target_;
  std::function<void(const std::string&)> say_;
  mqtt::Client remote_;
  mqtt::Bridge bridge_;
  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;  // until the next attempt, or until this one has failed
  std::chrono::seconds delay_;
  StreamId stream_in_ = 0, stream_out_ = 0;
  std::uint64_t received_ = 0, written_ = 0, flushed_ = 0;
  std::vector<std::uint8_t> out_;
  std::uint64_t attempt_ = 0;  // the present one; what belongs to an earlier one is not heeded
  bool open_ = false, ended_ = false, waits_writable_ = false;
};

}  // namespace wirelab::live
