// What is left of Lua's own library, made orderly: nothing here depends on addresses, hash seeds, the clock or libm. See
// determinism.md for the list that this follows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"
#include "sim/kernel/mathematics.hpp"

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
  const auto count = static_cast<std::size_t>(luaL_len(L, 1));
  Host::of(L).charge(L, count);
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

// A value as text, without addresses.
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

// Upvalue 1: Lua's own function.
int format(lua_State* L) {
  const std::string_view spec = luaL_checkstring(L, 1);
  for (std::size_t i = 0; i < spec.size(); ++i) {
    if (spec[i] != '%') continue;
    ++i;
    while (i < spec.size() && std::strchr("-+ #0123456789.", spec[i]) != nullptr && spec[i] != '\0') ++i;
    if (i < spec.size() && spec[i] == 'p')
      raise(L, "string.format: %p shows an address, which differs from run to run");
    if (i < spec.size() && spec[i] == 'a')
      raise(L, "string.format: %a is written differently by different C libraries; use %g");
  }
  const int count = lua_gettop(L);
  for (int i = 2; i <= count; ++i) {
    const int type = lua_type(L, i);
    const bool nan = type == LUA_TNUMBER && lua_tonumber(L, i) != lua_tonumber(L, i);
    if (nan) raise(L, fmt::format("string.format: argument {} is not a number (nan)", i));
    if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN || type == LUA_TNIL) continue;
    push_text(L, i);
    lua_replace(L, i);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, count, 1);
  return 1;
}

// Pattern functions may backtrack: a bound on what they could cost is charged before they run. Each of the pattern's
// repetitions may stop anywhere in the text. Upvalue 1: Lua's own function.
int bounded_pattern(lua_State* L) {
  std::size_t text_size = 0;
  luaL_checklstring(L, 1, &text_size);
  std::size_t pattern_size = 0;
  const char* pattern = luaL_checklstring(L, 2, &pattern_size);
  int repetitions = 1;  // where a match begins
  for (std::size_t i = 0; i < pattern_size; ++i) {
    if (pattern[i] == '%' && i + 1 < pattern_size) {
      ++i;
    } else if (i > 0 && (pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '-')) {
      ++repetitions;
    }
  }
  double cost = 1;
  for (int i = 0; i < repetitions; ++i) cost *= static_cast<double>(text_size + 1);
  if (cost > 4e9) {
    raise(L, fmt::format(
                 "this pattern could take very long on a text of {} bytes: use fewer of * + - in it, or shorter texts",
                 text_size));
  }
  Host::of(L).charge(L, 10 + text_size);
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, count, LUA_MULTRET);
  return lua_gettop(L);
}

int rep(lua_State* L) {
  std::size_t size = 0;
  luaL_checklstring(L, 1, &size);
  const lua_Integer times = luaL_checkinteger(L, 2);
  std::size_t gap = 0;
  luaL_optlstring(L, 3, "", &gap);
  const double total = static_cast<double>(size + gap) * static_cast<double>(std::max<lua_Integer>(times, 0));
  if (total > 16e6)
    raise(L, fmt::format("string.rep: the text would have {:.0f} bytes; at most 16 MB are allowed", total));
  Host::of(L).charge(L, static_cast<std::uint64_t>(total) / 16);
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, count, 1);
  return 1;
}

int pack_guard(lua_State* L) {
  const std::string_view spec = luaL_checkstring(L, 1);
  const std::size_t native = spec.find_first_of("jJTlLihHnd=!");
  for (std::size_t i = native; i != std::string_view::npos && i < spec.size(); ++i) {
    const char c = spec[i];
    const bool sized = (c == 'i' || c == 'I') && i + 1 < spec.size() && spec[i + 1] >= '0' && spec[i + 1] <= '9';
    if (!sized && std::strchr("jJTlLihHIn=!", c) != nullptr) {
      raise(L,
            fmt::format(
                "string.pack: \"{}\" has another size or order on other machines: write i4, I2 ... after < or >", c));
    }
  }
  if (spec.find_first_of("<>") == std::string_view::npos)
    raise(L, "string.pack: say the byte order: begin the format with < or >");
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, count, LUA_MULTRET);
  return lua_gettop(L);
}

// ---- errors: a limit is not to be caught

int protected_done(lua_State* L, int status, lua_KContext first) {
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

int set_metatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    for (const char* banned : {"__gc", "__mode"}) {
      if (lua_getfield(L, 2, banned) != LUA_TNIL)
        raise(L,
              fmt::format("setmetatable: {} is not offered: when memory is collected would show in the run", banned));
      lua_pop(L, 1);
    }
  }
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) raise(L, "this table's metatable is protected");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
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

void set_field(lua_State* L, const char* table, const char* name, lua_CFunction function) {
  lua_getglobal(L, table);
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

// Puts `function` around Lua's own, which it gets as its upvalue.
void wrap_field(lua_State* L, const char* table, const char* name, lua_CFunction function) {
  lua_getglobal(L, table);
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void set_global(lua_State* L, const char* name, lua_CFunction function) {
  lua_pushcfunction(L, function);
  lua_setglobal(L, name);
}

}  // namespace

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
  wrap_field(L, "string", "format", format);
  for (const char* name : {"find", "match", "gmatch", "gsub"}) wrap_field(L, "string", name, bounded_pattern);
  wrap_field(L, "string", "rep", rep);
  for (const char* name : {"pack", "unpack", "packsize"}) wrap_field(L, "string", name, pack_guard);
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
