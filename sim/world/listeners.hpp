// How a broker is reached: on which ports it listens, how long its process takes to wake up, and how long over each packet.
#pragma once

#include <optional>

#include "sim/protocol/tls/settings.hpp"
#include "sim/world/inbox.hpp"

namespace wirelab {

/// The process wakes up evenly between the two durations after something has come, 0 for at once. Until then TCP has
/// acknowledged and gone on, as an operating system does.
struct Listeners {
  bool plain = true;  // on port 1883
  std::optional<tls::ServerSettings> tls;
  Duration wake_least, wake_most;
  Processor processor;
};

}  // namespace wirelab
