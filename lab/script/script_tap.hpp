// A tap on a link, as a script holds it: tap(where) listens from the beginning, and says what it could read.
#pragma once

#include <lua.hpp>

#include <vector>

#include "lab/script/listening_place.hpp"
#include "lab/script/objects.hpp"
#include "sim/net/link.hpp"
#include "sim/view/tap.hpp"
#include "sim/world/world.hpp"

namespace wirelab::script {

class ScriptTap final : public PacketListener {
 public:
  explicit ScriptTap(const ListeningPlace& place) : place_(place) {}
  void listen(World& world);
  void on_transmit(const Channel& channel, wire::Bytes packet) override;
  const Tap& tap() const { return tap_; }
  const ListeningPlace& place() const { return place_; }

 private:
  ListeningPlace place_;
  World* world_ = nullptr;
  Tap tap_;
};

/// The global function tap().
int declare_tap(lua_State* L);
const ObjectType* tap_type();

}  // namespace wirelab::script
