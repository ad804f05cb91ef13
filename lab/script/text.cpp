// The library's functions on texts: searching with patterns whose steps are counted, and what makes long texts, charged by length.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"
#include "lab/script/pattern.hpp"

namespace wirelab::script {
namespace {

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, index, &size);
  return {text, size};
}

// A place from 1, or from the end if negative, as an offset; past the end it is size + 1.
std::size_t start_at(lua_State* L, int index, std::size_t size) {
  const lua_Integer init = luaL_optinteger(L, index, 1);
  if (init > 0) return static_cast<std::size_t>(std::min<lua_Integer>(init - 1, static_cast<lua_Integer>(size) + 1));
  if (init == 0 || -init > static_cast<lua_Integer>(size)) return 0;
  return size - static_cast<std::size_t>(-init);
}

std::optional<Pattern::Match> search(lua_State* L, Pattern& pattern, std::size_t from, bool may_anchor = true) {
  Host& host = Host::of(L);
  const std::uint64_t before = pattern.steps();
  std::optional<Pattern::Match> found;
  std::string wrong;
  try {
    found = pattern.find(from, host.steps_left() + 1, may_anchor);
  } catch (const PatternError& error) {
    wrong = error.what();
  }
  if (!wrong.empty()) raise(L, wrong);
  host.charge(L, pattern.steps() - before);
  return found;
}

void push_capture(lua_State* L, std::string_view text, const Pattern::Capture& c) {
  if (c.is_position) {
    lua_pushinteger(L, static_cast<lua_Integer>(c.begin) + 1);
  } else {
    lua_pushlstring(L, text.data() + c.begin, c.size);
  }
}

// The captures, or the whole match where there are none.
int push_captures(lua_State* L, std::string_view text, const Pattern::Match& match) {
  luaL_checkstack(L, Pattern::kMostCaptures + 2, "captures");
  if (match.captures == 0) {
    lua_pushlstring(L, text.data() + match.begin, match.end - match.begin);
    return 1;
  }
  for (int i = 0; i < match.captures; ++i) push_capture(L, text, match.capture[static_cast<std::size_t>(i)]);
  return match.captures;
}

int find(lua_State* L) {
  const std::string_view text = text_at(L, 1);
  const std::string_view wanted = text_at(L, 2);
  const std::size_t from = start_at(L, 3, text.size());
  if (from > text.size()) {
    lua_pushnil(L);
    return 1;
  }
  if (lua_toboolean(L, 4) != 0 || wanted.find_first_of("^$*+?.([%-") == std::string_view::npos) {
    Host::of(L).charge(L, 1 + text.size() / 4);
    const std::size_t at = text.find(wanted, from);
    if (at == std::string_view::npos) {
      lua_pushnil(L);
      return 1;
    }
    lua_pushinteger(L, static_cast<lua_Integer>(at) + 1);
    lua_pushinteger(L, static_cast<lua_Integer>(at + wanted.size()));
    return 2;
  }
  Pattern pattern(text, wanted);
  const auto found = search(L, pattern, from);
  if (!found) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(found->begin) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(found->end));
  return 2 + (found->captures == 0 ? 0 : push_captures(L, text, *found));
}

int match(lua_State* L) {
  const std::string_view text = text_at(L, 1);
  Pattern pattern(text, text_at(L, 2));
  const std::size_t from = start_at(L, 3, text.size());
  const auto found = from > text.size() ? std::nullopt : search(L, pattern, from);
  if (found) return push_captures(L, text, *found);
  lua_pushnil(L);
  return 1;
}

// Upvalues: text, pattern, where to go on, the end of the last match (which may not be matched emptily again).
int gmatch_step(lua_State* L) {
  const std::string_view text = text_at(L, lua_upvalueindex(1));
  Pattern pattern(text, text_at(L, lua_upvalueindex(2)));
  auto from = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(3)));
  const lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  while (from <= text.size()) {
    const auto found = search(L, pattern, from, false);
    if (!found) return 0;
    if (static_cast<lua_Integer>(found->end) == last && found->begin == found->end) {
      from = found->begin + 1;
      continue;
    }
    for (const int place : {3, 4}) {
      lua_pushinteger(L, static_cast<lua_Integer>(found->end));
      lua_replace(L, lua_upvalueindex(place));
    }
    return push_captures(L, text, *found);
  }
  return 0;
}

