#include "live/connection.hpp"

#include "live/server.hpp"

namespace wirelab::live {
namespace {

constexpr std::size_t kReadAtOnce = 65536;
constexpr std::size_t kTakenAtOnce = 1024;      // between looks at the clock
constexpr std::size_t kMostUnread = 1'000'000;  // beyond what messages may fill: answers to a client that does not read
constexpr std::size_t kWrittenEarly = 262'144;  // not only when what came has been gone through
constexpr std::size_t kKept = 16'384;           // of a buffer in which nothing waits
constexpr auto kFarewell = std::chrono::seconds(2);

}  // namespace

Connection::Connection(Server& server, asio::ip::tcp::socket socket, const TlsContext* tls, bool websocket)
    : server_(server),
      socket_(std::move(socket)),
      stream_in_(server.next_stream()),
      stream_out_(server.next_stream()),
      deadline_(server.io()) {
  asio::error_code ignored;
  const auto end = socket_.remote_endpoint(ignored);
  peer_ = end.address().to_string() + ":" + std::to_string(end.port());
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls != nullptr) tls_ = std::make_unique<TlsSession>(*tls);
  if (websocket) websocket_ = std::make_unique<websocket::Acceptor>(*this);
  if (server_.recorder() == nullptr) return;
  const bool is_mqtt = tls == nullptr && !websocket;
  recorded_ = server_.recorder()->open(end, socket_.local_endpoint(ignored), is_mqtt ? stream_in_ : 0,
                                       is_mqtt ? stream_out_ : 0);
}

void Connection::start() {
  server_.remember(this);
  if (tls_ == nullptr && websocket_ == nullptr) {
    open_channel();
  } else {
    deadline_.expires_after(std::chrono::nanoseconds(server_.settings().broker.connect_timeout.ns()));
    deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error && !self->told_) self->abort();
    });
  }
  wait_readable();
}

void Connection::open_channel() {
  if (server_.stopping()) {
    begin_farewell();
    return;
  }
  told_ = true;
  deadline_.cancel();
  index_ = server_.broker().opened(this);
}

void Connection::wait_readable() {
  if (gone_ || reading_ || (!closing_ && waiting() > server_.settings().max_output + kMostUnread)) return;
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
  asio::error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(buffer), error);
  if (!error) {
    server_.clock().catch_up();
    server_.count_read(size);
    if (recorded_) {
      server_.recorder()->because_of(0);
      server_.recorder()->from_client(*recorded_, wire::Bytes(buffer.data(), size));
    }
    go_through(wire::Bytes(buffer.data(), size));
    return;
  } else if (error != asio::error::would_block && error != asio::error::try_again) {
    if (recorded_) {
      server_.recorder()->because_of(0);
      if (error == asio::error::eof) {
        server_.recorder()->client_ends(*recorded_);
      } else {
        server_.recorder()->client_resets(*recorded_);
      }
    }
    ended();
    return;
  }
  wait_readable();
}

// Works through what was read, as far as one turn goes: packets that take long must not keep the broker from everybody else.
void Connection::go_through(wire::Bytes bytes) {
  {
    const Clock::Turn turn(server_.clock());
    // Of who is closing nobody listens to the rest.
    while (!bytes.empty() && !closing_ && !turn.is_long()) {
      const std::size_t size = std::min(kTakenAtOnce, bytes.size());
      take(bytes.first(size));
      bytes = bytes.subspan(size);
    }
  }
  if (bytes.empty() || closing_) {
    wait_readable();
    return;
  }
  reading_ = true;
  // A copy: others read into the same buffer meanwhile.
  asio::post(server_.io(), [self = shared_from_this(), rest = std::vector<std::uint8_t>(bytes.begin(), bytes.end())] {
    self->reading_ = false;
    if (self->gone_) return;
    self->server_.clock().catch_up();
    self->go_through(rest);
  });
}

// Bytes of the socket, through what lies between it and MQTT.
void Connection::take(wire::Bytes bytes) {
  std::vector<std::uint8_t> plain;
  if (tls_ != nullptr) {
    const auto received = tls_->receive(bytes, plain);
    const std::size_t before = out_.size();
    tls_->take_output(out_);
    if (out_.size() != before) mark();
    bytes = plain;
    if (websocket_ == nullptr && !told_ && tls_->handshake_done()) open_channel();
    if (!received && plain.empty()) {
      lose();
      return;
    }
  }
  if (bytes.empty()) return;
  if (websocket_ != nullptr) {
    websocket_->receive(bytes);
  } else {
    on_content(bytes);
  }
}

void Connection::on_content(wire::Bytes bytes) {
  if (closing_) return;
  const mqtt::StreamRange range{received_, received_ + bytes.size()};
  received_ = range.end;
  server_.broker().receive(index_, bytes, stream_in_, range);
}

bool Connection::has_room(std::size_t bytes) const {
  if (given_up_) return false;
  return waiting() == 0 || (waiting() + bytes <= server_.settings().max_output && server_.has_output_memory(bytes));
}

