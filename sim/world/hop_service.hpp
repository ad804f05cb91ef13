// The hops of a world that carry no IP: serial lines between two nodes, and radio networks of BLE or IEEE 802.15.4 around a
// gateway. Each end is a node's; its program reads and writes it. In the trace a direction is named "sensor>gateway (ble)".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/net/ble.hpp"
#include "sim/net/network.hpp"
#include "sim/net/pan.hpp"
#include "sim/net/serial.hpp"

namespace wirelab {

/// A hop as plain data. `nodes`: the two ends of a serial line, or the gateway and its devices.
struct HopDescription {
  enum class Kind : std::uint8_t { serial, ble, ieee802154 };
  Kind kind = Kind::serial;
  std::vector<std::string> nodes;
  SerialSettings first, second;  // of a serial line's ports
  double bit_errors = 0;         // share of the bits that noise turns on a serial line
  BleSettings ble;
  double loss = 0;  // of a radio hop: share of the longest frames
};
std::string_view name_of(HopDescription::Kind kind);

class HopService {
 public:
  HopService(EventQueue& events, Tracer& trace, Network& network, std::uint64_t seed)
      : events_(events), trace_(trace), network_(network), seed_(seed) {}

  /// `nodes` are those of the description.
  void add(const HopDescription& description, const std::vector<NodeIndex>& nodes);
  /// Radio devices begin to look for their gateways. Once.
  void start();

  /// A port of a serial line at this node.
  struct PortAt {
    SerialPort* port = nullptr;
    NodeIndex peer = 0;
  };
  std::vector<PortAt> ports(NodeIndex node) const;
  /// A radio network that the node takes part in.
  struct RadioAt {
    RadioHop* hop = nullptr;
    HopMember member = 0;
    HopDescription::Kind kind = HopDescription::Kind::ble;
  };
  std::vector<RadioAt> radios(NodeIndex node) const;

  void set_power(NodeIndex node, bool on);
  /// The hop that joins the two, by its kind where more than one does ("serial", "ble", "802.15.4"; empty: any). False if
  /// there is none.
  bool joins(NodeIndex a, NodeIndex b, std::string_view kind) const;
  /// The cable is cut, or the two are out of each other's reach; or they are back.
  void set_cut(NodeIndex a, NodeIndex b, std::string_view kind, bool cut);
  /// What may be changed while it runs: the share of lost frames of a radio ("loss"), of turned bits of a serial line ("corrupt").
  bool is_serial(NodeIndex a, NodeIndex b, std::string_view kind) const;
  void impair(NodeIndex a, NodeIndex b, std::string_view kind, double share);
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Line {
    NodeIndex a = 0, b = 0;
    std::unique_ptr<SerialPort> at_a, at_b;
  };
  struct Radio {
    HopDescription::Kind kind;
    std::unique_ptr<RadioHop> hop;
    BleNetwork* ble = nullptr;  // where it is one
  };
  struct Directions {
    EntityId there = 0, back = 0;
  };
  template <typename Change>
  void for_lines(NodeIndex a, NodeIndex b, std::string_view kind, Change&& change);
  template <typename Change>
  void for_radios(NodeIndex a, NodeIndex b, std::string_view kind, Change&& change);
  Directions define(NodeIndex a, NodeIndex b, HopDescription::Kind kind);

  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  std::uint64_t seed_;
  std::vector<Line> lines_;
  std::vector<Radio> radios_;
};

}  // namespace wirelab
