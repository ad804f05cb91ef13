#include "lab/proof/polling_experiment.hpp"

#include "lab/proof/bench_link.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/world/http_endpoint.hpp"
#include "sim/world/http_listener.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {
namespace {

constexpr Duration kEvery = Duration::seconds(5);
constexpr std::uint16_t kWebPort = 8080;
// Of the sample: what nginx sends before the content, and the content.
constexpr std::size_t kHeader = 1009, kBody = 190;
const std::string kTopic = "t/001";

double ms(Duration d) { return static_cast<double>(d.ns()) / 1e6; }

// What nginx serves there. Its fields are filled up to the size of the sample's.
struct StatusSite final : http::Site {
  void handle(http::Exchange& exchange) override {
    http::Response response{200, {{"Content-Type", "application/json; charset=utf-8"}}, std::string(kBody, 'b')};
    std::vector<std::uint8_t> head;
    http::Response whole = response;
    for (const char* more : {"Server: nginx", "Date: Wed, 02 Mar 2022 21:44:20 GMT", "Content-Length: 190",
                             "Connection: keep-alive", "X-Fill: "}) {
      const std::string_view text = more;
      const std::size_t colon = text.find(':');
      whole.fields.push_back({std::string(text.substr(0, colon)), std::string(text.substr(colon + 2))});
    }
    encode_head(whole, head);
    response.fields.push_back({"X-Fill", std::string(kHeader - head.size(), 'h')});
    exchange.answer(std::move(response));
  }
  void time_is_over(http::Exchange&) override {}
  void forget(http::Exchange&) override {}
};

// curl, one process for all events or one for each, and the server that it asks.
class Poller {
 public:
  Poller(BenchLink& bench, const PollingExperiment& experiment, PollingResult& result)
      : bench_(bench),
        keeps_(experiment.mode == PollingExperiment::Mode::keepalive),
        result_(result),
        web_(bench.tcp),
        resolver_(bench.events, bench.trace, 1, bench.network.node(bench.near).entity,
                  [](wire::Ipv4Address, wire::Bytes) {}),
        curl_(bench.events, bench.trace, bench.transport, bench.near,
              bench.trace.define(EntityKind::http_client, "curl", bench.network.node(bench.near).entity)),
        nginx_(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity, kWebPort,
               site_, server_, web_) {
    web_.nodelay = true;
    server_.software = "nginx";
    server_.two_segments = server_.says_keep_alive = true;
    server_.service_time = Duration::microseconds(60);
    curl_.settings().tcp = &web_;
    curl_.settings().timeout = Duration();  // curl waits as long as TCP does
    nginx_.start();
  }
  void ask(std::uint32_t number) {
    http::Request request;
    // "?i" makes the kept connection's requests longer.
    request.target = keeps_ ? "/status?" + std::to_string(number) : "/status";
    request.fields = {{"Host", "10.77.1.2:8080"}, {"User-Agent", "curl/7.88.1"}, {"Accept", "*/*"}};
    const Instant began = bench_.events.now();
    const wire::Ipv4Address to = bench_.network.node(bench_.far).address;
    curl_.send({"nginx", to, kWebPort}, std::move(request), resolver_, [this, began](const HttpResult& answer) {
      if (answer) result_.latency_ms.push_back(ms(bench_.events.now() - began));
      if (!keeps_) leave();
    });
  }
  void leave() { curl_.close_connection(); }
  bool is_busy() const { return curl_.is_busy(); }

 private:
  BenchLink& bench_;
  bool keeps_;
  PollingResult& result_;
  tcp::Settings web_;
  http::ServerSettings server_;
  StatusSite site_;
  dns::Resolver resolver_;
  HttpEndpoint curl_;
  HttpListener nginx_;
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
    const std::uint64_t at =
        std::uint64_t{wire::load32(message.payload.data())} << 32 | wire::load32(message.payload.data() + 4);
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
    // The next one begins when this one is over.
    while (!push && poller.is_busy()) bench.events.run_until(bench.events.now() + Duration::milliseconds(10));
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
