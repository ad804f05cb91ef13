// Where a script listens: at a link, or at a node, which is all that the node sends and receives, over whatever link it is
// joined by.
#pragma once

#include <lua.hpp>

#include "sim/net/link.hpp"
#include "sim/world/world.hpp"

namespace wirelab::script {

struct ListeningPlace {
  bool is_node = false;
  std::size_t index = 0;  // of the description's nodes, or links
  bool operator==(const ListeningPlace&) const = default;

  /// Of the world's, which are numbered as the description's. The listener must outlive the world. Returns the node that hears
  /// what goes down: the node itself, or the link's first end.
  NodeIndex listen(World& world, PacketListener& listener) const;
};

/// The link or the node at 1, at the top level only; `what` names the function.
ListeningPlace check_listening_place(lua_State* L, const char* what);

}  // namespace wirelab::script
