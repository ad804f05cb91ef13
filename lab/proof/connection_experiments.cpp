#include "lab/proof/connection_experiments.hpp"

#include <fmt/format.h>

#include "sim/net/transport.hpp"
#include "sim/world/broker_service.hpp"

namespace wirelab {
namespace {

double ms(Duration d) { return static_cast<double>(d.ns()) / 1e6; }

// Two nodes and what is counted between them.
struct Bench final : Sink {
  Bench(const ChannelSettings& settings, std::uint64_t seed, const tcp::Settings& tcp_settings)
      : trace(events, nullptr),
        network(events, trace, seed),
        transport(events, trace, network, seed),
        tcp(tcp_settings),
        near(network.add_node("client")),
        far(network.add_node("server")) {
    network.add_link(near, far, settings, settings);
    trace.add_sink(this);
  }
  void consume(const TracePart& part) override {
    for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
      const Record& r = part.chunk.record[i];
      if (r.kind == Kind::retransmission) ++retransmissions;
      if (r.kind != Kind::packet_sent) continue;
      const bool up = r.entity == network.node(near).entity;
      const std::size_t size = part.chunk.blob(r.key - part.chunk.first_blob).size();
      (up ? up_bytes : down_bytes) += size;
      ++(up ? up_packets : down_packets);
    }
  }
  EventQueue events;
  Tracer trace;
  Network network;
  Transport transport;
  tcp::Settings tcp;
  NodeIndex near, far;
  std::uint64_t up_bytes = 0, down_bytes = 0, up_packets = 0, down_packets = 0, retransmissions = 0;
};

tcp::Settings measured_linux(bool cubic) {
  tcp::Settings settings;
  settings.timer_wheel = true;
  if (!cubic) settings.congestion = &tcp::new_reno();
  return settings;
}

// One connection after another.
class Visitor final : public tcp::User {
 public:
  Visitor(Bench& bench, const ConnectExperiment& experiment) : bench_(bench), left_(experiment.connections) {
    timer_ = bench.events.make_timer([](void* self, std::uint64_t) { static_cast<Visitor*>(self)->visit(); }, this);
  }
  ~Visitor() override { bench_.events.release(timer_); }
  void visit() {
    if (left_ == 0) return;
    --left_;
    began_ = bench_.events.now();
    answered_ = false;
    bench_.transport.connect(bench_.near, {bench_.network.node(bench_.far).address, kMqttPort}, this, bench_.tcp);
  }
  void on_connected(tcp::Connection& connection) override {
    connected_ = bench_.events.now();
    mqtt::Connect packet;
    const std::string id = fmt::format("cl{:06}", number_++);
    packet.client_id = id;
    packet.clean_session = true;
    packet.keep_alive = 60;
    std::vector<std::uint8_t> bytes;
    mqtt::encode(packet, bytes);
    connection.write(bytes);
  }
  std::size_t on_data(tcp::Connection& connection, wire::Bytes bytes, std::uint64_t offset) override {
    if (offset + bytes.size() < 4 || answered_) return bytes.size();
    answered_ = true;
    const Instant now = bench_.events.now();
    result.tcp_ms.push_back(ms(connected_ - began_));
    result.mqtt_ms.push_back(ms(now - connected_));
    result.total_ms.push_back(ms(now - began_));
    std::vector<std::uint8_t> last;
    mqtt::encode_empty(mqtt::PacketType::disconnect, last);
    connection.write(last);
    connection.close();
    return bytes.size();
  }
  void on_closed(tcp::Connection&, tcp::CloseReason) override {
    bench_.events.arm(timer_, bench_.events.now() + Duration::milliseconds(1500));
  }
  bool done() const { return left_ == 0 && answered_; }
  ConnectResult result;

 private:
  Bench& bench_;
  std::uint32_t left_;
  std::uint32_t number_ = 0;
  bool answered_ = false;
  Instant began_, connected_;
  TimerId timer_;
};

// Takes the whole, answers with 8 bytes and closes.
struct Taker final : tcp::User {
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override { return bytes.size(); }
  void on_peer_closed(tcp::Connection& connection) override {
    const std::uint8_t answer[8] = {};
    connection.write(answer);
    connection.close();
  }
};

struct Giver final : tcp::User {
  Bench* bench = nullptr;
  Instant connected;
  double data_ms = -1;
  bool closed = false;
  void on_connected(tcp::Connection& connection) override {
    connected = bench->events.now();
    connection.write(std::vector<std::uint8_t>(1'000'000, 'b'));
    connection.close();
  }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t offset) override {
    if (offset + bytes.size() >= 8) data_ms = ms(bench->events.now() - connected);
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
  Bench bench(link, seed, measured_linux(true));
  BrokerService broker(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity, {},
                       bench.tcp);
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
  Bench bench(link, seed, measured_linux(experiment.cubic));
  Taker taker;
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
    if (giver.data_ms >= 0) result.data_ms.push_back(giver.data_ms);
    // Until TIME-WAIT is over, so that the next one has a port of its own.
    bench.events.run_until(bench.events.now() + Duration::seconds(61));
  }
  bench.trace.flush();
  result.retransmissions = bench.retransmissions;
  return result;
}

}  // namespace wirelab
