#include "live/server.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "live/state_file.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab::live {
namespace {

constexpr int kTurnsBetweenPumps = 64;
constexpr std::size_t kBytesBetweenPumps = 262'144;
constexpr std::size_t kTurnedAwayInWords = 100;

std::string name_of(const Listener& listener) {
  const std::string transport = listener.websocket ? "ws" : "mqtt";
  return listener.tls ? transport + "s" : transport;
}

}  // namespace

Server::Server(Settings& settings, mqtt::BrokerWatch* watch, std::shared_ptr<TraceStore> store)
    : settings_(settings),
      trace_(store ? Tracer(events_, store) : Tracer(events_, Tracer::KeepsNothing{})),
      entity_(trace_.define(EntityKind::broker, "broker")),
      broker_(events_, trace_, entity_, settings.broker, settings.access.empty() ? nullptr : &settings.access) {
  broker_.set_watch(watch);
  if (store) recorder_.emplace(trace_, entity_);
}

tl::expected<void, std::string> Server::listen() {
  for (const Listener& listener : settings_.listeners) {
    asio::error_code error;
    const auto address = asio::ip::make_address(listener.address, error);
    if (error) return tl::make_unexpected("\"" + listener.address + "\" is no address, as 127.0.0.1 is");
    auto door =
        std::make_unique<Door>(Door{asio::ip::tcp::acceptor(io_), asio::steady_timer(io_), &listener, std::nullopt});
    if (listener.tls) {
      auto context = TlsContext::make(*listener.tls);
      if (!context) return tl::make_unexpected(context.error());
      door->tls = std::move(*context);
      if (recorder_) door->tls->log_keys(tls_keys_);
    }
    const asio::ip::tcp::endpoint end(address, listener.port);
    door->acceptor.open(end.protocol(), error);
    if (!error) door->acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) door->acceptor.bind(end, error);
    if (!error) door->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) door->acceptor.non_blocking(true, error);
    if (error) {
      return tl::make_unexpected("cannot listen on " + listener.address + ":" + std::to_string(listener.port) + ": " +
                                 error.message());
    }
    doors_.push_back(std::move(door));
  }
  if (!settings_.web) return {};
  web_.emplace(io_, clock_, events_, trace_, settings_.web->api_key);
  return web_->listen(settings_.web->address, settings_.web->port);
}

std::string Server::addresses() const {
  std::string text;
  for (const auto& door : doors_) {
    const auto end = door->acceptor.local_endpoint();
    text += name_of(*door->listener) + " " + end.address().to_string() + ":" + std::to_string(end.port()) + "\n";
  }
  if (web_) text += web_->address() + "\n";
  return text;
}

void Server::accept(Door& door) {
  door.acceptor.async_accept([this, &door](const asio::error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopping_) return;
    if (error) {
      // Most likely there are no file descriptors left: nothing is won by trying again at once.
      door.pause.expires_after(std::chrono::milliseconds(100));
      door.pause.async_wait([this, &door](const asio::error_code& cancelled) {
        if (!cancelled) accept(door);
      });
      return;
    }
    clock_.catch_up();
    // Some more than the broker takes, so that it can say why it takes no more.
    const std::uint32_t most = settings_.broker.max_connections;
    if (most == 0 || connections_.size() < std::size_t{most} + kTurnedAwayInWords) {
      const auto connection = std::make_shared<Connection>(*this, std::move(socket), door.tls ? &*door.tls : nullptr,
                                                           door.listener->websocket);
      connection->start();
    }
    accept(door);
  });
}

// Timers that are due, then everything that waits to be written.
void Server::pump() {
  unpumped_ = 0;
  clock_.catch_up();
  const Clock::Turn turn(clock_);
  while (!marked_.empty()) {
    flushing_.swap(marked_);
    for (const auto& connection : flushing_) connection->flush();
    flushing_.clear();
  }
  for (const auto& bridge : bridges_) bridge->flush();
  if (web_) web_->flush();
  arm();
}

