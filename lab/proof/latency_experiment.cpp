#include "lab/proof/latency_experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/mqtt_endpoint.hpp"
#include "sim/world/world.hpp"

namespace wirelab {
namespace {

constexpr Duration kDrain = Duration::seconds(180);

class Publisher;

// What the two ends of a pair share.
struct Pair {
  Publisher* publisher = nullptr;
  std::vector<Instant> published;
  std::vector<bool> delivered;
  std::vector<std::uint32_t> number_of;  // by message id
  std::uint32_t done = 0;
};

// Linux 6.18 with HZ 250, as it was measured.
tcp::Settings linux_of_truth(bool nodelay) {
  tcp::Settings settings;
  settings.nodelay = nodelay;
  settings.timer_wheel = true;
  return settings;
}

struct Shared {
  LatencyExperiment experiment;
  tcp::Settings tcp;
  mqtt::ClientManners client;
  LatencyResult result;
  std::vector<Pair> pairs;
  std::uint32_t finished = 0;  // pairs
};

double ms(Duration d) { return static_cast<double>(d.ns()) / 1e6; }

class Subscription final : public EndpointUser {
 public:
  Subscription(World& world, DeviceIndex device, Shared& shared, std::uint32_t pair)
      : world_(world),
        shared_(shared),
        pair_(pair),
        endpoint_(world.events(), world.trace(), world.transport(), world.messages(), world.node_of(device),
                  world.trace().define(EntityKind::mqtt_client, fmt::format("s{}", pair), world.entity_of(device)),
                  *this) {
    endpoint_.client().options().client_id = fmt::format("s{}", pair);
    endpoint_.client().options().keep_alive = shared.experiment.paho ? 15 : 600;
    endpoint_.client().options().manners = shared.client;
    endpoint_.settings().tcp = &shared.tcp;
  }
  void connect() { endpoint_.connect({world_.network().node(world_.find_node("hub")).address, kMqttPort}); }
  void on_connected(bool) override {
    const std::string topic = fmt::format("t/{:03}", pair_);
    const mqtt::FilterRequest filter{topic, static_cast<mqtt::Qos>(shared_.experiment.qos)};
    endpoint_.client().subscribe({&filter, 1});
  }
  void on_subscribed(mqtt::PacketId, mqtt::Bytes) override;
  void on_message(const mqtt::Publish& message) override {
    const std::uint32_t number = wire::load32(message.payload.data());
    Pair& pair = shared_.pairs[pair_];
    if (pair.delivered[number]) {
      ++shared_.result.duplicates;
      return;
    }
    pair.delivered[number] = true;
    shared_.result.latency_ms.push_back(ms(world_.now() - pair.published[number]));
    if (++pair.done == shared_.experiment.messages && ++shared_.finished == shared_.experiment.pairs)
      world_.ask_to_stop();
  }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}
  void vanish() { endpoint_.vanish(); }

 private:
  World& world_;
  Shared& shared_;
  std::uint32_t pair_;
  MqttEndpoint endpoint_;
};

class Subscriber final : public Program {
 public:
  Subscriber(World& world, DeviceIndex device, Shared& shared, std::uint32_t pair)
      : subscription_(world, device, shared, pair) {}
  void start() override { subscription_.connect(); }
  void end(Ending) override { subscription_.vanish(); }

