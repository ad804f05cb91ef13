// What is left of Lua's own library, made orderly: nothing here depends on addresses, hash seeds, the clock or libm. See
// determinism.md for the list that this follows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"
#include "sim/kernel/mathematics.hpp"
#include "sim/kernel/nearest.hpp"

namespace wirelab::script {
namespace {

// ---- order of keys: numbers, then texts, then false and true

int rank(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: return 0;
    case LUA_TSTRING: return 1;
    case LUA_TBOOLEAN: return 2;
    default: return -1;
  }
}

bool key_less(lua_State* L, int a, int b) {
  const int rank_a = rank(L, a);
  const int rank_b = rank(L, b);
  if (rank_a != rank_b) return rank_a < rank_b;
  if (rank_a == 2) return lua_toboolean(L, a) < lua_toboolean(L, b);
  return lua_compare(L, a, b, LUA_OPLT) != 0;
}

// Pushes a list of the table's keys in order.
void push_sorted_keys(lua_State* L, int table) {
  table = lua_absindex(L, table);
  lua_newtable(L);
  const int keys = lua_absindex(L, -1);
  lua_Integer count = 0;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (rank(L, -1) < 0)
      raise(L, fmt::format("a table with a {} as key has no order: use numbers or texts as keys to go through it",
                           luaL_typename(L, -1)));
    lua_pushvalue(L, -1);
    lua_rawseti(L, keys, ++count);
  }
  Host::of(L).charge(L, static_cast<std::uint64_t>(count));
  std::vector<lua_Integer> order(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<lua_Integer>(i) + 1;
  std::sort(order.begin(), order.end(), [&](lua_Integer a, lua_Integer b) {
    if (a == b) return false;
    lua_rawgeti(L, keys, a);
    lua_rawgeti(L, keys, b);
    const bool less = key_less(L, -2, -1);
    lua_pop(L, 2);
    return less;
  });
  lua_createtable(L, static_cast<int>(count), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    lua_rawgeti(L, keys, order[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_remove(L, keys);
}

// Upvalues: the table, its sorted keys, the place in them.
int pairs_step(lua_State* L) {
  lua_Integer place = lua_tointeger(L, lua_upvalueindex(3));
  for (;;) {
    ++place;
    lua_pushinteger(L, place);
    lua_replace(L, lua_upvalueindex(3));
    lua_rawgeti(L, lua_upvalueindex(2), place);
    if (lua_isnil(L, -1)) return 1;
    lua_pushvalue(L, -1);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) return 2;  // removed meanwhile: passed over
    lua_pop(L, 2);
  }
}

int pairs(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, 1);
  push_sorted_keys(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, pairs_step, 3);
  return 1;
}

int next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  push_sorted_keys(L, 1);
  const lua_Integer count = static_cast<lua_Integer>(lua_rawlen(L, 3));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, 3, i);
    if (lua_isnil(L, 2) || key_less(L, 2, -1)) {
      lua_pushvalue(L, -1);
      lua_rawget(L, 1);
      return 2;
    }
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return 1;
}

// ---- table.sort: stable, so that the outcome hangs on nothing but the values

int sort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const bool own = !lua_isnoneornil(L, 2);
  if (own) luaL_checktype(L, 2, LUA_TFUNCTION);
  charge_range(L, 1, luaL_len(L, 1));
  const auto count = static_cast<std::size_t>(std::max<lua_Integer>(luaL_len(L, 1), 0));
  lua_settop(L, 2);
  lua_createtable(L, static_cast<int>(count), 0);
  for (std::size_t i = 1; i <= count; ++i) {
    lua_geti(L, 1, static_cast<lua_Integer>(i));
    lua_rawseti(L, 3, static_cast<lua_Integer>(i));
  }
  const auto less = [&](std::uint32_t a, std::uint32_t b) {
    if (own) lua_pushvalue(L, 2);
    lua_rawgeti(L, 3, a);
    lua_rawgeti(L, 3, b);
    if (!own) {
      const bool result = lua_compare(L, -2, -1, LUA_OPLT) != 0;
      lua_pop(L, 2);
      return result;
    }
    lua_call(L, 2, 1);
    const bool result = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return result;
  };
  // Merge sort by hand: a comparison that contradicts itself must not lead std::sort astray.
  std::vector<std::uint32_t> order(count), other(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i) + 1;
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t begin = 0; begin < count; begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, count);
      const std::size_t end = std::min(begin + 2 * width, count);
      std::size_t a = begin, b = middle, out = begin;
      while (a < middle && b < end) other[out++] = less(order[b], order[a]) ? order[b++] : order[a++];
      while (a < middle) other[out++] = order[a++];
      while (b < end) other[out++] = order[b++];
    }
    std::swap(order, other);
  }
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(L, 3, order[i]);
    lua_seti(L, 1, static_cast<lua_Integer>(i) + 1);
  }
  return 0;
}

// ---- texts

}  // namespace

