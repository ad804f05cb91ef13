// What real clients and brokers do otherwise than the standard asks or leaves open, as `truth/README.md` measured it: a table of
// programs by name. The defaults are what the standard says.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "sim/kernel/check.hpp"
#include "sim/kernel/time.hpp"

namespace wirelab::mqtt {

/// When a client sends PINGREQ.
enum class PingRule : std::uint8_t {
  when_silent,         // it has sent nothing for the keep alive [MQTT-3.1.2-23]
  since_last_ping,     // every keep alive, however busy it is: paho 1.6 notes the time of CONNECT and PINGREQ only
  when_either_silent,  // it has sent nothing, or heard nothing: libmosquitto
};

struct ClientManners {
  std::string_view name = "standard";
  PingRule ping = PingRule::when_silent;
  /// The keep alive is looked at after each packet and once in this time, as a client's loop does; 0: to the instant.
  Duration looks_every;
  bool deliver_at_release = false;  // QoS 2: a message is kept until PUBREL (method A of 4.3.3)
  bool resends_all = false;  // after CONNACK all that waits goes out at once, past the limit of messages in flight
};

struct BrokerManners {
  std::string_view name = "standard";
  Duration looks_every;             // at the keep alives of its clients; 0: to the instant
  bool deliver_at_release = false;  // QoS 2: a message is passed on at PUBREL (method A of 4.3.3)
  /// QoS 2 messages beyond the limit of messages in flight are acknowledged and not kept. Against [4.3.3]: they are lost.
  bool forgets_beyond_window = false;
};

inline constexpr std::array kClientManners{
    ClientManners{},
    ClientManners{"paho 1.6", PingRule::since_last_ping, Duration::seconds(1), true, true},
    ClientManners{"libmosquitto 2.0", PingRule::when_either_silent, Duration::seconds(1), true, false},
};
inline constexpr std::array kBrokerManners{
    BrokerManners{},
    BrokerManners{"mosquitto 2.0", Duration::seconds(5), true, true},
};

template <typename Table>
auto manners_named(const Table& table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& manners) { return manners.name == name; });
  check(found != table.end(), "the table has the program");
  return *found;
}
template <typename Table>
std::vector<std::string_view> names_of_manners(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& manners : table) names.push_back(manners.name);
  return names;
}

}  // namespace wirelab::mqtt
