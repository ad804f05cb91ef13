// What is kept of a run's trace to judge it: the records about MQTT, and the bytes of every direction of every connection, put
// together from the packets. So a control packet that a record names can be decoded again from what really went over the wire.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/trace/sink.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::torture {

class Recording final : public Sink {
 public:
  struct Entry {
    RecordNumber number;
    Record record;
  };
  void consume(const TracePart& part) override;

  const std::vector<Entry>& entries() const { return entries_; }
  /// Of Kind::mqtt_sent or mqtt_received; empty if its bytes never left. Points into the recording.
  std::optional<mqtt::Packet> packet(const Record& record) const;

 private:
  static bool is_kept(const Record& record);
  std::vector<Entry> entries_;
  std::map<StreamId, std::vector<std::uint8_t>> streams_;
};

}  // namespace wirelab::torture
