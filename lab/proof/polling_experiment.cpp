#include "lab/proof/polling_experiment.hpp"

#include "lab/proof/bench_link.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {
namespace {

constexpr Duration kEvery = Duration::seconds(5);
constexpr std::uint16_t kHttpPort = 8080;
// Of the sample: nginx sends them as two segments, since it sets TCP_NODELAY.
constexpr std::size_t kHeader = 1009, kBody = 190;
constexpr std::size_t kRequest = 84;
const std::string kTopic = "t/001";

double ms(Duration d) { return static_cast<double>(d.ns()) / 1e6; }

// nginx: a header and a body for each request, then it waits for the next one or for the end.
struct WebServer final : tcp::User {
  BenchLink* bench = nullptr;
  tcp::Connection* connection = nullptr;
  TimerId wake;
  std::size_t expected = 0, got = 0;
  void on_connected(tcp::Connection& c) override { connection = &c; }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override {
    got += bytes.size();
    if (bench->events.due(wake) == Instant::never())
      bench->events.arm(wake, bench->events.now() + Duration::microseconds(60));
    return bytes.size();
  }
  void on_peer_closed(tcp::Connection& c) override { c.close(); }
  void on_closed(tcp::Connection&, tcp::CloseReason) override { connection = nullptr; }
  static void answer(void* target, std::uint64_t) {
    auto* self = static_cast<WebServer*>(target);
    // A request is complete when it has the client's length, which the experiment says.
    if (self->connection == nullptr || self->got < self->expected) return;
    self->got -= self->expected;
    self->connection->write(std::vector<std::uint8_t>(kHeader, 'h'));
    self->connection->write(std::vector<std::uint8_t>(kBody, 'b'));
  }
};

// curl, one process for all events or one for each.
class Poller final : public tcp::User {
 public:
  Poller(BenchLink& bench, const PollingExperiment& experiment, PollingResult& result)
      : bench_(bench), keeps_(experiment.mode == PollingExperiment::Mode::keepalive), result_(result) {
    server_.bench = &bench;
    server_.wake = bench.events.make_timer(WebServer::answer, &server_);
    web_ = bench.tcp;
    web_.nodelay = true;
    bench.transport.listen(
        bench.far, kHttpPort,
        [this](tcp::Connection&) {
          server_.got = 0;
          return &server_;
        },
        web_);
  }
  ~Poller() override { bench_.events.release(server_.wake); }
  void ask(std::uint32_t number) {
    // "?i" makes the kept connection's requests longer.
    request_ = kRequest + (keeps_ ? 1 + std::to_string(number).size() : 0);
    server_.expected = request_;
    began_ = bench_.events.now();
    received_ = 0;
    if (connection_ != nullptr) {
      connection_->write(std::vector<std::uint8_t>(request_, 'g'));
    } else {
      bench_.transport.connect(bench_.near, {bench_.network.node(bench_.far).address, kHttpPort}, this, web_);
    }
  }
  void leave() {
    if (connection_ != nullptr) connection_->close();
    connection_ = nullptr;
  }
  void on_connected(tcp::Connection& c) override {
    connection_ = &c;
    c.write(std::vector<std::uint8_t>(request_, 'g'));
  }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override {
    received_ += bytes.size();
    if (received_ == kHeader + kBody) {
      result_.latency_ms.push_back(ms(bench_.events.now() - began_));
      if (!keeps_) leave();
    }
    return bytes.size();
  }
  void on_closed(tcp::Connection& c, tcp::CloseReason) override {
    if (connection_ == &c) connection_ = nullptr;
  }

