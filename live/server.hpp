// The broker on real sockets: one thread, in which sockets, timers and the broker take turns.
#pragma once

#include <asio.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "live/clock.hpp"
#include "live/connection.hpp"
#include "live/settings.hpp"
#include "live/tls.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::live {

class Server {
 public:
  /// `settings` and `watch` must outlive the server.
  Server(Settings& settings, mqtt::BrokerWatch* watch);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens all listening sockets and reads their certificates, or says which one could not be opened, and why.
  tl::expected<void, std::string> listen();
  /// Where it listens: "mqtt 127.0.0.1:1883", a line each.
  std::string addresses() const;
  /// Serves until SIGINT, SIGTERM or stop(). An error says that what was kept could not be read or written.
  tl::expected<void, std::string> run();
  void stop();

  asio::io_context& io() { return io_; }
  Clock& clock() { return clock_; }
  mqtt::Broker& broker() { return broker_; }
  const Settings& settings() const { return settings_; }
  std::size_t connections() const { return connections_.size(); }
  std::vector<std::uint8_t>& read_buffer() { return read_buffer_; }
  /// To be flushed when what came has been gone through.
  void mark(std::shared_ptr<Connection> connection) { marked_.push_back(std::move(connection)); }
  void remember(Connection* connection) { connections_.insert(connection); }
  void forget(Connection* connection) { connections_.erase(connection); }
  bool stopping() const { return stopping_; }
  /// So many bytes came in: after some, what they lead to is written before more is read.
  void count_read(std::size_t bytes) { unpumped_ += bytes; }
  /// Calls `function` every second while it serves.
  void every_second(std::function<void()> function) { each_second_ = std::move(function); }

 private:
  struct Door {
    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer pause;
    const Listener* listener;
    std::optional<TlsContext> tls;
  };
  void accept(Door& door);
  void pump();
  void arm();
  void tick();
  void autosave();
  void wait_for_signal();

  Settings& settings_;
  asio::io_context io_{1};
  EventQueue events_;
  Clock clock_{events_};
  Tracer trace_{events_, Tracer::KeepsNothing{}};
  mqtt::Broker broker_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::shared_ptr<Connection>> marked_, flushing_;
  std::vector<std::uint8_t> read_buffer_;
  asio::steady_timer timer_{io_};
  Instant timer_at_ = Instant::never();
  asio::signal_set signals_{io_};
  asio::steady_timer second_{io_}, save_{io_};
  std::function<void()> each_second_;
  StreamId next_stream_ = 1;
  std::set<Connection*> connections_;  // each holds itself until it ends
  std::size_t unpumped_ = 0;
  bool stopping_ = false;
};

}  // namespace wirelab::live
