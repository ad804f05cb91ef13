// How a script says what a link is set to: the settings of tc netem by name, presets, bursts and states of loss, and profiles
// over time.
#pragma once

#include "lab/script/options.hpp"
#include "sim/world/description.hpp"

namespace wirelab::script {

/// The settings that the options name, in the order in which they are to be applied.
std::vector<LinkChange> read_changes(lua_State* L, Options& options);
/// Options for both directions, with `up` and `down` tables for what differs, over a preset or the default.
void read_link(lua_State* L, int index, const std::string& where, LinkDescription& link);
/// What `link:profile(steps, options)` says, with the steps at 2 and the options at 3.
LinkProfile read_profile(lua_State* L);

}  // namespace wirelab::script
