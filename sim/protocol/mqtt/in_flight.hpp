// Messages that were sent at QoS 1 or 2 and whose handshake has not ended, in order of sending, with their packet
// identifiers. An identifier is a serial number modulo their count, so finding one is a bisection and giving one out checks for
// reuse only when the numbers have gone round [MQTT-2.3.1-2].
#pragma once

#include <cstdint>

#include "sim/kernel/ring.hpp"
#include "sim/protocol/mqtt/messages.hpp"
#include "sim/protocol/mqtt/qos.hpp"
#include "sim/protocol/mqtt/subscription_identifiers.hpp"

namespace wirelab::mqtt {

struct InFlightEntry {
  std::uint64_t serial = 0;
  MessageRef message = kNoMessage;
  SendState state = SendState::none;
  Qos qos = Qos::at_least_once;
  bool retain = false;
  PacketId packet_id = 0;
  IdentifiersRef identifiers = 0;  // at a broker
};

class InFlight {
 public:
  /// Gives out the identifiers 1 to `identifiers`.
  explicit InFlight(std::uint16_t identifiers = 65535) : identifiers_(identifiers) {}

  bool empty() const { return entries_.empty(); }
  std::uint32_t size() const { return entries_.size(); }
  InFlightEntry& operator[](std::uint32_t i) { return entries_[i]; }
  const InFlightEntry& operator[](std::uint32_t i) const { return entries_[i]; }

  /// Adds an entry under the next free identifier; one must be free.
  InFlightEntry& add(MessageRef message, Qos qos, bool retain, IdentifiersRef identifiers = 0) {
    check(entries_.size() < identifiers_, "a packet identifier is free");
    while (!entries_.empty() && entries_.front().serial + identifiers_ <= next_serial_ && in_use(next_serial_))
      ++next_serial_;
    entries_.push_back({next_serial_, message, SendState::none, qos, retain, id_of(next_serial_), identifiers});
    ++next_serial_;
    return entries_.back();
  }
  /// Adds an entry under an identifier that is not in flight: one that was saved, in its order.
  InFlightEntry& restore(PacketId id, MessageRef message, Qos qos, bool retain, IdentifiersRef identifiers) {
    next_serial_ += (id - 1u + identifiers_ - next_serial_ % identifiers_) % identifiers_;
    entries_.push_back({next_serial_, message, SendState::none, qos, retain, id, identifiers});
    ++next_serial_;
    return entries_.back();
  }
  /// The place of an identifier; size() if it is not in flight.
  std::uint32_t find(PacketId id) const {
    if (entries_.empty() || id == 0 || id > identifiers_) return entries_.size();
    // Where the first one has waited while the numbers went round often, looking through all is shorter.
    if ((entries_[entries_.size() - 1].serial - entries_.front().serial) / identifiers_ > entries_.size()) {
      std::uint32_t i = 0;
      while (i < entries_.size() && entries_[i].packet_id != id) ++i;
      return i;
    }
    for (std::uint64_t serial = first_serial_with(id); serial <= entries_[entries_.size() - 1].serial;
         serial += identifiers_) {
      const std::uint32_t i = lower_bound(serial);
      if (i < entries_.size() && entries_[i].serial == serial) return i;
    }
    return entries_.size();
  }
  void remove(std::uint32_t i) {
    if (i == 0) {
      entries_.pop_front();
    } else {
      entries_.erase(i);
    }
  }
  void clear() { entries_.clear(); }
  std::uint64_t next_serial() const { return next_serial_; }
  /// The place of the first entry whose serial number is not below this one; size() if there is none.
  std::uint32_t lower_bound(std::uint64_t serial) const {
    std::uint32_t low = 0;
    std::uint32_t high = entries_.size();
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (entries_[middle].serial < serial) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  bool has_free_identifier() const { return entries_.size() < identifiers_; }

 private:
  // The least serial number, not below the front's, that gives this identifier.
  std::uint64_t first_serial_with(PacketId id) const {
    const std::uint64_t front = entries_.front().serial;
    return front + (id - 1u + identifiers_ - front % identifiers_) % identifiers_;
  }
  PacketId id_of(std::uint64_t serial) const { return static_cast<PacketId>(serial % identifiers_ + 1); }
  bool in_use(std::uint64_t serial) const { return find(id_of(serial)) != entries_.size(); }

  Ring<InFlightEntry> entries_;
  std::uint64_t next_serial_ = 0;
  std::uint16_t identifiers_;
};

}  // namespace wirelab::mqtt
