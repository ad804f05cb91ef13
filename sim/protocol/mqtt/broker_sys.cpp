// The topics under $SYS, in mosquitto's names: what the broker tells of itself, retained, each when it has changed.
#include <array>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {
namespace {

struct SysTopic {
  std::string_view topic;
  std::int64_t (*value)(const Broker&);
};

constexpr std::array kSysTopics{
    SysTopic{"$SYS/broker/clients/total", [](const Broker& b) { return static_cast<std::int64_t>(b.sessions()); }},
    SysTopic{"$SYS/broker/clients/connected", [](const Broker& b) { return static_cast<std::int64_t>(b.connected()); }},
    SysTopic{"$SYS/broker/clients/disconnected",
             [](const Broker& b) { return static_cast<std::int64_t>(b.sessions() - b.connected()); }},
    SysTopic{"$SYS/broker/subscriptions/count",
             [](const Broker& b) { return static_cast<std::int64_t>(b.subscriptions()); }},
    SysTopic{"$SYS/broker/retained messages/count",
             [](const Broker& b) { return static_cast<std::int64_t>(b.retained()); }},
    SysTopic{"$SYS/broker/store/messages/count",
             [](const Broker& b) { return static_cast<std::int64_t>(b.messages().in_use()); }},
    SysTopic{"$SYS/broker/store/messages/bytes",
             [](const Broker& b) { return static_cast<std::int64_t>(b.messages().bytes()); }},
    SysTopic{"$SYS/broker/messages/received",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().packets_in); }},
    SysTopic{"$SYS/broker/messages/sent",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().packets_out); }},
    SysTopic{"$SYS/broker/publish/messages/received",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().publishes_in); }},
    SysTopic{"$SYS/broker/publish/messages/sent",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().publishes_out); }},
    SysTopic{"$SYS/broker/publish/messages/dropped",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().dropped); }},
    SysTopic{"$SYS/broker/bytes/received",
             [](const Broker& b) { return static_cast<std::int64_t>(b.counts().bytes_in); }},
    SysTopic{"$SYS/broker/bytes/sent", [](const Broker& b) { return static_cast<std::int64_t>(b.counts().bytes_out); }},
};

}  // namespace

void Broker::on_sys(void* target, std::uint64_t) {
  auto* self = static_cast<Broker*>(target);
  self->publish_sys();
  self->events_.arm(self->sys_timer_, self->events_.now() + self->settings_.sys_interval);
}

void Broker::publish_sys() {
  std::array<std::int64_t, kSysTopics.size()> values;  // all of one instant: telling them changes some
  for (std::size_t i = 0; i < kSysTopics.size(); ++i) values[i] = kSysTopics[i].value(*this);
  const bool first = sys_.empty();
  if (first) {
    sys_.resize(values.size());
    publish("$SYS/broker/version", wire::bytes_of(std::string_view("wirelab")), Qos::exactly_once, true);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!first && sys_[i] == values[i]) continue;
    sys_[i] = values[i];
    publish(kSysTopics[i].topic, wire::bytes_of(std::to_string(values[i])), Qos::exactly_once, true);
  }
  const std::string uptime = std::to_string((events_.now() - began_).ns() / 1'000'000'000) + " seconds";
  publish("$SYS/broker/uptime", wire::bytes_of(uptime), Qos::exactly_once, true);
}

}  // namespace wirelab::mqtt
