// Subscriptions as a tree of topic levels, so a publish costs by the depth of its topic and by what matches, not by how many
// subscriptions there are. Shared subscriptions ("$share/GROUP/FILTER", 5.0, section 4.8.2) stand at the node of their filter, with
// their groups.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/protocol/mqtt/level_tree.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// The tree's name for a subscriber: whatever number its owner gives.
using SubscriberId = std::uint32_t;
inline constexpr SubscriberId kNobody = 0xffffffff;

/// What a subscription says beside its filter.
struct SubscriptionOptions {
  Qos qos = Qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;  // 0: none
  bool operator==(const SubscriptionOptions&) const = default;
};

struct Subscriber {
  SubscriberId id = 0;
  SubscriptionOptions options;
};

/// A subscriber that gets the message: once, however many of its subscriptions select the topic.
struct Match {
  SubscriberId subscriber = 0;
  Qos qos = Qos::at_most_once;       // the highest [MQTT-3.3.5-1]
  bool retain_as_published = false;  // of any of them
  std::uint32_t first_identifier = 0, identifiers = 0;
};

struct SharedGroup {
  std::string name;
  std::vector<Subscriber> members;  // in order of joining
  std::uint32_t next = 0;           // whose turn it is
};

/// Valid until the tree's next call.
struct Matches {
  std::vector<Match> own;  // in order of the subscribers' numbers
  std::vector<std::uint32_t> identifiers;
  std::vector<SharedGroup*> shared;  // each gives the message to one of its members
  std::span<const std::uint32_t> identifiers_of(const Match& match) const {
    return std::span(identifiers).subspan(match.first_identifier, match.identifiers);
  }
};

class TopicTree {
 public:
  /// Adds or replaces; true if the subscriber had no subscription with this filter. The filter may be a shared one.
  bool subscribe(std::string_view filter, SubscriberId subscriber, const SubscriptionOptions& options);
  /// False if there was none.
  bool unsubscribe(std::string_view filter, SubscriberId subscriber);
  /// All subscriptions that select the topic of a message from `publisher`.
  const Matches& match(std::string_view topic, SubscriberId publisher = kNobody);
  std::size_t subscriptions() const { return subscriptions_; }
  std::size_t nodes() const { return tree_.nodes(); }

 private:
  struct AtNode {
    std::vector<Subscriber> own;  // in order of the subscribers' numbers
    std::unique_ptr<std::vector<std::unique_ptr<SharedGroup>>> groups;
    bool empty() const { return own.empty() && groups == nullptr; }
  };
  using Tree = LevelTree<AtNode>;
  void collect(Tree::NodeIndex node);
  void walk(Tree::NodeIndex node, std::size_t depth, bool hidden);
  void put_together(SubscriberId publisher);

  Tree tree_;
  std::vector<LevelId> levels_;  // of the topic that is matched
  std::vector<Subscriber> found_;
  Matches matches_;
  std::size_t subscriptions_ = 0;
};

}  // namespace wirelab::mqtt
