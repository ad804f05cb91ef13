#include "lab/proof/torture/recording.hpp"

#include <algorithm>

#include "sim/wire/mqtt_word.hpp"

namespace wirelab::torture {

bool Recording::is_kept(const Record& record) {
  switch (record.kind) {
    case Kind::mqtt_sent:
    case Kind::mqtt_received:
    case Kind::message_accepted:
    case Kind::message_routed:
    case Kind::message_delivered:
    case Kind::message_lost:
    case Kind::session_event:
    case Kind::will_published:
    case Kind::intervention:
    case Kind::stream_joined:
    case Kind::defined: return true;
    case Kind::state:
      switch (static_cast<Field>(record.field)) {
        case Field::session_connected:
        case Field::session_queued:
        case Field::session_inflight:
        case Field::session_subscription:
        case Field::client_inflight:
        case Field::client_state:
        case Field::client_queued:
        case Field::broker_retained: return true;
        default: return false;
      }
    default: return false;
  }
}

void Recording::consume(const TracePart& part) {
  const TraceChunk& chunk = part.chunk;
  for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
    const Record& record = chunk.record[i];
    if (record.kind == Kind::packet_sent && record.subject != 0 && record.b > record.a) {
      // The blob lies in the chunk of its record: both are made at one go, and a chunk ends between records.
      const auto bytes = record.key >= chunk.first_blob && record.key < chunk.first_blob + chunk.blobs
                             ? chunk.blob(record.key - chunk.first_blob)
                             : std::span<const std::uint8_t>();
      const auto size = static_cast<std::size_t>(record.b - record.a);
      std::vector<std::uint8_t>& stream = streams_[record.subject];
      if (bytes.size() >= size && static_cast<std::size_t>(record.a) <= stream.size()) {
        if (stream.size() < static_cast<std::size_t>(record.b)) stream.resize(static_cast<std::size_t>(record.b));
        const auto payload = bytes.last(size);
        std::copy(payload.begin(), payload.end(), stream.begin() + record.a);
      }
    }
    if (is_kept(record)) entries_.push_back({chunk.first_record + i, record});
  }
}

std::optional<mqtt::Packet> Recording::packet(const Record& record) const {
  const auto found = streams_.find(record.subject);
  if (found == streams_.end() || static_cast<std::size_t>(record.b) > found->second.size()) return std::nullopt;
  const mqtt::Bytes bytes =
      mqtt::Bytes(found->second)
          .subspan(static_cast<std::size_t>(record.a), static_cast<std::size_t>(record.b - record.a));
  const mqtt::Version version = mqtt::version_of(record.field);
  const auto header = mqtt::decode_fixed_header(bytes, version);
  if (!header || !header->has_value() || (*header)->size() != bytes.size()) return std::nullopt;
  auto packet = mqtt::decode(**header, bytes, version);
  if (!packet) return std::nullopt;
  return *packet;
}

}  // namespace wirelab::torture