void Connection::write(mqtt::Bytes bytes) {
  written_ += bytes.size();
  if (websocket_ != nullptr) {
    websocket_->write(bytes);
  } else {
    send_frames(bytes);
  }
}

void Connection::send_frames(wire::Bytes bytes) {
  if (given_up_) return;
  if (!server_.has_output_memory(bytes.size())) server_.give_up_slowest();
  if (given_up_) return;
  if (tls_ != nullptr) {
    tls_->write(bytes);
    tls_->take_output(out_);
  } else {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  note_held();
  mark();
  if (!waits_writable_ && (waiting() > kWrittenEarly || server_.output_is_large())) write_early();
}

// What the socket takes now, so that a large message to many clients does not wait in full for each of them. Errors are met again
// by flush().
void Connection::write_early() {
  asio::error_code error;
  // The broker is in the midst of something, which causes what follows.
  const RecordNumber cause = recorded_ ? server_.recorder()->cause() : 0;
  while (waiting() > 0 && !error) {
    const std::size_t size = socket_.write_some(asio::buffer(out_.data() + sent_, waiting()), error);
    if (error) break;
    record_sent(size);
    sent_ += size;
  }
  if (recorded_) server_.recorder()->because_of(cause);
  if (error == asio::error::would_block || error == asio::error::try_again) {
    wait_writable();
  } else {
    let_go_of_sent();
    note_held();
  }
}

void Connection::note_held() {
  const std::size_t now = waiting() == 0 ? 0 : out_.capacity();
  server_.count_output(held_, now);
  held_ = now;
}

void Connection::give_up() {
  given_up_ = true;
  out_ = std::vector<std::uint8_t>();  // `= {}` would keep its memory
  sent_ = 0;
  note_held();
  mark();
}

void Connection::mark() {
  if (marked_ || gone_) return;
  marked_ = true;
  if (recorded_) cause_ = server_.recorder()->cause();
  server_.mark(shared_from_this());
}

void Connection::flush() {
  marked_ = false;
  if (gone_) return;
  if (given_up_) {
    ended();
    return;
  }
  if (waits_writable_) return;
  while (waiting() > 0) {
    asio::error_code error;
    const std::size_t size = socket_.write_some(asio::buffer(out_.data() + sent_, waiting()), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      wait_writable();
      return;
    }
    if (error) {
      ended();
      return;
    }
    record_sent(size);
    sent_ += size;
  }
  flushed_ = written_;
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kKept) out_.shrink_to_fit();
  note_held();
  if (closing_) {
    finish();
  } else {
    wait_readable();
  }
}

void Connection::record_sent(std::size_t size) {
  if (!recorded_) return;
  server_.recorder()->because_of(cause_);
  server_.recorder()->from_server(*recorded_, wire::Bytes(out_.data() + sent_, size));
}

// Now and then, not at every write.
void Connection::let_go_of_sent() {
  if (sent_ == 0 || sent_ <= out_.size() / 2) return;
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
  sent_ = 0;
  if (out_.capacity() / 4 > std::max(out_.size(), kReadAtOnce)) out_.shrink_to_fit();
}

void Connection::wait_writable() {
  let_go_of_sent();
  note_held();
  waits_writable_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const asio::error_code& error) {
    self->waits_writable_ = false;
    if (self->gone_) return;
    if (error) {
      self->ended();
    } else {
      self->flush();
      self->wait_readable();
    }
  });
}

// No more is read or said; what waits is written still.
void Connection::begin_farewell() {
  if (closing_) return;
  if (websocket_ != nullptr) websocket_->close();
  if (tls_ != nullptr) {
    tls_->close();
    tls_->take_output(out_);
  }
  closing_ = true;
  deadline_.expires_after(kFarewell);
  deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error) self->abort();
  });
  mark();
}

// The client's side has ended the stream.
void Connection::lose() {
  const bool tell = told_ && !closing_;
  begin_farewell();
  if (tell) server_.broker().closed(index_);
}

// The socket has ended.
void Connection::ended() {
  if (gone_) return;
  const bool tell = told_ && !closing_;
  abort();
  if (!tell) return;
  server_.clock().catch_up();
  server_.broker().closed(index_);
}

// The broker has let go.
void Connection::close() { begin_farewell(); }

// All is written: the peer reads it, closes too, and only then is the socket given back, lest a reset overtake the last words.
void Connection::finish() {
  asio::error_code ignored;
  if (recorded_) server_.recorder()->server_ends(*recorded_);
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  wait_readable();
}

void Connection::abort() {
  if (gone_) return;
  gone_ = closing_ = true;
  if (recorded_) {
    // After the client's FIN the socket's end is ours.
    if (recorded_->client.ended) {
      server_.recorder()->server_ends(*recorded_);
    } else {
      server_.recorder()->server_resets(*recorded_);
    }
  }
  asio::error_code ignored;
  deadline_.cancel();
  socket_.close(ignored);
  out_ = std::vector<std::uint8_t>();
  sent_ = 0;
  note_held();
  server_.forget(this);
}

}  // namespace wirelab::live
