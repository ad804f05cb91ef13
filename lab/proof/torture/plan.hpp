// A random world as plain data: what is there, how badly its links behave, and what happens when. Made from a seed, so that a
// number says it all; parts of it can be left out, so that a failure can be made smaller.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/net/link_settings.hpp"
#include "sim/protocol/mqtt/broker_settings.hpp"
#include "sim/protocol/mqtt/client.hpp"

namespace wirelab::torture {

struct DevicePlan {
  std::string name;
  mqtt::ClientOptions options;
  bool has_will = false;
  mqtt::WillOptions will;                         // its payload is made for each connection anew
  std::uint32_t will_delay = 0, will_expiry = 0;  // seconds, 5.0; 0: none
  std::vector<mqtt::FilterRequest> filters;       // subscribed to where there is no session
  bool behind_nat = false;
  ChannelSettings up, down;
};

enum class StepKind : std::uint8_t {
  publish,
  clear_retained,
  subscribe,
  unsubscribe,
  connect,
  disconnect,            // reason 0
  disconnect_with_will,  // 5.0: reason 4
  cut,
  restore,
  power_off,
  crash,
  restart,
  stop_broker,
  crash_broker,
  power_off_broker,
  restart_broker,
  forget_bindings,
};

struct Step {
  Duration at;
  StepKind kind = StepKind::publish;
  std::size_t device = 0;
  std::string_view topic;  // of a message, or none
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::uint32_t padding = 0;     // bytes of payload beyond the tag
  std::uint32_t expiry = 0;      // seconds, 5.0; 0: never. Of a DISCONNECT: the session's, kNoExpiry: unchanged
  mqtt::FilterRequest filter;    // of SUBSCRIBE and UNSUBSCRIBE
  std::uint32_t identifier = 0;  // of the subscription, 5.0; 0: none
};
inline constexpr std::uint32_t kNoExpiry = 0xfffffffe;

struct Plan {
  std::uint64_t seed = 0;
  mqtt::BrokerSettings broker;
  ChannelSettings trunk;  // between router and broker
  bool has_nat = false;
  std::vector<DevicePlan> devices;
  std::vector<Step> steps;  // in order of time
  Duration length;          // until everything is mended
};

/// What is left out of a plan, by place.
struct Omissions {
  std::set<std::size_t> steps, devices;
  bool calm_links = false;  // no impairments
};

Plan make_plan(std::uint64_t seed);
/// A line for each thing that is not left out.
std::vector<std::string> describe(const Plan& plan, const Omissions& without);
/// What a message says of itself: the payload up to the first ":".
std::string tag_of_step(std::size_t step);

}  // namespace wirelab::torture
