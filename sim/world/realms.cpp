#include "sim/world/realms.hpp"

#include <fmt/format.h>

#include <map>
#include <numeric>

namespace wirelab {

// Each node is a place, and a translating router a second one for its inside: what is joined by links is one network.
tl::expected<std::vector<NodeRealms>, std::string> find_realms(const WorldDescription& description) {
  const std::size_t count = description.nodes.size();
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < count; ++i) places[description.nodes[i].name] = i;
  std::vector<std::size_t> parent(2 * count);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const auto side = [&](const std::string& node, const std::string& towards) {
    const std::size_t place = places.at(node);
    const NodeDescription& described = description.nodes[place];
    return described.role == NodeRole::nat && described.outside != towards ? place + count : place;
  };
  for (const LinkDescription& link : description.links) parent[root(side(link.a, link.b))] = root(side(link.b, link.a));
  // A station begins in the network that it will look for, or in the first one that there is.
  std::map<std::string_view, std::size_t> points;
  std::size_t first_point = count;
  for (std::size_t i = count; i-- > 0;) {
    if (description.nodes[i].role == NodeRole::access_point) points[description.nodes[i].point.ssid] = first_point = i;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!description.nodes[i].station) continue;
    const auto named = points.find(description.nodes[i].station->ssid);
    const std::size_t found = named == points.end() ? first_point : named->second;
    if (found < count) parent[root(i)] = root(found);
  }

  std::map<std::size_t, std::size_t> gateways;  // by network
  std::vector<NodeRealms> realms(count);
  Realm next = 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (description.nodes[i].role != NodeRole::nat) continue;
    const auto [at, is_new] = gateways.try_emplace(root(i + count), i);
    if (!is_new)
      return tl::unexpected(fmt::format("\"{}\" and \"{}\" both lead out of the same network: it needs one way out",
                                        description.nodes[at->second].name, description.nodes[i].name));
    if (root(i) == root(i + count))
      return tl::unexpected(fmt::format("both sides of \"{}\" are the same network: it has nothing to translate",
                                        description.nodes[i].name));
    realms[i].inside = next++;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto at = gateways.find(root(i)); at != gateways.end()) realms[i].realm = realms[at->second].inside;
  }
  return realms;
}

}  // namespace wirelab
