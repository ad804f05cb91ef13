// Nodes that serve others: routers that translate addresses, name servers, access points, and the REST cloud.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/script/declare.hpp"
#include "lab/script/device_program.hpp"
#include "sim/wire/dns.hpp"

namespace wirelab::script {
namespace {

// What all of these begin with: the node with its options, its address, and the link to what it hangs on.
struct Declaration {
  Declaration(lua_State* L, NodeRole role, const std::string& function)
      : node(add_node(L, role, (function + "()").c_str())),
        index(Host::of(L).description.nodes.size() - 1),
        where(fmt::format("{}(\"{}\")", function, node.name)),
        options(L, 2, where) {
    read_address(L, options, node);
    link.a = node.name;
    joined = read_uplink(L, options, where, link);
  }
  void must_be_joined(lua_State* L, const char* to_what) const {
    if (!joined) raise(L, fmt::format("{} needs \"on\": {}", where, to_what));
  }
  NodeDescription& node;
  std::size_t index;
  std::string where;
  Options options;
  LinkDescription link;
  bool joined = false;
};

}  // namespace

int declare_nat(lua_State* L) {
  Declaration declaration(L, NodeRole::nat, "nat");
  declaration.must_be_joined(L, "the node on its outer side");
  auto& [node, index, where, options, link, joined] = declaration;
  node.outside = link.b;
  NatSettings& nat = node.nat;
  if (const auto time = options.duration("tcp_timeout")) nat.tcp_established = *time;
  if (const auto time = options.duration("udp_timeout")) nat.udp_reply = *time;
  if (const auto lease = options.duration("lease")) {
    if (*lease < Duration::seconds(60) || *lease > Duration::seconds(86'400 * 365))
      raise(L, fmt::format("option \"lease\" of {} lies between 1min and a year", where));
    node.lease = *lease;
  }
  if (const auto word = options.choice("forgotten", {"same_port", "another_port", "reset", "drop"})) {
    nat.forgotten = *word == "same_port"      ? Forgotten::same_port
                    : *word == "another_port" ? Forgotten::another_port
                    : *word == "reset"        ? Forgotten::reset
                                              : Forgotten::drop;
  }
  options.finish();
  if (std::min(nat.tcp_established, nat.udp_reply) < Duration::seconds(1))
    raise(L, fmt::format("the time-outs of {} must be at least 1s", where));
  nat.udp = std::min(nat.udp, nat.udp_reply);
  nat.tcp_transitory = std::min(nat.tcp_transitory, nat.tcp_established);
  add_link(L, link);
  return push_node(L, index);
}

namespace {

// One value of the table `names`: a node, an address, or { node = ..., ttl = ... }.
NodeDescription::NamedAddress read_named(lua_State* L, const std::string& name) {
  NodeDescription::NamedAddress named;
  named.name = name;
  if (lua_istable(L, -1)) {
    Options options(L, -1, fmt::format("name \"{}\"", name));
    if (!options.push("node")) raise(L, fmt::format("name \"{}\" needs \"node\"", name));
    named.node = check_node(L, -1, fmt::format("the node of name \"{}\"", name).c_str()).name;
    lua_pop(L, 1);
    if (const auto ttl = options.duration("ttl")) {
      if (ttl->ns() > 86'400'000'000'000 * 365) raise(L, "a ttl is at most a year");
      named.time_to_live = static_cast<std::uint32_t>(ttl->ns() / 1'000'000'000);
    }
    options.finish();
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    const auto address = wire::parse_address(lua_tostring(L, -1));
    if (!address) raise(L, fmt::format("name \"{}\": \"{}\" is no IPv4 address", name, lua_tostring(L, -1)));
    named.address = *address;
  } else {
    named.node = check_node(L, -1, fmt::format("the node of name \"{}\"", name).c_str()).name;
  }
  return named;
}

}  // namespace

int declare_dns(lua_State* L) {
  Declaration declaration(L, NodeRole::dns, "dns");
  auto& [node, index, where, options, link, joined] = declaration;
  if (options.push("names")) {
    if (!lua_istable(L, -1))
      raise(L, fmt::format("option \"names\" of {} must be a table such as {{ [\"broker.example\"] = hub }}", where));
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      if (lua_type(L, -2) != LUA_TSTRING) raise(L, fmt::format("the names of {} are texts", where));
      const std::string name = lower_case(lua_tostring(L, -2));
      if (!wire::is_host_name(name)) raise(L, fmt::format("\"{}\" is no host name, as \"broker.example\" is", name));
      node.names.push_back(read_named(L, name));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
    std::sort(node.names.begin(), node.names.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  options.finish();
  if (joined) add_link(L, link);
  return push_node(L, index);
}

namespace {

// { x, y } in metres.
void read_place(lua_State* L, Options& options, const std::string& where, Place& place) {
  if (!options.push("at")) return;
  const auto coordinate = [&](lua_Integer index) {
    lua_geti(L, -1, index);
    if (lua_type(L, -1) != LUA_TNUMBER || !(std::abs(lua_tonumber(L, -1)) <= 1e6))
      raise(L, fmt::format("option \"at\" of {} is a place in metres such as {{ 3, 4.5 }}", where));
    const double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
  };
  if (!lua_istable(L, -1))
    raise(L, fmt::format("option \"at\" of {} is a place in metres such as {{ 3, 4.5 }}", where));
  place = {coordinate(1), coordinate(2)};
  lua_pop(L, 1);
}

// Decibels within limits that a radio may have.
std::optional<double> read_decibels(lua_State* L, Options& options, const char* name, const std::string& where,
                                    double least, double most) {
  const auto value = options.number(name);
  if (value && !(*value >= least && *value <= most))
    raise(L, fmt::format("option \"{}\" of {} lies between {} and {}", name, where, least, most));
  return value;
}

// The name and the passphrase of a network.
void read_network(lua_State* L, Options& options, const std::string& where, std::string& ssid, std::string& password) {
  if (const auto text = options.text("ssid")) ssid = *text;
  if (ssid.size() > 32) raise(L, fmt::format("the SSID of {} is longer than 32 bytes", where));
  if (const auto text = options.text("password")) {
    password = *text;
    if (!wifi::is_passphrase(password))
      raise(L,
            fmt::format("the password of {} has {} characters: WPA2 takes 8 to 63, of ASCII", where, password.size()));
  }
}

}  // namespace

int declare_access_point(lua_State* L) {
  Declaration declaration(L, NodeRole::access_point, "access_point");
  declaration.must_be_joined(L, "the router or switch that it is plugged into");
  auto& [node, index, where, options, link, joined] = declaration;
  read_network(L, options, where, node.point.ssid, node.point.password);
  if (node.point.ssid.empty()) raise(L, fmt::format("{} needs \"ssid\": the name of its network", where));
  read_place(L, options, where, node.place);
  if (const auto power = read_decibels(L, options, "power", where, -10, 30)) node.point.transmit_dbm = *power;
  if (const auto fading = read_decibels(L, options, "fading", where, 0, 12)) node.point.fading_db = *fading;
  options.finish();
  add_link(L, link);
  return push_node(L, index);
}

void read_wifi(lua_State* L, Options& options, const std::string& where, NodeDescription& node) {
  if (!options.push("wifi")) return;
  const std::string what = fmt::format("option \"wifi\" of {}", where);
  if (!lua_istable(L, -1))
    raise(L, fmt::format(
                 "{} is a table such as {{ ssid = \"HomeNetwork\", password = \"secretpass123\", at = {{ 5, 0 }} }}",
                 what));
  node.station.emplace();
  Options own(L, lua_gettop(L), what);
  read_network(L, own, what, node.station->ssid, node.station->password);
  read_place(L, own, what, node.place);
  if (const auto power = read_decibels(L, own, "power", what, -10, 30)) node.station->transmit_dbm = *power;
  if (const auto walls = read_decibels(L, own, "walls", what, 0, 200)) node.station->walls_db = *walls;
  own.finish();
  lua_pop(L, 1);
}

int declare_cloud(lua_State* L) {
  // Instant 0 in the calendar of answers: when the course's sample was made.
  constexpr std::int64_t kEpoch = 1'646'257'460;  // 2022-03-02 21:44:20 UTC
  Declaration declaration(L, NodeRole::web, "cloud");
  auto& [node, index, where, options, link, joined] = declaration;
  http::ServerSettings& server = node.web.server;
  node.web.server.epoch = node.web.cloud.epoch = kEpoch;
  node.tcp.nodelay = true;  // as nginx, and most web servers
  server.software = "wirelab";
  if (options.choice("profile", {"plain", "nginx"}) == "nginx") {
    server.software = "nginx";
    server.two_segments = server.says_keep_alive = true;
  }
  server.keep_alive = options.boolean("keep_alive").value_or(true);
  if (const auto time = options.duration("idle_timeout")) server.idle = *time;
  if (const auto time = options.duration("service_time")) server.service_time = *time;
  if (const auto key = options.text("api_key")) node.web.cloud.api_key = *key;
  read_tcp(options, node.tcp);
  options.finish();
  if (server.idle < Duration::milliseconds(1))
    raise(L, fmt::format("the idle_timeout of {} must be at least 1ms", where));
  if (joined) add_link(L, link);
  return push_node(L, index);
}

}  // namespace wirelab::script
