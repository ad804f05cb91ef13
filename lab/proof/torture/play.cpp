#include "lab/proof/torture/play.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/mqtt_endpoint.hpp"
#include "sim/world/world.hpp"

namespace wirelab::torture {
namespace {

using mqtt::Version;

// A client that does what it is told, subscribes where it has no session, and comes back where it was not told to go.
class Puppet final : public Program, public EndpointUser {
 public:
  Puppet(World& world, DeviceIndex device, const DevicePlan& plan)
      : world_(world),
        plan_(plan),
        endpoint_(world.events(), world.trace(), world.transport(), world.messages(), world.node_of(device),
                  world.trace().define(EntityKind::mqtt_client, std::string(world.name_of_device(device)) + "/mqtt",
                                       world.entity_of(device)),
                  *this) {
    endpoint_.client().options() = plan.options;
    endpoint_.settings().longest_delay = Duration::seconds(8);
  }
  void start() override { connect(); }
  void end(Ending ending) override {
    if (ending == Ending::stop) endpoint_.disconnect();
    if (ending == Ending::crash) endpoint_.crash();
    if (ending == Ending::power) endpoint_.vanish();
  }

  bool connected() { return endpoint_.client().state() == mqtt::ClientState::connected; }
  void connect() {
    if (endpoint_.client().state() != mqtt::ClientState::disconnected) return;
    renew_will();
    endpoint_.connect({world_.network().node(world_.find_node("hub")).address, kMqttPort});
  }
  void disconnect(mqtt::ReasonCode reason, std::uint32_t expiry) {
    std::vector<std::uint8_t> properties;
    const bool five = plan_.options.version == Version::v5;
    // Raising it from 0 is against the protocol; who does so is thrown out with its will.
    if (five && connected() && (expiry != kNoExpiry || reason != mqtt::ReasonCode::success)) {
      if (expiry != kNoExpiry) mqtt::PropertyWriter(properties).number(mqtt::Property::session_expiry_interval, expiry);
      endpoint_.client().disconnect(reason, mqtt::Properties(properties));
    }
    endpoint_.disconnect();
  }
  void publish(const Step& step, std::string_view tag) {
    std::vector<std::uint8_t> properties;
    if (plan_.options.version == Version::v5 && step.expiry != 0)
      mqtt::PropertyWriter(properties).number(mqtt::Property::message_expiry_interval, step.expiry);
    const std::string payload =
        step.kind == StepKind::clear_retained ? std::string() : std::string(tag) + ":" + std::string(step.padding, '.');
    endpoint_.client().publish(step.topic, wire::bytes_of(payload), step.qos, step.retain,
                               mqtt::Properties(properties));
  }
  void subscribe(mqtt::FilterRequest request, std::uint32_t identifier) {
    std::vector<std::uint8_t> properties;
    if (plan_.options.version == Version::v5 && identifier != 0)
      mqtt::PropertyWriter(properties).number(mqtt::Property::subscription_identifier, identifier);
    endpoint_.client().subscribe({&request, 1}, mqtt::Properties(properties));
  }
  void unsubscribe(std::string_view filter) { endpoint_.client().unsubscribe({&filter, 1}); }

  void on_connected(bool session_present) override {
    if (session_present) return;
    for (const mqtt::FilterRequest& filter : plan_.filters) subscribe(filter, 0);
  }
  void on_connect_failed(ConnectFailure, mqtt::ConnectCode) override { renew_will(); }
  void on_disconnected(bool) override { renew_will(); }
  void on_message(const mqtt::Publish&) override {}

 private:
  // Each connection has a will that can be told from the others.
  void renew_will() {
    if (!plan_.has_will) return;
    mqtt::WillOptions will = plan_.will;
    will.payload = fmt::format("w{}.{}:", plan_.name, world_.trace().records());
    if (plan_.options.version == Version::v5) {
      mqtt::PropertyWriter writer(will.properties);
      if (plan_.will_delay != 0) writer.number(mqtt::Property::will_delay_interval, plan_.will_delay);
      if (plan_.will_expiry != 0) writer.number(mqtt::Property::message_expiry_interval, plan_.will_expiry);
    }
    endpoint_.client().options().will = std::make_shared<const mqtt::WillOptions>(std::move(will));
  }
  World& world_;
  const DevicePlan& plan_;
  MqttEndpoint endpoint_;
};

ChannelSettings mended(const ChannelSettings& channel) {
  ChannelSettings settings;
  settings.delay = channel.delay;
  return settings;
}

WorldDescription describe_world(const Plan& plan, const Omissions& without) {
  const auto channel = [&](const ChannelSettings& settings) {
    return without.calm_links ? mended(settings) : settings;
  };
  WorldDescription description;
  description.seed = plan.seed;
  NodeDescription hub;
  hub.name = "hub";
  hub.role = NodeRole::broker;
  hub.broker = plan.broker;
  NodeDescription router;
  router.name = "router";
  description.nodes = {hub, router};
  description.links.push_back({"router", "hub", channel(plan.trunk), channel(plan.trunk)});
  if (plan.has_nat) {
    NodeDescription nat;
    nat.name = "nat";
    nat.role = NodeRole::nat;
    nat.outside = "router";
    description.nodes.push_back(nat);
    description.links.push_back({"nat", "router", default_link(), default_link()});
  }
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DevicePlan& planned = plan.devices[i];
    if (without.devices.contains(i)) continue;
    NodeDescription device;
    device.name = planned.name;
    device.role = NodeRole::device;
    device.program = [&planned](World& world, DeviceIndex index) {
      return std::make_unique<Puppet>(world, index, planned);
    };
    description.links.push_back(
        {device.name, planned.behind_nat ? "nat" : "router", channel(planned.up), channel(planned.down)});
    description.nodes.push_back(std::move(device));
  }
  return description;
}

class Stage {
 public:
  Stage(const Plan& plan, const Omissions& without, Played& played, std::shared_ptr<TraceStore> store)
      : plan_(plan), without_(without), world_(describe_world(plan, without), std::move(store)), played_(played) {
    world_.trace().add_sink(&played.recording);
    DeviceIndex index = 0;
    for (std::size_t i = 0; i < plan.devices.size(); ++i)
      index_of_.push_back(without.devices.contains(i) ? kNowhere : index++);
  }