void push_text(lua_State* L, int index) {
  index = lua_absindex(L, index);
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING) raise(L, "__tostring must return a text");
    return;
  }
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      if (!lua_isinteger(L, index) && lua_tonumber(L, index) != lua_tonumber(L, index)) {
        lua_pushliteral(L, "nan");  // its sign differs between processors
        return;
      }
      luaL_tolstring(L, index, nullptr);
      return;
    case LUA_TSTRING:
    case LUA_TBOOLEAN:
    case LUA_TNIL: luaL_tolstring(L, index, nullptr); return;
    default: lua_pushstring(L, luaL_typename(L, index));
  }
}

namespace {

int tostring(lua_State* L) {
  luaL_checkany(L, 1);
  push_text(L, 1);
  return 1;
}

int print(lua_State* L) {
  std::string line;
  for (int i = 1; i <= lua_gettop(L); ++i) {
    push_text(L, i);
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    if (i > 1) line += ' ';
    line.append(text, size);
    lua_pop(L, 1);
  }
  lua_getglobal(L, "log");
  lua_pushlstring(L, line.data(), line.size());
  lua_call(L, 1, 0);
  return 0;
}

// ---- tables: charged by the range that is worked on

int concat(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  charge_range(L, luaL_optinteger(L, 3, 1), last);
  return call_own(L);
}

int unpack(lua_State* L) {
  const lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  charge_range(L, luaL_optinteger(L, 2, 1), last);
  return call_own(L);
}

int move(lua_State* L) {
  charge_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
  return call_own(L);
}

// insert(list, place, value) and remove(list, place) move what stands behind the place; at the end they move nothing.
int insert_or_remove(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const bool moves = lua_gettop(L) >= 3 || (lua_gettop(L) == 2 && lua_toboolean(L, lua_upvalueindex(3)) != 0);
  if (moves && lua_isinteger(L, 2)) charge_range(L, lua_tointeger(L, 2), luaL_len(L, 1));
  return call_own(L);
}

// ---- errors: a limit is not to be caught

int protected_done(lua_State* L, int status, lua_KContext first) {
  Host::of(L).note_status(status);
  if (Host::of(L).over_limit) lua_error(L);
  const bool ok = status == LUA_OK || status == LUA_YIELD;
  if (!ok) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, static_cast<int>(first));
  return lua_gettop(L) - static_cast<int>(first) + 1;
}

int protected_call(lua_State* L) {
  luaL_checkany(L, 1);
  const int status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 1, protected_done);
  return protected_done(L, status, 1);
}

// A table gets a copy of its metatable, which the script cannot reach, so that __mode or __gc cannot be put there later. What
// __index leads to is shared as ever; getmetatable() gives the original back.
int set_metatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_getmetatable(L, 1) != 0) {
    lua_pushliteral(L, "__metatable");
    lua_rawget(L, -2);
    const bool ours = lua_istable(L, -1);
    if (!ours && !lua_isnil(L, -1)) raise(L, "this table's metatable is protected");
    lua_settop(L, 2);
  }
  if (lua_isnil(L, 2)) {
    lua_setmetatable(L, 1);
    return 1;
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  for (const char* banned : {"__gc", "__mode"}) {
    lua_pushstring(L, banned);
    if (lua_rawget(L, 2) != LUA_TNIL)
      raise(L, fmt::format("setmetatable: {} is not offered: when memory is collected would show in the run", banned));
    lua_pop(L, 1);
  }
  lua_newtable(L);
  lua_Integer fields = 0;
  lua_pushnil(L);
  while (lua_next(L, 2) != 0) {
    const bool metamethod = lua_type(L, -2) == LUA_TSTRING && std::strncmp(lua_tostring(L, -2), "__", 2) == 0;
    ++fields;
    if (metamethod) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 3);
    } else {
      lua_pop(L, 1);
    }
  }
  charge_range(L, 1, fields);
  lua_pushliteral(L, "__metatable");
  if (lua_rawget(L, 3) == LUA_TNIL) {
    lua_pushvalue(L, 2);
    lua_setfield(L, 3, "__metatable");
  }
  lua_settop(L, 3);
  lua_setmetatable(L, 1);
  lua_settop(L, 1);
  return 1;
}

// ---- mathematics

template <double (*Function)(double)>
int math_one(lua_State* L) {
  lua_pushnumber(L, Function(luaL_checknumber(L, 1)));
  return 1;
}

int math_log(lua_State* L) {
  const double value = mathematics::log(luaL_checknumber(L, 1));
  lua_pushnumber(L, lua_isnoneornil(L, 2) ? value : value / mathematics::log(luaL_checknumber(L, 2)));
  return 1;
}

int math_pow(lua_State* L) {
  const double x = luaL_checknumber(L, 1);
  const double y = luaL_checknumber(L, 2);
  lua_pushnumber(L, mathematics::pow(x, y));
  return 1;
}

int math_atan(lua_State* L) {
  const double y = luaL_checknumber(L, 1);
  lua_pushnumber(L, mathematics::atan2(y, luaL_optnumber(L, 2, 1.0)));
  return 1;
}

