#include "gui/selection.hpp"

#include <algorithm>

namespace wirelab::gui {

void select_node(Selection& selection, EntityId node) { selection.node = node, selection.link = 0; }
void select_link(Selection& selection, EntityId link) { selection.link = link, selection.node = 0; }

void select_exchange(Selection& selection, const RunIndex& index, const Exchange& exchange, std::int64_t by) {
  selection.exchange = exchange.sent;
  selection.message = exchange.message;
  selection.packet = index.carrier(exchange, by);
  selection.byte_begin = selection.byte_end = 0;
}

void select_packet(Selection& selection, const RunIndex& index, BlobNumber packet) {
  const IndexedPacket* known = index.packet(packet);
  const Exchange* carried =
      known != nullptr && known->end > known->begin ? index.exchange_at(known->stream, known->begin) : nullptr;
  selection.packet = packet;
  selection.exchange = carried == nullptr ? 0 : carried->sent;
  selection.message = carried == nullptr ? 0 : carried->message;
  selection.byte_begin = selection.byte_end = 0;
}

bool select_record(Selection& selection, const TraceStore::Reader& reader, const RunIndex& index, RecordNumber number) {
  const EntityId where = reader.record(number).entity;
  if (const IndexedChannel* channel = index.channel(where)) {
    select_link(selection, channel->link);
  } else if (const IndexedEntity* entity = index.find(where)) {
    if (entity->node != 0) {
      select_node(selection, entity->node);
    } else if (entity->kind == EntityKind::link) {
      select_link(selection, where);
    }
  }
  constexpr int kNear = 8;
  for (int i = 0; i < kNear && number >= reader.first(); ++i) {
    const Record& r = reader.record(number);
    switch (r.kind) {
      case Kind::packet_sent:
      case Kind::packet_transmitted:
      case Kind::packet_arrived:
      case Kind::packet_dropped:
      case Kind::packet_delayed:
      case Kind::packet_corrupted: select_packet(selection, index, r.key); return true;
      case Kind::mqtt_sent:
      case Kind::mqtt_received:
      case Kind::retransmission: {
        const Exchange* exchange = index.exchange_at(r.subject, r.a);
        if (exchange == nullptr) break;
        select_exchange(selection, index, *exchange, r.at);
        return true;
      }
      default: break;
    }
    number = r.cause;
  }
  return false;
}

}  // namespace wirelab::gui
