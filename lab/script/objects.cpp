#include "lab/script/objects.hpp"

#include <fmt/format.h>

#include <string>

#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

const ObjectType& type_of_upvalue(lua_State* L) {
  return *static_cast<const ObjectType*>(lua_touserdata(L, lua_upvalueindex(1)));
}

std::vector<std::string_view> names_of(const ObjectType& type, bool with_methods) {
  std::vector<std::string_view> names(type.fields.begin(), type.fields.end());
  if (with_methods) {
    for (const Method& method : type.methods) names.push_back(method.name);
  }
  return names;
}

int index(lua_State* L) {
  const ObjectType& type = type_of_upvalue(L);
  const char* field = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  if (type.get != nullptr && type.get(L, field) == 1) return 1;
  unknown_name(L, "name", field, fmt::format("a {}", type.name), names_of(type, true));
}

int new_index(lua_State* L) {
  const ObjectType& type = type_of_upvalue(L);
  const char* field = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (type.set != nullptr && type.set(L, field) == 0) return 0;
  if (type.set == nullptr) raise(L, fmt::format("nothing can be assigned to a {}", type.name));
  unknown_name(L, "field", field, fmt::format("a {}", type.name), names_of(type, false));
}

std::string key_of(const char* type) { return std::string("wirelab.") + type; }

}  // namespace

void register_type(lua_State* L, const ObjectType& type) {
  luaL_newmetatable(L, key_of(type.name).c_str());
  for (const bool reading : {true, false}) {
    lua_pushlightuserdata(L, const_cast<ObjectType*>(&type));
    lua_newtable(L);
    for (const Method& method : type.methods) {
      lua_pushcfunction(L, method.function);
      lua_setfield(L, -2, method.name);
    }
    lua_pushcclosure(L, reading ? index : new_index, 2);
    lua_setfield(L, -2, reading ? "__index" : "__newindex");
  }
  lua_pushstring(L, type.name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void* new_object(lua_State* L, const char* type, std::size_t size) {
  void* object = lua_newuserdatauv(L, size, 1);
  luaL_setmetatable(L, key_of(type).c_str());
  return object;
}

void* test_object(lua_State* L, int index, const char* type) { return luaL_testudata(L, index, key_of(type).c_str()); }

void* check_object(lua_State* L, int index, const char* type, const char* what) {
  void* object = test_object(L, index, type);
  if (object == nullptr) raise(L, fmt::format("{} must be a {}, not a {}", what, type, luaL_typename(L, index)));
  return object;
}

}  // namespace wirelab::script
