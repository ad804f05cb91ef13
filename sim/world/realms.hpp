// Which network each node's address belongs to: the Internet, or what lies behind a router that translates.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sim/net/network.hpp"
#include "sim/world/description.hpp"

namespace wirelab {

struct NodeRealms {
  Realm realm = 0;
  Realm inside = 0;  // of a translating router: what lies behind it
};

/// In the order of the description's nodes. The error names two routers that lead out of the same network.
tl::expected<std::vector<NodeRealms>, std::string> find_realms(const WorldDescription& description);

}  // namespace wirelab
