// The REST cloud on real sockets, beside the broker and in the same loop: `wirelab serve --http`.
#pragma once

#include <asio.hpp>
#include <memory>
#include <set>
#include <string>
#include <tl/expected.hpp>

#include "live/clock.hpp"
#include "sim/protocol/http/rest_cloud.hpp"

namespace wirelab::live {

class HttpServer {
 public:
  /// What it is given must outlive it. Where `api_key` is not empty, every request must bring it.
  HttpServer(asio::io_context& io, Clock& clock, EventQueue& events, Tracer& trace, std::string api_key);
  ~HttpServer();

  /// Opens the listening socket, or says why not.
  tl::expected<void, std::string> listen(const std::string& address, std::uint16_t port);
  /// "http 127.0.0.1:8080".
  std::string address() const;
  void start() { accept(); }
  /// Writes what waits to be written.
  void flush();
  /// Listens no more, and lets go of all clients.
  void stop();

 private:
  class Client;
  static constexpr std::size_t kMostClients = 10'000;
  void accept();

  asio::io_context& io_;
  Clock& clock_;
  EventQueue& events_;
  Tracer& trace_;
  http::ServerSettings settings_;
  http::RestCloud cloud_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::set<std::shared_ptr<Client>> clients_;
  std::vector<std::shared_ptr<Client>> marked_;
  std::uint32_t next_ = 1;
  bool stopping_ = false;
};

}  // namespace wirelab::live
