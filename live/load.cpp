#include "live/load.hpp"

#include <fmt/format.h>

#include <chrono>

namespace wirelab::live {
namespace {

constexpr std::size_t kReadAtOnce = 65536;
constexpr std::uint64_t kUnderWay = 200;  // messages, at least; one a publisher where there are more of these
constexpr std::string_view kTopic = "bench/load";

}  // namespace

class LoadClients::Client : public std::enable_shared_from_this<LoadClients::Client> {
 public:
  Client(LoadClients& all, bool subscribes) : all_(all), socket_(all.io_), subscribes_(subscribes) {}

  // Returns once it is connected: the kernel of this machine answers at once.
  tl::expected<void, std::string> begin(const std::string& name) {
    asio::error_code error;
    socket_.connect(all_.broker_, error);
    if (!error) socket_.set_option(asio::ip::tcp::no_delay(true), error);
    if (!error) socket_.non_blocking(true, error);
    if (error) return tl::make_unexpected(name + " could not connect: " + error.message());
    mqtt::Connect connect;
    connect.client_id = name;
    encode(connect, out_);
    flush();
    wait_readable();
    return {};
  }
  void publish() {
    mqtt::Publish message;
    message.topic = kTopic;
    message.payload = all_.payload_;
    message.qos = all_.load_.qos;
    if (message.qos != mqtt::Qos::at_most_once) message.packet_id = next_id_ = next_id_ == 65535 ? 1 : next_id_ + 1;
    encode(message, out_);
  }
  void flush() {
    if (waits_) return;
    while (sent_ < out_.size()) {
      asio::error_code error;
      const std::size_t size = socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        waits_ = true;
        socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const asio::error_code&) {
          self->waits_ = false;
          self->flush();
        });
        return;
      }
      if (error) return fail(error.message());
      sent_ += size;
    }
    out_.clear();
    sent_ = 0;
  }
  bool has_output() const { return sent_ < out_.size(); }

 private:
  void wait_readable() {
    socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->read();
    });
  }
  void read() {
    asio::error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(all_.read_buffer_), error);
    if (error && error != asio::error::would_block && error != asio::error::try_again)
      return fail("the broker has closed the connection");
    if (!error) take(mqtt::Bytes(all_.read_buffer_.data(), size));
    flush();
    wait_readable();
  }
  // Whole packets of what has come, and what is left over for the next time.
  void take(mqtt::Bytes bytes) {
    if (!rest_.empty()) {
      rest_.insert(rest_.end(), bytes.begin(), bytes.end());
      bytes = rest_;
    }
    std::size_t at = 0;
    for (;;) {
      const auto header = mqtt::decode_fixed_header(bytes.subspan(at));
      if (!header) return fail("the broker sends what is no MQTT");
      if (!*header || at + (*header)->size() > bytes.size()) break;
      take_packet(bytes.subspan(at, (*header)->size()));
      at += (*header)->size();
    }
    if (at < bytes.size()) {
      rest_ = std::vector<std::uint8_t>(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
    } else {
      rest_.clear();
    }
  }
  void take_packet(mqtt::Bytes packet) {
    switch (static_cast<mqtt::PacketType>(packet[0] >> 4)) {
      case mqtt::PacketType::connack:
        if (packet[3] != 0) return fail("the broker refuses the connection");
        if (subscribes_) {
          const mqtt::FilterRequest filter{kTopic, {all_.load_.qos}};
          mqtt::encode_subscribe(1, {&filter, 1}, out_);
        } else {
          ++all_.ready_;
        }
        break;
      case mqtt::PacketType::suback: ++all_.ready_; break;
      case mqtt::PacketType::publish: {
        ++all_.delivered_;
        ++all_.completed_;
        if ((packet[0] & 6) == 0) break;
        // The identifier stands behind the topic, which all of them share.
        const std::size_t header = packet.size() - all_.payload_.size() - 2;
        const auto id = static_cast<mqtt::PacketId>(packet[header] << 8 | packet[header + 1]);
        mqtt::encode_acknowledgement(mqtt::PacketType::puback, id, out_);
        break;
      }
      case mqtt::PacketType::puback: ++all_.completed_; break;
      default: break;
    }
  }
  void fail(const std::string& why) {
    if (all_.failure_.empty()) all_.failure_ = why;
    all_.io_.stop();
  }

  LoadClients& all_;
  asio::ip::tcp::socket socket_;
  std::vector<std::uint8_t> out_, rest_;
  std::size_t sent_ = 0;
  mqtt::PacketId next_id_ = 0;
  bool subscribes_, waits_ = false;
};

LoadClients::LoadClients(std::uint16_t port, const Load& load)
    : load_(load),
      broker_(asio::ip::address_v4::loopback(), port),
      read_buffer_(kReadAtOnce),
      payload_(load.payload, 'x') {}

LoadClients::~LoadClients() = default;

tl::expected<void, std::string> LoadClients::connect() {
  for (std::uint32_t i = 0; i < load_.publishers + load_.subscribers; ++i) {
    const bool subscribes = i >= load_.publishers;
    const auto client = std::make_shared<Client>(*this, subscribes);
    (subscribes ? subscribers_ : publishers_).push_back(client);
    if (auto begun = client->begin(fmt::format("load-{}", i)); !begun) return begun;
    // A few at a time, as the broker's queue of connections allows.
    if (auto ready = until(ready_, i >= 50 ? i - 50 : 0, "clients connected"); !ready) return ready;
  }
  return until(ready_, load_.publishers + load_.subscribers, "clients connected");
}

tl::expected<void, std::string> LoadClients::until(std::uint64_t& counter, std::uint64_t wanted, const char* what) {
  using Clock = std::chrono::steady_clock;
  auto last = Clock::now();
  for (std::uint64_t before = counter; counter < wanted;) {
    io_.run_one_for(std::chrono::seconds(1));
    if (!failure_.empty()) return tl::make_unexpected(failure_);
    publish_more();
    if (counter != before) {
      before = counter;
      last = Clock::now();
    } else if (Clock::now() - last > std::chrono::seconds(10)) {
      return tl::make_unexpected(fmt::format("{} of {} {}, and then nothing for 10 s", counter, wanted, what));
    }
  }
  return {};
}

// Once half of what may be under way has been delivered, so that publishers write several messages at a time, as busy ones do.
void LoadClients::publish_more() {
  if (ready_ < load_.publishers + load_.subscribers) return;
  const std::uint64_t most = std::max<std::uint64_t>(kUnderWay, load_.publishers);
  const std::uint64_t under_way = published_ - delivered_ / load_.subscribers;
  if (under_way > most / 2) return;
  const std::uint64_t end = std::min<std::uint64_t>(load_.messages, published_ + most - under_way);
  for (; published_ < end; ++published_) publishers_[published_ % publishers_.size()]->publish();
  for (const auto& publisher : publishers_) {
    if (publisher->has_output()) publisher->flush();
  }
}

tl::expected<void, std::string> LoadClients::run() {
  publish_more();
  const std::uint64_t deliveries = std::uint64_t{load_.messages} * load_.subscribers;
  const bool acknowledged = load_.qos != mqtt::Qos::at_most_once;
  return until(completed_, deliveries + (acknowledged ? load_.messages : 0), "messages completed");
}

}  // namespace wirelab::live
