// Serial ports and radios that are not IP, as a program holds them.
#pragma once

#include <lua.hpp>

#include <vector>

#include "lab/script/objects.hpp"

namespace wirelab::script {

// Methods of a device: self:serial([peer]), self:radio([kind]).
int self_serial(lua_State* L);
int self_radio(lua_State* L);
std::vector<const ObjectType*> hop_types();

}  // namespace wirelab::script
