#include "live/bridge_connection.hpp"

#include <algorithm>

namespace wirelab::live {
namespace {

constexpr std::size_t kReadAtOnce = 65536;
constexpr std::size_t kMostWaiting = 8'000'000;
constexpr auto kConnectTime = std::chrono::seconds(10);  // to CONNACK

}  // namespace

BridgeConnection::BridgeConnection(asio::io_context& io, Clock& clock, EventQueue& events, Tracer& trace,
                                   mqtt::MessagePool& messages, EntityId entity, mqtt::Broker& local,
                                   const BridgeTarget& target, std::function<void(const std::string&)> say)
    : io_(io),
      clock_(clock),
      trace_(trace),
      target_(target),
      say_(std::move(say)),
      remote_(events, trace, trace.define(EntityKind::mqtt_client, "broker/" + target.bridge.name, entity), messages,
              *this),
      bridge_(events, trace, messages, local,
              trace.define(EntityKind::mqtt_client, "broker/" + target.bridge.name + "-local", entity), remote_,
              target.bridge),
      resolver_(io),
      socket_(io),
      timer_(io),
      delay_(target.first_delay) {}

void BridgeConnection::start() {
  bridge_.start();
  attempt();
}

void BridgeConnection::attempt() {
  const std::uint64_t number = ++attempt_;
  const auto failed = [this, number](const asio::error_code& error) {
    if (number != attempt_ || ended_ || !error) return number != attempt_ || ended_;
    lose(error.message());
    return true;
  };
  timer_.expires_after(kConnectTime);
  timer_.async_wait([this, number](const asio::error_code& error) {
    if (!error && number == attempt_ && !ended_) lose("no answer for 10 s");
  });
  resolver_.async_resolve(
      target_.host, std::to_string(target_.port), [this, failed](const asio::error_code& error, const auto& found) {
        if (failed(error)) return;
        asio::async_connect(socket_, found, [this, failed](const asio::error_code& wrong, const auto&) {
          if (!failed(wrong)) opened();
        });
      });
}

void BridgeConnection::opened() {
  asio::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  clock_.catch_up();
  stream_in_ = trace_.next_stream();
  stream_out_ = trace_.next_stream();
  received_ = written_ = flushed_ = 0;
  open_ = true;
  remote_.opened(this);
  wait_readable();
}

void BridgeConnection::wait_readable() {
  if (!open_) return;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [this, number = attempt_](const asio::error_code&) {
    if (number == attempt_ && open_) read();
  });
}

void BridgeConnection::read() {
  std::vector<std::uint8_t> bytes(kReadAtOnce);
  asio::error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    lose(error == asio::error::eof ? "closed by the other broker" : error.message());
    return;
  }
  if (!error) {
    clock_.catch_up();
    const mqtt::StreamRange range{received_, received_ + size};
    received_ = range.end;
    remote_.receive(mqtt::Bytes(bytes.data(), size), stream_in_, range);
  }
  wait_readable();
}

bool BridgeConnection::has_room(std::size_t bytes) const { return out_.empty() || out_.size() + bytes <= kMostWaiting; }

void BridgeConnection::write(mqtt::Bytes bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  written_ += bytes.size();
}

void BridgeConnection::flush() {
  while (open_ && !out_.empty() && !waits_writable_) {
    asio::error_code error;
    const std::size_t size = socket_.write_some(asio::buffer(out_), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      waits_writable_ = true;
      socket_.async_wait(asio::ip::tcp::socket::wait_write, [this, number = attempt_](const asio::error_code&) {
        if (number == attempt_) waits_writable_ = false;
      });
    } else if (error) {
      lose(error.message());
    } else {
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
      flushed_ += size;
    }
  }
}

// The client wants no more of it.
void BridgeConnection::close() {
  if (!open_) return;
  flush();
  let_go();
}

void BridgeConnection::let_go() {
  asio::error_code ignored;
  open_ = waits_writable_ = false;
  ++attempt_;
  out_.clear();
  socket_.close(ignored);
}

void BridgeConnection::on_connack(mqtt::Client&, const mqtt::Connack& packet) {
  timer_.cancel();
  if (packet.code != mqtt::ConnectCode::accepted || mqtt::is_failure(packet.reason)) {
    lose("refused by the other broker");
    return;
  }
  delay_ = target_.first_delay;
  say_("bridge " + target_.bridge.name + " connected to " + target_.host);
  bridge_.remote_connected();
}

void BridgeConnection::on_disconnected(mqtt::Client&, bool expected) {
  if (expected || ended_) return;
  if (open_) {
    say_("bridge " + target_.bridge.name + " to " + target_.host + ": ended by the other broker");
    let_go();
  }
  retry();
}

void BridgeConnection::lose(const std::string& why) {
  say_("bridge " + target_.bridge.name + " to " + target_.host + ": " + why);
  let_go();
  if (remote_.state() != mqtt::ClientState::disconnected) {
    clock_.catch_up();
    remote_.closed();  // which leads to retry()
  } else {
    retry();
  }
}

void BridgeConnection::retry() {
  timer_.expires_after(delay_);
  timer_.async_wait([this, number = attempt_](const asio::error_code& error) {
    if (!error && number == attempt_ && !ended_) attempt();
  });
  delay_ = std::min(delay_ * 2, target_.longest_delay);
}

void BridgeConnection::end() {
  ended_ = true;
  timer_.cancel();
  resolver_.cancel();
  if (open_) remote_.disconnect();
  let_go();
  bridge_.end();
}

}  // namespace wirelab::live
