// Pictures to keep, as SVG, of what the canvas and the sequence show at the shown instant. Black on white, so that they print.
#pragma once

#include <span>
#include <string>

#include "gui/look.hpp"
#include "gui/views/node_cards.hpp"

namespace wirelab::gui {

/// Nodes with what they are doing, links with their impairments or cut, and the packets that are under way.
std::string topology_svg(const Look& look, const Layout& layout, const NodeCards& cards);
/// The control packets in [from, to) between these lanes, the future faint, losses marked.
std::string sequence_svg(const Look& look, std::int64_t from, std::int64_t to, std::span<const EntityId> lanes);

}  // namespace wirelab::gui
