#include "gui/layout.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace wirelab::gui {
namespace {

constexpr float kRow = 96;

struct Tree {
  std::map<EntityId, std::vector<EntityId>> joined;
  std::map<EntityId, EntityKind> kind;
  std::map<EntityId, std::vector<EntityId>> children;
};

class Placer {
 public:
  struct Most {
    std::size_t leaves, trees;  // of one parent, before they become a group
  };
  Placer(const Tree& tree, const std::set<EntityId>& apart, Most most, Layout& layout)
      : tree_(tree), apart_(apart), most_(most), layout_(layout) {}

  // Rows that a subtree takes.
  float rows(EntityId node) const {
    const auto& below = children(node);
    const Below parts = sorted(below);
    float sum = static_cast<float>(parts.leaves.size()) + parts.groups();
    for (const EntityId child : parts.trees) sum += rows(child);
    // A router has its name below it, which takes room.
    return std::max(below.empty() ? 1.0f : 1.7f, sum);
  }
  void place_below(const std::vector<EntityId>& below, float x, float middle, float side) {
    const Below parts = sorted(below);
    float total = static_cast<float>(parts.leaves.size()) + parts.groups();
    for (const EntityId child : parts.trees) total += rows(child);
    float row = middle / kRow - total / 2;
    for (const EntityId child : parts.trees) {
      const float size = rows(child);
      const float y = (row + size / 2) * kRow;
      put({child}, x, y);
      place_below(children(child), x + side * kColumn, y, side);
      row += size;
    }
    for (const EntityId child : parts.leaves) {
      put({child}, x, (row + 0.5f) * kRow);
      row += 1;
    }
    for (const auto* group : {&parts.group, &parts.forest}) {
      if (group->empty()) continue;
      put(*group, x, (row + 0.5f) * kRow);
      row += 1;
    }
  }
  void put(std::vector<EntityId> nodes, float x, float y) {
    for (const EntityId node : nodes) layout_.item_of[node] = static_cast<std::uint32_t>(layout_.items.size());
    const EntityKind kind = tree_.kind.at(nodes.front());
    layout_.items.push_back({std::move(nodes), kind, x, y});
  }
  const std::vector<EntityId>& children(EntityId node) const {
    static const std::vector<EntityId> none;
    const auto at = tree_.children.find(node);
    return at == tree_.children.end() ? none : at->second;
  }

 private:
  struct Below {
    std::vector<EntityId> trees, leaves, group, forest;
    float groups() const { return (group.empty() ? 0.0f : 1.0f) + (forest.empty() ? 0.0f : 1.0f); }
  };
  // Of many leaves all are a group but those that stand apart.
  Below sorted(const std::vector<EntityId>& below) const {
    Below parts;
    for (const EntityId child : below) (children(child).empty() ? parts.leaves : parts.trees).push_back(child);
    if (parts.trees.size() > most_.trees) {
      const auto stay = std::stable_partition(parts.trees.begin(), parts.trees.end(),
                                              [&](EntityId tree) { return holds_apart(tree); });
      for (auto tree = stay; tree != parts.trees.end(); ++tree) gather(*tree, parts.forest);
      parts.trees.erase(stay, parts.trees.end());
    }
    if (parts.leaves.size() <= most_.leaves) return parts;
    const auto stays = std::stable_partition(parts.leaves.begin(), parts.leaves.end(),
                                             [&](EntityId leaf) { return apart_.contains(leaf); });
    parts.group.assign(stays, parts.leaves.end());
    parts.leaves.erase(stays, parts.leaves.end());
    return parts;
  }

  bool holds_apart(EntityId node) const {
    if (apart_.contains(node)) return true;
    const auto& below = children(node);
    return std::any_of(below.begin(), below.end(), [&](EntityId child) { return holds_apart(child); });
  }
  void gather(EntityId node, std::vector<EntityId>& into) const {
    into.push_back(node);
    for (const EntityId child : children(node)) gather(child, into);
  }

  const Tree& tree_;
  const std::set<EntityId>& apart_;
  Most most_;
  Layout& layout_;
};

Layout lay_out_with(const RunIndex& index, const std::set<EntityId>& apart, Placer::Most most) {
  Layout layout;
  Tree tree;
  for (const IndexedEntity& entity : index.entities()) {
    if (is_node(entity.kind)) tree.kind[entity.entity] = entity.kind;
  }
  for (const IndexedChannel& channel : index.channels()) tree.joined[channel.from].push_back(channel.to);
  Placer placer(tree, apart, most, layout);
  // Roots in order of their numbers: brokers and web servers first, then whatever they do not reach.
  const auto serves = [](EntityKind kind) { return kind == EntityKind::broker || kind == EntityKind::web_server; };
  std::vector<EntityId> roots;
  for (const auto& [node, kind] : tree.kind) {
    if (serves(kind)) roots.push_back(node);
  }
  for (const auto& [node, kind] : tree.kind) {
    if (!serves(kind)) roots.push_back(node);
  }
  std::map<EntityId, bool> seen;
  float top = 0;
  for (const EntityId root : roots) {
    if (seen[root]) continue;
    seen[root] = true;
    // Breadth first, so that every node hangs on the neighbour nearest to the root.
    std::deque<EntityId> next{root};
    while (!next.empty()) {
      const EntityId node = next.front();
      next.pop_front();
      for (const EntityId other : tree.joined[node]) {
        if (seen[other]) continue;
        seen[other] = true;
        tree.children[node].push_back(other);
        next.push_back(other);
      }
    }
    // Sides are filled so that both take about as many rows: trees to the left, single leaves to the right first.
    std::vector<EntityId> left, right;
    float left_rows = 0, right_rows = 0;
    std::vector<EntityId> below = placer.children(root);
    std::stable_sort(below.begin(), below.end(),
                     [&](EntityId a, EntityId b) { return placer.rows(a) > placer.rows(b); });
    for (const EntityId child : below) {
      const bool to_left = left_rows <= right_rows;
      (to_left ? left : right).push_back(child);
      (to_left ? left_rows : right_rows) += placer.rows(child);
    }
    const float height = std::max({left_rows, right_rows, 1.0f}) * kRow;
    const float middle = top + height / 2;
    placer.put({root}, 0, middle);
    placer.place_below(left, -kColumn, middle, -1);
    placer.place_below(right, kColumn, middle, 1);
    top += height + kRow;
  }
  return layout;
}

}  // namespace

Layout lay_out(const RunIndex& index, const std::set<EntityId>& apart) {
  constexpr Placer::Most steps[] = {{kMostLeaves, kMostTrees}, {6, 6}, {3, 3}, {1, 1}};
  Layout layout;
  for (const Placer::Most& most : steps) {
    layout = lay_out_with(index, apart, most);
    if (layout.items.size() <= kMostItems) break;
  }
  return layout;
}

}  // namespace wirelab::gui
