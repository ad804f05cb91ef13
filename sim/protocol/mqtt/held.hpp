// A message of QoS 2 that its receiver keeps until PUBREL: method A of MQTT 3.1.1, section 4.3.3, in which delivery waits for the
// release. Method B, which delivers at once and keeps only the identifier, needs none of it.
#pragma once

#include <memory>
#include <optional>
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

/// Those of one receiver, in one pointer: most have none.
class HeldMessages {
 public:
  void keep(const Publish& packet, MessageId number) {
    if (all_ == nullptr) all_ = std::make_unique<std::vector<HeldMessage>>();
    all_->emplace_back(packet, number);
  }
  /// Takes the message of this identifier out; empty if there is none.
  std::optional<HeldMessage> take(PacketId id) {
    if (all_ == nullptr) return std::nullopt;
    for (auto at = all_->begin(); at != all_->end(); ++at) {
      if (at->id != id) continue;
      std::optional<HeldMessage> found(std::move(*at));
      all_->erase(at);
      return found;
    }
    return std::nullopt;
  }
  template <typename See>
  void for_each(See&& see) const {
    if (all_ == nullptr) return;
    for (const HeldMessage& held : *all_) see(held);
  }
  void clear() { all_.reset(); }

 private:
  std::unique_ptr<std::vector<HeldMessage>> all_;
};

}  // namespace wirelab::mqtt
