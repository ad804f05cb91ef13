// Retained messages by topic, in a tree of topic levels: a filter with wildcards costs by what it selects.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sim/protocol/mqtt/level_tree.hpp"
#include "sim/protocol/mqtt/messages.hpp"

namespace wirelab::mqtt {

struct Retained {
  MessageRef message = kNoMessage;
  std::string publisher;  // its client identifier, for subscriptions with No Local
  bool empty() const { return message == kNoMessage; }
};

class RetainedMessages {
 public:
  std::size_t size() const { return size_; }
  /// nullptr if the topic has none.
  const Retained* find(std::string_view topic) const {
    const Tree::NodeIndex node = tree_.find(topic);
    return node == Tree::kNone || tree_[node].value.empty() ? nullptr : &tree_[node].value;
  }
  /// Puts `retained` in the place of what the topic had, which is handed back; an empty one takes it away.
  Retained put(std::string_view topic, Retained retained) {
    const Tree::NodeIndex node = retained.empty() ? tree_.find(topic) : tree_.make(topic);
    if (node == Tree::kNone) return {};
    std::swap(tree_[node].value, retained);
    size_ += (tree_[node].value.empty() ? 0 : 1) - (retained.empty() ? std::size_t{0} : 1);
    tree_.prune(node);
    return retained;
  }
  /// Calls see(const Retained&) for those that the filter selects, in an order that hangs on what was retained and forgotten only.
  template <typename See>
  void select(std::string_view filter, See&& see) const {
    walk(Tree::kRoot, filter, true, true, see);
  }
  template <typename See>
  void for_each(See&& see) const {
    below(Tree::kRoot, false, see);
  }

 private:
  using Tree = LevelTree<Retained>;
  template <typename See>
  void walk(Tree::NodeIndex node, std::string_view filter, bool more, bool first, See& see) const {
    if (!more) {
      if (!tree_[node].value.empty()) see(tree_[node].value);
      return;
    }
    bool more_below = false;
    const std::string_view level = take_level(filter, more_below);
    if (level == "#") {
      if (!tree_[node].value.empty()) see(tree_[node].value);
      below(node, first, see);
    } else if (level == "+") {
      for (Tree::NodeIndex child = tree_[node].first_child; child != Tree::kNone; child = tree_[child].next) {
        if (!first || !hidden(child)) walk(child, filter, more_below, false, see);
      }
    } else if (const LevelId known = tree_.find_level(level); known != 0) {
      if (const auto child = tree_.child(node, known); child != Tree::kNone)
        walk(child, filter, more_below, false, see);
    }
  }
  template <typename See>
  void below(Tree::NodeIndex node, bool without_hidden, See& see) const {
    for (Tree::NodeIndex child = tree_[node].first_child; child != Tree::kNone; child = tree_[child].next) {
      if (without_hidden && hidden(child)) continue;
      if (!tree_[child].value.empty()) see(tree_[child].value);
      below(child, false, see);
    }
  }
  // Wildcards do not select a first level with "$" [MQTT-4.7.2-1].
  bool hidden(Tree::NodeIndex node) const {
    const std::string_view level = tree_.level(node);
    return !level.empty() && level.front() == '$';
  }

  Tree tree_;
  std::size_t size_ = 0;
};

}  // namespace wirelab::mqtt