 private:
  Subscription subscription_;
};

class Publisher final : public Program, public EndpointUser {
 public:
  Publisher(World& world, DeviceIndex device, Shared& shared, std::uint32_t pair)
      : world_(world),
        shared_(shared),
        pair_(pair),
        luck_(world.seed(), fmt::format("p{}", pair), "wake-up"),
        endpoint_(world.events(), world.trace(), world.transport(), world.messages(), world.node_of(device),
                  world.trace().define(EntityKind::mqtt_client, fmt::format("p{}", pair), world.entity_of(device)),
                  *this) {
    endpoint_.client().options().client_id = fmt::format("p{}", pair);
    endpoint_.client().options().keep_alive = shared.experiment.paho ? 15 : 600;
    endpoint_.client().options().manners = shared.client;
    endpoint_.settings().tcp = &shared.tcp;
    timer_ = world.events().make_timer(on_timer, this);
    shared.pairs[pair].publisher = this;
    if (shared.experiment.subscriber_behind_link)
      subscription_ = std::make_unique<Subscription>(world, device, shared, pair);
    payload_.assign(shared.experiment.payload, 'x');
    topic_ = fmt::format("t/{:03}", pair);
  }
  ~Publisher() override { world_.events().release(timer_); }
  void start() override {
    if (subscription_ != nullptr) subscription_->connect();
  }
  void end(Ending) override {
    endpoint_.vanish();
    if (subscription_ != nullptr) subscription_->vanish();
  }
  void begin() { endpoint_.connect({world_.network().node(world_.find_node("hub")).address, kMqttPort}); }
  void on_connected(bool) override {
    if (next_ > 0) return;
    world_.events().arm(timer_,
                        world_.now() + Duration::seconds(1) + luck_.between(Duration(), shared_.experiment.interval));
  }
  void on_published(MessageId id) override {
    const auto found = std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& m) { return m.first == id; });
    if (found == under_way_.end()) return;
    shared_.result.ack_ms.push_back(ms(world_.now() - found->second));
    under_way_.erase(found);
  }
  void on_message(const mqtt::Publish&) override {}
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override {}
  void on_disconnected(bool) override {}

 private:
  static void on_timer(void* target, std::uint64_t) { static_cast<Publisher*>(target)->publish(); }
  void publish() {
    Pair& pair = shared_.pairs[pair_];
    const Instant now = world_.now();
    wire::store32(payload_.data(), next_);
    pair.published[next_] = now;
    ++next_;
    ++shared_.result.sent;
    const auto published =
        endpoint_.client().publish(topic_, payload_, static_cast<mqtt::Qos>(shared_.experiment.qos), false);
    if (shared_.experiment.qos > 0) under_way_.emplace_back(published.message, now);
    // A process that sleeps wakes a little late, so its phase against other timers drifts. Python's does later than its client's
    // loop, which has been asleep for as long: so a PINGREQ that is due goes out before the message, which waits for its answer
    // (Nagle).
    const bool python = shared_.experiment.paho;
    const Duration late = luck_.between(Duration::microseconds(python ? 300 : 50), Duration::microseconds(python ? 600 : 150));
    if (next_ < shared_.experiment.messages) world_.events().arm(timer_, now + shared_.experiment.interval + late);
  }

  World& world_;
  Shared& shared_;
  std::uint32_t pair_;
  RandomStream luck_;
  MqttEndpoint endpoint_;
  std::unique_ptr<Subscription> subscription_;
  std::vector<std::uint8_t> payload_;
  std::string topic_;
  std::vector<std::pair<MessageId, Instant>> under_way_;
  std::uint32_t next_ = 0;
  TimerId timer_;
};

void Subscription::on_subscribed(mqtt::PacketId, mqtt::Bytes) {
  if (Publisher* publisher = shared_.pairs[pair_].publisher) publisher->begin();
}

}  // namespace

LatencyResult run_latency(const LatencyExperiment& experiment, std::uint64_t seed) {
  Shared shared;
  shared.experiment = experiment;
  shared.tcp = linux_of_truth(experiment.nodelay);
  shared.client = mqtt::manners_named(mqtt::kClientManners, experiment.paho ? "paho 1.6" : "libmosquitto 2.0");
  shared.pairs.resize(experiment.pairs);
  WorldDescription description;
  description.seed = seed;
  NodeDescription hub;
  hub.name = "hub";
  hub.role = NodeRole::broker;
  hub.tcp = shared.tcp;
  hub.broker.manners = mqtt::manners_named(mqtt::kBrokerManners, "mosquitto 2.0");
  description.nodes.push_back(hub);
  ChannelSettings link;
  link.rate = 1'000'000;
  link.delay = Duration::milliseconds(25);
  link.loss = experiment.loss;
  link.queue_packets = 100;
  for (std::uint32_t i = 0; i < experiment.pairs; ++i) {
    shared.pairs[i].published.resize(experiment.messages);
    shared.pairs[i].delivered.resize(experiment.messages);
    NodeDescription publisher;
    publisher.name = fmt::format("p{}", i);
    publisher.role = NodeRole::device;
    publisher.program = [&shared, i](World& world, DeviceIndex device) {
      return std::make_unique<Publisher>(world, device, shared, i);
    };
    description.links.push_back({publisher.name, "hub", link, link});
    description.nodes.push_back(std::move(publisher));
    if (experiment.subscriber_behind_link) continue;
    NodeDescription subscriber;
    subscriber.name = fmt::format("s{}", i);
    subscriber.role = NodeRole::device;
    subscriber.program = [&shared, i](World& world, DeviceIndex device) {
      return std::make_unique<Subscriber>(world, device, shared, i);
    };
    description.links.push_back({subscriber.name, "hub", default_link(), default_link()});
    description.nodes.push_back(std::move(subscriber));
  }
  World world(description, nullptr);
  world.start();
  world.run_until(Instant() + experiment.interval * experiment.messages + kDrain);
  return std::move(shared.result);
}

void LatencyResult::append(LatencyResult&& from) {
  latency_ms.insert(latency_ms.end(), from.latency_ms.begin(), from.latency_ms.end());
  ack_ms.insert(ack_ms.end(), from.ack_ms.begin(), from.ack_ms.end());
}

}  // namespace wirelab
