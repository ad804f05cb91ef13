// One row of truth/polling.csv as a simulated experiment: a value that changes every 5 s is asked for over HTTP, with a connection
// kept or a new one each time, or pushed by MQTT to a subscriber.
#pragma once

#include <cstdint>
#include <vector>

namespace wirelab {

struct PollingExperiment {
  enum class Mode : std::uint8_t { keepalive, new_connection, mqtt } mode = Mode::keepalive;
  int qos = 0;  // of MQTT
  double loss = 0;
  std::uint32_t links = 6;    // each with its own pair of hosts
  std::uint32_t events = 15;  // on each link
};

struct PollingResult {
  std::vector<double> latency_ms;  // from asking, or from publish(), to the last byte
  // Sums over all links, of IP; and those of each link's last event alone.
  std::uint64_t up_bytes = 0, down_bytes = 0, up_packets = 0, down_packets = 0;
  std::uint64_t last_up_bytes = 0, last_down_bytes = 0, last_up_packets = 0, last_down_packets = 0;
};

PollingResult run_polling(const PollingExperiment& experiment, std::uint64_t seed);

}  // namespace wirelab
