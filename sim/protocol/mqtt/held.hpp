// A message of QoS 2 that its receiver keeps until PUBREL: method A of MQTT 3.1.1, section 4.3.3, in which delivery waits for the
// release. Method B, which delivers at once and keeps only the identifier, needs none of it.
#pragma once

#include <string>
#include <vector>

#include "sim/trace/record.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

struct HeldMessage {
  PacketId id = 0;
  std::string topic;
  std::vector<std::uint8_t> payload;
  bool retain = false;
  MessageId message = 0;

  HeldMessage(const Publish& packet, MessageId number)
      : id(packet.packet_id),
        topic(packet.topic),
        payload(packet.payload.begin(), packet.payload.end()),
        retain(packet.retain),
        message(number) {}
  Publish publish() const {
    Publish packet;
    packet.topic = topic;
    packet.payload = payload;
    packet.qos = Qos::exactly_once;
    packet.retain = retain;
    packet.packet_id = id;
    return packet;
  }
};

/// Takes the message of this identifier out of the list; false if there is none.
inline bool take_held(std::vector<HeldMessage>& held, PacketId id, std::vector<HeldMessage>& out) {
  for (auto at = held.begin(); at != held.end(); ++at) {
    if (at->id != id) continue;
    out.push_back(std::move(*at));
    held.erase(at);
    return true;
  }
  return false;
}

}  // namespace wirelab::mqtt
