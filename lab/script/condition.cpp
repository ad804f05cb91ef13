// A condition on a running world, as a Lua expression: "wills > 0", "queue > 5 and now() > 10", "since.lost > 0" (since the
// condition was set). It sees counters and reads, and nothing that could change the run.
#include <fmt/format.h>

#include <utility>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

int read_now(lua_State* L) {
  lua_pushnumber(L, Host::of(L).world().now().in_seconds());
  return 1;
}

int read_queue_of(lua_State* L) {
  const std::string name = luaL_checkstring(L, 1);
  const auto queued = Host::of(L).world().queued_packets(name);
  if (!queued) raise(L, fmt::format("there is no direction of a link \"{}\": name it as in \"home>hub\"", name));
  lua_pushinteger(L, static_cast<lua_Integer>(*queued));
  return 1;
}

double counter_named(lua_State* L, const std::string& name) {
  if (const auto value = Host::of(L).counter(name)) return *value;
  std::vector<std::string_view> names = Statistics::counters();
  for (const Metric& metric : Host::of(L).own_metrics) names.push_back(metric.name);
  names.insert(names.end(), {"now()", "queue", "queue_of()", "since"});
  unknown_name(L, "counter", name, "a condition", names);
}

int read_counter(lua_State* L) {
  const std::string name = luaL_checkstring(L, 2);
  lua_pushnumber(L, name == "queue" ? Host::of(L).world().longest_queue() : counter_named(L, name));
  return 1;
}

// The first upvalue holds the counters as they were when the condition was set.
int read_since(lua_State* L) {
  const std::string name = luaL_checkstring(L, 2);
  const double now = counter_named(L, name);
  lua_getfield(L, lua_upvalueindex(1), name.c_str());
  lua_pushnumber(L, now - lua_tonumber(L, -1));
  return 1;
}

// A copy of the scenario's own, so that nothing can be written into that, and without what draws from its chance.
void push_mathematics(lua_State* L) {
  lua_newtable(L);
  lua_getglobal(L, "math");
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    const std::string name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "random";
    if (name.starts_with("random")) {
      lua_pop(L, 1);
    } else {
      lua_setfield(L, -4, name.c_str());
    }
  }
  lua_pop(L, 1);
}

void push_since(lua_State* L) {
  Host& host = Host::of(L);
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  for (const std::string_view name : Statistics::counters()) {
    lua_pushnumber(L, *host.counter(name));
    lua_setfield(L, -2, std::string(name).c_str());
  }
  for (const Metric& metric : host.own_metrics) {
    lua_pushnumber(L, metric.value);
    lua_setfield(L, -2, metric.name.c_str());
  }
  lua_pushcclosure(L, read_since, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
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
  for (const auto& [name, function] :
       {std::pair<const char*, lua_CFunction>{"now", read_now}, {"queue_of", read_queue_of}}) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
  }
  world_->trace().flush();  // so that the counters are of this instant
  push_since(L);
  lua_setfield(L, -2, "since");
  push_mathematics(L);
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

tl::expected<bool, std::string> Host::holds(const std::string& expression) {
  const int before = std::exchange(condition_, LUA_NOREF);
  const auto set = set_condition(expression);
  const auto result = set ? condition_holds() : tl::unexpected(set.error());
  if (condition_ != LUA_NOREF) luaL_unref(L, LUA_REGISTRYINDEX, condition_);
  condition_ = before;
  return result;
}

}  // namespace wirelab::script
