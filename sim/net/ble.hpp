// Bluetooth Low Energy: devices (peripherals) with a connection each to a gateway (the central). The two meet at connection
// events, one every interval; there the gateway sends first and the device answers 150 us later, and so on while there is more
// to send. Each packet acknowledges the last one of the other; what was not received goes again, at the next event. So a message
// waits for half an interval on average, and a lost packet costs an interval. A message is an attribute value (a notification or
// a write), cut into pieces of the link layer. After so long without a packet the connection is lost; then the device advertises
// until it is found (Bluetooth Core 5.4, Vol 6 Part B: 2.1 packets, 4.4.2 advertising, 4.5 connections; Vol 3 Parts A and F:
// L2CAP, ATT).
//
// Left out: events at which neither has anything to send (they only keep the connection), channel maps, the 2 Mbit/s and coded
// PHYs, peripheral latency, encryption, pairing, discovery of services.
#pragma once

#include "sim/net/radio_hop.hpp"

namespace wirelab {

struct BleSettings {
  Duration interval = Duration::milliseconds(50);      // 7.5 ms to 4 s, in steps of 1.25 ms
  std::uint32_t mtu = 23;                              // ATT_MTU: 3 bytes of it are ATT's own
  std::uint32_t pdu = 27;                              // most bytes of a piece; up to 251 with the length extension
  Duration supervision = Duration::seconds(4);         // without a packet, until the connection is lost
  Duration advertising = Duration::milliseconds(100);  // from one advertisement to the next, and up to 10 ms more
};

class BleNetwork final : public RadioHop {
 public:
  BleNetwork(EventQueue& events, Tracer& trace, std::uint64_t seed, const BleSettings& settings);
  ~BleNetwork() override;
  /// All devices begin to advertise. Once, after all have been added.
  void start();

  static constexpr Duration kSpacing = Duration::microseconds(150);  // T_IFS
  static constexpr std::size_t kLinkLayer = 10;                      // preamble 1, access address 4, header 2, CRC 3
  static constexpr std::size_t kAttribute = 3, kL2cap = 4;
  /// At 1 Mbit/s.
  static constexpr Duration air_time(std::size_t payload) {
    return Duration::microseconds(8 * static_cast<std::int64_t>(kLinkLayer + payload));
  }
  std::size_t most_bytes() const override { return settings_.mtu - kAttribute; }
  bool connected(HopMember device) const override { return devices_[device].up; }
  void visit_state(StateVisitor& visitor) const override;

 private:
  enum class Phase : std::uint8_t { idle, anchor, gateway_sends, device_sends };
  // The message that goes one way, by its pieces.
  struct Half {
    std::size_t acknowledged = 0;  // pieces
    bool received = false;         // the one after them was received, which its sender does not know yet
  };
  struct Device {
    TimerId event, supervision, advertisement;
    bool up = false;
    bool forgotten = false;  // by one end, which lost its power; the other one finds out by the supervision
    Phase phase = Phase::idle;
    std::int64_t first_anchor = 0;
    std::int64_t heard = 0;      // when a packet was last received
    std::size_t on_air = 0;      // bytes of the piece in the packet that is being sent; 0: it is empty
    std::int64_t event_end = 0;  // until the next one, of this or of another device, begins
    Half to_device, to_gateway;
  };

  void begin(HopMember from, HopMember to) override;
  void changed(HopMember member) override;
  Instant expected(HopMember from, HopMember to, std::size_t bytes) const override;

  static void on_event(void* self, std::uint64_t device);
  static void on_supervision(void* self, std::uint64_t device);
  static void on_advertisement(void* self, std::uint64_t device);
  Instant next_anchor(const Device& own) const;
  void heard_when_idle(Device& own) const;
  void go_on(HopMember device);
  void gateway_was_heard(HopMember device);
  void device_was_heard(HopMember device);
  void close_event(HopMember device);
  void acknowledge(HopMember from, HopMember to, Half& half);
  void receive_piece(HopMember from, HopMember to, Half& half);
  void missed(HopMember from, HopMember to);
  void lose(HopMember device);
  void advertise(HopMember device);
  // The place in the sender's queue of what it sends to the other; past the end if there is nothing.
  std::size_t place_of(HopMember from, HopMember to) const;
  std::size_t pieces(const Outgoing& message) const {
    return (message.bytes.size() + kAttribute + kL2cap + settings_.pdu - 1) / settings_.pdu;
  }
  /// Bytes of the piece that is sent next; 0: an empty packet.
  std::size_t piece_bytes(HopMember from, HopMember to, const Half& half) const;
  bool has_more(HopMember device) const;
  bool talks(HopMember device) const { return devices_[device].up && !devices_[device].forgotten && can_hear(device); }

  BleSettings settings_;
  std::vector<Device> devices_;  // by member; the gateway's is not used
};

}  // namespace wirelab
