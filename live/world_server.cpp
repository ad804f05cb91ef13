#include "live/world_server.hpp"

#include <csignal>

#include "sim/world/broker_service.hpp"

namespace wirelab::live {
namespace {

constexpr auto kTick = std::chrono::milliseconds(1);  // how late an event of the world may be
constexpr auto kTellEvery = std::chrono::milliseconds(250);
constexpr auto kSlice = std::chrono::milliseconds(20);  // of the world, before sockets and signals have their turn
constexpr auto kFarewell = std::chrono::seconds(10);    // for a client to close after the broker has
constexpr std::size_t kMostClients = 1000;
constexpr std::size_t kReadAtOnce = 16'384;
constexpr std::size_t kMostUnsent =
    65'536;  // bytes that the real client has not taken; then the simulated window closes

}  // namespace

// One accepted socket and its simulated connection.
class WorldServer::Client : public std::enable_shared_from_this<WorldServer::Client> {
 public:
  Client(WorldServer& server, asio::ip::tcp::socket socket, std::uint32_t number)
      : server_(server), socket_(std::move(socket)), number_(number) {
    asio::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  // Reads while the simulated connection takes what comes: else the real window closes.
  void wait_readable() {
    if (gone_ || reading_ || ended_) return;
    if (!server_.session_.world().outside().has_room(number_, kReadAtOnce)) return;  // asked again at the next tick
    reading_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const asio::error_code& error) {
      self->reading_ = false;
      if (!error && !self->gone_) self->read();
    });
  }
  void take(wire::Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void peer_closed() {
    peer_closed_ = true;
    peer_closed_at_ = std::chrono::steady_clock::now();
  }
  void simulated_end(OutsideEnding ending) {
    ended_ = true;
    if (ending != OutsideEnding::orderly) reset_ = true;
  }
  // Between two slices of the world's time.
  void flush() {
    if (gone_) return;
    while (!out_.empty()) {
      asio::error_code error;
      const std::size_t size = socket_.write_some(asio::buffer(out_), error);
      if (error == asio::error::would_block || error == asio::error::try_again) break;
      if (error) {
        lose(true);
        return;
      }
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    if (!stalled_ && out_.size() > kMostUnsent) {
      stalled_ = true;
      server_.intervene(OutsideRead{number_, false});
    } else if (stalled_ && out_.empty()) {
      stalled_ = false;
      server_.intervene(OutsideRead{number_, true});
    }
    asio::error_code ignored;
    if (reset_) {
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      close();
    } else if ((ended_ || (half_closed_ && peer_closed_)) && out_.empty()) {
      close();
    } else if (peer_closed_ && std::chrono::steady_clock::now() - peer_closed_at_ > kFarewell) {
      server_.intervene(OutsideEnd{number_, true});
      close();
    } else if (peer_closed_ && out_.empty() && !told_closed_) {
      told_closed_ = true;
      socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    wait_readable();
  }
  bool gone() const { return gone_; }

 private:
  void read() {
    std::vector<std::uint8_t> bytes(kReadAtOnce);
    asio::error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(bytes), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      wait_readable();
      return;
    }
    if (error) {
      lose(error != asio::error::eof);
      return;
    }
    bytes.resize(size);
    if (server_.catch_up() && !ended_) server_.intervene(OutsideSend{number_, std::move(bytes)});
    wait_readable();
  }
  // The real end is gone: closed in order, or reset.
  void lose(bool reset) {
    if (!server_.catch_up()) return;
    if (!ended_) server_.intervene(OutsideEnd{number_, reset});
    if (reset || peer_closed_) {
      close();
    } else {
      half_closed_ = true;
      reading_ = true;  // nothing more comes
    }
  }
  void close() {
    asio::error_code ignored;
    gone_ = true;
    socket_.close(ignored);
  }

  WorldServer& server_;
  asio::ip::tcp::socket socket_;
  std::uint32_t number_;
  std::vector<std::uint8_t> out_;  // for the real client
  bool reading_ = false;
  bool gone_ = false;         // the socket is closed
  bool ended_ = false;        // the simulated connection has ended
  bool reset_ = false;        // and not in order
  bool peer_closed_ = false;  // the simulated peer sends no more
  bool told_closed_ = false;  // and the real client knows
  bool half_closed_ = false;
  bool stalled_ = false;  // it does not read: the simulated window closes
  std::chrono::steady_clock::time_point peer_closed_at_;
};

WorldServer::WorldServer(Session& session, std::string node, std::string broker)
    : session_(session), node_(std::move(node)), broker_(std::move(broker)) {
  session_.world().outside().set_user(this);
}

WorldServer::~WorldServer() { session_.world().outside().set_user(nullptr); }

tl::expected<void, std::string> WorldServer::listen(const std::string& address, std::uint16_t port) {
  asio::error_code error;
  const auto where = asio::ip::make_address(address, error);
  if (error) return tl::make_unexpected("\"" + address + "\" is no address, as 127.0.0.1 is");
  const asio::ip::tcp::endpoint end(where, port);
  acceptor_.open(end.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(end, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return tl::make_unexpected("cannot listen on " + address + ":" + std::to_string(port) + ": " + error.message());
  return {};
}

std::string WorldServer::address() const {
  const auto end = acceptor_.local_endpoint();
  return "mqtt " + end.address().to_string() + ":" + std::to_string(end.port());
}

Instant WorldServer::real_now() const {
  const auto since = std::chrono::steady_clock::now() - began_;
  return std::min(end_, Instant::from_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()));
}

// Brings the world to the present; false once it is over.
bool WorldServer::catch_up() {
  if (!outcome_) return false;
  constexpr std::uint64_t kEvents = 2000;
  const Instant now = std::max(real_now(), session_.now());
  const auto until = std::chrono::steady_clock::now() + kSlice;
  // A world that takes longer than its time is late, and goes on with the next slice.
  for (;;) {
    const auto done = session_.run(now, kEvents);
    if (!done) {
      outcome_ = tl::make_unexpected(done.error());
      io_.stop();
      return false;
    }
    if (*done || std::chrono::steady_clock::now() > until) return true;
  }
}

void WorldServer::intervene(const Intervention& what) {
  // What cannot be done now, as from a node without power, is answered by its end.
  if (session_.intervene(what)) return;
  if (const auto* connect = std::get_if<OutsideConnect>(&what)) on_ended(connect->connection, OutsideEnding::no_power);
}

void WorldServer::on_bytes(std::uint32_t connection, wire::Bytes bytes) {
  if (const auto at = clients_.find(connection); at != clients_.end()) at->second->take(bytes);
}

void WorldServer::on_peer_closed(std::uint32_t connection) {
  if (const auto at = clients_.find(connection); at != clients_.end()) at->second->peer_closed();
}

void WorldServer::on_ended(std::uint32_t connection, OutsideEnding ending) {
  if (const auto at = clients_.find(connection); at != clients_.end()) at->second->simulated_end(ending);
}

void WorldServer::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      // Most likely there are no file descriptors left: nothing is won by trying again at once.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) accept();
      });
      return;
    }
    if (clients_.size() < kMostClients && catch_up()) {
      const std::uint32_t number = next_++;
      const auto client = std::make_shared<Client>(*this, std::move(socket), number);
      clients_.emplace(number, client);
      intervene(OutsideConnect{node_, broker_, kMqttPort, number});
      client->wait_readable();
    }
    accept();
  });
}

void WorldServer::tick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error || !catch_up()) return;
    for (auto at = clients_.begin(); at != clients_.end();) {
      at->second->flush();
      at = at->second->gone() ? clients_.erase(at) : std::next(at);
    }
    const auto now = std::chrono::steady_clock::now();
    if (tell_ && now - told_ > kTellEvery) {
      told_ = now;
      tell_();
    }
    if (real_now() >= end_) {
      io_.stop();
    } else {
      tick();
    }
  });
}

tl::expected<void, ScriptError> WorldServer::run(Instant end) {
  end_ = end;
  began_ = std::chrono::steady_clock::now();
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.add(SIGHUP);
  signals_.async_wait([this](const asio::error_code& error, int) {
    if (!error) io_.stop();
  });
  accept();
  tick();
  io_.run();
  asio::error_code ignored;
  acceptor_.close(ignored);
  clients_.clear();
  return outcome_;
}

}  // namespace wirelab::live
