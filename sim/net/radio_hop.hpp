// A hop by radio that is not IP, from devices to the gateway that they belong to: what programs see of BLE and of IEEE 802.15.4. A
// message is sent whole or given up; what has arrived waits in an inbox of 64 messages until it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/net/packet.hpp"
#include "sim/net/routing.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/bytes.hpp"

namespace wirelab {

/// Member 0 is the gateway, the others are the devices in the order of the description.
using HopMember = std::uint32_t;

/// Called once for each message that was sent: none if it has arrived.
using HopDone = std::function<void(HopFailure failure)>;

struct HopMessage {
  HopMember from = 0;
  std::vector<std::uint8_t> bytes;
};

class RadioHop {
 public:
  RadioHop(EventQueue& events, Tracer& trace, std::uint64_t seed) : events_(events), trace_(trace), seed_(seed) {}
  virtual ~RadioHop() = default;
  RadioHop(const RadioHop&) = delete;
  RadioHop& operator=(const RadioHop&) = delete;

  /// A node takes part, with the directions to and from the gateway (0 for the gateway itself), in order.
  HopMember add_member(NodeIndex node, EntityId to_gateway, EntityId from_gateway);
  std::size_t members() const { return members_.size(); }
  NodeIndex node(HopMember member) const { return members_[member].node; }
  EntityId direction(HopMember from, HopMember to) const {
    return from == 0 ? members_[to].from_gateway : members_[from].to_gateway;
  }
  /// kNoMember if the node takes no part.
  HopMember member_at(NodeIndex node) const;
  static constexpr HopMember kNoMember = 0xffffffff;

  /// The longest message.
  virtual std::size_t most_bytes() const = 0;
  /// Sends a message of at most so many bytes; one end is the gateway. False if 64 wait already.
  bool send(HopMember from, HopMember to, wire::Bytes bytes, HopDone done);
  /// Whether a device and the gateway have a connection; where there are none, whether there is power.
  virtual bool connected(HopMember device) const { return members_[device].power && members_[0].power; }
  bool readable(HopMember member) const { return !members_[member].inbox.empty(); }
  /// The oldest that waits; there must be one.
  HopMessage receive(HopMember member);
  /// Called when there is something to read, or a connection came or went.
  void set_changed(HopMember member, std::function<void()> changed) { members_[member].changed = std::move(changed); }

  void set_power(HopMember member, bool on);
  /// Out of each other's reach, or back.
  void set_reach(HopMember device, bool in_reach);
  /// The share of frames of full length that are not received; shorter ones are lost less often.
  void set_loss(HopMember device, double loss);
  virtual void visit_state(StateVisitor& visitor) const;

 protected:
  struct Outgoing {
    HopMember to = 0;
    BlobNumber blob = 0;
    std::uint32_t frames = 0;  // sent for it so far
    std::vector<std::uint8_t> bytes;
    HopDone done;
  };
  struct Member {
    NodeIndex node = 0;
    EntityId to_gateway = 0, from_gateway = 0;
    bool power = true;
    bool in_reach = true;
    double loss = 0;
    std::vector<Outgoing> queue;  // a few
    std::vector<HopMessage> inbox;
    std::function<void()> changed;
    RandomStream luck;
  };
  static constexpr std::size_t kMostWaiting = 64;

  /// Something is to be sent, where nothing was to be sent to that member before.
  virtual void begin(HopMember from, HopMember to) = 0;
  /// What has to happen when a member's power or reach has changed.
  virtual void changed(HopMember member) = 0;
  /// When a message will have arrived if all goes well: for the trace.
  virtual Instant expected(HopMember from, HopMember to, std::size_t bytes) const = 0;
  bool can_hear(HopMember device) const {
    return members_[0].power && members_[device].power && members_[device].in_reach;
  }
  /// Whether a frame of so many bytes, of `full` at most, is received.
  bool is_received(HopMember device, std::size_t bytes, std::size_t full);
  void deliver(HopMember from, HopMember to, const Outgoing& message);
  /// Takes the message at `place` out of the queue, and tells what came of it.
  void finish(HopMember from, std::size_t place, HopFailure failure);
  void fail_all(HopMember from, HopMember to, HopFailure failure);
  void tell(HopMember member) {
    if (members_[member].changed) members_[member].changed();
  }

  EventQueue& events_;
  Tracer& trace_;
  std::uint64_t seed_;
  std::vector<Member> members_;
};

}  // namespace wirelab
