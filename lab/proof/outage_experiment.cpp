#include "lab/proof/outage_experiment.hpp"

#include <algorithm>

#include "lab/proof/bench_link.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab {
namespace {

constexpr std::uint32_t kMessages = 222;
constexpr Duration kEvery = Duration::milliseconds(500);
const std::string kTopic = "t/001";

struct Course {
  EventQueue& events;
  OutageResult result;
  Instant cut, up;
  std::vector<Instant> published;
  std::vector<bool> delivered;
  double after_cut(Instant at) const { return static_cast<double>((at - cut).ns()) / 1e9; }
};

// A client of paho's, in a process of its own.
class Process : public EndpointUser {
 public:
  Process(Course& course, Tracer& trace, Transport& transport, mqtt::MessagePool& messages, NodeIndex node,
          EntityId host, const char* id, const tcp::Settings& tcp, bool behind_link)
      : course_(course),
        behind_link_(behind_link),
        luck_(transport.seed(), id, "wake-up"),
        endpoint_(course.events, trace, transport, messages, node, trace.define(EntityKind::mqtt_client, id, host),
                  *this) {
    mqtt::ClientOptions& options = endpoint_.client().options();
    options.client_id = id;
    options.clean_session = false;
    options.keep_alive = 15;
    options.manners = mqtt::manners_named(mqtt::kClientManners, "paho 1.6");
    if (behind_link) {
      mqtt::WillOptions will;
      will.topic = "lwt/1", will.payload = "gone", will.qos = mqtt::Qos::at_least_once;
      options.will = std::make_shared<const mqtt::WillOptions>(will);
    }
    endpoint_.settings().tcp = &tcp;
  }
  void on_connected(bool) override {
    if (!behind_link_ || !course_.result.disconnect || course_.result.reconnect) return;
    course_.result.reconnect = course_.after_cut(course_.events.now());
  }
  void on_disconnected(bool) override {
    if (behind_link_ && !course_.result.disconnect && course_.events.now() > course_.cut)
      course_.result.disconnect = course_.after_cut(course_.events.now());
  }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_message(const mqtt::Publish&) override {}

 protected:
  Course& course_;
  bool behind_link_;
  RandomStream luck_;
  MqttEndpoint endpoint_;
};

class Subscriber final : public Process {
 public:
  using Process::Process;
  void begin(tcp::Endpoint broker, int qos) {
    qos_ = static_cast<mqtt::Qos>(qos);
    endpoint_.connect(broker);
  }
  void on_connected(bool session_present) override {
    Process::on_connected(session_present);
    const mqtt::FilterRequest filter{kTopic, qos_};
    if (!session_present) endpoint_.client().subscribe({&filter, 1});
  }
  void on_message(const mqtt::Publish& message) override {
    const Instant now = course_.events.now();
    const std::uint32_t number = wire::load32(message.payload.data());
    if (now >= course_.up && !course_.result.first_delivery)
      course_.result.first_delivery = static_cast<double>((now - course_.up).ns()) / 1e9;
    if (course_.delivered[number]) {
      ++course_.result.duplicates;
      return;
    }
    course_.delivered[number] = true;
    ++course_.result.delivered;
    const double latency = static_cast<double>((now - course_.published[number]).ns()) / 1e9;
    course_.result.longest_latency = std::max(course_.result.longest_latency, latency);
  }

 private:
  mqtt::Qos qos_ = mqtt::Qos::at_most_once;
};

class Publisher final : public Process {
 public:
  using Process::Process;
  ~Publisher() override { course_.events.release(timer_); }
  void begin(tcp::Endpoint broker, int qos, Instant first) {
    qos_ = static_cast<mqtt::Qos>(qos);
    timer_ = course_.events.make_timer(
        [](void* self, std::uint64_t) { static_cast<Publisher*>(self)->publish(); }, this);
    course_.events.arm(timer_, first);
    endpoint_.connect(broker);
  }

