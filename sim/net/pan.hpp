// A personal area network of IEEE 802.15.4 at 2.4 GHz: devices around a coordinator, 250 kbit/s, frames of at most 127 bytes,
// shared air. Who has something to send waits a random number of periods, looks whether the air is free, turns its radio and
// sends; the receiver acknowledges; without that it is sent again, three times at most (IEEE 802.15.4-2020: unslotted CSMA-CA in
// 6.2.5.1, acknowledged transmission in 6.7.4, the constants of clause 8.4, the O-QPSK PHY in clause 12).
//
// Left out: beacons and superframes, security, addressing beyond one network, hidden devices, 6LoWPAN above it.
#pragma once

#include "sim/net/radio_hop.hpp"

namespace wirelab {

class PersonalAreaNetwork final : public RadioHop {
 public:
  PersonalAreaNetwork(EventQueue& events, Tracer& trace, std::uint64_t seed) : RadioHop(events, trace, seed) {}
  ~PersonalAreaNetwork() override;

  static constexpr std::size_t kLongestFrame = 127;  // aMaxPhyPacketSize
  static constexpr std::size_t kHeader = 9, kCheckSum = 2;
  static constexpr Duration kSymbol = Duration::microseconds(16);
  /// Air time of a frame of so many bytes with its header and check sum: 4 bytes of preamble, one of delimiter, one of length
  /// before it; two symbols a byte.
  static constexpr Duration air_time(std::size_t bytes) {
    return kSymbol * (2 * (6 + static_cast<std::int64_t>(bytes)));
  }
  std::size_t most_bytes() const override { return kLongestFrame - kHeader - kCheckSum; }

 private:
  enum class Phase : std::uint8_t { idle, listening, turning, sending, answer_due, answering, unanswered, spacing };
  struct Station {
    TimerId timer;
    RandomStream luck;
    Phase phase = Phase::idle;
    std::uint32_t busy = 0;      // times that the air was not free: NB
    std::uint32_t exponent = 0;  // BE
    std::uint32_t tries = 0;
    bool hit = false;        // another one sent meanwhile
    bool delivered = false;  // an earlier try of the same message was received
  };

  void begin(HopMember from, HopMember to) override;
  void changed(HopMember member) override;
  Instant expected(HopMember from, HopMember to, std::size_t bytes) const override;

  static void on_timer(void* self, std::uint64_t member);
  Station& station(HopMember member);
  void next_message(HopMember member);
  void back_off(HopMember member);
  void go_on(HopMember member);
  void end_of_frame(HopMember member);
  void end_of_answer(HopMember member);
  void again(HopMember member);
  void take_air(HopMember member);
  void leave_air(HopMember member);
  void arm(HopMember member, Phase phase, Duration after);
  std::size_t frame_bytes(const Outgoing& message) const { return kHeader + message.bytes.size() + kCheckSum; }
  // The end of the exchange that is a device.
  HopMember device_of(HopMember member) const { return member == 0 ? members_[0].queue.front().to : member; }

  std::vector<Station> stations_;
  std::vector<HopMember> on_air_;  // whose exchange has a frame, or its acknowledgement, on the air
};

}  // namespace wirelab
