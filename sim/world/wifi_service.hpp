// Wi-Fi in a world: access points and the stations that look for them, join them, are sent away, lose them and come back.
// Stations scan all 13 channels of 2.4 GHz, take the strongest access point of the name, authenticate, associate and exchange
// keys by real frames through the shared air; then the link is up and DHCP may begin. A wrong passphrase is noticed by the
// access point alone, which says nothing until its handshake times out.
//
// Times: 100 ms a channel, as ESP-IDF scans; answers are waited for a second; hostapd repeats the first key frame after 100 ms,
// then every second, four times in all; a station that hears no beacon for 6 s gives up (ESP-IDF's default). Where a station
// reconnects by itself it waits 1, 2, 4 ... 30 s and up to a quarter more. One that hears its access point below -75 dBm looks
// around every 10 s, and goes over to one of the same name that is 8 dB stronger. Left out: the time that a processor takes to
// derive keys, 5 GHz, WPA3, fast roaming.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/net/air.hpp"
#include "sim/net/network.hpp"
#include "sim/wire/wifi.hpp"

namespace wirelab {

struct AccessPointSettings {
  std::string ssid;
  std::string password;  // empty: an open network
  double transmit_dbm = 20;
  double fading_db = 3;
};

struct StationSettings {
  std::string ssid;  // empty: the program says which
  std::string password;
  double transmit_dbm = 20;
  double walls_db = 0;
};

struct Place {
  double x = 0, y = 0;  // metres
};

/// An access point as a scan finds it.
struct HeardPoint {
  NodeIndex node = 0;
  std::string ssid;
  double dbm = 0;
  bool encrypted = false;
};

class WifiService {
 public:
  /// Called when a station's link is there (point: the access point's node) or gone (kNowhere), and whenever an attempt has
  /// ended.
  using Changed = std::function<void(NodeIndex station, NodeIndex point)>;
  WifiService(EventQueue& events, Tracer& trace, Network& network, std::uint64_t seed, Changed changed);
  ~WifiService();
  WifiService(const WifiService&) = delete;
  WifiService& operator=(const WifiService&) = delete;

  void add_access_point(NodeIndex node, const AccessPointSettings& settings, Place place, Realm realm);
  void add_station(NodeIndex node, const StationSettings& settings, Place place);
  /// Hears what the station's radio does; before it is switched on. It must outlive the service.
  void set_radio(NodeIndex station, RadioListener* radio) { stations_[station_of_.at(station)].radio = radio; }
  bool is_station(NodeIndex node) const { return station_of_.contains(node); }
  bool is_access_point(NodeIndex node) const { return point_of_.contains(node); }

  /// Power: a station with a network of its own begins to look for it; an access point answers again, and knows nobody.
  static constexpr Duration kScan = Duration::milliseconds(13 * 100);  // of all channels
  void switch_on(NodeIndex node);
  void switch_off(NodeIndex node);
  /// Looks for the network and joins it, once; what comes of it is told by changed().
  void connect(NodeIndex station, const std::string& ssid, const std::string& password);
  void disconnect(NodeIndex station);
  /// The access point sends the station away.
  void deauthenticate(NodeIndex station);
  void move(NodeIndex node, Place to);

  wifi::State state(NodeIndex station) const { return stations_[station_of_.at(station)].state; }
  wifi::Reason last_reason(NodeIndex station) const { return stations_[station_of_.at(station)].reason; }
  const std::string& ssid(NodeIndex station) const { return stations_[station_of_.at(station)].ssid; }
  /// dBm of the access point that it has joined; empty where it has joined none.
  std::optional<double> signal(NodeIndex station) const;
  /// Who can be heard at the place of the station now, the strongest first.
  std::vector<HeardPoint> heard(NodeIndex station) const;
  /// The air of an access point.
  const Air& air(NodeIndex point) const { return *points_[point_of_.at(point)]->air; }
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Point : AirUser {
    WifiService* service = nullptr;
    std::uint32_t index = 0;
    NodeIndex node = 0;
    AccessPointSettings settings;
    Place place;
    Realm realm = 0;
    bool up = false;
    std::unique_ptr<Air> air;
    std::vector<std::uint32_t> members;  // the service's station of each of the air's
    void received(StationIndex station, std::uint16_t frame, bool from_station) override;
    void received_from_stranger(StationIndex station) override;
  };
  struct Joint {  // a station and an access point that have met
    StationIndex in_air = 0;
    LinkIndex link = kNowhere;
  };
  struct Station {
    NodeIndex node = 0;
    StationSettings settings;
    Place place;
    RadioListener* radio = nullptr;
    wifi::State state = wifi::State::off;
    std::string ssid, password;
    bool keeps_on = false;  // reconnects by itself
    std::uint32_t point = kNobody;
    wifi::Reason reason = wifi::Reason::none;
    std::uint32_t failures = 0;   // in a row
    std::uint32_t key_tries = 0;  // of the access point
    TimerId timers[static_cast<std::size_t>(wifi::Timer::count_)];
    std::map<std::uint32_t, Joint> met;
    RandomStream luck;
  };
  static constexpr std::uint32_t kNobody = 0xffffffff;
  static void on_step(void* self, std::uint64_t station);
  static void on_beacon(void* self, std::uint64_t station);
  static void on_key(void* self, std::uint64_t station);
  static void on_roam(void* self, std::uint64_t station);
  EntityId entity(const Station& station) const { return network_.node(station.node).entity; }
  void set_state(Station& station, wifi::State to);
  void arm(Station& station, wifi::Timer timer, Duration after);
  void disarm(Station& station, wifi::Timer timer);
  void fired(Station& station, wifi::Timer timer);
  double power_at(const Station& station, const Point& point) const;
  std::uint32_t best_point(const Station& station) const;
  void scan(Station& station);
  void approach(Station& station, std::uint32_t point);
  void send(Station& station, wifi::Frame frame, bool from_station);
  void received_by_point(Station& station, wifi::Frame frame);
  void received_by_station(Station& station, wifi::Frame frame);
  void first_key(Station& station);
  void join(Station& station);
  void leave(Station& station, wifi::Reason reason);
  void fail(Station& station, wifi::Reason reason);
  void try_later(Station& station);
  void drop_link(Station& station);
  void measure(Station& station);
  void measure_members(Point& point);
  void set_point(Station& station, std::uint32_t point);
  void tell(Station& station, wifi::Event event, wifi::Reason reason);
  std::uint32_t index_of(const Station& station) const {
    return static_cast<std::uint32_t>(&station - stations_.data());
  }

  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  std::uint64_t seed_;
  Changed changed_;
  std::vector<std::unique_ptr<Point>> points_;
  std::vector<Station> stations_;
  std::map<NodeIndex, std::uint32_t> point_of_, station_of_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> points_of_;  // by SSID
};

}  // namespace wirelab
