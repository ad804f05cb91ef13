#include "sim/protocol/mqtt/topic_tree.hpp"

#include <algorithm>

namespace wirelab::mqtt {
namespace {

// Lists are in order of subscribers.
std::vector<Subscriber>::iterator place_of(std::vector<Subscriber>& list, SubscriberId subscriber) {
  return std::lower_bound(list.begin(), list.end(), subscriber,
                          [](const Subscriber& entry, SubscriberId id) { return entry.id < id; });
}

template <typename Groups>
auto find_group(Groups& groups, std::string_view name) {
  return std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group->name == name; });
}

auto find_member(SharedGroup& group, SubscriberId subscriber) {
  return std::find_if(group.members.begin(), group.members.end(),
                      [&](const Subscriber& member) { return member.id == subscriber; });
}

}  // namespace

bool TopicTree::subscribe(std::string_view filter, SubscriberId subscriber, const SubscriptionOptions& options) {
  const auto shared = shared_filter(filter);
  AtNode& at_node = tree_[tree_.make(shared ? shared->filter : filter)].value;
  if (shared) {
    if (at_node.groups == nullptr) at_node.groups = std::make_unique<std::vector<std::unique_ptr<SharedGroup>>>();
    auto group = find_group(*at_node.groups, shared->group);
    if (group == at_node.groups->end()) {
      at_node.groups->push_back(std::make_unique<SharedGroup>());
      group = at_node.groups->end() - 1;
      (*group)->name = shared->group;
    }
    const auto member = find_member(**group, subscriber);
    if (member != (*group)->members.end()) {
      member->options = options;
      return false;
    }
    (*group)->members.push_back({subscriber, options});
  } else {
    const auto at = place_of(at_node.own, subscriber);
    if (at != at_node.own.end() && at->id == subscriber) {
      at->options = options;
      return false;
    }
    at_node.own.insert(at, {subscriber, options});
  }
  ++subscriptions_;
  return true;
}

bool TopicTree::unsubscribe(std::string_view filter, SubscriberId subscriber) {
  const auto shared = shared_filter(filter);
  const Tree::NodeIndex node = tree_.find(shared ? shared->filter : filter);
  if (node == Tree::kNone) return false;
  AtNode& at_node = tree_[node].value;
  if (shared) {
    if (at_node.groups == nullptr) return false;
    const auto group = find_group(*at_node.groups, shared->group);
    if (group == at_node.groups->end()) return false;
    const auto member = find_member(**group, subscriber);
    if (member == (*group)->members.end()) return false;
    const auto place = static_cast<std::uint32_t>(member - (*group)->members.begin());
    (*group)->members.erase(member);
    if ((*group)->next > place) --(*group)->next;
    if ((*group)->members.empty()) at_node.groups->erase(group);
    if (at_node.groups->empty()) at_node.groups.reset();
  } else {
    const auto at = place_of(at_node.own, subscriber);
    if (at == at_node.own.end() || at->id != subscriber) return false;
    at_node.own.erase(at);
  }
  --subscriptions_;
  tree_.prune(node);
  return true;
}

void TopicTree::collect(Tree::NodeIndex node) {
  if (node == Tree::kNone) return;
  const AtNode& at_node = tree_[node].value;
  found_.insert(found_.end(), at_node.own.begin(), at_node.own.end());
  if (at_node.groups == nullptr) return;
  for (const auto& group : *at_node.groups) matches_.shared.push_back(group.get());
}

// `hidden`: wildcards do not select this level, the first one of a topic with "$" [MQTT-4.7.2-1].
void TopicTree::walk(Tree::NodeIndex node, std::size_t depth, bool hidden) {
  tree_.foresee(tree_[node].hash);
  tree_.foresee(tree_[node].plus);
  const LevelId level = depth == levels_.size() ? 0 : levels_[depth];
  const Tree::NodeIndex exact = level == 0 ? Tree::kNone : tree_.child(node, level);
  tree_.foresee(exact);
  if (!hidden) collect(tree_[node].hash);  // "#" selects this level's parent, too [MQTT-4.7.1-2]
  if (depth == levels_.size()) {
    collect(node);
    return;
  }
  if (exact != Tree::kNone) walk(exact, depth + 1, false);
  if (!hidden && tree_[node].plus != Tree::kNone) walk(tree_[node].plus, depth + 1, false);
}

const Matches& TopicTree::match(std::string_view topic, SubscriberId publisher) {
  matches_.own.clear();
  matches_.identifiers.clear();
  matches_.shared.clear();
  found_.clear();
  levels_.clear();
  const bool hidden = !topic.empty() && topic.front() == '$';
  for (bool more = true; more;) levels_.push_back(tree_.find_level(take_level(topic, more)));
  walk(Tree::kRoot, 0, hidden);
  if (found_.size() > 1) {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Subscriber& a, const Subscriber& b) { return a.id < b.id; });
  }
  put_together(publisher);
  return matches_;
}

// One copy for each subscriber, with the identifiers of all its subscriptions [MQTT-3.3.4-3].
void TopicTree::put_together(SubscriberId publisher) {
  bool same = false;
  for (const Subscriber& found : found_) {
    if (found.options.no_local && found.id == publisher) continue;  // 5.0 [MQTT-3.8.3-3]
    same = !matches_.own.empty() && matches_.own.back().subscriber == found.id;
    if (!same) {
      matches_.own.push_back({found.id, found.options.qos, found.options.retain_as_published,
                              static_cast<std::uint32_t>(matches_.identifiers.size()), 0});
    }
    Match& match = matches_.own.back();
    match.qos = std::max(match.qos, found.options.qos);
    match.retain_as_published |= found.options.retain_as_published;
    if (found.options.identifier == 0) continue;
    matches_.identifiers.push_back(found.options.identifier);
    ++match.identifiers;
  }
}

}  // namespace wirelab::mqtt