// From the stream of the device whose program runs, so that another device draws nothing from it.
int math_random(lua_State* L) {
  RandomStream& stream = *Host::of(L).present_random;
  if (lua_gettop(L) == 0) {
    lua_pushnumber(L, stream.unit());
    return 1;
  }
  lua_Integer low = 1;
  lua_Integer high = luaL_checkinteger(L, 1);
  if (lua_gettop(L) >= 2) {
    low = high;
    high = luaL_checkinteger(L, 2);
  }
  if (low > high) raise(L, fmt::format("math.random: the range from {} to {} is empty", low, high));
  const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const std::uint64_t drawn = width == 0 ? stream.bits() : stream.below(width);
  lua_pushinteger(L, static_cast<lua_Integer>(static_cast<std::uint64_t>(low) + drawn));
  return 1;
}

void remove_fields(lua_State* L, const char* table, std::initializer_list<const char*> names) {
  lua_getglobal(L, table);
  for (const char* name : names) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 1);
}

void set_global(lua_State* L, const char* name, lua_CFunction function) {
  lua_pushcfunction(L, function);
  lua_setglobal(L, name);
}

// A misspelt name is an error with the nearest right one. Upvalue 1: the table's name, "" for the globals.
int no_such_name(lua_State* L) {
  const std::string table = lua_tostring(L, lua_upvalueindex(1));
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  const std::string name = lua_tostring(L, 2);
  std::vector<std::string> known;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING) known.emplace_back(lua_tostring(L, -2));
    lua_pop(L, 1);
  }
  std::sort(known.begin(), known.end());
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = nearest(name, views);
  if (table.empty() && near.empty()) return 0;  // a global that is not set yet reads as nil
  raise(L,
        fmt::format("there is no {}{}{}{}", table.empty() ? "\"" : table + ".", name, table.empty() ? "\"" : "",
                    near.empty() ? ""
                                 : fmt::format(": did you mean \"{}\"?",
                                               table.empty() ? std::string(near) : table + "." + std::string(near))));
}

void suggest_names(lua_State* L, const char* table) {
  lua_newtable(L);
  lua_pushstring(L, table);
  lua_pushcclosure(L, no_such_name, 1);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace

void set_field(lua_State* L, const char* table, const char* name, lua_CFunction function) {
  lua_getglobal(L, table);
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void wrap_field(lua_State* L, const char* table, const char* name, lua_CFunction function) {
  lua_getglobal(L, table);
  lua_getfield(L, -1, name);
  lua_pushfstring(L, "%s.%s", table, name);
  lua_pushboolean(L, std::strcmp(name, "remove") == 0 ? 1 : 0);
  lua_pushcclosure(L, function, 3);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void charge_range(lua_State* L, lua_Integer first, lua_Integer last) {
  if (last < first) return;
  const std::uint64_t count = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
  Host::of(L).charge(L, count == 0 ? ~std::uint64_t{0} >> 1 : std::min(count, ~std::uint64_t{0} >> 1));
}

void finish_library(lua_State* L) {
  lua_pushglobaltable(L);
  suggest_names(L, "");
  for (const char* name : {"json", "math", "string", "table", "utf8"}) {
    lua_getglobal(L, name);
    suggest_names(L, name);
  }
}

void open_library(lua_State* L) {
  luaL_requiref(L, "_G", luaopen_base, 1);
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
  luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
  luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
  lua_settop(L, 0);
  for (const char* name : {"dofile", "loadfile", "load", "collectgarbage", "xpcall", "warn"}) {
    lua_pushnil(L);
    lua_setglobal(L, name);
  }
  set_global(L, "pairs", pairs);
  set_global(L, "next", next);
  set_global(L, "tostring", tostring);
  set_global(L, "print", print);
  set_global(L, "pcall", protected_call);
  set_global(L, "setmetatable", set_metatable);
  set_field(L, "table", "sort", sort);
  wrap_field(L, "table", "concat", concat);
  wrap_field(L, "table", "unpack", unpack);
  wrap_field(L, "table", "move", move);
  wrap_field(L, "table", "insert", insert_or_remove);
  wrap_field(L, "table", "remove", insert_or_remove);
  open_text(L);
  remove_fields(L, "string", {"dump"});
  remove_fields(L, "math", {"randomseed"});
  set_field(L, "math", "sin", math_one<mathematics::sin>);
  set_field(L, "math", "cos", math_one<mathematics::cos>);
  set_field(L, "math", "tan", math_one<mathematics::tan>);
  set_field(L, "math", "asin", math_one<mathematics::asin>);
  set_field(L, "math", "acos", math_one<mathematics::acos>);
  set_field(L, "math", "exp", math_one<mathematics::exp>);
  set_field(L, "math", "atan", math_atan);
  set_field(L, "math", "log", math_log);
  set_field(L, "math", "pow", math_pow);
  set_field(L, "math", "random", math_random);
  // getmetatable("") would lead to the arithmetic of texts, and with it to libm's power.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  for (const char* operation : {"__pow", "__unm", "__add", "__sub", "__mul", "__div", "__mod", "__idiv"}) {
    lua_pushnil(L);
    lua_setfield(L, -2, operation);
  }
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_settop(L, 0);
}

}  // namespace wirelab::script
