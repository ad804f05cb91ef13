// A link between two nodes: two channels, one a direction, each with its own settings, queue and luck. The model is that of
// Linux's tc netem behind a serializer: a drop-tail queue, then a transmitter of a given rate, then loss, then a
// propagation delay with jitter.
//
// Loss is decided when the transmitter takes the packet up, so a lost packet has used its share of the rate. A packet that
// waits for nothing costs one event; queued ones cost one more each.
#pragma once

#include <cstdint>
#include <string>

#include "sim/kernel/random.hpp"
#include "sim/kernel/ring.hpp"
#include "sim/net/packet.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

enum class JitterShape : std::uint8_t { uniform, normal, pareto };
enum class LossKind : std::uint8_t { independent, gilbert_elliott, gilbert_elliott_in_time };

/// Two states with a loss probability each. By packet, the state may change before each packet; in time, each state lasts an
/// exponential time, whether or not packets come.
struct GilbertElliott {
  double good_to_bad = 0;  // probability a packet
  double bad_to_good = 1;
  double loss_good = 0;
  double loss_bad = 1;
  Duration mean_good = Duration::seconds(10);  // in time only
  Duration mean_bad = Duration::seconds(1);
  bool operator==(const GilbertElliott&) const = default;
};

struct ChannelSettings {
  std::int64_t rate = 0;  // bit/s, 0: not limited
  Duration delay;         // propagation
  Duration jitter;        // uniform: half width; normal: standard deviation; pareto: mean of what is added
  JitterShape jitter_shape = JitterShape::uniform;
  bool in_order = true;  // a packet never overtakes another; netem lets it
  LossKind loss_kind = LossKind::independent;
  double loss = 0;  // independent
  GilbertElliott burst;
  std::uint32_t queue_packets = 1000;  // waiting, the one being sent not counted; netem's default limit
  std::uint32_t queue_bytes = 0;       // 0: not limited
  std::uint32_t mtu = 1500;            // of the IP packet
  std::uint32_t overhead = 0;          // bytes of layer 2 a packet
  bool operator==(const ChannelSettings&) const = default;
};

/// Settings with what follows from them. Channels that are set alike share one: a large world has many of them.
struct ChannelModel {
  explicit ChannelModel(const ChannelSettings& settings);
  ChannelSettings settings;
  Probability loss, good_to_bad, bad_to_good, loss_good, loss_bad;
};

/// What a channel is handed, and hands its packets to.
struct ChannelHost {
  EventQueue& events;
  Tracer& trace;
  PacketPool& packets;
  void (*arrived)(void* network, std::uint32_t node, PacketIndex packet);
  void* network;
};

class Channel {
 public:
  Channel(ChannelHost& host, std::uint64_t seed, EntityId entity, std::uint32_t to_node,
          std::shared_ptr<const ChannelModel> model);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Takes the packet over.
  void send(PacketIndex packet);
  /// Cuts the cable: what waits and what is under way is lost. Or mends it.
  void set_up(bool up);
  /// By hand, on one packet that waits or is under way, named by its blob; false if it is not here. Only what is under way can be
  /// delayed or doubled; the second copy arrives right behind the first.
  bool drop_packet(BlobNumber blob);
  bool delay_packet(BlobNumber blob, Duration by);
  bool duplicate_packet(BlobNumber blob);
  /// What is being sent or under way keeps its times; the rest follows the new settings. False values of `loss` and delays
  /// never reach here: settings are checked where they are read.
  void change(const ChannelSettings& settings);

  const ChannelSettings& settings() const { return model_->settings; }
  bool up() const { return up_; }
  EntityId entity() const { return entity_; }
  std::uint32_t to_node() const { return to_node_; }
  std::uint32_t queued_packets() const { return queue_.size(); }
  /// The first packet under way; follow Packet::next.
  PacketIndex first_under_way() const { return under_way_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  static void on_idle(void* self, std::uint64_t);
  static void on_arrival(void* self, std::uint64_t packet);
  void transmit(PacketIndex packet);
  bool is_lost();
  Duration jitter();
  Duration serialization(std::uint32_t bytes, bool back_to_back);
  void drop(PacketIndex packet, DropReason reason);
  void link_in(PacketIndex packet, Instant arrival);
  void unlink(PacketIndex packet);
  PacketIndex under_way_with(BlobNumber blob) const;
  void trace_settings(const ChannelSettings& before, const ChannelSettings& after);

  ChannelHost& host_;
  EntityId entity_;
  std::uint32_t to_node_;
  std::shared_ptr<const ChannelModel> model_;
  bool up_ = true;
  bool bad_ = false;
  bool idle_timer_armed_ = false;
  Instant state_ends_;  // of the burst model in time
  Instant busy_until_;
  Instant last_arrival_;
  std::uint64_t carry_ = 0;  // of the division by the rate, so that no part of a nanosecond is lost back to back
  Ring<PacketIndex> queue_;
  std::uint32_t queue_bytes_ = 0;
  PacketIndex under_way_ = kNoPacket;
  TimerId idle_;  // made when a packet first waits
  // Made with the first draw, since most channels of a large world never draw.
  struct Luck {
    RandomStream loss, jitter, bursts;
  };
  Luck& luck();
  std::uint64_t seed_;
  std::unique_ptr<Luck> luck_;
};

}  // namespace wirelab
