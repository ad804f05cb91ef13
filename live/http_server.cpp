#include "live/http_server.hpp"

namespace wirelab::live {
namespace {

constexpr std::size_t kReadAtOnce = 65536;
constexpr std::size_t kMostUnread = 4'000'000;  // bytes of answers that a client does not read
constexpr auto kFarewell = std::chrono::seconds(2);

}  // namespace

class HttpServer::Client final : public ByteChannel, public std::enable_shared_from_this<HttpServer::Client> {
 public:
  Client(HttpServer& server, asio::ip::tcp::socket socket, std::uint32_t key)
      : server_(server), socket_(std::move(socket)), deadline_(server.io_) {
    asio::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    http_ = std::make_unique<http::ServerConnection>(server.events_, server.trace_, EntityId{0}, key, server.cloud_,
                                                     server.settings_, *this);
  }

  void wait_readable() {
    if (gone_ || reading_ || out_.size() > kMostUnread) return;
    reading_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const asio::error_code& error) {
      self->reading_ = false;
      if (error || self->gone_) return;
      self->read();
    });
  }
  void flush() {
    marked_ = false;
    while (!gone_ && !out_.empty() && !waits_) {
      asio::error_code error;
      const std::size_t size = socket_.write_some(asio::buffer(out_), error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        waits_ = true;
        socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const asio::error_code&) {
          self->waits_ = false;
          self->flush();
          self->wait_readable();
        });
      } else if (error) {
        abort();
      } else {
        out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
      }
    }
    if (gone_ || !closing_ || !out_.empty() || shut_) return;
    // All is said: the client reads it, closes too, and only then is the socket given back, lest a reset overtake the last words.
    shut_ = true;
    asio::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void abort() {
    if (gone_) return;
    gone_ = closing_ = true;
    http_->ended();
    asio::error_code ignored;
    deadline_.cancel();
    socket_.close(ignored);
    server_.clients_.erase(shared_from_this());
  }

  StreamPlace place() const override { return {0, written_}; }
  std::uint64_t acknowledged() const override { return written_; }
  bool is_open() const override { return !closing_; }
  bool has_room(std::size_t) const override { return true; }
  void write(wire::Bytes bytes) override {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    written_ += bytes.size();
    mark();
  }
  void close() override {
    if (closing_) return;
    closing_ = true;
    deadline_.expires_after(kFarewell);
    deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->abort();
    });
    mark();
  }

 private:
  void mark() {
    if (marked_ || gone_) return;
    marked_ = true;
    server_.marked_.push_back(shared_from_this());
  }
  void read() {
    std::vector<std::uint8_t> bytes(kReadAtOnce);
    asio::error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(bytes), error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) {
      abort();
      return;
    }
    if (!error && !closing_) {
      server_.clock_.catch_up();
      const StreamRange range{received_, received_ + size};
      received_ = range.end;
      http_->receive(wire::Bytes(bytes.data(), size), 0, range);
    }
    wait_readable();
  }

  HttpServer& server_;
  asio::ip::tcp::socket socket_;
  std::unique_ptr<http::ServerConnection> http_;
  asio::steady_timer deadline_;  // of the farewell
  std::vector<std::uint8_t> out_;
  std::uint64_t written_ = 0, received_ = 0;
  bool reading_ = false, waits_ = false, marked_ = false;
  bool closing_ = false;  // nothing more is said after what waits
  bool shut_ = false, gone_ = false;
};

HttpServer::HttpServer(asio::io_context& io, Clock& clock, EventQueue& events, Tracer& trace, std::string api_key)
    : io_(io),
      clock_(clock),
      events_(events),
      trace_(trace),
      cloud_(events, trace, EntityId{0},
             http::CloudSettings{.api_key = std::move(api_key), .epoch = clock.epoch_ns() / 1'000'000'000}),
      acceptor_(io),
      pause_(io) {
  settings_.software = "wirelab";
  settings_.epoch = clock.epoch_ns() / 1'000'000'000;
}

HttpServer::~HttpServer() { stop(); }

tl::expected<void, std::string> HttpServer::listen(const std::string& address, std::uint16_t port) {
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

std::string HttpServer::address() const {
  const auto end = acceptor_.local_endpoint();
  return "http " + end.address().to_string() + ":" + std::to_string(end.port());
}

void HttpServer::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopping_) return;
    if (error) {
      // Most likely there are no file descriptors left: nothing is won by trying again at once.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) accept();
      });
      return;
    }
    clock_.catch_up();
    if (clients_.size() < kMostClients) {
      const auto client = std::make_shared<Client>(*this, std::move(socket), next_++);
      clients_.insert(client);
      client->wait_readable();
    }
    accept();
  });
}

void HttpServer::flush() {
  while (!marked_.empty()) {
    const auto now = std::move(marked_);
    marked_.clear();
    for (const auto& client : now) client->flush();
  }
}

void HttpServer::stop() {
  if (stopping_) return;
  stopping_ = true;
  asio::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  const auto all = clients_;
  for (const auto& client : all) client->abort();
}

}  // namespace wirelab::live
