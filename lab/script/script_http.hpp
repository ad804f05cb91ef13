// HTTP clients as a program holds them. The userdata keeps a pointer, which is taken away when the program ends.
#pragma once

#include "lab/script/device_program.hpp"
#include "lab/script/objects.hpp"
#include "sim/world/http_endpoint.hpp"

namespace wirelab::script {

struct ScriptHttp {
  ScriptHttp(DeviceProgram& owner, EntityId entity);
  DeviceProgram& program;
  HttpEndpoint endpoint;
  http::Fields fields;               // of every request
  std::optional<HttpResult> result;  // of the last request, until it is returned
  int userdata_reference = LUA_NOREF;

  /// The program has come to its end, in this way.
  void end(Ending ending);
  /// Takes the pointer away from the script.
  void forget(lua_State* L);
};

// A method of a device, and the type that it makes.
int self_http(lua_State* L);
const ObjectType* http_type();

}  // namespace wirelab::script
