#include "sim/protocol/mqtt/topic_tree.hpp"

#include <algorithm>

namespace wirelab::mqtt {
namespace {

// Lists are in order of subscribers.
std::vector<Match>::iterator place_of(std::vector<Match>& list, SubscriberId subscriber) {
  return std::lower_bound(list.begin(), list.end(), subscriber,
                          [](const Match& entry, SubscriberId id) { return entry.subscriber < id; });
}

}  // namespace

TopicTree::TopicTree() { nodes_.emplace_back(); }

std::uint32_t TopicTree::child(std::uint32_t node, std::string_view level, bool make) {
  if (level == "+" && (nodes_[node].plus != kNone || !make)) return nodes_[node].plus;
  if (level == "#" && (nodes_[node].hash != kNone || !make)) return nodes_[node].hash;
  const bool wild = level == "+" || level == "#";
  // The empty level is a level: its name is kept apart from "no such name", which is 0 too.
  const std::string_view written = level.empty() ? std::string_view{"/"} : level;
  const NameId name = make ? levels_.intern(written) : levels_.find(written);
  if (name == 0) return kNone;
  if (!wild) {
    const auto found = edges_.find(edge(node, name));
    if (found != edges_.end()) return found->second;
    if (!make) return kNone;
  }
  std::uint32_t made = 0;
  if (free_.empty()) {
    made = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    made = free_.back();
    free_.pop_back();
  }
  nodes_[made].parent = node;
  nodes_[made].level = name;
  ++nodes_[node].children;
  if (level == "+") {
    nodes_[node].plus = made;
  } else if (level == "#") {
    nodes_[node].hash = made;
  } else {
    edges_[edge(node, name)] = made;
  }
  return made;
}

std::uint32_t TopicTree::find_node(std::string_view filter, bool make) {
  std::uint32_t node = kRoot;
  bool more = true;
  while (more && node != kNone) node = child(node, take_level(filter, more), make);
  return node;
}

bool TopicTree::subscribe(std::string_view filter, SubscriberId subscriber, Qos qos) {
  std::vector<Match>& list = nodes_[find_node(filter, true)].subscribers;
  const auto at = place_of(list, subscriber);
  if (at != list.end() && at->subscriber == subscriber) {
    at->qos = qos;
    return false;
  }
  list.insert(at, {subscriber, qos});
  ++subscriptions_;
  return true;
}

bool TopicTree::unsubscribe(std::string_view filter, SubscriberId subscriber) {
  const std::uint32_t node = find_node(filter, false);
  if (node == kNone) return false;
  std::vector<Match>& list = nodes_[node].subscribers;
  const auto at = place_of(list, subscriber);
  if (at == list.end() || at->subscriber != subscriber) return false;
  list.erase(at);
  --subscriptions_;
  prune(node);
  return true;
}

// Gives back nodes that nothing hangs on any more.
void TopicTree::prune(std::uint32_t node) {
  while (node != kRoot && nodes_[node].subscribers.empty() && nodes_[node].children == 0) {
    const std::uint32_t parent = nodes_[node].parent;
    if (nodes_[parent].plus == node) {
      nodes_[parent].plus = kNone;
    } else if (nodes_[parent].hash == node) {
      nodes_[parent].hash = kNone;
    } else {
      edges_.erase(edge(parent, nodes_[node].level));
    }
    --nodes_[parent].children;
    nodes_[node] = Node{};
    free_.push_back(node);
    node = parent;
  }
}

void TopicTree::collect(std::uint32_t node) {
  if (node == kNone) return;
  found_.insert(found_.end(), nodes_[node].subscribers.begin(), nodes_[node].subscribers.end());
}

void TopicTree::walk(std::uint32_t node, std::string_view topic, bool more, bool first) {
  const bool hidden = first && !topic.empty() && topic.front() == '$';  // [MQTT-4.7.2-1]
  if (!hidden) collect(nodes_[node].hash);  // "#" selects this level's parent too [MQTT-4.7.1-2]
  if (!more) {
    collect(node);
    return;
  }
  bool more_below = false;
  const std::string_view level = take_level(topic, more_below);
  if (const std::uint32_t exact = child(node, level, false); exact != kNone && level != "+" && level != "#") {
    walk(exact, topic, more_below, false);
  }
  if (!hidden && nodes_[node].plus != kNone) walk(nodes_[node].plus, topic, more_below, false);
}

const std::vector<Match>& TopicTree::match(std::string_view topic) {
  found_.clear();
  walk(kRoot, topic, true, true);
  if (found_.size() > 1) {
    std::sort(found_.begin(), found_.end(), [](const Match& a, const Match& b) {
      return a.subscriber != b.subscriber ? a.subscriber < b.subscriber : a.qos > b.qos;
    });
    found_.erase(std::unique(found_.begin(), found_.end(),
                             [](const Match& a, const Match& b) { return a.subscriber == b.subscriber; }),
                 found_.end());
  }
  return found_;
}

}  // namespace wirelab::mqtt
