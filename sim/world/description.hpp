// A world as plain data: what is there and how it is joined. Programs are made by whoever describes them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/device/radio_power.hpp"
#include "sim/device/sensor.hpp"
#include "sim/net/link.hpp"
#include "sim/net/nat.hpp"
#include "sim/protocol/mqtt/access_list.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/tcp/connection.hpp"
#include "sim/world/bridge_service.hpp"
#include "sim/world/hop_service.hpp"
#include "sim/world/listeners.hpp"
#include "sim/world/web_service.hpp"
#include "sim/world/wifi_service.hpp"

namespace wirelab {

class World;
class Program;

enum class NodeRole : std::uint8_t { router, broker, device, nat, dns, access_point, web };

struct NodeDescription {
  std::string name;
  NodeRole role = NodeRole::router;
  bool dhcp = false;                    // a device that asks for its address
  wire::Ipv4Address address;            // 0: the next free one of its network
  mqtt::BrokerSettings broker;          // of a broker
  mqtt::AccessList access;              // of a broker
  tcp::Settings tcp;                    // of a broker's connections, or a web server's
  Listeners listeners;                  // of a broker
  std::vector<BridgeSettings> bridges;  // of a broker
  WebSettings web;                      // of a web server
  std::string outside;                  // of a nat: the node on its outer side
  NatSettings nat;
  Duration lease = Duration::seconds(86'400);  // that a nat's DHCP server gives
  AccessPointSettings point;                   // of an access point
  std::optional<StationSettings> station;      // of a device with Wi-Fi
  std::optional<RadioPower> radio;             // of a device whose energy is followed
  Place place;                                 // of either
  struct NamedAddress {
    std::string name;
    std::string node;           // whose address it has,
    wire::Ipv4Address address;  // or this one where no node is named
    std::uint32_t time_to_live = 300;
  };
  std::vector<NamedAddress> names;             // of a dns
  std::map<std::string, SensorModel> sensors;  // of a device, beside the default ones
  std::function<std::unique_ptr<Program>(World&, std::uint32_t device)> program;  // of a device; may be empty
};

struct LinkDescription {
  std::string a, b;
  ChannelSettings to_b, to_a;
};

/// How a link changes over time, both ways: each step lasts for its time with the link's own settings and what the step changes
/// of them. After the last one it begins again, or the link is as it was described.
struct LinkProfile {
  struct Step {
    Duration lasts;
    bool cut = false;
    std::vector<LinkChange> changes;
  };
  std::size_t link = 0;  // of the description's
  Duration begins;
  bool repeats = true;
  std::vector<Step> steps;
};

struct WorldDescription {
  std::uint64_t seed = 1;
  std::vector<NodeDescription> nodes;  // brokers, routers and devices start in this order, at instant 0
  std::vector<LinkDescription> links;
  std::vector<LinkProfile> profiles;
  std::vector<HopDescription> hops;  // that carry no IP
};

/// A link that is given no options: 100 Mbit/s Ethernet over a short cable.
ChannelSettings default_link();

}  // namespace wirelab
