// The energy of radios in a world: a meter for each device that has been given one, told by the network what its radio does.
#pragma once

#include <map>
#include <memory>

#include "sim/device/radio_meter.hpp"
#include "sim/net/network.hpp"
#include "sim/net/radio_listener.hpp"
#include "sim/world/wifi_service.hpp"

namespace wirelab {

class EnergyService {
 public:
  EnergyService(EventQueue& events, Tracer& trace, Network& network, WifiService& wifi)
      : events_(events), trace_(trace), network_(network), wifi_(wifi) {}
  EnergyService(const EnergyService&) = delete;
  EnergyService& operator=(const EnergyService&) = delete;

  /// Of a Wi-Fi station, or else for what goes over the node's links, which follow.
  void add(NodeIndex node, const RadioPower& model);
  void add_link(LinkIndex link);
  /// A node that is no station: its radio is on as long as it has power. A station's follows its Wi-Fi.
  void set_power(NodeIndex node, bool on);
  /// nullptr if it has no meter.
  const RadioMeter* meter(NodeIndex node) const;
  bool any() const { return !radios_.empty(); }
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Radio final : RadioListener {
    Radio(EventQueue& events, Tracer& trace, EntityId node, const RadioPower& model)
        : meter(events, trace, node, model) {}
    void transmits(Instant begin, Instant end) override { meter.uses(RadioState::transmit, begin, end); }
    void receives(Instant begin, Instant end) override { meter.uses(RadioState::receive, begin, end); }
    void rests(RadioState state) override { meter.rests(state); }
    void hears_nothing() override { meter.hears_nothing(); }
    RadioMeter meter;
  };
  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  WifiService& wifi_;
  std::map<NodeIndex, std::unique_ptr<Radio>> radios_;
};

}  // namespace wirelab
