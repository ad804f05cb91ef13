#include "sim/view/subscription_tree.hpp"

namespace wirelab {

std::size_t SubscriptionTree::child(std::size_t node, std::string_view level) {
  const auto found = nodes_[node].below.find(level);
  if (found != nodes_[node].below.end()) return found->second;
  const std::size_t made = nodes_.size();
  nodes_.push_back({{std::string(level), nodes_[node].level.depth + (node == 0 ? 0 : 1), false, false, {}}, {}});
  nodes_[node].below.emplace(level, made);
  return made;
}

void SubscriptionTree::add(std::string_view filter, EntityId session, int qos) {
  std::size_t node = 0;
  for (;;) {
    const std::size_t cut = filter.find('/');
    node = child(node, filter.substr(0, cut));
    if (cut == std::string_view::npos) break;
    filter.remove_prefix(cut + 1);
  }
  nodes_[node].level.subscribers.push_back({session, qos});
}

std::size_t SubscriptionTree::light(std::string_view topic) {
  for (Node& node : nodes_) node.level.lit = node.level.selects = false;
  return light(0, topic, true, true);
}

std::size_t SubscriptionTree::select(std::size_t node) {
  Level& level = nodes_[node].level;
  level.selects = !level.subscribers.empty();
  return level.subscribers.size();
}

// `more`: levels of the topic are left, of which `rest` holds the text; one of them may be empty [MQTT-4.7.3-1].
std::size_t SubscriptionTree::light(std::size_t node, std::string_view rest, bool more, bool first) {
  std::size_t count = 0;
  const bool wildcards = !(first && rest.starts_with('$'));  // [MQTT-4.7.2-1]
  for (const auto& [name, below] : nodes_[node].below) {
    std::size_t here = 0;
    if (name == "#") {
      // It stands for its parent level, too [MQTT-4.7.1-2].
      if (wildcards) here = select(below);
    } else if (more) {
      const std::size_t cut = rest.find('/');
      const bool last = cut == std::string_view::npos;
      if (name == rest.substr(0, cut) || (name == "+" && wildcards)) {  // [MQTT-4.7.1-3]
        if (last) here = select(below);
        here += light(below, last ? std::string_view() : rest.substr(cut + 1), !last, false);
      }
    }
    nodes_[below].level.lit = here > 0;
    count += here;
  }
  return count;
}

void SubscriptionTree::list(std::size_t node, std::vector<const Level*>& into) const {
  for (const auto& [name, below] : nodes_[node].below) {
    into.push_back(&nodes_[below].level);
    list(below, into);
  }
}

std::vector<const SubscriptionTree::Level*> SubscriptionTree::listed() const {
  std::vector<const Level*> all;
  list(0, all);
  return all;
}

}  // namespace wirelab
