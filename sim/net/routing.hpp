// Which way a packet goes: shortest paths by number of hops over any topology, ties to the link that was made first. Routes
// are static, as in a network without a routing protocol: a cut cable does not turn traffic another way.
//
// Most nodes hang on one link only. Those are leaves: they send everything to their neighbour and are reached through it.
// So only the core of nodes with two or more links needs tables, made for a destination when it is first asked for; a star
// of 100,000 devices needs none.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

namespace wirelab {

using NodeIndex = std::uint32_t;
using LinkIndex = std::uint32_t;
inline constexpr std::uint32_t kNowhere = 0xffffffff;

class Routing {
 public:
  NodeIndex add_node();
  LinkIndex add_link(NodeIndex a, NodeIndex b);
  /// A station hangs on one of several links at a time, or on none: none of them counts for the shape of the network. The other
  /// end is part of the core from then on.
  LinkIndex add_station_link(NodeIndex station, NodeIndex point);
  void attach(NodeIndex station, LinkIndex link);
  void detach(NodeIndex station);
  /// The link by which `from` sends to `to`; kNowhere if there is no way, or they are the same.
  LinkIndex next_link(NodeIndex from, NodeIndex to);
  /// Where a leaf sends what is for an address that nobody has; kNowhere for other nodes.
  LinkIndex default_link(NodeIndex node) const { return is_leaf(node) ? ends_[node].first : kNowhere; }
  NodeIndex other_end(LinkIndex link, NodeIndex node) const {
    return links_[link].a == node ? links_[link].b : links_[link].a;
  }
  /// How many links a packet crosses; 0 if there is no way.
  std::uint32_t hops(NodeIndex from, NodeIndex to);

 private:
  struct Link {
    NodeIndex a, b;
  };
  // What a leaf needs; the links of other nodes stand in a table of their own.
  struct Ends {
    LinkIndex first = kNowhere;
    std::uint32_t degree = 0;
  };
  bool is_leaf(NodeIndex node) const { return ends_[node].degree == 1; }
  const std::vector<LinkIndex>& table_towards(NodeIndex core);

  std::vector<Ends> ends_;
  tsl::robin_map<NodeIndex, std::vector<LinkIndex>> links_of_core_;
  std::vector<Link> links_;
  std::vector<NodeIndex> core_;  // nodes with two or more links, and access points
  tsl::robin_map<NodeIndex, std::uint32_t> core_index_;
  tsl::robin_map<NodeIndex, std::vector<LinkIndex>> towards_;  // destination -> next link of each core node
  bool core_known_ = false;
};

}  // namespace wirelab
