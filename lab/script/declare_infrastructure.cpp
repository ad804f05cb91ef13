// Nodes that serve others: routers that translate addresses, and name servers.
#include <fmt/format.h>

#include <algorithm>

#include "lab/script/declare.hpp"
#include "lab/script/device_program.hpp"
#include "sim/wire/dns.hpp"

namespace wirelab::script {

int declare_nat(lua_State* L) {
  NodeDescription& node = add_node(L, NodeRole::nat, "nat()");
  Host& host = Host::of(L);
  const std::size_t index = host.description.nodes.size() - 1;
  const std::string where = fmt::format("nat(\"{}\")", node.name);
  Options options(L, 2, where);
  read_address(L, options, node);
  LinkDescription link;
  link.a = node.name;
  if (!read_uplink(L, options, where, link))
    raise(L, fmt::format("{} needs \"on\": the node on its outer side", where));
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
  NodeDescription& node = add_node(L, NodeRole::dns, "dns()");
  Host& host = Host::of(L);
  const std::size_t index = host.description.nodes.size() - 1;
  const std::string where = fmt::format("dns(\"{}\")", node.name);
  Options options(L, 2, where);
  read_address(L, options, node);
  LinkDescription link;
  link.a = node.name;
  const bool joined = read_uplink(L, options, where, link);
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

}  // namespace wirelab::script