void Server::give_up_slowest() {
  const auto slowest =
      std::max_element(connections_.begin(), connections_.end(),
                       [](const Connection* a, const Connection* b) { return a->held_back() < b->held_back(); });
  if (slowest == connections_.end() || (*slowest)->held_back() == 0) return;
  say_((*slowest)->peer() + " does not read, and what waits for it fills the memory: it is let go");
  (*slowest)->give_up();
}

void Server::arm() {
  const Instant due = events_.next();
  if (due == timer_at_) return;
  timer_at_ = due;
  if (due == Instant::never()) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(clock_.at(due));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) timer_at_ = Instant::never();
  });
}

tl::expected<void, std::string> Server::run() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  wait_for_signal();
  clock_.catch_up();
  const std::string kept = settings_.state_file();
  if (!kept.empty()) {
    if (auto loaded = load_state(kept, broker_); !loaded) return loaded;
    if (settings_.broker.autosave_interval.ns() > 0) autosave();
  }
  broker_.start();
  for (const auto& door : doors_) accept(*door);
  if (web_) web_->start();
  for (const BridgeTarget& target : settings_.bridges) {
    bridges_.push_back(std::make_unique<BridgeConnection>(io_, clock_, events_, trace_, bridge_messages_, entity_,
                                                          broker_, target, say_));
    bridges_.back()->start();
  }
  if (each_second_) tick();
  pump();
  while (!stopping_ || !connections_.empty()) {
    if (io_.run_one() == 0) break;
    for (int i = 1; i < kTurnsBetweenPumps && unpumped_ < kBytesBetweenPumps && io_.poll_one() > 0; ++i) {
    }
    pump();
  }
  if (saving_ > 0) waitpid(saving_, nullptr, 0);
  return kept.empty() ? tl::expected<void, std::string>() : save_state(kept, broker_);
}

// By a copy of the process, which has the state as it is at this instant and all the time in the world to write it. What cannot
// be written is told, and tried again the next time.
void Server::autosave() {
  save_.expires_after(std::chrono::nanoseconds(settings_.broker.autosave_interval.ns()));
  save_.async_wait([this](const asio::error_code& error) {
    if (error || stopping_) return;
    clock_.catch_up();
    const std::string path = settings_.state_file();
    saving_ = fork();
    if (saving_ == 0) {
      const auto saved = save_state(path, broker_);
      _exit(saved ? 0 : 1);
    }
    if (saved_badly(saving_ > 0, path)) {
      autosave();
    } else {
      await_save();
    }
  });
}

bool Server::saved_badly(bool well, const std::string& path) {
  if (!well)
    say_("the state could not be saved to " + path + "; it is tried again in " +
         format_duration(settings_.broker.autosave_interval));
  return !well;
}

void Server::await_save() {
  save_.expires_after(std::chrono::milliseconds(50));
  save_.async_wait([this](const asio::error_code& error) {
    if (error || stopping_) return;
    int status = 0;
    if (waitpid(saving_, &status, WNOHANG) == 0) {
      await_save();
      return;
    }
    saving_ = -1;
    saved_badly(WIFEXITED(status) && WEXITSTATUS(status) == 0, settings_.state_file());
    autosave();
  });
}

// The first one ends it with a farewell to everybody, the second one without.
void Server::wait_for_signal() {
  signals_.async_wait([this](const asio::error_code& error, int) {
    if (error) return;
    if (stopping_) {
      for (Connection* connection : std::vector(connections_.begin(), connections_.end())) connection->abort();
      return;
    }
    stop();
    wait_for_signal();
  });
}

void Server::tick() {
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](const asio::error_code& error) {
    if (error || stopping_) return;
    each_second_();
    tick();
  });
}

// Listens no more, says good-bye to all, and ends when they have heard it.
void Server::stop() {
  if (stopping_) return;
  stopping_ = true;
  for (const auto& door : doors_) {
    asio::error_code ignored;
    door->acceptor.close(ignored);
    door->pause.cancel();
  }
  second_.cancel();
  save_.cancel();
  clock_.catch_up();
  for (Connection* connection : std::vector(connections_.begin(), connections_.end())) {
    if (!connection->told()) connection->abort();
  }
  broker_.stop();
  for (const auto& bridge : bridges_) bridge->end();
  if (web_) web_->stop();
}

}  // namespace wirelab::live