int gmatch(lua_State* L) {
  const std::size_t size = text_at(L, 1).size();
  text_at(L, 2);
  const std::size_t from = start_at(L, 3, size);
  lua_settop(L, 2);
  lua_pushinteger(L, static_cast<lua_Integer>(from));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, gmatch_step, 4);
  return 1;
}

// Adds what a match is replaced by: a text with %0 to %9, a table's field or a function's result; nil and false keep the match.
void add_replacement(lua_State* L, std::string& out, std::string_view text, const Pattern::Match& match) {
  const std::string_view whole = text.substr(match.begin, match.end - match.begin);
  const auto capture = [&](int i) {
    if (match.captures == 0 && i == 0) {
      lua_pushlstring(L, whole.data(), whole.size());
    } else if (i < match.captures) {
      push_capture(L, text, match.capture[static_cast<std::size_t>(i)]);
    } else {
      raise(L, fmt::format("gsub: %{} refers to no capture of the pattern", i + 1));
    }
  };
  if (lua_type(L, 3) == LUA_TSTRING || lua_type(L, 3) == LUA_TNUMBER) {
    const std::string_view with = text_at(L, 3);
    for (std::size_t i = 0; i < with.size(); ++i) {
      if (with[i] != '%') {
        out += with[i];
        continue;
      }
      const char c = ++i < with.size() ? with[i] : '\0';
      if (c == '%') {
        out += '%';
      } else if (c == '0') {
        out += whole;
      } else if (c >= '1' && c <= '9') {
        capture(c - '1');
        out += text_at(L, -1);
        lua_pop(L, 1);
      } else {
        raise(L, "gsub: % in a replacement stands before a digit or another %");
      }
    }
    return;
  }
  if (lua_type(L, 3) == LUA_TTABLE) {
    capture(0);
    lua_gettable(L, 3);
  } else {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(L, text, match), 1);
  }
  if (lua_toboolean(L, -1) == 0) {
    out += whole;
  } else if (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER) {
    out += text_at(L, -1);
  } else {
    raise(L, fmt::format("gsub: a match cannot be replaced by a {}", luaL_typename(L, -1)));
  }
  lua_pop(L, 1);
}

int gsub(lua_State* L) {
  const std::string_view text = text_at(L, 1);
  const std::string_view wanted = text_at(L, 2);
  const int type = lua_type(L, 3);
  if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TTABLE && type != LUA_TFUNCTION)
    raise(L, fmt::format("gsub: the replacement must be a text, a table or a function, not a {}", luaL_typename(L, 3)));
  const lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(text.size()) + 1);
  const bool anchored = !wanted.empty() && wanted[0] == '^';
  Pattern pattern(text, wanted);
  std::string out;
  lua_Integer count = 0;
  std::size_t from = 0;
  std::size_t copied = 0;
  std::optional<std::size_t> last;  // the end of the last match
  while (count < most && from <= text.size()) {
    const auto found = search(L, pattern, from);
    if (!found) break;
    const bool empty_again = found->begin == found->end && last && *last == found->end;
    if (!empty_again) {
      ++count;
      out += text.substr(copied, found->begin - copied);
      add_replacement(L, out, text, *found);
      copied = found->end;
      last = found->end;
      if (out.size() > kLongestText) raise(L, "gsub: the text would have more than 16 MB");
    }
    from = found->end > found->begin ? found->end : found->end + 1;
    if (anchored) break;
  }
  out += text.substr(std::min(copied, text.size()));
  Host::of(L).charge(L, out.size() / 16);
  lua_pushlstring(L, out.data(), out.size());
  lua_pushinteger(L, count);
  return 2;
}

