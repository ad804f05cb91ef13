// The broker on real sockets: one thread, in which sockets, timers and the broker take turns.
#pragma once

#include <sys/types.h>

#include <asio.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "live/bridge_connection.hpp"
#include "live/clock.hpp"
#include "live/connection.hpp"
#include "live/http_server.hpp"
#include "live/recorder.hpp"
#include "live/settings.hpp"
#include "live/tls.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::live {

class Server {
 public:
  /// `settings` and `watch` must outlive the server. With a store, everything is traced there.
  Server(Settings& settings, mqtt::BrokerWatch* watch, std::shared_ptr<TraceStore> store = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens all listening sockets and reads their certificates, or says which one could not be opened, and why.
  tl::expected<void, std::string> listen();
  /// Where it listens: "mqtt 127.0.0.1:1883", a line each.
  std::string addresses() const;
  /// Serves until SIGINT, SIGTERM or stop(). An error says that what was kept could not be read or written.
  tl::expected<void, std::string> run();
  void stop();
  Tracer& trace() { return trace_; }
  /// Of the sessions that were traced, in the form of SSLKEYLOGFILE.
  const std::string& tls_keys() const { return tls_keys_; }

  asio::io_context& io() { return io_; }
  Clock& clock() { return clock_; }
  mqtt::Broker& broker() { return broker_; }
  const Settings& settings() const { return settings_; }
  std::size_t connections() const { return connections_.size(); }
  /// nullptr where nothing is traced.
  Recorder* recorder() { return recorder_ ? &*recorder_ : nullptr; }
  StreamId next_stream() { return trace_.next_stream(); }
  std::vector<std::uint8_t>& read_buffer() { return read_buffer_; }
  /// To be flushed when what came has been gone through.
  void mark(std::shared_ptr<Connection> connection) { marked_.push_back(std::move(connection)); }
  void remember(Connection* connection) { connections_.insert(connection); }
  void forget(Connection* connection) { connections_.erase(connection); }
  /// Whether so many bytes more may wait to be written, of all connections together.
  bool has_output_memory(std::size_t bytes) const {
    return settings_.broker.memory_limit == 0 || output_held_ + bytes <= settings_.broker.memory_limit;
  }
  /// Whether so much waits that each connection should write what it has, and not only when the turn is over.
  bool output_is_large() const {
    return settings_.broker.memory_limit != 0 && output_held_ > settings_.broker.memory_limit / 2;
  }
  void count_output(std::size_t before, std::size_t now) { output_held_ += now - before; }
  /// Of those whose sockets take no more the one for which most waits must go.
  void give_up_slowest();
  bool stopping() const { return stopping_; }
  /// So many bytes came in: after some, what they lead to is written before more is read.
  void count_read(std::size_t bytes) { unpumped_ += bytes; }
  /// What is to be told of bridges goes there, a line each. To be set before it serves.
  void tell(std::function<void(const std::string&)> say) { say_ = std::move(say); }
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
  void await_save();
  /// Tells of it where it was not done well.
  bool saved_badly(bool well, const std::string& path);
  void wait_for_signal();

  Settings& settings_;
  asio::io_context io_{1};
  EventQueue events_;
  Clock clock_{events_};
  Tracer trace_;
  EntityId entity_;
  std::optional<Recorder> recorder_;
  mqtt::Broker broker_;
  mqtt::MessagePool bridge_messages_;
  std::vector<std::unique_ptr<BridgeConnection>> bridges_;
  std::optional<HttpServer> web_;
  std::string tls_keys_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::shared_ptr<Connection>> marked_, flushing_;
  std::vector<std::uint8_t> read_buffer_;
  asio::steady_timer timer_{io_};
  Instant timer_at_ = Instant::never();
  asio::signal_set signals_{io_};
  asio::steady_timer second_{io_}, save_{io_};
  std::function<void()> each_second_;
  std::function<void(const std::string&)> say_ = [](const std::string&) {};
  std::set<Connection*> connections_;  // each holds itself until it ends
  std::size_t unpumped_ = 0;
  std::size_t output_held_ = 0;  // bytes that wait to be written
  pid_t saving_ = -1;            // the process that saves the state, while it does
  bool stopping_ = false;
};

}  // namespace wirelab::live
