// Messages of QoS 2 that their receiver keeps until PUBREL: method A of section 4.3.3, in which delivery waits for the release.
// Method B, which delivers at once and keeps only the identifier, needs none of it.
#pragma once

#include <memory>
#include <vector>

#include "sim/protocol/mqtt/messages.hpp"

namespace wirelab::mqtt {

/// Those of one receiver, in one pointer: most have none. Each holds a reference to its message in the pool.
class HeldMessages {
 public:
  void keep(PacketId id, MessageRef message) {
    if (all_ == nullptr) all_ = std::make_unique<std::vector<Held>>();
    all_->push_back({id, message});
  }
  /// Takes the message of this identifier out, and hands its reference over; kNoMessage if there is none.
  MessageRef take(PacketId id) {
    if (all_ == nullptr) return kNoMessage;
    for (auto at = all_->begin(); at != all_->end(); ++at) {
      if (at->id != id) continue;
      const MessageRef found = at->message;
      all_->erase(at);
      return found;
    }
    return kNoMessage;
  }
  template <typename See>
  void for_each(See&& see) const {
    if (all_ == nullptr) return;
    for (const Held& held : *all_) see(held.id, held.message);
  }
  void clear(MessagePool& messages) {
    for_each([&](PacketId, MessageRef message) { messages.release(message); });
    all_.reset();
  }

 private:
  struct Held {
    PacketId id = 0;
    MessageRef message = kNoMessage;
  };
  std::unique_ptr<std::vector<Held>> all_;
};

}  // namespace wirelab::mqtt
