#include "lab/proof/wire_experiment.hpp"

#include "lab/proof/bench_link.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {
namespace {

constexpr Duration kPublished = Duration::milliseconds(975);  // by another client, after the subscriber's beginning
constexpr Duration kLeaves = Duration::milliseconds(13'997);  // the subscriber, when it is told to end
constexpr std::size_t kPayload = 100;
const std::string kTopic = "topic/0001";

WirePacket taken_apart(bool up, wire::Bytes packet) {
  const auto ip = wire::decode_ipv4(packet);
  const auto segment = wire::decode_tcp(packet.subspan(wire::kIpv4HeaderSize), ip->source, ip->destination);
  const wire::TcpFlags flags = segment->header.flags;
  WirePacket made;
  made.up = up;
  made.ip_length = static_cast<int>(packet.size());
  made.payload = static_cast<int>(segment->payload.size());
  made.tcp_header = made.ip_length - static_cast<int>(wire::kIpv4HeaderSize) - made.payload;
  made.tcp_flags =
      (flags.fin ? 1 : 0) | (flags.syn ? 2 : 0) | (flags.rst ? 4 : 0) | (flags.psh ? 8 : 0) | (flags.ack ? 16 : 0);
  if (!segment->payload.empty())
    made.mqtt_type = mqtt::name_of(static_cast<mqtt::PacketType>(segment->payload[0] >> 4));
  return made;
}

// One of mosquitto's two command line clients.
class Tool final : public EndpointUser {
 public:
  Tool(BenchLink& bench, NodeIndex node, mqtt::MessagePool& messages, const WireCase& what, std::string id)
      : what_(what),
        endpoint_(bench.events, bench.trace, bench.transport, messages, node,
                  bench.trace.define(EntityKind::mqtt_client, id, bench.network.node(node).entity), *this) {
    mqtt::ClientOptions& options = endpoint_.client().options();
    options.client_id = std::move(id);
    options.keep_alive = what.subscriber ? 5 : 60;
    if (what.credentials)
      options.credentials = std::make_shared<const mqtt::Credentials>(mqtt::Credentials{"user1", "secret12"});
    if (what.will) {
      mqtt::WillOptions will;
      will.topic = "lwt/client01", will.payload = "offline", will.qos = mqtt::Qos::at_least_once;
      options.will = std::make_shared<const mqtt::WillOptions>(will);
    }
    endpoint_.settings().tcp = &bench.tcp;
    endpoint_.settings().reconnect = false;
  }
  void begin(tcp::Endpoint broker) { endpoint_.connect(broker); }
  void leave() { endpoint_.disconnect(); }
  void on_connected(bool) override {
    if (what_.subscriber) {
      const mqtt::FilterRequest filter{kTopic, static_cast<mqtt::Qos>(what_.qos)};
      endpoint_.client().subscribe({&filter, 1});
    } else {
      const std::vector<std::uint8_t> payload(kPayload, 'x');
      endpoint_.client().publish(kTopic, payload, static_cast<mqtt::Qos>(what_.qos), false);
      if (what_.qos == 0) leave();
    }
  }
  void on_published(MessageId) override {
    if (what_.qos > 0) leave();
  }
  void on_message(const mqtt::Publish&) override {}
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}

 private:
  WireCase what_;
  MqttEndpoint endpoint_;
};

}  // namespace

std::vector<WirePacket> run_wire(const WireCase& experiment, std::uint64_t seed) {
  ChannelSettings link;
  link.delay = Duration::milliseconds(25);
  link.rate = 1'000'000;
  link.queue_packets = 100;
  BenchLink bench(link, seed, measured_linux());
  Listeners listeners;
  set_wake_up(listeners);
  BrokerService broker(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity, {},
                       bench.tcp, listeners);
  broker.start();
  const tcp::Endpoint at{bench.network.node(bench.far).address, kMqttPort};
  mqtt::MessagePool messages;
  Tool tool(bench, bench.near, messages, experiment, "client01");
  std::vector<WirePacket> packets;
  bench.see = [&](std::int64_t, bool up, wire::Bytes packet) { packets.push_back(taken_apart(up, packet)); };
  tool.begin(at);
  if (experiment.subscriber) {
    // The message comes from another client on the broker's host, which the capture does not show.
    const NodeIndex other = bench.network.add_node("other");
    bench.network.add_link(other, bench.far, link, link);
    Tool publisher(bench, other, messages, WireCase{experiment.qos, false, false, false}, "client02");
    const auto see = std::move(bench.see);
    bench.see = [&](std::int64_t instant, bool up, wire::Bytes packet) {
      const auto ip = wire::decode_ipv4(packet);
      const wire::Ipv4Address near = bench.network.node(bench.near).address;
      if (ip->source == near || ip->destination == near) see(instant, up, packet);
    };
    bench.events.run_until(Instant() + kPublished - link.delay * 3);
    publisher.begin(at);
    bench.events.run_until(Instant() + kLeaves);
    tool.leave();
    bench.events.run_until(Instant() + kLeaves + Duration::seconds(5));
    bench.trace.flush();
    return packets;
  }
  bench.events.run_until(Instant() + Duration::seconds(5));
  bench.trace.flush();
  return packets;
}

}  // namespace wirelab
