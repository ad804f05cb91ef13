// Subscriptions as a tree of topic levels. Levels are interned, and a node's children are found in one hash table by (node,
// level), so a publish costs by the depth of its topic and by what matches, not by how many subscriptions there are.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/kernel/names.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// The tree's name for a subscriber: whatever number its owner gives.
using SubscriberId = std::uint32_t;

struct Match {
  SubscriberId subscriber = 0;
  Qos qos = Qos::at_most_once;
};

class TopicTree {
 public:
  TopicTree();
  /// Adds or replaces; true if the subscriber had no subscription with this filter.
  bool subscribe(std::string_view filter, SubscriberId subscriber, Qos qos);
  /// False if there was none.
  bool unsubscribe(std::string_view filter, SubscriberId subscriber);
  /// All subscriptions that select the topic, each subscriber once with its highest QoS [MQTT-3.3.5-1], in order of
  /// the subscribers' numbers. The result is valid until the next call.
  const std::vector<Match>& match(std::string_view topic);
  std::size_t subscriptions() const { return subscriptions_; }

 private:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Node {
    std::uint32_t parent = kNone;
    NameId level = 0;
    std::uint32_t children = 0;
    std::uint32_t plus = kNone;  // the child for "+", kept here since every match asks for it
    std::uint32_t hash = kNone;  // the child for "#"
    std::vector<Match> subscribers;
  };
  struct EdgeHash {
    std::size_t operator()(std::uint64_t edge) const {
      edge *= 0x9e3779b97f4a7c15;
      return edge ^ (edge >> 32);
    }
  };
  static std::uint64_t edge(std::uint32_t node, NameId level) {
    return (static_cast<std::uint64_t>(node) << 32) | level;
  }
  std::uint32_t child(std::uint32_t node, std::string_view level, bool make);
  std::uint32_t find_node(std::string_view filter, bool make);
  void prune(std::uint32_t node);
  void collect(std::uint32_t node);
  void walk(std::uint32_t node, std::string_view topic, bool more, bool first);

  Names levels_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  tsl::robin_map<std::uint64_t, std::uint32_t, EdgeHash> edges_;
  std::vector<Match> found_;
  std::size_t subscriptions_ = 0;
};

}  // namespace wirelab::mqtt