 private:
  BenchLink& bench_;
  bool keeps_;
  PollingResult& result_;
  tcp::Settings web_;
  WebServer server_;
  tcp::Connection* connection_ = nullptr;
  std::size_t request_ = kRequest, received_ = 0;
  Instant began_;
};

// An MQTT client at either side.
class Peer final : public EndpointUser {
 public:
  Peer(BenchLink& bench, NodeIndex node, mqtt::MessagePool& messages, const std::string& id, int qos,
       PollingResult* result)
      : bench_(bench),
        qos_(static_cast<mqtt::Qos>(qos)),
        result_(result),
        endpoint_(bench.events, bench.trace, bench.transport, messages, node,
                  bench.trace.define(EntityKind::mqtt_client, id, bench.network.node(node).entity), *this) {
    mqtt::ClientOptions& options = endpoint_.client().options();
    options.client_id = id;
    options.keep_alive = 600;
    options.manners = mqtt::manners_named(mqtt::kClientManners, "libmosquitto 2.0");
    endpoint_.settings().tcp = &bench.tcp;
  }
  void begin() { endpoint_.connect({bench_.network.node(bench_.far).address, kMqttPort}); }
  void leave() { endpoint_.disconnect(); }
  void publish() {
    std::vector<std::uint8_t> payload(kBody, 'x');
    // When it was published, for the subscriber.
    const auto now = static_cast<std::uint64_t>(bench_.events.now().ns());
    wire::store32(payload.data(), static_cast<std::uint32_t>(now >> 32));
    wire::store32(payload.data() + 4, static_cast<std::uint32_t>(now));
    endpoint_.client().publish(kTopic, payload, qos_, false);
  }
  void on_connected(bool) override {
    if (result_ == nullptr) return;
    const mqtt::FilterRequest filter{kTopic, qos_};
    endpoint_.client().subscribe({&filter, 1});
  }
  void on_message(const mqtt::Publish& message) override {
    const std::uint64_t at = std::uint64_t{wire::load32(message.payload.data())} << 32 |
                             wire::load32(message.payload.data() + 4);
    result_->latency_ms.push_back(ms(bench_.events.now() - Instant::from_ns(static_cast<std::int64_t>(at))));
  }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}

 private:
  BenchLink& bench_;
  mqtt::Qos qos_;
  PollingResult* result_;
  MqttEndpoint endpoint_;
};

struct Count {
  std::uint64_t up_bytes = 0, down_bytes = 0, up_packets = 0, down_packets = 0;
};

void run_link(const PollingExperiment& experiment, std::uint64_t seed, PollingResult& result) {
  ChannelSettings link;
  link.delay = Duration::milliseconds(25);
  link.rate = 1'000'000;
  link.queue_packets = 100;
  link.loss = experiment.loss;
  BenchLink bench(link, seed, measured_linux());
  const NodeIndex beside = bench.network.add_node("beside");
  ChannelSettings loopback;
  loopback.delay = Duration::microseconds(20);
  bench.network.add_link(beside, bench.far, loopback, loopback);
  // Only what crosses the link counts.
  Count all;
  const wire::Ipv4Address near = bench.network.node(bench.near).address;
  bench.see = [&](std::int64_t, bool up, wire::Bytes packet) {
    const auto ip = wire::decode_ipv4(packet);
    if (!up && ip->destination != near) return;
    (up ? all.up_bytes : all.down_bytes) += packet.size();
    ++(up ? all.up_packets : all.down_packets);
  };
  Listeners listeners;
  set_wake_up(listeners);
  BrokerService broker(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity, {},
                       bench.tcp, listeners);
  broker.start();
  mqtt::MessagePool messages;
  const bool push = experiment.mode == PollingExperiment::Mode::mqtt;
  Poller poller(bench, experiment, result);
  Peer subscriber(bench, bench.near, messages, "s1", experiment.qos, &result);
  Peer publisher(bench, beside, messages, "p1", experiment.qos, nullptr);
  if (push) {
    subscriber.begin();
    publisher.begin();
  }
  RandomStream luck(seed, "experiment", "phases");
  bench.events.run_until(Instant() + Duration::seconds(2) + luck.between(Duration(), kEvery));
  Count before_last;
  for (std::uint32_t i = 1; i <= experiment.events; ++i) {
    if (i == experiment.events) {
      bench.trace.flush();
      before_last = all;
    }
    if (push) {
      publisher.publish();
    } else {
      poller.ask(i);
    }
    bench.events.run_until(bench.events.now() + kEvery);
  }
  bench.trace.flush();
  result.last_up_bytes += all.up_bytes - before_last.up_bytes;
  result.last_down_bytes += all.down_bytes - before_last.down_bytes;
  result.last_up_packets += all.up_packets - before_last.up_packets;
  result.last_down_packets += all.down_packets - before_last.down_packets;
  if (push) {
    subscriber.leave();
  } else {
    poller.leave();
  }
  bench.events.run_until(bench.events.now() + Duration::seconds(30));
  bench.trace.flush();
  result.up_bytes += all.up_bytes, result.down_bytes += all.down_bytes;
  result.up_packets += all.up_packets, result.down_packets += all.down_packets;
}

}  // namespace

PollingResult run_polling(const PollingExperiment& experiment, std::uint64_t seed) {
  PollingResult result;
  for (std::uint32_t i = 0; i < experiment.links; ++i) run_link(experiment, seed * experiment.links + i, result);
  return result;
}

}  // namespace wirelab
