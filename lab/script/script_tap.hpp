// A tap on a link, as a script holds it: tap(link) listens from the beginning, and says what it could read.
#pragma once

#include <lua.hpp>

#include <vector>

#include "lab/script/objects.hpp"
#include "sim/net/link.hpp"
#include "sim/view/tap.hpp"
#include "sim/world/world.hpp"

namespace wirelab::script {

class ScriptTap final : public PacketListener {
 public:
  explicit ScriptTap(std::size_t link) : link_(link) {}
  /// Of the world's links, which are numbered as the description's.
  void listen(World& world);
  void on_transmit(const Channel& channel, wire::Bytes packet) override;
  const Tap& tap() const { return tap_; }
  std::size_t link() const { return link_; }

 private:
  std::size_t link_;  // of the description's
  World* world_ = nullptr;
  Tap tap_;
};

/// The global function tap().
int declare_tap(lua_State* L);
const ObjectType* tap_type();

}  // namespace wirelab::script
