// What is selected: the same in every view. A view that offers something to choose calls one of these, so that whatever is chosen,
// by whatever way, the packet, the control packet and the message that belong together are selected together.
#pragma once

#include "sim/view/run_index.hpp"

namespace wirelab::gui {

struct Selection {
  EntityId node = 0;
  EntityId link = 0;
  BlobNumber packet = 0;
  RecordNumber exchange = 0;  // its mqtt_sent record
  MessageId message = 0;
  std::uint32_t byte_begin = 0;  // in the packet
  std::uint32_t byte_end = 0;
};

/// Either a node or a link is selected, never both.
void select_node(Selection& selection, EntityId node);
void select_link(Selection& selection, EntityId link);
/// A control packet, with the packet that had carried its beginning by the instant, if one had.
void select_exchange(Selection& selection, const RunIndex& index, const Exchange& exchange, std::int64_t by);
/// A packet, with the first control packet whose bytes it carries.
void select_packet(Selection& selection, const RunIndex& index, BlobNumber packet);
/// Where it happened, and the packet that the record is about or that led to it. False if none did.
bool select_record(Selection& selection, const TraceStore::Reader& reader, const RunIndex& index, RecordNumber number);

}  // namespace wirelab::gui
