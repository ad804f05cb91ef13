// The option "bridges" of a broker: a list of connections to other brokers.
#include <fmt/format.h>

#include "lab/script/declare.hpp"
#include "lab/script/mqtt_options.hpp"

namespace wirelab::script {
namespace {

void read_topics(lua_State* L, Options& options, const std::string& where, BridgeSettings& bridge) {
  if (!options.push("topics") || !lua_istable(L, -1))
    raise(L, fmt::format("{} needs topics, as topics = {{ \"sensors/# out 1\" }}", where));
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    const char* line = lua_tostring(L, -1);
    if (line == nullptr) raise(L, fmt::format("topic {} of {} is no text", i, where));
    const auto topic = mqtt::parse_bridge_topic(line);
    if (!topic) raise(L, fmt::format("topic {} of {}: {}", i, where, topic.error()));
    bridge.topics.push_back(*topic);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

BridgeSettings read_bridge(lua_State* L, const std::string& where) {
  Options options(L, lua_gettop(L), where);
  BridgeSettings bridge;
  if (!options.push("to")) raise(L, where + " needs another broker, as to = hub");
  bridge.to =
      lua_type(L, -1) == LUA_TSTRING ? std::string(lua_tostring(L, -1)) : check_node(L, -1, "option \"to\"").name;
  lua_pop(L, 1);
  read_topics(L, options, where, bridge);
  bridge.name = options.text("name").value_or("");
  const auto version = options.choice("version", {"3.1.1", "5.0"}).value_or("5.0");
  bridge.remote.version = version == "5.0" ? mqtt::Version::v5 : mqtt::Version::v3_1_1;
  bridge.remote.clean_session = options.boolean("clean_session").value_or(false);
  if (const auto keep_alive = options.duration("keepalive"))
    bridge.remote.keep_alive =
        static_cast<std::uint16_t>(std::min<std::int64_t>(65535, keep_alive->ns() / 1'000'000'000));
  if (const auto user = options.text("username"))
    bridge.remote.credentials =
        std::make_shared<const mqtt::Credentials>(mqtt::Credentials{*user, options.text("password").value_or("")});
  if (!bridge.remote.clean_session && bridge.remote.version == mqtt::Version::v5) {
    mqtt::OptionsOf5 five;
    five.session_expiry = mqtt::kNeverExpires;
    bridge.remote.five = std::make_shared<const mqtt::OptionsOf5>(five);
  }
  options.finish();
  return bridge;
}

}  // namespace

void read_bridges(lua_State* L, Options& options, const std::string& name, std::vector<BridgeSettings>& bridges) {
  const std::string where = fmt::format("broker(\"{}\")", name);
  if (!options.push("bridges")) return;
  if (!lua_istable(L, -1))
    raise(L,
          fmt::format("option \"bridges\" of {} must be a list, as {{ {{ to = hub, topics = {{ \"#\" }} }} }}", where));
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    const std::string which = fmt::format("bridge {} of {}", i, where);
    if (!lua_istable(L, -1)) raise(L, which + " must be a table of options");
    BridgeSettings bridge = read_bridge(L, which);
    if (bridge.name.empty()) bridge.name = count == 1 ? name + "-bridge" : fmt::format("{}-bridge{}", name, i);
    bridges.push_back(std::move(bridge));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

}  // namespace wirelab::script
