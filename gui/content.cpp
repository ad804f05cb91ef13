#include "gui/content.hpp"

#include "sim/view/dissect.hpp"

namespace wirelab::gui {
namespace {

// The control packet in whose handling a record was written.
const Exchange* receipt_before(const Look& look, RecordNumber number) {
  constexpr int kNear = 8;
  for (int i = 0; i < kNear && number >= look.reader.first(); ++i) {
    const Record& r = look.reader.record(number);
    if (r.kind == Kind::mqtt_received) return look.index.exchange_at(r.subject, r.a);
    number = r.cause;
  }
  return nullptr;
}

}  // namespace

std::optional<mqtt::Packet> decoded(std::span<const std::uint8_t> bytes, mqtt::Version version) {
  const auto header = mqtt::decode_fixed_header(bytes, version);
  if (!header || !header->has_value() || (*header)->size() > bytes.size()) return std::nullopt;
  const auto packet = mqtt::decode(**header, bytes.first((*header)->size()), version);
  if (!packet) return std::nullopt;
  return *packet;
}

std::optional<Content> content_of(const Look& look, MessageId message) {
  const RecordNumber origin = look.index.origin_of(message);
  if (origin < look.reader.first() || origin > look.reader.last()) return std::nullopt;
  const Record& r = look.reader.record(origin);
  if (r.kind == Kind::message_accepted && r.b != 0) return content_of(look, static_cast<MessageId>(r.b));  // of a will
  const Exchange* exchange = receipt_before(look, origin);
  if (exchange == nullptr) return std::nullopt;
  const auto bytes = bytes_of(look, *exchange);
  const auto packet = decoded(bytes, exchange->version);
  if (!packet) return std::nullopt;
  const auto content = [](std::string_view topic, wire::Bytes payload, mqtt::Qos qos, bool retain) {
    return Content{std::string(topic), printable_text(payload), payload.size(), static_cast<int>(qos), retain};
  };
  if (const auto* publish = std::get_if<mqtt::Publish>(&*packet))
    return content(publish->topic, publish->payload, publish->qos, publish->retain);
  if (const auto* connect = std::get_if<mqtt::Connect>(&*packet); connect != nullptr && connect->will)
    return content(connect->will->topic, connect->will->payload, connect->will->qos, connect->will->retain);
  return std::nullopt;
}

}  // namespace wirelab::gui
