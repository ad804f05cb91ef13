// The devices of a group, as a list to choose from: what is chosen is taken out of the group and stands on the canvas by itself.
#pragma once

#include <span>

#include "gui/views/node_cards.hpp"

namespace wirelab::gui {

class GroupList {
 public:
  /// Draws the popup "devices of the group", if it is open.
  void draw(Look& look, const NodeCards& cards, std::span<const EntityId> members);

 private:
  char filter_[64] = "";
};

}  // namespace wirelab::gui