  void run() {
    world_.start();
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      if (without_.steps.contains(i)) continue;
      world_.run_until(Instant() + step.at);
      if (index_of_[step.device] != kNowhere) act(step, tag_of_step(i));
    }
    world_.run_until(Instant() + plan_.length);
    mend();
    world_.run_until(world_.now() + Duration::seconds(150));
    // Whoever has lost a connection without noticing, as behind a NAT that has forgotten it, begins another one.
    for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
      if (Puppet* const puppet = puppet_of(i); puppet != nullptr && !is_double(i)) {
        puppet->disconnect(mqtt::ReasonCode::success, kNoExpiry);
        puppet->connect();
      }
    }
    world_.run_until(world_.now() + Duration::seconds(150));
    played_.digest = world_.trace().digest().everything;
    played_.names = world_.trace().shared_names();
    played_.end = world_.now();
    played_.held_bytes = world_.held_bytes();
    played_.events = world_.executed();
  }

 private:
  Puppet* puppet_of(std::size_t device) const {
    return index_of_[device] == kNowhere ? nullptr : static_cast<Puppet*>(world_.program(index_of_[device]));
  }
  // Of several devices with one client identifier the first one stays.
  bool is_double(std::size_t device) const {
    for (std::size_t i = 0; i < device; ++i) {
      if (index_of_[i] != kNowhere && plan_.devices[i].options.client_id == plan_.devices[device].options.client_id)
        return true;
    }
    return false;
  }
  void act(const Step& step, const std::string& tag) {
    const std::string& name = plan_.devices[step.device].name;
    const std::string link = name + "-" + (plan_.devices[step.device].behind_nat ? "nat" : "router");
    const auto broker_runs = [&] { return world_.broker("hub")->running(); };
    Puppet* const puppet = puppet_of(step.device);
    switch (step.kind) {
      case StepKind::publish:
      case StepKind::clear_retained:
        if (puppet != nullptr) puppet->publish(step, tag);
        break;
      case StepKind::subscribe:
        if (puppet != nullptr) puppet->subscribe(step.filter, step.identifier);
        break;
      case StepKind::unsubscribe:
        if (puppet != nullptr) puppet->unsubscribe(step.filter.filter);
        break;
      case StepKind::connect:
        if (puppet != nullptr) puppet->connect();
        break;
      case StepKind::disconnect:
      case StepKind::disconnect_with_will:
        if (puppet != nullptr)
          puppet->disconnect(
              step.kind == StepKind::disconnect ? mqtt::ReasonCode::success : mqtt::ReasonCode::disconnect_with_will,
              step.expiry);
        break;
      case StepKind::cut: world_.apply(CutLink{link}); break;
      case StepKind::restore: world_.apply(RestoreLink{link}); break;
      case StepKind::power_off: world_.apply(PowerOff{name}); break;
      case StepKind::crash: world_.apply(Crash{name}); break;
      case StepKind::restart: world_.apply(Restart{name}); break;
      case StepKind::stop_broker:
        if (broker_runs()) world_.apply(Stop{"hub"});
        break;
      case StepKind::crash_broker:
        if (broker_runs()) world_.apply(Crash{"hub"});
        break;
      case StepKind::power_off_broker:
        if (broker_runs()) world_.apply(PowerOff{"hub"});
        break;
      case StepKind::restart_broker:
        if (!broker_runs()) world_.apply(Restart{"hub"});
        break;
      case StepKind::forget_bindings:
        if (plan_.has_nat) world_.apply(ForgetBindings{"nat"});
        break;
    }
  }
  void mend() {
    if (!world_.broker("hub")->running()) world_.apply(Restart{"hub"});
    const auto calm = [&](const std::string& link) {
      world_.apply(RestoreLink{link});
      std::vector<LinkChange> changes;
      for (const LinkOption option :
           {LinkOption::loss, LinkOption::duplicate, LinkOption::corrupt, LinkOption::reorder})
        changes.push_back(LinkChange::of(option, 0.0));
      // A keep alive may be shorter than a message takes with all its retransmissions on the link as it was.
      for (const LinkOption option : {LinkOption::delay, LinkOption::jitter})
        changes.push_back(LinkChange::of(option, Duration::milliseconds(option == LinkOption::delay ? 10 : 0)));
      world_.apply(SetImpairment{link, changes});
    };
    calm("router-hub");
    for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
      if (index_of_[i] == kNowhere) continue;
      const std::string& name = plan_.devices[i].name;
      calm(name + "-" + (plan_.devices[i].behind_nat ? "nat" : "router"));
      if (is_double(i)) {
        world_.apply(Stop{name});
      } else if (Puppet* const puppet = puppet_of(i); puppet == nullptr) {
        world_.apply(Restart{name});
      } else {
        puppet->connect();
      }
    }
  }

  const Plan& plan_;
  const Omissions& without_;
  World world_;
  Played& played_;
  std::vector<DeviceIndex> index_of_;  // in the world; kNowhere: left out
};

}  // namespace

std::unique_ptr<Played> play(const Plan& plan, const Omissions& without, std::shared_ptr<TraceStore> store) {
  auto played = std::make_unique<Played>();
  Stage(plan, without, *played, std::move(store)).run();
  return played;
}

}  // namespace wirelab::torture
