// Objects that scripts hold: nodes, links, devices' selves, clients, metrics. Each is a userdata with one pointer or number and
// a table of methods; a wrong name on one is an error with the nearest right name.
#pragma once

#include <lua.hpp>

#include <string_view>
#include <vector>

namespace wirelab::script {

struct Method {
  const char* name;
  lua_CFunction function;
};

/// All types that are offered, for the test that holds the documentation equal to them.
struct ObjectType;
std::vector<const ObjectType*> declaration_types();
std::vector<const ObjectType*> program_types();

/// Registers a type. `get` is asked first for a field (pushes one value and returns 1, or returns 0); `set` may take an
/// assignment (returns 0, or -1 if there is no such field).
struct ObjectType {
  const char* name;  // "client", as it stands in messages
  std::vector<Method> methods;
  std::vector<const char*> fields;
  int (*get)(lua_State* L, const char* field) = nullptr;
  int (*set)(lua_State* L, const char* field) = nullptr;
};
/// `type` must outlive the state.
void register_type(lua_State* L, const ObjectType& type);

/// A new object of the type on top of the stack, of `size` bytes, with one user value.
void* new_object(lua_State* L, const char* type, std::size_t size);
/// The object at `index`; raises an error that says what was wanted if it is something else.
void* check_object(lua_State* L, int index, const char* type, const char* what);
/// nullptr if it is something else.
void* test_object(lua_State* L, int index, const char* type);

}  // namespace wirelab::script
