// The air around one access point, shared by it and its stations: who has something to send listens, waits a random number of
// slots and sends; who begins in the same slot collides, and tries again later (the distributed coordination function, IEEE
// 802.11-2020, 10.3.4). A frame that nobody acknowledges is sent again, seven times at most, ever slower; so a poor signal costs
// air time and delay first, and packets last.
//
// Left out: hidden stations, other networks on the same channel, frame aggregation, RTS and CTS, power save, and beacons' share
// of the air (about 1 %).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/net/link.hpp"
#include "sim/net/radio.hpp"

namespace wirelab {

/// A station of an access point, counted from 0 in the order of joining it first.
using StationIndex = std::uint32_t;

/// Takes the management frames that have crossed the air, and hears of those that were given up.
struct AirUser {
  virtual ~AirUser() = default;
  virtual void received(StationIndex station, std::uint16_t frame, bool from_station) = 0;
  /// A data frame of a station that has not joined: an access point answers it with deauthentication.
  virtual void received_from_stranger(StationIndex station) = 0;
};

class Air {
 public:
  /// `point` is the access point's entity.
  Air(ChannelHost& host, std::uint64_t seed, EntityId point, AirUser& user);
  ~Air();
  Air(const Air&) = delete;
  Air& operator=(const Air&) = delete;

  /// The channels of its link to the access point; what is sent into them goes through the air from now on.
  StationIndex add_station(EntityId entity, Channel& from_station, Channel& to_station);
  /// As it is received at either end, dBm.
  void set_signal(StationIndex station, double dbm);
  double signal(StationIndex station) const { return stations_[station].dbm; }
  /// Whether its data frames are taken, and encrypted. One that has not joined exchanges management frames only.
  void set_joined(StationIndex station, bool joined, bool encrypted);
  bool joined(StationIndex station) const { return stations_[station].joined; }
  /// Whether what goes by this port is.
  bool is_encrypted(std::uint32_t port) const { return stations_[port >> 1].encrypted; }
  /// Hears what the station's radio does. It must outlive the air.
  void set_radio(StationIndex station, RadioListener* radio) { stations_[station].radio = radio; }
  /// What waits for a station or at it is given up.
  void forget(StationIndex station);
  /// Without power nobody answers the stations.
  void set_up(bool up);
  void set_fading(double db) { fading_ = db; }

  /// Takes a packet over from a channel of a station. `port`: the station times 2, and 1 for what it sends.
  void offer(Channel& channel, std::uint32_t port, PacketIndex packet);
  void send_management(StationIndex station, std::uint16_t frame, std::uint32_t bytes, bool from_station);

  /// Packets that wait in the queue that this port sends from.
  std::uint32_t queued(std::uint32_t port) const {
    return transmitters_[(port & 1) != 0 ? (port >> 1) + 1 : 0].queue.size();
  }
  /// Nanoseconds in which somebody was sending.
  std::int64_t busy_time() const { return busy_time_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Frame {
    PacketIndex packet = kNoPacket;  // or a management frame
    StationIndex station = 0;
    std::uint16_t management = 0;
    std::uint16_t bytes = 0;
  };
  struct Transmitter {
    Ring<Frame> queue;
    std::uint32_t backoff = 0;  // slots
    std::uint32_t window = radio::kLeastWindow;
    std::uint32_t retries = 0;
  };
  struct Station {
    EntityId entity = 0;
    Channel* to_point = nullptr;
    Channel* from_point = nullptr;
    RadioListener* radio = nullptr;
    double dbm = radio::kUnheard;
    bool joined = false;
    bool encrypted = false;
  };
  struct Winner {
    std::uint32_t transmitter;
    bool success = false;
    bool stranger = false;  // received, but from a station that has not joined
  };
  enum class State : std::uint8_t { idle, counting, busy };

  // Transmitter 0 is the access point's, 1 + n that of station n.
  static void on_timer(void* self, std::uint64_t);
  void push(std::uint32_t transmitter, const Frame& frame);
  void settle();
  void count_down();
  void begin_exchange();
  void end_exchange();
  Duration attempt(Winner& winner, bool alone);
  static void tell_radio(const Station& station, bool from_station, Instant begin, Duration takes, bool acknowledged);
  void give_up(std::uint32_t transmitter);
  void end_frame(std::uint32_t transmitter);
  std::uint32_t draw(const Transmitter& transmitter) {
    return static_cast<std::uint32_t>(luck_.below(transmitter.window + 1));
  }
  Channel& channel_of(std::uint32_t transmitter, const Frame& frame) {
    const Station& station = stations_[frame.station];
    return transmitter == 0 ? *station.from_point : *station.to_point;
  }

  ChannelHost& host_;
  EntityId point_;
  AirUser& user_;
  RandomStream luck_, noise_;
  double fading_ = 3;
  bool up_ = true;
  State state_ = State::idle;
  TimerId timer_;
  Instant idle_since_, count_began_;
  std::int64_t busy_time_ = 0;
  std::vector<Station> stations_;
  std::vector<Transmitter> transmitters_;
  std::vector<std::uint32_t> contenders_;  // transmitters that have something to send, in the order in which they came
  std::vector<Winner> winners_;            // of the exchange that goes on
  struct Received {
    Frame frame;
    bool from_station;
    bool stranger;
  };
  std::vector<Received> received_;  // in the last one
};

}  // namespace wirelab
