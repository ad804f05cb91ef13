// A tree whose edges are topic levels, with a value at each node: of subscriptions by filter, and of retained messages by topic. A
// node's children are found in one hash table by (node, level), and are linked as a list for walks over all of them.
#pragma once

#include <tsl/robin_map.h>

#include <vector>

#include "sim/protocol/mqtt/levels.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// `Value` says by empty() that its node is not needed for its own sake.
template <typename Value>
class LevelTree {
 public:
  using NodeIndex = std::uint32_t;
  static constexpr NodeIndex kRoot = 0;
  static constexpr NodeIndex kNone = 0xffffffff;
  // A line of the cache each: among a million of them every look is a wait for memory.
  struct alignas(64) Node {
    NodeIndex parent = kNone;
    LevelId level = 0;
    NodeIndex first_child = kNone, next = kNone, previous = kNone;
    NodeIndex plus = kNone;  // the child for "+", kept here since every match asks for it
    NodeIndex hash = kNone;  // the child for "#"
    Value value;
  };

  LevelTree() : plus_(levels_.use("+")), hash_(levels_.use("#")) { nodes_.emplace_back(); }
  Node& operator[](NodeIndex i) { return nodes_[i]; }
  const Node& operator[](NodeIndex i) const { return nodes_[i]; }
  /// That the node will be looked at soon.
  void foresee(NodeIndex node) const {
    if (node != kNone) __builtin_prefetch(&nodes_[node]);
  }
  LevelId find_level(std::string_view text) const { return levels_.find(text); }
  std::string_view level(NodeIndex node) const { return levels_.text(nodes_[node].level); }

  /// The child for a level; kNone if there is none.
  NodeIndex child(NodeIndex node, LevelId level) const {
    if (level == plus_) return nodes_[node].plus;
    if (level == hash_) return nodes_[node].hash;
    const auto found = edges_.find(edge(node, level));
    return found == edges_.end() ? kNone : found->second;
  }
  /// The node of a topic or filter; kNone if there is none.
  NodeIndex find(std::string_view text) const {
    NodeIndex node = kRoot;
    for (bool more = true; more && node != kNone;) {
      const LevelId level = levels_.find(take_level(text, more));
      node = level == 0 ? kNone : child(node, level);
    }
    return node;
  }
  NodeIndex make(std::string_view text) {
    NodeIndex node = kRoot;
    for (bool more = true; more;) node = make_child(node, take_level(text, more));
    return node;
  }
  /// Gives back the node and those above it that nothing hangs on any more.
  void prune(NodeIndex node) {
    while (node != kRoot && nodes_[node].value.empty() && nodes_[node].first_child == kNone) {
      const Node& gone = nodes_[node];
      const NodeIndex parent = gone.parent;
      if (gone.next != kNone) nodes_[gone.next].previous = gone.previous;
      (gone.previous != kNone ? nodes_[gone.previous].next : nodes_[parent].first_child) = gone.next;
      if (gone.level == plus_) {
        nodes_[parent].plus = kNone;
      } else if (gone.level == hash_) {
        nodes_[parent].hash = kNone;
      } else {
        edges_.erase(edge(parent, gone.level));
      }
      levels_.release(gone.level);
      nodes_[node] = Node{};
      free_.push_back(node);
      node = parent;
    }
  }
  std::size_t nodes() const { return nodes_.size() - free_.size(); }

 private:
  struct EdgeHash {
    std::size_t operator()(std::uint64_t edge) const {
      edge *= 0x9e3779b97f4a7c15;
      return edge ^ (edge >> 32);
    }
  };
  static std::uint64_t edge(NodeIndex node, LevelId level) { return (static_cast<std::uint64_t>(node) << 32) | level; }
  NodeIndex make_child(NodeIndex node, std::string_view text) {
    const LevelId known = levels_.find(text);
    if (known != 0) {
      if (const NodeIndex found = child(node, known); found != kNone) return found;
    }
    const LevelId level = levels_.use(text);
    NodeIndex made = static_cast<NodeIndex>(nodes_.size());
    if (free_.empty()) {
      nodes_.emplace_back();
    } else {
      made = free_.back();
      free_.pop_back();
    }
    Node& fresh = nodes_[made];
    Node& parent = nodes_[node];
    fresh.parent = node;
    fresh.level = level;
    fresh.next = parent.first_child;
    if (fresh.next != kNone) nodes_[fresh.next].previous = made;
    parent.first_child = made;
    if (level == plus_) {
      parent.plus = made;
    } else if (level == hash_) {
      parent.hash = made;
    } else {
      edges_[edge(node, level)] = made;
    }
    return made;
  }

  Levels levels_;
  LevelId plus_, hash_;
  std::vector<Node> nodes_;
  std::vector<NodeIndex> free_;
  tsl::robin_map<std::uint64_t, NodeIndex, EdgeHash> edges_;
};

}  // namespace wirelab::mqtt
