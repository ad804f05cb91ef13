// json.encode and json.decode for payloads. Keys are written in order, numbers as the shortest text that reads back, and what
// has no meaning in JSON is an error: a hole in a list, a mixture of list and object, nan, functions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

constexpr int kDeepest = 64;

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void encode(lua_State* L, int index, std::string& out, int depth);

void encode_table(lua_State* L, int index, std::string& out, int depth) {
  if (depth > kDeepest) raise(L, "json.encode: tables are nested more than 64 deep; does one contain itself?");
  std::vector<std::string> names;
  lua_Integer most = 0;
  lua_Integer count = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, -1, &size);
      names.emplace_back(text, size);
    } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
      ++count;
      most = std::max(most, lua_tointeger(L, -1));
    } else {
      raise(L, "json.encode: keys must be texts, or the numbers 1, 2, 3 ... of a list");
    }
  }
  if (count > 0 && !names.empty()) raise(L, "json.encode: a table is either a list or has names, not both");
  if (most != count) raise(L, fmt::format("json.encode: the list has a hole: {} entries, the last at {}", count, most));
  if (count > 0) {
    out += '[';
    for (lua_Integer i = 1; i <= count; ++i) {
      if (i > 1) out += ',';
      lua_rawgeti(L, index, i);
      encode(L, lua_absindex(L, -1), out, depth + 1);
      lua_pop(L, 1);
    }
    out += ']';
    return;
  }
  std::sort(names.begin(), names.end());
  out += '{';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    append_text(out, names[i]);
    out += ':';
    lua_pushlstring(L, names[i].data(), names[i].size());
    lua_rawget(L, index);
    encode(L, lua_absindex(L, -1), out, depth + 1);
    lua_pop(L, 1);
  }
  out += '}';
}

void encode(lua_State* L, int index, std::string& out, int depth) {
  luaL_checkstack(L, 8, "json.encode");
  switch (lua_type(L, index)) {
    case LUA_TNIL: out += "null"; break;
    case LUA_TLIGHTUSERDATA: out += "null"; break;  // json.null
    case LUA_TBOOLEAN: out += lua_toboolean(L, index) != 0 ? "true" : "false"; break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        out += fmt::format("{}", lua_tointeger(L, index));
      } else {
        out += fmt::format("{}", check_finite(L, index, "json.encode: a number") + 0.0);
      }
      break;
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      if (!mqtt::is_valid_utf8({reinterpret_cast<const std::uint8_t*>(text), size}) &&
          std::string_view(text, size).find('\0') == std::string_view::npos) {
        raise(L, "json.encode: a text is not valid UTF-8");
      }
      append_text(out, {text, size});
      break;
    }
    case LUA_TTABLE: encode_table(L, index, out, depth); break;
    default: raise(L, fmt::format("json.encode: a {} has no form in JSON", luaL_typename(L, index)));
  }
  if (out.size() > (std::size_t{16} << 20)) raise(L, "json.encode: the text is larger than 16 MiB");
}

int json_encode(lua_State* L) {
  luaL_checkany(L, 1);
  std::string out;
  encode(L, 1, out, 0);
  Host::of(L).charge(L, out.size() / 4);
  lua_pushlstring(L, out.data(), out.size());
  return 1;
}

void push(lua_State* L, const nlohmann::json& value) {
  luaL_checkstack(L, 8, "json.decode");
  switch (value.type()) {
    case nlohmann::json::value_t::boolean: lua_pushboolean(L, value.get<bool>() ? 1 : 0); break;
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned: lua_pushinteger(L, value.get<lua_Integer>()); break;
    case nlohmann::json::value_t::number_float: lua_pushnumber(L, value.get<double>()); break;
    case nlohmann::json::value_t::string:
      lua_pushlstring(L, value.get_ref<const std::string&>().data(), value.get_ref<const std::string&>().size());
      break;
    case nlohmann::json::value_t::array: {
      lua_createtable(L, static_cast<int>(value.size()), 0);
      lua_Integer i = 0;
      for (const auto& entry : value) {
        push(L, entry);
        lua_rawseti(L, -2, ++i);
      }
      break;
    }
    case nlohmann::json::value_t::object:
      lua_createtable(L, 0, static_cast<int>(value.size()));
      for (const auto& [name, entry] : value.items()) {
        push(L, entry);
        lua_setfield(L, -2, name.c_str());
      }
      break;
    default: lua_pushlightuserdata(L, nullptr); break;
  }
}

int json_decode(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  Host::of(L).charge(L, size / 4);
  int depth = 0;
  int deepest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] == '[' || text[i] == '{') deepest = std::max(deepest, ++depth);
    if (text[i] == ']' || text[i] == '}') --depth;
  }
  if (deepest > kDeepest) {
    lua_pushnil(L);
    lua_pushliteral(L, "nested more than 64 deep");
    return 2;
  }
  const nlohmann::json value = nlohmann::json::parse(text, text + size, nullptr, false);
  if (value.is_discarded()) {  // what a device gets over the network may be anything: a value, not an error
    lua_pushnil(L);
    lua_pushliteral(L, "not valid JSON");
    return 2;
  }
  push(L, value);
  return 1;
}

}  // namespace

void open_json(lua_State* L) {
  lua_newtable(L);
  lua_pushcfunction(L, json_encode);
  lua_setfield(L, -2, "encode");
  lua_pushcfunction(L, json_decode);
  lua_setfield(L, -2, "decode");
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "json");
}

}  // namespace wirelab::script
