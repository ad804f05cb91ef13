// What goes over a link, as a script counts it: traffic(where) counts from the beginning, each way and by layer.
#pragma once

#include <lua.hpp>

#include "lab/script/listening_place.hpp"
#include "lab/script/objects.hpp"
#include "sim/net/link.hpp"
#include "sim/view/traffic.hpp"

namespace wirelab::script {

class ScriptTraffic final : public PacketListener {
 public:
  explicit ScriptTraffic(const ListeningPlace& place) : place_(place) {}
  void listen(World& world);
  void on_transmit(const Channel& channel, wire::Bytes packet) override;
  const Traffic& traffic() const { return traffic_; }
  const ListeningPlace& place() const { return place_; }

 private:
  ListeningPlace place_;
  std::uint32_t down_to_ = 0;  // the node that hears what goes down
  Traffic traffic_;
};

/// The global function traffic().
int declare_traffic(lua_State* L);
const ObjectType* traffic_type();

}  // namespace wirelab::script
