// What runs on a device. The world starts and ends it; between, it acts through timers and the endpoints that it makes.
#pragma once

#include "sim/trace/state_visitor.hpp"
#include "sim/wire/ipv4.hpp"

namespace wirelab {

class MqttEndpoint;

/// How a program comes to its end.
enum class Ending : unsigned char {
  stop,   // asked to: it disconnects
  crash,  // the process dies: the operating system closes its connections
  power,  // the plug is pulled: nobody is told
};

class Program {
 public:
  virtual ~Program() = default;
  /// Begins from the beginning. Called once for an object.
  virtual void start() = 0;
  /// Ends it; the object is destroyed afterwards.
  virtual void end(Ending ending) = 0;
  /// The device's address is there, or gone (0).
  virtual void address_changed(wire::Ipv4Address) {}
  virtual void visit_state(StateVisitor&) const {}
  /// The client that stands for the program where a person publishes or subscribes as it; null if it has made none.
  virtual MqttEndpoint* endpoint() { return nullptr; }
};

}  // namespace wirelab
