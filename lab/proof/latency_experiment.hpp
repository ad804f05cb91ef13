// One row of truth/latency.csv as a simulated experiment: pairs of a publisher and a subscriber, each pair over a link of its own
// to one broker, and how long every message took from publish() to its delivery.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernel/time.hpp"

namespace wirelab {

struct LatencyExperiment {
  bool subscriber_behind_link = false;  // side A; else on the broker's host, B
  std::uint32_t payload = 100;          // bytes
  Duration interval = Duration::seconds(1);
  bool nodelay = false;
  int qos = 0;
  bool paho = false;  // paho 1.6 in Python, keep alive 15; else libmosquitto 2.0, keep alive 600
  double loss = 0;
  std::uint32_t pairs = 20;
  std::uint32_t messages = 100;  // of each publisher
};

struct LatencyResult {
  std::vector<double> latency_ms;  // of each delivery
  std::vector<double> ack_ms;      // from publish() to the end of the handshake; QoS 1 and 2
  std::uint64_t sent = 0;
  std::uint64_t duplicates = 0;
  void append(LatencyResult&& from);
};

LatencyResult run_latency(const LatencyExperiment& experiment, std::uint64_t seed);

}  // namespace wirelab
