#include "lab/proof/connection_experiments.hpp"

#include <fmt/format.h>

#include "lab/proof/bench_link.hpp"

namespace wirelab {
namespace {

constexpr const char* kServerName = "broker.example";

double ms(Duration d) { return static_cast<double>(d.ns()) / 1e6; }

// One connection after another.
class Visitor final : public tcp::User, public tls::SessionUser {
 public:
  Visitor(BenchLink& bench, const ConnectExperiment& experiment)
      : bench_(bench), left_(experiment.connections), uses_tls_(experiment.tls.has_value()) {
    timer_ = bench.events.make_timer([](void* self, std::uint64_t) { static_cast<Visitor*>(self)->visit(); }, this);
    if (!uses_tls_) return;
    priming_ = experiment.tls->resumed;
    tls::ClientSettings settings;
    settings.version = experiment.tls->version;
    settings.authority = settings.name = kServerName;
    settings.resume = experiment.tls->resumed;
    context_.emplace(settings, bench.transport.seed(), "client");
  }
  ~Visitor() override { bench_.events.release(timer_); }
  void visit() {
    if (left_ == 0) return;
    if (!priming_) --left_;
    began_ = bench_.events.now();
    answered_ = false;
    received_ = 0;
    secure_.reset();
    const std::uint16_t port = uses_tls_ ? kMqttTlsPort : kMqttPort;
    bench_.transport.connect(bench_.near, {bench_.network.node(bench_.far).address, port}, this, bench_.tcp);
  }
  void on_connected(tcp::Connection& connection) override {
    connection_ = &connection;
    connected_ = bench_.events.now();
    if (!uses_tls_) {
      on_secure();
      return;
    }
    secure_ = std::make_unique<tls::Session>(bench_.events, bench_.trace, connection.entity(), connection.stream_out(),
                                             *context_, *this);
    secure_->start();
  }
  std::size_t on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) override {
    received_ = offset + bytes.size();
    if (secure_ != nullptr) {
      secure_->receive(bytes, connection.stream_in(), offset);
    } else {
      on_plain(bytes, offset, received_);
    }
    return bytes.size();
  }
  void on_closed(tcp::Connection&, tcp::CloseReason) override { next_after_pause(); }
  // tls::SessionUser
  void send_records(wire::Bytes records) override { connection_->write(records); }
  std::uint64_t next_offset() const override { return connection_->written(); }
  void on_secure() override {
    secured_ = bench_.events.now();
    handshake_up_ = connection_->written(), handshake_down_ = received_;
    mqtt::Connect packet;
    const std::string id = fmt::format("cl{:06}", number_++);
    packet.client_id = id;
    packet.clean_session = true;
    packet.keep_alive = 60;
    std::vector<std::uint8_t> bytes;
    mqtt::encode(packet, bytes);
    write(bytes);
  }
  void on_plain(wire::Bytes bytes, std::uint64_t, std::uint64_t end) override {
    if (bytes.size() < 4 || answered_) return;
    answered_ = true;
    if (!priming_) note(end);
    std::vector<std::uint8_t> last;
    mqtt::encode_empty(mqtt::PacketType::disconnect, last);
    write(last);
    // Without close_notify, as a socket is closed over which TLS was not shut down; and nobody reads from it any more.
    connection_->detach();
    connection_->close();
    next_after_pause();
  }
  void on_failed(tls::Failure) override {}
  bool done() const { return left_ == 0 && answered_; }
  ConnectResult result;

 private:
  void next_after_pause() {
    connection_ = nullptr;
    if (answered_) priming_ = false;
    bench_.events.arm(timer_, bench_.events.now() + Duration::milliseconds(1500));
  }
  void write(wire::Bytes bytes) {
    if (secure_ != nullptr) {
      secure_->write(bytes);
    } else {
      connection_->write(bytes);
    }
  }
  void note(std::uint64_t received) {
    const Instant now = bench_.events.now();
    result.tcp_ms.push_back(ms(connected_ - began_));
    result.tls_ms.push_back(ms(secured_ - connected_));
    result.mqtt_ms.push_back(ms(now - secured_));
    result.total_ms.push_back(ms(now - began_));
    result.handshake_up += handshake_up_, result.handshake_down += handshake_down_;
    result.payload_up += connection_->written(), result.payload_down += received;
  }

