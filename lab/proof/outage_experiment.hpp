// One connection pair of truth/outage.csv as a simulated experiment: paho 1.6 and mosquitto 2.0 over a link that is cut for a
// while, 222 messages, one every half second, keep alive 15 s, sessions kept. Times are seconds after the cut.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sim/kernel/time.hpp"

namespace wirelab {

struct OutageExperiment {
  bool publisher_behind_link = true;  // and the subscriber beside the broker; else the other way round
  Duration outage = Duration::seconds(10);
  int qos = 0;
};

struct OutageResult {
  std::uint32_t sent = 0, delivered = 0, duplicates = 0, refused = 0;  // refused: published without a connection
  std::optional<double> will, disconnect, reconnect;                   // of the client behind the link
  std::optional<double> first_delivery;                                // after the link's return
  double longest_latency = 0;
  // Of the segment that was sent most often since half a second before the cut: what lay between its transmissions. By its
  // sender, 'A' behind the link.
  std::map<char, std::vector<double>> gaps;
};

OutageResult run_outage(const OutageExperiment& experiment, std::uint64_t seed);

}  // namespace wirelab
