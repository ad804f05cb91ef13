// The menu of what can be done to a node, a link or a packet under way: each entry an intervention, explained in a line.
#pragma once

#include "gui/look.hpp"

namespace wirelab::gui {

enum class TargetKind : unsigned char { none, node, group, link, packet };

struct Target {
  TargetKind kind = TargetKind::none;
  EntityId entity = 0;  // the node, the first of the group, the link, or the direction of a link that the packet is on
  BlobNumber packet = 0;
};

/// Draws the popup "what to do", if it is open. Only the newest instant can be acted on.
void draw_action_menu(Look& look, const Target& target);

}  // namespace wirelab::gui
