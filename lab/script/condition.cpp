// A condition on a running world, as a Lua expression: "wills > 0", "queue('home>hub') > 5 and now() > 10". It sees counters and
// reads, and nothing that could change the run.
#include <fmt/format.h>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

int read_now(lua_State* L) {
  lua_pushnumber(L, Host::of(L).world().now().in_seconds());
  return 1;
}

int read_queue(lua_State* L) {
  const std::string name = luaL_checkstring(L, 1);
  const auto queued = Host::of(L).world().queued_packets(name);
  if (!queued) raise(L, fmt::format("there is no direction of a link \"{}\": name it as in \"home>hub\"", name));
  lua_pushinteger(L, static_cast<lua_Integer>(*queued));
  return 1;
}

int read_counter(lua_State* L) {
  const std::string name = luaL_checkstring(L, 2);
  const auto value = Host::of(L).counter(name);
  if (!value) {
    std::vector<std::string_view> names = Statistics::counters();
    names.insert(names.end(), {"now()", "queue()"});
    unknown_name(L, "counter", name, "a condition", names);
  }
  lua_pushnumber(L, *value);
  return 1;
}

}  // namespace

tl::expected<void, std::string> Host::set_condition(const std::string& expression) {
  if (condition_ != LUA_NOREF) luaL_unref(L, LUA_REGISTRYINDEX, condition_);
  condition_ = LUA_NOREF;
  if (line_of_power_operator(expression) != 0) return tl::unexpected(std::string("write math.pow(x, y) for ^"));
  const std::string chunk = "return " + expression;
  if (luaL_loadbufferx(L, chunk.data(), chunk.size(), "=condition", "t") != LUA_OK) {
    const std::string text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return tl::unexpected(text.substr(text.find(": ") + 2));
  }
  lua_newtable(L);  // its globals
  for (const auto& [name, function] : {std::pair<const char*, lua_CFunction>{"now", read_now}, {"queue", read_queue}}) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
  }
  lua_getglobal(L, "math");
  lua_setfield(L, -2, "math");
  lua_newtable(L);
  lua_pushcfunction(L, read_counter);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setupvalue(L, -2, 1);
  condition_ = luaL_ref(L, LUA_REGISTRYINDEX);
  if (const auto tried = condition_holds(); !tried) return tl::unexpected(tried.error());
  return {};
}

tl::expected<bool, std::string> Host::condition_holds() {
  world_->trace().flush();  // so that the counters are of this instant
  const std::uint64_t before = spent;
  lua_rawgeti(L, LUA_REGISTRYINDEX, condition_);
  const int status = lua_pcall(L, 0, 1, 0);
  spent = before;  // looking costs the scenario nothing
  if (status != LUA_OK) {
    const std::string text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "the condition failed";
    lua_pop(L, 1);
    const std::size_t cut = text.find(": ");
    return tl::unexpected(text.starts_with("condition:") && cut != std::string::npos ? text.substr(cut + 2) : text);
  }
  const bool holds = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return holds;
}

}  // namespace wirelab::script
