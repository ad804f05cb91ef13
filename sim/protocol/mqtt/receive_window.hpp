// What counts against our receive maximum on one network connection of 5.0 (section 4.9): QoS 2 messages that have come on it and
// that PUBCOMP has not ended. (QoS 1 is answered at once.) It begins anew with each connection, so a message that is left over
// from an earlier one counts only if it comes again.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

class ReceiveWindow {
 public:
  /// A QoS 2 PUBLISH has come; false if that is more than `maximum` [MQTT-3.3.4-7, MQTT-3.3.4-9].
  bool take(PacketId id, std::uint16_t maximum) {
    if (std::find(open_.begin(), open_.end(), id) != open_.end()) return true;
    if (open_.size() >= maximum) return false;
    open_.push_back(id);
    return true;
  }
  /// PUBCOMP goes out, or a PUBREC that refuses.
  void end(PacketId id) { std::erase(open_, id); }

 private:
  std::vector<PacketId> open_;
};

}  // namespace wirelab::mqtt
