// What the functions that declare nodes share.
#pragma once

#include <string>

#include "lab/script/host.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {

/// A new node by the name at 1; `what` names the function. The last of the description's nodes.
NodeDescription& add_node(lua_State* L, NodeRole role, const char* what);
int push_node(lua_State* L, std::size_t index);
/// The node object at `index`, or an error that says what it should be.
NodeDescription& check_node(lua_State* L, int index, const char* what);
void read_address(lua_State* L, Options& options, NodeDescription& node);
/// The node that a new one hangs on, and the link to it, whose first end must be named. False if there is none.
bool read_uplink(lua_State* L, Options& options, const std::string& where, LinkDescription& link);
/// Errors where the world is running already; `what` names the function.
void only_at_top(lua_State* L, const char* what);
/// Applies it to the running world; errors where there is none, or what it names is not there.
int apply(lua_State* L, const char* what, const Intervention& intervention);
/// Adds a link, whose name must be free.
void add_link(lua_State* L, const LinkDescription& link);

// declare_infrastructure.cpp
int declare_nat(lua_State* L);
int declare_dns(lua_State* L);
int declare_access_point(lua_State* L);
int declare_cloud(lua_State* L);
// declare_hops.cpp
int declare_serial(lua_State* L);
int declare_ble(lua_State* L);
int declare_ieee802154(lua_State* L);
/// The options baud and format of a serial port.
void read_serial(lua_State* L, Options& options, const std::string& where, SerialSettings& settings);
const ObjectType* hop_type();
/// The option "wifi" of a device.
void read_wifi(lua_State* L, Options& options, const std::string& where, NodeDescription& node);

}  // namespace wirelab::script