 private:
  void publish() {
    std::vector<std::uint8_t> payload(100, 'x');
    wire::store32(payload.data(), course_.result.sent);
    course_.published.push_back(course_.events.now());
    course_.delivered.push_back(false);
    const auto published = endpoint_.client().publish(kTopic, payload, qos_, false);
    if (published.result == mqtt::PublishResult::refused_not_connected) ++course_.result.refused;
    if (++course_.result.sent == kMessages) return;
    course_.events.arm(timer_, course_.events.now() + kEvery +
                                   luck_.between(Duration::microseconds(300), Duration::microseconds(600)));
  }
  mqtt::Qos qos_ = mqtt::Qos::at_most_once;
  TimerId timer_;
};

// Notes when data segments were sent, and when the will was published.
struct Watch final : Sink {
  Watch(BenchLink& bench, Course& watched) : course(watched), near(bench.network.node(bench.near).address) {
    bench.trace.add_sink(this);
  }
  void consume(const TracePart& part) override {
    for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
      const Record& r = part.chunk.record[i];
      const Instant at = Instant::from_ns(r.at);
      if (r.kind == Kind::will_published && at > course.cut && !course.result.will)
        course.result.will = course.after_cut(at);
      // What was just under way at the cut belongs to it.
      if (r.kind != Kind::packet_sent || at < course.cut - kEvery) continue;
      const auto bytes = part.chunk.blob(r.key - part.chunk.first_blob);
      const auto ip = wire::decode_ipv4(bytes);
      const auto segment =
          wire::decode_tcp(wire::Bytes(bytes).subspan(wire::kIpv4HeaderSize), ip->source, ip->destination);
      const bool up = ip->source == near;
      if (!segment || segment->payload.empty() || (!up && ip->destination != near)) continue;
      times[{up ? 'A' : 'B', segment->header.sequence}].push_back(course.after_cut(at));
    }
  }
  void count_gaps() {
    std::map<char, const std::vector<double>*> most;
    for (const auto& [key, when] : times) {
      const auto*& best = most[key.first];
      if (best == nullptr || when.size() > best->size()) best = &when;
    }
    for (const auto& [sender, when] : most) {
      for (std::size_t i = 1; i < when->size(); ++i)
        course.result.gaps[sender].push_back((*when)[i] - (*when)[i - 1]);
    }
  }
  Course& course;
  wire::Ipv4Address near;
  std::map<std::pair<char, std::uint32_t>, std::vector<double>> times;
};

}  // namespace

OutageResult run_outage(const OutageExperiment& experiment, std::uint64_t seed) {
  ChannelSettings link;
  link.delay = Duration::milliseconds(25);
  link.rate = 1'000'000;
  link.queue_packets = 100;
  BenchLink bench(link, seed, measured_linux());
  // The client beside the broker; its own host's loopback is as good as no way at all.
  const NodeIndex beside = bench.network.add_node("beside");
  ChannelSettings loopback;
  loopback.rate = 0;
  loopback.delay = Duration::microseconds(20);
  bench.network.add_link(beside, bench.far, loopback, loopback);

  RandomStream luck(seed, "experiment", "phases");
  Course course{bench.events, {}, {}, {}, {}, {}};
  course.cut = Instant() + luck.between(Duration::seconds(28), Duration::seconds(43));
  course.up = course.cut + experiment.outage;
  Watch watch(bench, course);

  mqtt::BrokerSettings settings;
  settings.manners = mqtt::manners_named(mqtt::kBrokerManners, "mosquitto 2.0");
  Listeners listeners;
  set_wake_up(listeners);
  BrokerService broker(bench.events, bench.trace, bench.transport, bench.far, bench.network.node(bench.far).entity,
                       settings, bench.tcp, listeners);
  broker.start();
  const tcp::Endpoint at{bench.network.node(bench.far).address, kMqttPort};
  mqtt::MessagePool messages;
  const bool behind = experiment.publisher_behind_link;
  const NodeIndex publishes = behind ? bench.near : beside, subscribes = behind ? beside : bench.near;
  Subscriber subscriber(course, bench.trace, bench.transport, messages, subscribes,
                        bench.network.node(subscribes).entity, "sub1", bench.tcp, !behind);
  Publisher publisher(course, bench.trace, bench.transport, messages, publishes, bench.network.node(publishes).entity,
                      "pub1", bench.tcp, behind);
  // Both start within the first seconds, the publications at 12 s.
  bench.events.run_until(Instant() + luck.between(Duration::seconds(1), Duration::seconds(2)));
  subscriber.begin(at, experiment.qos);
  bench.events.run_until(bench.events.now() + luck.between(Duration::milliseconds(100), Duration::seconds(2)));
  publisher.begin(at, experiment.qos, Instant() + Duration::seconds(12) + luck.between(Duration(), kEvery));

  const auto set_up = [&](bool up) {
    bench.network.channel(0, bench.near).set_up(up);
    bench.network.channel(0, bench.far).set_up(up);
  };
  bench.events.run_until(course.cut);
  set_up(false);
  bench.events.run_until(course.up);
  set_up(true);
  bench.events.run_until(Instant() + Duration::seconds(12 + 111 + 60));
  bench.trace.flush();
  watch.count_gaps();
  return course.result;
}

}  // namespace wirelab
