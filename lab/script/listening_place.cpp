#include "lab/script/listening_place.hpp"

#include <fmt/format.h>

#include "lab/script/host.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {

NodeIndex ListeningPlace::listen(World& world, PacketListener& listener) const {
  if (is_node) {
    const auto node = static_cast<NodeIndex>(index);
    world.network().listen(node, listener);
    return node;
  }
  const auto link = static_cast<LinkIndex>(index);
  const LinkEnds& ends = world.network().ends(link);
  for (const NodeIndex end : {ends.a, ends.b}) world.network().channel(link, end).add_listener(listener);
  return ends.a;
}

ListeningPlace check_listening_place(lua_State* L, const char* what) {
  if (Host::of(L).running()) raise(L, fmt::format("{} belongs to the top level: what was sent before is gone", what));
  if (const auto* node = static_cast<std::size_t*>(test_object(L, 1, "node"))) return {true, *node};
  return {false, *static_cast<std::size_t*>(check_object(L, 1, "link", "what to listen on (a link, or a node)"))};
}

}  // namespace wirelab::script
