// Where nodes stand on the canvas: brokers in the middle, what hangs on them in columns to both sides, leaves of one parent below
// one another. Many leaves of one parent become one group, and many routers with their devices another, so that thousands of
// devices stay readable.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/view/run_index.hpp"

namespace wirelab::gui {

inline constexpr float kColumn = 262;  // from one column to the next

struct Placed {
  std::vector<EntityId> nodes;  // one, or all of a group
  EntityKind kind = EntityKind::node;
  float x = 0;  // of the centre, in lengths of the design
  float y = 0;
  bool is_group() const { return nodes.size() > 1; }
};

struct Layout {
  std::vector<Placed> items;
  tsl::robin_map<EntityId, std::uint32_t, MixHash> item_of;  // by node
};

/// More leaves, or more routers with what hangs on them, of one parent than this become a group.
inline constexpr std::size_t kMostLeaves = 14;
inline constexpr std::size_t kMostTrees = 16;
/// More items than this, and smaller families become groups, too.
inline constexpr std::size_t kMostItems = 70;
/// Nodes in `apart` stand by themselves whatever their number.
Layout lay_out(const RunIndex& index, const std::set<EntityId>& apart = {});

/// Where nodes were put by hand, by their names; "the group of NAME" for a group.
using Places = std::map<std::string, std::array<float, 2>, std::less<>>;

}  // namespace wirelab::gui
