// The Wi-Fi of a device as its program has it: the course's WiFiManager, with what is true of it.
#pragma once

#include <lua.hpp>

#include "lab/script/objects.hpp"

namespace wirelab::script {

/// self:wifi()
int self_wifi(lua_State* L);
const ObjectType* wifi_type();

}  // namespace wirelab::script
