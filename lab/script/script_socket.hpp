// Sockets as a program holds them. The userdata keeps a pointer, which is taken away when the socket is closed or the program ends.
#pragma once

#include "lab/script/device_program.hpp"
#include "lab/script/objects.hpp"
#include "sim/net/socket.hpp"

namespace wirelab::script {

struct ScriptSocket {
  explicit ScriptSocket(DeviceProgram& owner) : program(owner) {}
  DeviceProgram& program;
  int userdata_reference = LUA_NOREF;
  // One of them.
  std::unique_ptr<StreamSocket> stream;
  std::unique_ptr<ListeningSocket> listener;
  std::unique_ptr<DatagramSocket> datagrams;

  bool ended = false;
  /// The program has come to its end, in this way.
  void end(Ending ending);
  /// Takes the pointer away from the script.
  void forget(lua_State* L);
};

// Methods of a device, and the types that they make.
int self_tcp(lua_State* L);
int self_listen(lua_State* L);
int self_udp(lua_State* L);
int self_resolve(lua_State* L);
int self_address(lua_State* L);
int self_wait_address(lua_State* L);

// What functions that wait share.
/// The program of the object, which must be the one that calls.
DeviceProgram& waiting_owner(lua_State* L, DeviceProgram& owner, const char* what);
/// The time-out at `index`, if there is one, as an instant.
Instant deadline_in(lua_State* L, int index, const char* function, DeviceProgram& program);
bool is_past(DeviceProgram& program, lua_KContext deadline);
std::vector<const ObjectType*> socket_types();

}  // namespace wirelab::script