int rep(lua_State* L) {
  const std::size_t size = text_at(L, 1).size();
  const lua_Integer times = luaL_checkinteger(L, 2);
  const std::size_t gap = lua_isnoneornil(L, 3) ? 0 : text_at(L, 3).size();
  const double total = static_cast<double>(size + gap) * static_cast<double>(std::max<lua_Integer>(times, 0));
  if (total > static_cast<double>(kLongestText))
    raise(L, fmt::format("string.rep: the text would have {:.0f} bytes; at most 16 MB are allowed", total));
  const auto rounds = size + gap == 0 ? 1 : static_cast<std::uint64_t>(std::max<lua_Integer>(times, 0));
  Host::of(L).charge(L, static_cast<std::uint64_t>(total) / 16 + rounds / 16);
  if (size + gap == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  return call_own(L);
}

int format(lua_State* L) {
  const std::string_view spec = text_at(L, 1);
  for (std::size_t i = 0; i < spec.size(); ++i) {
    if (spec[i] != '%') continue;
    ++i;
    while (i < spec.size() && std::strchr("-+ #0123456789.", spec[i]) != nullptr && spec[i] != '\0') ++i;
    if (i < spec.size() && spec[i] == 'p')
      raise(L, "string.format: %p shows an address, which differs from run to run");
    if (i < spec.size() && (spec[i] == 'a' || spec[i] == 'A'))
      raise(L, "string.format: %a is written differently by different C libraries; use %g");
  }
  std::size_t size = spec.size();
  for (int i = 2; i <= lua_gettop(L); ++i) {
    const int type = lua_type(L, i);
    if (type == LUA_TNUMBER && lua_tonumber(L, i) != lua_tonumber(L, i))
      raise(L, fmt::format("string.format: argument {} is not a number (nan)", i));
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN && type != LUA_TNIL) {
      push_text(L, i);
      lua_replace(L, i);
    }
    if (lua_type(L, i) == LUA_TSTRING) size += text_at(L, i).size();
  }
  Host::of(L).charge(L, size / 16);
  return call_own(L);
}

int pack_guard(lua_State* L) {
  const std::string_view spec = text_at(L, 1);
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
  return call_own(L);
}

// Work in proportion to the texts that are given.
int charged_by_text(lua_State* L) {
  std::size_t size = 0;
  for (int i = 1; i <= lua_gettop(L); ++i) size += lua_type(L, i) == LUA_TSTRING ? lua_rawlen(L, i) : 0;
  Host::of(L).charge(L, 1 + size / 16);
  return call_own(L);
}

}  // namespace

int call_own(lua_State* L) {
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  const int status = lua_pcall(L, count, LUA_MULTRET, 0);
  if (status == LUA_OK) return lua_gettop(L);
  if (status != LUA_ERRRUN || Host::of(L).over_limit || lua_type(L, -1) != LUA_TSTRING) lua_error(L);
  std::string text = lua_tostring(L, -1);
  // Lua finds no name for a function that is called from here, and no line. What already has a line came from the script.
  const std::string name = lua_tostring(L, lua_upvalueindex(2));
  if (const std::size_t at = text.find("'?'"); at != std::string::npos) text.replace(at, 3, "'" + name + "'");
  if (text.starts_with(Host::of(L).path + ":")) lua_error(L);
  raise(L, text);
}

void open_text(lua_State* L) {
  set_field(L, "string", "find", find);
  set_field(L, "string", "match", match);
  set_field(L, "string", "gmatch", gmatch);
  set_field(L, "string", "gsub", gsub);
  wrap_field(L, "string", "rep", rep);
  wrap_field(L, "string", "format", format);
  for (const char* name : {"pack", "unpack", "packsize"}) wrap_field(L, "string", name, pack_guard);
  for (const char* name : {"byte", "char", "len", "lower", "reverse", "sub", "upper"})
    wrap_field(L, "string", name, charged_by_text);
  for (const char* name : {"char", "codepoint", "len", "offset"}) wrap_field(L, "utf8", name, charged_by_text);
}

}  // namespace wirelab::script
