// A simulated world in real time, into which real clients connect: each connection that is accepted begins, at that instant, as a
// TCP connection of a node of the world to its broker, and its bytes cross the simulated links both ways. What clients do enters the
// journal. How the real end and the simulated one map onto each other is in docs/serve.md.
#pragma once

#include <asio.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "lab/session/session.hpp"
#include "live/settings.hpp"

namespace wirelab::live {

class WorldServer final : public OutsideUser {
 public:
  /// Clients come in at `node` and get to port 1883 of `broker`, both nodes of the session's world.
  WorldServer(Session& session, std::string node, std::string broker);
  ~WorldServer() override;
  WorldServer(const WorldServer&) = delete;
  WorldServer& operator=(const WorldServer&) = delete;

  /// Opens the listening socket; the error says why it could not be.
  tl::expected<void, std::string> listen(const std::string& address, std::uint16_t port);
  /// "mqtt 127.0.0.1:1883"
  std::string address() const;
  /// Plays the world in real time until SIGINT, SIGTERM or `end`. The error is a program's of the scenario.
  tl::expected<void, ScriptError> run(Instant end);
  /// Called a few times a second.
  void tell(std::function<void()> function) { tell_ = std::move(function); }
  std::size_t connections() const { return clients_.size(); }

 private:
  class Client;
  // OutsideUser: what the simulated side says while the world runs
  void on_open(std::uint32_t) override {}
  void on_bytes(std::uint32_t connection, wire::Bytes bytes) override;
  void on_peer_closed(std::uint32_t connection) override;
  void on_ended(std::uint32_t connection, OutsideEnding ending) override;

  void accept();
  void tick();
  bool catch_up();
  void intervene(const Intervention& what);
  Instant real_now() const;

  Session& session_;
  std::string node_, broker_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_};
  asio::steady_timer timer_{io_}, pause_{io_};
  asio::signal_set signals_{io_};
  std::chrono::steady_clock::time_point began_;
  Instant end_;
  std::uint32_t next_ = 1;
  std::map<std::uint32_t, std::shared_ptr<Client>> clients_;
  std::function<void()> tell_;
  std::chrono::steady_clock::time_point told_;
  tl::expected<void, ScriptError> outcome_;
};

}  // namespace wirelab::live
