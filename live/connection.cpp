#include "live/connection.hpp"

#include "live/server.hpp"

namespace wirelab::live {
namespace {

constexpr std::size_t kReadAtOnce = 65536;
constexpr int kReadsInTurn = 4;  // then the others have theirs
constexpr auto kFarewell = std::chrono::seconds(2);

}  // namespace

Connection::Connection(Server& server, asio::ip::tcp::socket socket, StreamId stream)
    : server_(server), socket_(std::move(socket)), stream_(stream), farewell_(server.io()) {
  asio::error_code ignored;
  const auto end = socket_.remote_endpoint(ignored);
  peer_ = end.address().to_string() + ":" + std::to_string(end.port());
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::start() {
  told_ = true;
  index_ = server_.broker().opened(this);
  wait_readable();
}

void Connection::wait_readable() {
  if (gone_ || reading_) return;
  reading_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const asio::error_code& error) {
    self->reading_ = false;
    if (self->gone_) return;
    if (error) {
      self->ended();
    } else {
      self->read();
    }
  });
}

void Connection::read() {
  std::vector<std::uint8_t>& buffer = server_.read_buffer();
  buffer.resize(kReadAtOnce);
  for (int i = 0; i < kReadsInTurn && !gone_; ++i) {
    asio::error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block || error == asio::error::try_again) break;
    if (error) {
      ended();
      return;
    }
    if (closing_) continue;  // nobody listens any more
    server_.clock().catch_up();
    if (closing_ || gone_) continue;
    const mqtt::StreamRange range{received_, received_ + size};
    received_ += size;
    server_.broker().receive(index_, mqtt::Bytes(buffer.data(), size), stream_, range);
    if (size < kReadAtOnce) break;
  }
  wait_readable();
}

bool Connection::has_room(std::size_t bytes) const {
  const std::size_t waiting = out_.size() - sent_;
  return waiting == 0 || waiting + bytes <= server_.settings().max_output;
}

void Connection::write(mqtt::Bytes bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  written_ += bytes.size();
  if (marked_) return;
  marked_ = true;
  server_.mark(shared_from_this());
}

void Connection::flush() {
  marked_ = false;
  if (gone_ || waits_writable_) return;
  while (sent_ < out_.size()) {
    asio::error_code error;
    const std::size_t size = socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      wait_writable();
      return;
    }
    if (error) {
      ended();
      return;
    }
    sent_ += size;
  }
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kReadAtOnce) out_.shrink_to_fit();
  if (closing_) finish();
}

void Connection::wait_writable() {
  // What was sent is let go of now and then, not at every write.
  if (sent_ > out_.size() / 2) {
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  waits_writable_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const asio::error_code& error) {
    self->waits_writable_ = false;
    if (self->gone_) return;
    if (error) {
      self->ended();
    } else {
      self->flush();
    }
  });
}

// The socket has ended.
void Connection::ended() {
  if (gone_) return;
  const bool tell = told_ && !closing_;
  closing_ = true;
  abort();
  if (!tell) return;
  server_.clock().catch_up();
  server_.broker().closed(index_);
}

// The broker has let go.
void Connection::close() {
  if (closing_) return;
  closing_ = true;
  farewell_.expires_after(kFarewell);
  farewell_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error) self->abort();
  });
  if (!marked_) {
    marked_ = true;
    server_.mark(shared_from_this());
  }
}

// All is written: the peer reads it, closes too, and only then is the socket given back, lest a reset overtake the last words.
void Connection::finish() {
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  wait_readable();
}

void Connection::abort() {
  if (gone_) return;
  gone_ = closing_ = true;
  asio::error_code ignored;
  farewell_.cancel();
  socket_.close(ignored);
  server_.forget(*this);
}

}  // namespace wirelab::live
