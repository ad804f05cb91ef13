// What became of each message of a run, as plain facts that a judge of lessons reads: who published it, when, whom it reached,
// and why it was lost. A message is followed over its hops by the range of the stream that carried it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/trace/store.hpp"

namespace wirelab {

struct MessageFacts {
  std::string topic;
  std::string from;  // the device; of a will, whose it is
  int qos = 0;
  bool retain = false;
  bool will = false;
  std::string will_cause;
  std::int64_t at = 0;            // published, or fired, ns
  std::int64_t accepted_at = -1;  // by the broker; -1: never
  std::int64_t routed = 0;        // to so many sessions
  struct Sending {                // of its PUBLISH, on any hop
    std::string from;
    std::int64_t at = 0;
    bool dup = false;
  };
  std::vector<Sending> sendings;
  struct Delivery {
    std::string to;
    std::int64_t at = 0;
    int qos = 0;
    bool retain = false, dup = false;
  };
  std::vector<Delivery> deliveries;
  std::vector<std::string> lost;  // why, once for each who does not get it
};

/// All messages, in the order in which they were first seen.
std::vector<MessageFacts> message_facts(const TraceStore::Reader& reader);

}  // namespace wirelab
