// The conversations of truth/wire.csv, packet by packet: mosquitto_pub and mosquitto_sub with a broker behind a link of 25 ms and
// 1 Mbit/s.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wirelab {

struct WireCase {
  int qos = 0;
  bool credentials = false, will = false;
  bool subscriber = false;  // else it publishes once, and leaves
};

struct WirePacket {
  bool up = false;  // from the client
  int ip_length = 0, tcp_header = 0, payload = 0, tcp_flags = 0;
  std::string mqtt_type;  // of the first control packet in it; empty: none
  bool operator==(const WirePacket&) const = default;
};

/// The packets in the order in which they are sent.
std::vector<WirePacket> run_wire(const WireCase& experiment, std::uint64_t seed);

}  // namespace wirelab
