#include "sim/net/routing.hpp"

#include <deque>

namespace wirelab {

NodeIndex Routing::add_node() {
  ends_.emplace_back();
  core_known_ = false;
  return static_cast<NodeIndex>(ends_.size() - 1);
}

LinkIndex Routing::add_link(NodeIndex a, NodeIndex b) {
  const auto index = static_cast<LinkIndex>(links_.size());
  links_.push_back({a, b});
  for (const NodeIndex node : {a, b}) {
    Ends& ends = ends_[node];
    if (ends.degree == 0) ends.first = index;
    if (ends.degree == 1) links_of_core_[node] = {ends.first};
    if (ends.degree >= 1) links_of_core_[node].push_back(index);
    ++ends.degree;
  }
  core_known_ = false;
  return index;
}

LinkIndex Routing::add_station_link(NodeIndex station, NodeIndex point) {
  const auto index = static_cast<LinkIndex>(links_.size());
  links_.push_back({station, point});
  if (Ends& ends = ends_[point]; ends.degree < 2) {
    if (ends.degree == 1) links_of_core_[point] = {ends.first};
    ends.degree = 2;
    core_known_ = false;
  }
  return index;
}

void Routing::attach(NodeIndex station, LinkIndex link) { ends_[station] = {link, 1}; }
void Routing::detach(NodeIndex station) { ends_[station] = {}; }

LinkIndex Routing::next_link(NodeIndex from, NodeIndex to) {
  if (from == to || ends_[from].degree == 0 || ends_[to].degree == 0) return kNowhere;
  if (is_leaf(from)) return ends_[from].first;
  NodeIndex target = to;
  if (is_leaf(to)) {
    const LinkIndex last = ends_[to].first;
    target = other_end(last, to);
    if (target == from) return last;
    if (is_leaf(target)) return kNowhere;  // a pair of its own
  }
  const std::vector<LinkIndex>& table = table_towards(target);
  return table[core_index_.at(from)];
}

std::uint32_t Routing::hops(NodeIndex from, NodeIndex to) {
  std::uint32_t count = 0;
  while (from != to) {
    const LinkIndex link = next_link(from, to);
    if (link == kNowhere || count > links_.size()) return 0;
    from = other_end(link, from);
    ++count;
  }
  return count;
}

// Breadth first from the destination over the core, so that every core node learns its first link.
const std::vector<LinkIndex>& Routing::table_towards(NodeIndex target) {
  if (!core_known_) {
    core_.clear();
    core_index_.clear();
    towards_.clear();
    for (NodeIndex node = 0; node < ends_.size(); ++node) {
      if (ends_[node].degree < 2) continue;
      core_index_[node] = static_cast<std::uint32_t>(core_.size());
      core_.push_back(node);
    }
    core_known_ = true;
  }
  if (const auto found = towards_.find(target); found != towards_.end()) return found->second;
  std::vector<LinkIndex> next(core_.size(), kNowhere);
  std::vector<bool> seen(core_.size());
  std::deque<NodeIndex> queue{target};
  if (const auto at = core_index_.find(target); at != core_index_.end()) seen[at->second] = true;
  while (!queue.empty()) {
    const NodeIndex node = queue.front();
    queue.pop_front();
    const auto links = links_of_core_.find(node);
    if (links == links_of_core_.end()) continue;
    for (const LinkIndex link : links->second) {
      const NodeIndex neighbour = other_end(link, node);
      const auto at = core_index_.find(neighbour);
      if (at == core_index_.end() || seen[at->second]) continue;
      seen[at->second] = true;
      next[at->second] = link;
      queue.push_back(neighbour);
    }
  }
  return towards_.emplace(target, std::move(next)).first->second;
}

}  // namespace wirelab
