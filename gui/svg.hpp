// Pictures to keep, as SVG: the topology as it is laid out, and a stretch of the sequence of control packets.
#pragma once

#include <string>

#include "gui/layout.hpp"

namespace wirelab::gui {

/// Nodes and links, with their names. Black on white, so that it prints.
std::string topology_svg(const TraceStore::Reader& reader, const RunIndex& index);
/// The control packets sent in [from, to), at most `most` of them: lanes downwards, time to the right.
std::string sequence_svg(const TraceStore::Reader& reader, const RunIndex& index, std::int64_t from, std::int64_t to,
                         std::size_t most = 200);

}  // namespace wirelab::gui
