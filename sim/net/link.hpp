// A link between two nodes: two channels, one a direction, each with its own settings, queue and luck. The model is that of
// Linux's tc netem behind a serializer: a drop-tail queue, then a transmitter of a given rate, then loss, duplication and
// corruption, then a propagation delay with jitter, which some packets may overtake.
//
// Chance is asked when the transmitter takes the packet up, so a lost packet has used its share of the rate, and a copy that the
// way makes has not. A packet that waits for nothing costs one event; queued ones cost one more each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/kernel/ring.hpp"
#include "sim/net/link_settings.hpp"
#include "sim/net/packet.hpp"
#include "sim/net/radio_listener.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

/// Settings with what follows from them. Channels that are set alike share one: a large world has many of them.
struct ChannelModel {
  explicit ChannelModel(const ChannelSettings& settings);
  ChannelSettings settings;
  Probability loss, good_to_bad, bad_to_good, loss_good, loss_bad, duplicate, corrupt, reorder;
  bool plain;  // loss and jitter at most: nothing is doubled, corrupted or overtakes
};

/// What a channel is handed, and hands its packets to.
struct ChannelHost {
  EventQueue& events;
  Tracer& trace;
  PacketPool& packets;
  void (*arrived)(void* network, std::uint32_t node, PacketIndex packet);
  void* network;
};

class Air;
class Channel;

/// Sees every packet that a channel begins to send, as a tap on the cable does.
class PacketListener {
 public:
  virtual ~PacketListener() = default;
  virtual void on_transmit(const Channel& channel, std::span<const std::uint8_t> packet) = 0;
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
  /// What is sent goes through the air from now on, by this port of it, and comes back by one of the two below.
  void use_air(Air* air, std::uint32_t port) { air_ = air, air_port_ = port; }
  bool is_wireless() const { return air_ != nullptr; }
  bool is_encrypted() const;
  /// From now on; it must outlive the channel.
  void add_listener(PacketListener& listener);
  /// The radios of who sends and who receives, where these are followed. They must outlive the channel.
  void set_radios(RadioListener* sender, RadioListener* receiver) {
    sender_radio_ = sender, receiver_radio_ = receiver;
  }
  /// It has left the transmitter at `departure`: the propagation delay and luck follow.
  void carry(PacketIndex packet, Instant departure);
  void drop_from_air(PacketIndex packet, DropReason reason) { drop(packet, reason); }
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
  std::uint32_t queued_packets() const;
  /// The first packet under way; follow Packet::next.
  PacketIndex first_under_way() const { return under_way_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  static void on_idle(void* self, std::uint64_t);
  static void on_arrival(void* self, std::uint64_t packet);
  void transmit(PacketIndex packet);
  void transmit_oddly(PacketIndex packet, Instant departure);
  void announce(const Packet& packet, Instant departure, Instant arrival);
  Instant arrival_of(Instant departure);
  void send_copy(PacketIndex original, Instant departure, Instant arrival);
  bool is_lost();
  bool four_states();
  Duration jitter();
  Duration serialization(std::uint32_t bytes, bool back_to_back);
  void drop(PacketIndex packet, DropReason reason);
  void link_in(PacketIndex packet, Instant arrival);
  void unlink(PacketIndex packet);
  PacketIndex under_way_with(BlobNumber blob) const;
  void trace_settings();
  void trace_change(const ChannelSettings& before, const ChannelSettings& after);

  ChannelHost& host_;
  EntityId entity_;
  std::uint32_t to_node_;
  std::shared_ptr<const ChannelModel> model_;
  bool up_ = true;
  std::uint8_t burst_state_ =
      0;  // 0 good, 1 bad; of four states 0 to 3: good, good in a burst, lost in a burst, lost alone
  bool idle_timer_armed_ = false;
  Instant states_begin_;  // of the burst model in time
  Instant state_ends_;
  Instant busy_until_;
  Instant last_arrival_;
  std::uint64_t carry_ = 0;  // of the division by the rate, so that no part of a nanosecond is lost back to back
  Ring<PacketIndex> queue_;
  std::uint32_t queue_bytes_ = 0;
  PacketIndex under_way_ = kNoPacket;
  TimerId idle_;  // made when a packet first waits
  // Made with the first draw, since most channels of a large world never draw.
  struct Luck {
    Luck(std::uint64_t seed, std::string_view name)
        : loss(seed, name, "loss"),
          jitter(seed, name, "jitter"),
          bursts(seed, name, "bursts"),
          oddities(seed, name, "oddities"),
          correlations(seed, name, "correlations") {}
    /// A draw, or that of the packet before with the probability `correlation`.
    template <typename T, typename Draw>
    T shared(double correlation, T& last, Draw&& draw) {
      if (correlation == 0 || !correlations.chance(Probability::of(correlation))) last = draw();
      return last;
    }
    RandomStream loss, jitter, bursts, oddities, correlations;
    Duration last_jitter;
    bool last_lost = false, last_duplicated = false, last_corrupted = false, last_reordered = false;
    std::uint32_t since_reordered = 0;
  };
  Luck& luck();
  std::uint64_t seed_;
  std::unique_ptr<Luck> luck_;
  Air* air_ = nullptr;
  std::uint32_t air_port_ = 0;
  std::unique_ptr<std::vector<PacketListener*>> listeners_;  // hardly any channel has one
  RadioListener* sender_radio_ = nullptr;
  RadioListener* receiver_radio_ = nullptr;
};

}  // namespace wirelab