  BenchLink& bench_;
  std::uint32_t left_;
  bool uses_tls_;
  bool priming_ = false;  // the connection that gets the first ticket
  std::optional<tls::ClientContext> context_;
  std::unique_ptr<tls::Session> secure_;
  tcp::Connection* connection_ = nullptr;
  std::uint64_t received_ = 0, handshake_up_ = 0, handshake_down_ = 0;
  std::uint32_t number_ = 0;
  bool answered_ = false;
  Instant began_, connected_, secured_;
  TimerId timer_;
};

// Takes the whole, answers with 8 bytes and closes.
struct Taker final : tcp::User {
  EventQueue* events = nullptr;
  Instant had_all;
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override { return bytes.size(); }
  void on_peer_closed(tcp::Connection& connection) override {
    had_all = events->now();
    const std::uint8_t answer[8] = {};
    connection.write(answer);
    connection.close();
  }
};

struct Giver final : tcp::User {
  BenchLink* bench = nullptr;
  Instant connected;
  bool answered = false;
  bool closed = false;
  void on_connected(tcp::Connection& connection) override {
    connected = bench->events.now();
    connection.write(std::vector<std::uint8_t>(1'000'000, 'b'));
    connection.close();
  }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t offset) override {
    answered = offset + bytes.size() >= 8;
    return bytes.size();
  }
  void on_closed(tcp::Connection&, tcp::CloseReason) override { closed = true; }
};

}  // namespace

ConnectResult run_connects(const ConnectExperiment& experiment, std::uint64_t seed) {
  ChannelSettings link;
  link.delay = experiment.delay;
  link.rate = experiment.rate;
  link.loss = experiment.loss;
  link.queue_packets = 100;
  BenchLink bench(link, seed, measured_linux());
  Listeners listeners;
  if (experiment.tls) {
    listeners.tls.emplace();
    // As `openssl req -x509 -days 3650` makes it.
    listeners.tls->certificate = {kServerName, kServerName, 0, 3650 * 86'400, experiment.tls->key};
  }
  set_wake_up(listeners);
  BrokerService broker(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity, {},
                       bench.tcp, listeners);
  broker.start();
  Visitor visitor(bench, experiment);
  visitor.visit();
  for (std::uint32_t i = 0; i < experiment.connections * 200 && !visitor.done(); ++i)
    bench.events.run_until(bench.events.now() + Duration::seconds(1));
  bench.events.run_until(bench.events.now() + Duration::seconds(5));  // the last one closes
  bench.trace.flush();
  ConnectResult result = std::move(visitor.result);
  result.up_bytes = bench.up_bytes, result.down_bytes = bench.down_bytes;
  result.up_packets = bench.up_packets, result.down_packets = bench.down_packets;
  return result;
}

BulkResult run_bulk(const BulkExperiment& experiment, std::uint64_t seed) {
  ChannelSettings link;
  link.delay = Duration::milliseconds(25);
  link.rate = 10'000'000;
  link.loss = experiment.loss;
  link.queue_packets = 100;
  tcp::Settings tcp = measured_linux();
  if (!experiment.cubic) tcp.congestion = &tcp::new_reno();
  BenchLink bench(link, seed, tcp);
  Taker taker;
  taker.events = &bench.events;
  bench.transport.listen(
      bench.far, 80, [&taker](tcp::Connection&) { return &taker; }, bench.tcp);
  BulkResult result;
  std::vector<std::unique_ptr<Giver>> givers;  // as long as their connections
  for (std::uint32_t i = 0; i < experiment.transfers; ++i) {
    givers.push_back(std::make_unique<Giver>());
    Giver& giver = *givers.back();
    giver.bench = &bench;
    bench.transport.connect(bench.near, {bench.network.node(bench.far).address, 80}, &giver, bench.tcp);
    for (int s = 0; s < 3000 && !giver.closed; ++s)
      bench.events.run_until(bench.events.now() + Duration::milliseconds(100));
    if (giver.answered) result.data_ms.push_back(ms(taker.had_all - giver.connected));
    // Until TIME-WAIT is over, so that the next one has a port of its own.
    bench.events.run_until(bench.events.now() + Duration::seconds(61));
  }
  bench.trace.flush();
  result.retransmissions = bench.retransmissions;
  return result;
}

void ConnectResult::append(ConnectResult&& from) {
  tcp_ms.insert(tcp_ms.end(), from.tcp_ms.begin(), from.tcp_ms.end());
  tls_ms.insert(tls_ms.end(), from.tls_ms.begin(), from.tls_ms.end());
  mqtt_ms.insert(mqtt_ms.end(), from.mqtt_ms.begin(), from.mqtt_ms.end());
  total_ms.insert(total_ms.end(), from.total_ms.begin(), from.total_ms.end());
  handshake_up += from.handshake_up, handshake_down += from.handshake_down;
  payload_up += from.payload_up, payload_down += from.payload_down;
  up_bytes += from.up_bytes, down_bytes += from.down_bytes;
  up_packets += from.up_packets, down_packets += from.down_packets;
}

void BulkResult::append(BulkResult&& from) {
  data_ms.insert(data_ms.end(), from.data_ms.begin(), from.data_ms.end());
  retransmissions += from.retransmissions;
}

}  // namespace wirelab
