// What nodes look like on the canvas: cards for devices, squares for brokers and routers, a stack for a group; each with its
// name, what it is doing, and a sign for how it is.
#pragma once

#include <map>
#include <vector>

#include "gui/look.hpp"
#include "gui/views/canvas_frame.hpp"

namespace wirelab::gui {

/// "300 devices", "1650 nodes".
std::string group_name(const Placed& group);

class NodeCards {
 public:
  /// Which client stands on which node, and which session with which broker; again whenever entities or links have
  /// come.
  void read(const RunIndex& index);
  /// Draws one item; true if the mouse is over it. `named`: it has its name even where it is drawn small.
  bool draw(const Look& look, ImDrawList& list, const CanvasFrame& frame, const Placed& placed, bool named) const;
  /// What an item takes of the screen, with the words below it: left, top, right, bottom.
  ImVec4 box(const Look& look, const CanvasFrame& frame, const Placed& placed) const;
  /// "connected", "NAT, 2 bindings": what it is doing at the shown instant.
  std::string subtitle(const Look& look, const Placed& placed) const;

 private:
  tsl::robin_map<EntityId, EntityId, MixHash> clients_;                // by node
  tsl::robin_map<EntityId, EntityId, MixHash> web_clients_;            // the same, of HTTP
  std::map<EntityId, EntityId> sessions_;                              // to their broker
  tsl::robin_map<EntityId, std::vector<EntityId>, MixHash> stations_;  // that have met an access point
};

}  // namespace wirelab::gui
