#include "lab/proof/torture/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/kernel/random.hpp"

namespace wirelab::torture {
namespace {

using mqtt::Qos;
using mqtt::Version;

constexpr std::array<std::string_view, 9> kTopics{"a", "a/b", "a/b/c", "a/c", "x/y", "x", "$x/1", "a/b/c/d", "/a"};
constexpr std::array<std::string_view, 14> kFilters{
    "#", "a/#", "a/+", "+/b", "a/b", "+", "a/+/c", "x/y", "$x/#", "+/+", "a/b/#", "$share/g/a/#", "$share/g/#", "/+"};

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : stream_(seed, "torture", "plan") {}
  std::uint64_t below(std::uint64_t count) { return stream_.below(count); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  Duration time(std::uint64_t low_ms, std::uint64_t high_ms) {
    return Duration::microseconds(static_cast<std::int64_t>(between(low_ms * 1000, high_ms * 1000)));
  }
  template <typename List>
  auto one_of(const List& list) {
    return list[below(list.size())];
  }
  Qos qos() { return static_cast<Qos>(below(3)); }

 private:
  RandomStream stream_;
};

ChannelSettings random_channel(Draw& draw) {
  ChannelSettings channel;
  channel.delay = draw.time(1, draw.one_in(3) ? 400 : 60);
  if (draw.one_in(2)) channel.jitter = draw.time(1, 30), channel.in_order = !draw.one_in(3);
  if (draw.one_in(2)) channel.rate = static_cast<std::int64_t>(draw.between(50, 5000)) * 1000;
  if (draw.one_in(2)) channel.loss = static_cast<double>(draw.between(1, draw.one_in(4) ? 250 : 60)) / 1000;
  if (draw.one_in(4)) channel.duplicate = static_cast<double>(draw.between(1, 50)) / 1000;
  if (draw.one_in(5)) channel.corrupt = static_cast<double>(draw.between(1, 30)) / 1000;
  if (draw.one_in(4)) channel.reorder = static_cast<double>(draw.between(1, 100)) / 1000;
  if (draw.one_in(6)) channel.queue_packets = static_cast<std::uint32_t>(draw.between(5, 40));
  return channel;
}

mqtt::FilterRequest random_filter(Draw& draw) {
  mqtt::FilterRequest request{draw.one_of(kFilters), draw.qos()};
  request.no_local = draw.one_in(4) && !request.filter.starts_with("$share/");
  request.retain_as_published = draw.one_in(4);
  request.retain_handling = static_cast<mqtt::RetainHandling>(draw.below(3));
  return request;
}

DevicePlan random_device(Draw& draw, std::size_t place, bool has_nat) {
  DevicePlan device;
  device.name = fmt::format("d{}", place);
  mqtt::ClientOptions& options = device.options;
  options.client_id = draw.one_in(8) && place > 0 ? "c0" : fmt::format("c{}", place);
  options.version = draw.one_of(std::array{Version::v3_1, Version::v3_1_1, Version::v3_1_1, Version::v5, Version::v5});
  options.clean_session = draw.one_in(3);
  options.keep_alive = static_cast<std::uint16_t>(draw.one_in(6) ? 0 : draw.between(2, 15));
  options.max_in_flight = static_cast<std::uint16_t>(draw.one_in(2) ? 20 : draw.between(1, 5));
  if (draw.one_in(5)) options.max_queued = static_cast<std::uint32_t>(draw.between(1, 10));
  if (draw.one_in(5)) options.manners = mqtt::kClientManners[draw.below(mqtt::kClientManners.size())];
  if (options.version == Version::v5) {
    mqtt::OptionsOf5 five;
    five.session_expiry = draw.one_of(std::array<std::uint32_t, 5>{0, 5, 20, 300, mqtt::kNeverExpires});
    if (draw.one_in(2)) five.receive_maximum = static_cast<std::uint16_t>(draw.between(1, 6));
    if (draw.one_in(5)) five.max_packet_size = static_cast<std::uint32_t>(draw.between(60, 400));
    if (draw.one_in(2)) five.topic_alias_maximum = static_cast<std::uint16_t>(draw.between(1, 5));
    options.five = std::make_shared<const mqtt::OptionsOf5>(five);
  }
  device.has_will = draw.one_in(2);
  if (device.has_will) {
    device.will.topic = draw.one_of(kTopics);
    device.will.qos = draw.qos();
    device.will.retain = draw.one_in(3);
    if (options.version == Version::v5 && draw.one_in(2))
      device.will_delay = static_cast<std::uint32_t>(draw.between(1, 15));
    if (options.version == Version::v5 && draw.one_in(4))
      device.will_expiry = static_cast<std::uint32_t>(draw.between(1, 20));
  }
  const std::uint64_t filters = draw.below(4);
  for (std::uint64_t i = 0; i < filters; ++i) device.filters.push_back(random_filter(draw));
  device.behind_nat = has_nat && draw.one_in(2);
  device.up = random_channel(draw);
  device.down = draw.one_in(3) ? random_channel(draw) : device.up;
  return device;
}

mqtt::BrokerSettings random_broker(Draw& draw) {
  mqtt::BrokerSettings settings;
  if (draw.one_in(2)) settings.max_in_flight = static_cast<std::uint16_t>(draw.between(1, 5));
  if (draw.one_in(3)) settings.max_queued = static_cast<std::uint32_t>(draw.between(3, 15));
  if (draw.one_in(6)) settings.max_queued_bytes = draw.between(500, 3000);
  if (draw.one_in(3)) settings.drop = mqtt::DropPolicy::oldest;
  settings.queue_qos0 = draw.one_in(4);
  if (draw.one_in(4)) settings.receive_maximum = static_cast<std::uint16_t>(draw.between(1, 5));
  settings.max_topic_alias = static_cast<std::uint16_t>(draw.below(11));
  settings.persistence = !draw.one_in(3);
  if (draw.one_in(4)) settings.autosave_interval = draw.time(1000, 20'000);
  if (draw.one_in(6)) settings.manners = mqtt::kBrokerManners[1];
  return settings;
}

// What goes wrong at `at`, and how it is mended some time later, or not before the end.
void add_accident(Draw& draw, const Plan& plan, Duration at, std::vector<Step>& steps) {
  const Duration later = at + draw.time(50, draw.one_in(3) ? 40'000 : 6000);
  const auto add = [&](Duration when, StepKind kind, std::size_t device) {
    Step step;
    step.at = when;
    step.kind = kind;
    step.device = device;
    steps.push_back(step);
  };
  const std::size_t device = draw.below(plan.devices.size());
  switch (draw.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3: add(at, StepKind::cut, device), add(later, StepKind::restore, device); break;
    case 4: add(at, StepKind::power_off, device), add(later, StepKind::restart, device); break;
    case 5: add(at, StepKind::crash, device), add(later, StepKind::restart, device); break;
    case 6:
      add(at, draw.one_in(3) ? StepKind::disconnect_with_will : StepKind::disconnect, device);
      if (draw.one_in(4))
        steps.back().expiry = static_cast<std::uint32_t>(draw.below(30));
      else
        steps.back().expiry = kNoExpiry;
      add(later, StepKind::connect, device);
      break;
    case 7:
    case 8: {
      const auto kind =
          std::array{StepKind::stop_broker, StepKind::crash_broker, StepKind::power_off_broker}[draw.below(3)];
      add(at, kind, 0), add(later, StepKind::restart_broker, 0);
      break;
    }
    case 9:
      if (plan.has_nat) add(at, StepKind::forget_bindings, 0);
      break;
    default:
      add(at, StepKind::disconnect, device), steps.back().expiry = kNoExpiry, add(later, StepKind::connect, device);
      break;
  }
}

Step random_step(Draw& draw, const Plan& plan, Duration at) {
  Step step;
  step.at = at;
  step.device = draw.below(plan.devices.size());
  const std::uint64_t what = draw.below(20);
  step.kind = what < 15   ? StepKind::publish
              : what < 16 ? StepKind::clear_retained
              : what < 19 ? StepKind::subscribe
                          : StepKind::unsubscribe;
  step.topic = draw.one_of(kTopics);
  step.qos = draw.qos();
  step.retain = step.kind == StepKind::clear_retained || draw.one_in(5);
  step.padding = static_cast<std::uint32_t>(draw.one_in(8) ? draw.below(3000) : draw.below(60));
  if (draw.one_in(6)) step.expiry = static_cast<std::uint32_t>(draw.between(1, 20));
  step.filter = random_filter(draw);
  if (draw.one_in(3)) step.identifier = static_cast<std::uint32_t>(draw.between(1, 300));
  return step;
}

std::string text_of(const ChannelSettings& channel) {
  std::string text = fmt::format("delay {} ms", channel.delay.ns() / 1'000'000);
  if (channel.jitter.ns() != 0)
    text += fmt::format(", jitter {} ms{}", channel.jitter.ns() / 1'000'000, channel.in_order ? "" : " out of order");
  if (channel.rate != 0) text += fmt::format(", {} kbit/s", channel.rate / 1000);
  const auto share = [&](const char* name, double value) {
    if (value != 0) text += fmt::format(", {} {:.1f} %", name, value * 100);
  };
  share("loss", channel.loss), share("duplicate", channel.duplicate), share("corrupt", channel.corrupt);
  share("reorder", channel.reorder);
  return text;
}

std::string text_of(const mqtt::FilterRequest& request) {
  return fmt::format("{} at QoS {}{}{}{}", request.filter, static_cast<int>(request.qos),
                     request.no_local ? ", no local" : "", request.retain_as_published ? ", retain as published" : "",
                     request.retain_handling == mqtt::RetainHandling::send          ? ""
                     : request.retain_handling == mqtt::RetainHandling::send_if_new ? ", retained if new"
                                                                                    : ", no retained");
}

std::string text_of(const DevicePlan& device, bool calm) {
  const mqtt::ClientOptions& options = device.options;
  std::string text =
      fmt::format("{} is client {}, MQTT {}, {}, keep alive {} s, {} in flight", device.name, options.client_id,
                  name_of(options.version), options.clean_session ? "clean" : "not clean", options.keep_alive,
                  options.max_in_flight);
  if (options.manners.name != "standard") text += fmt::format(", as {}", options.manners.name);
  if (options.five != nullptr) {
    if (options.five->session_expiry == mqtt::kNeverExpires) {
      text += ", session never expires";
    } else {
      text += fmt::format(", session expires after {} s", options.five->session_expiry);
    }
    if (options.five->receive_maximum != 65535)
      text += fmt::format(", receive maximum {}", options.five->receive_maximum);
    if (options.five->max_packet_size != 0)
      text += fmt::format(", packets of {} bytes at most", options.five->max_packet_size);
  }
  if (device.has_will)
    text += fmt::format(", will to {} at QoS {}{}, delay {} s", device.will.topic, static_cast<int>(device.will.qos),
                        device.will.retain ? " retained" : "", device.will_delay);
  for (const auto& filter : device.filters) text += ", subscribes to " + text_of(filter);
  if (device.behind_nat) text += ", behind the NAT";
  if (!calm) text += fmt::format("; up: {}; down: {}", text_of(device.up), text_of(device.down));
  return text;
}

std::string text_of(const Plan& plan, std::size_t place) {
  const Step& step = plan.steps[place];
  const std::string& name = plan.devices[step.device].name;
  const std::string head = fmt::format("{:>9.3f} s  ", static_cast<double>(step.at.ns()) / 1e9);
  switch (step.kind) {
    case StepKind::publish:
      return head + fmt::format("{} publishes {} to {} at QoS {}{}{}", name, tag_of_step(place), step.topic,
                                static_cast<int>(step.qos), step.retain ? ", retained" : "",
                                step.expiry != 0 ? fmt::format(", expires after {} s (5.0)", step.expiry) : "");
    case StepKind::clear_retained: return head + fmt::format("{} clears what is retained of {}", name, step.topic);
    case StepKind::subscribe: return head + fmt::format("{} subscribes to {}", name, text_of(step.filter));
    case StepKind::unsubscribe: return head + fmt::format("{} unsubscribes from {}", name, step.filter.filter);
    case StepKind::connect: return head + name + " connects";
    case StepKind::disconnect: return head + name + " disconnects";
    case StepKind::disconnect_with_will: return head + name + " disconnects with its will (5.0)";
    case StepKind::cut: return head + name + "'s link is cut";
    case StepKind::restore: return head + name + "'s link is mended";
    case StepKind::power_off: return head + name + " loses its power";
    case StepKind::crash: return head + name + " crashes";
    case StepKind::restart: return head + name + " starts again";
    case StepKind::stop_broker: return head + "the broker is stopped";
    case StepKind::crash_broker: return head + "the broker crashes";
    case StepKind::power_off_broker: return head + "the broker loses its power";
    case StepKind::restart_broker: return head + "the broker starts again";
    case StepKind::forget_bindings: return head + "the NAT forgets its bindings";
  }
  return head;
}

}  // namespace

std::string tag_of_step(std::size_t step) { return fmt::format("m{}", step); }

Plan make_plan(std::uint64_t seed) {
  Draw draw(seed);
  Plan plan;
  plan.seed = seed;
  plan.broker = random_broker(draw);
  plan.has_nat = draw.one_in(3);
  plan.trunk.delay = draw.time(0, 20);
  if (draw.one_in(3)) plan.trunk = random_channel(draw);
  const std::uint64_t devices = draw.between(2, 7);
  for (std::size_t i = 0; i < devices; ++i) plan.devices.push_back(random_device(draw, i, plan.has_nat));
  plan.length = draw.time(15'000, 70'000);
  const auto any_time = [&] { return draw.time(500, static_cast<std::uint64_t>(plan.length.ns() / 1'000'000)); };
  const std::uint64_t steps = draw.between(20, 90);
  for (std::uint64_t i = 0; i < steps; ++i) {
    // Some come in bursts, which fill windows and queues.
    const Duration at = any_time();
    const std::uint64_t burst = draw.one_in(8) ? draw.between(2, 12) : 1;
    Step step = random_step(draw, plan, at);
    for (std::uint64_t k = 0; k < burst; ++k) {
      plan.steps.push_back(step);
      if (step.kind == StepKind::publish) step.qos = draw.one_in(3) ? draw.qos() : step.qos;
      step.at = step.at + draw.time(0, 3);
    }
  }
  const std::uint64_t accidents = draw.between(1, 9);
  for (std::uint64_t i = 0; i < accidents; ++i) add_accident(draw, plan, any_time(), plan.steps);
  std::stable_sort(plan.steps.begin(), plan.steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  return plan;
}

std::vector<std::string> describe(const Plan& plan, const Omissions& without) {
  std::vector<std::string> lines;
  const mqtt::BrokerSettings& broker = plan.broker;
  lines.push_back(
      fmt::format("the broker: {} in flight, {} queued, drops the {}, {}{}{}{}", broker.max_in_flight,
                  broker.max_queued, broker.drop == mqtt::DropPolicy::oldest ? "oldest" : "newest",
                  broker.persistence ? "persistent" : "not persistent", broker.queue_qos0 ? ", queues QoS 0" : "",
                  broker.receive_maximum != 65535 ? fmt::format(", receive maximum {}", broker.receive_maximum) : "",
                  broker.manners.name == "standard" ? "" : fmt::format(", as {}", broker.manners.name)));
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    if (!without.devices.contains(i)) lines.push_back(text_of(plan.devices[i], without.calm_links));
  }
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (!without.steps.contains(i)) lines.push_back(text_of(plan, i));
  }
  return lines;
}

}  // namespace wirelab::torture
