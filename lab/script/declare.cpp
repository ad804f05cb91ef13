// What a scenario declares at its top level: parameters, metrics, nodes, links, what happens when; and what it does to them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lab/script/declare.hpp"
#include "lab/script/device_program.hpp"
#include "lab/script/host.hpp"
#include "lab/script/link_options.hpp"
#include "lab/script/mqtt_options.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/options.hpp"
#include "lab/script/radio_options.hpp"
#include "lab/script/script_tap.hpp"
#include "lab/script/tls_options.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab::script {

void only_at_top(lua_State* L, const char* what) {
  if (Host::of(L).running())
    raise(L, fmt::format("{} belongs at the top level of the scenario: the world is already running", what));
}

namespace {

World& running_world(lua_State* L, const char* what) {
  Host& host = Host::of(L);
  if (!host.running())
    raise(L,
          fmt::format("{} acts on the running world: call it in at(time, function() ... end) or in a device's program",
                      what));
  return host.world();
}

}  // namespace

int apply(lua_State* L, const char* what, const Intervention& intervention) {
  World& world = running_world(L, what);
  if (const auto possible = world.can_apply(intervention); !possible) raise(L, possible.error());
  world.apply(intervention);
  return 0;
}

namespace {

std::string_view check_text(lua_State* L, int index, const char* what) {
  if (lua_type(L, index) != LUA_TSTRING)
    raise(L, fmt::format("{} must be a text, not a {}", what, luaL_typename(L, index)));
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

// ---- parameters and metrics

int declare_duration(lua_State* L) {
  only_at_top(L, "duration()");
  Host& host = Host::of(L);
  host.duration_ = check_duration(L, 1, "duration()");
  host.duration_set = true;
  return 0;
}

std::string value_text(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: return lua_toboolean(L, index) != 0 ? "true" : "false";
    case LUA_TNUMBER:
      return lua_isinteger(L, index) ? fmt::format("{}", lua_tointeger(L, index))
                                     : fmt::format("{}", check_finite(L, index, "a parameter"));
    case LUA_TSTRING: return std::string(check_text(L, index, ""));
    default:
      raise(L, fmt::format("the default of a parameter must be a number, a text or a boolean, not a {}",
                           luaL_typename(L, index)));
  }
}

// "5s" for a parameter in seconds or milliseconds, "2%", "1Mbit/s", "10kB": the number that the parameter holds.
std::optional<double> quantity(const std::string& given, const std::string& unit) {
  if (unit == "s" || unit == "ms") {
    if (const auto time = parse_duration(given)) return time->in_seconds() * (unit == "s" ? 1.0 : 1000.0);
  } else if (unit == "bit/s") {
    if (const auto rate = parse_rate(given)) return static_cast<double>(*rate);
  } else if (unit == "bytes" || unit == "B") {
    if (const auto size = parse_size(given)) return static_cast<double>(*size);
  } else if (given.find('%') != std::string::npos) {
    if (const auto ratio = parse_ratio(given)) return *ratio;
  }
  return std::nullopt;
}

// Pushes what --set gave, in the type of the default at `standard`.
void push_setting(lua_State* L, const std::string& name, const std::string& given, int standard,
                  const std::string& unit) {
  const auto wrong = [&](const char* wanted) {
    raise(L, fmt::format("--set {}={}: this parameter is {}", name, given, wanted));
  };
  switch (lua_type(L, standard)) {
    case LUA_TBOOLEAN:
      if (given != "true" && given != "false") wrong("true or false");
      lua_pushboolean(L, given == "true" ? 1 : 0);
      break;
    case LUA_TNUMBER:
      if (lua_stringtonumber(L, given.c_str()) == 0) {
        const auto number = quantity(given, unit);
        if (!number) wrong(unit.empty() ? "a number" : fmt::format("a number, or a text in {}", unit).c_str());
        lua_pushnumber(L, *number);
      }
      check_finite(L, -1, "a parameter");
      break;
    default: lua_pushlstring(L, given.data(), given.size());
  }
}

int declare_param(lua_State* L) {
  only_at_top(L, "param()");
  Host& host = Host::of(L);
  const std::string name(check_text(L, 1, "the name of a parameter"));
  ParameterInfo info;
  info.name = name;
  info.standard = value_text(L, 2);
  for (const ParameterInfo& other : host.parameters_) {
    if (other.name == name) raise(L, fmt::format("the parameter \"{}\" is declared twice", name));
  }
  Options options(L, 3, fmt::format("param(\"{}\")", name));
  const auto least = options.number("min");
  const auto most = options.number("max");
  info.unit = options.text("unit").value_or("");
  info.help = options.text("help").value_or("");
  const bool has_choices = options.push("choices");
  const int choices = lua_gettop(L);
  options.finish();
  const auto given = host.options.parameters.find(name);
  if (given != host.options.parameters.end()) {
    push_setting(L, name, given->second, 2, info.unit);
  } else {
    lua_pushvalue(L, 2);
  }
  const int value = lua_gettop(L);
  info.value = value_text(L, value);
  if (lua_type(L, value) == LUA_TNUMBER) {
    const double number = lua_tonumber(L, value);
    if ((least && number < *least) || (most && number > *most)) {
      const std::string range = least && most ? fmt::format("lie between {:g} and {:g}", *least, *most)
                                : least       ? fmt::format("be at least {:g}", *least)
                                              : fmt::format("be at most {:g}", *most);
      raise(L, fmt::format("the parameter \"{}\" is {}; it must {}", name, info.value, range));
    }
  }
  if (has_choices) {
    luaL_checktype(L, choices, LUA_TTABLE);
    bool found = false;
    for (lua_Integer i = 1;; ++i) {
      lua_rawgeti(L, choices, i);
      if (lua_isnil(L, -1)) break;
      info.choices.push_back(value_text(L, -1));
      if (lua_compare(L, -1, value, LUA_OPEQ) != 0) found = true;
      lua_pop(L, 1);
    }
    lua_settop(L, value);
    if (!found) {
      std::string list;
      for (const std::string& choice : info.choices) list += (list.empty() ? "" : ", ") + choice;
      raise(L, fmt::format("the parameter \"{}\" is {}; it must be one of: {}", name, info.value, list));
    }
  }
  host.parameters_.push_back(info);
  lua_pushvalue(L, value);
  return 1;
}

int declare_metric(lua_State* L) {
  only_at_top(L, "metric()");
  Host& host = Host::of(L);
  Metric metric;
  metric.name = check_text(L, 1, "the name of a metric");
  Options options(L, 2, fmt::format("metric(\"{}\")", metric.name));
  metric.unit = options.text("unit").value_or("");
  metric.definition = options.text("help").value_or("");
  metric.value = options.number("start").value_or(0.0);
  options.finish();
  Statistics all;
  all.show_web();
  all.show_radios();
  for (const Metric& other : all.metrics(0)) {
    if (other.name == metric.name)
      raise(L, fmt::format("the metric \"{}\" is built in; choose another name", metric.name));
  }
  for (const Metric& other : host.own_metrics) {
    if (other.name == metric.name) raise(L, fmt::format("the metric \"{}\" is declared twice", metric.name));
  }
  *static_cast<std::size_t*>(new_object(L, "metric", sizeof(std::size_t))) = host.own_metrics.size();
  host.own_metrics.push_back(metric);
  return 1;
}

std::size_t metric_place(lua_State* L) {
  return *static_cast<std::size_t*>(check_object(L, 1, "metric", "the object before \":\""));
}

// Before the world runs, a metric only has another value to begin with.
void change_metric(lua_State* L, double value) {
  Host& host = Host::of(L);
  const std::size_t place = metric_place(L);
  host.own_metrics[place].value = value;
  if (host.running()) host.world().set_metric(place, value);
}

int metric_add(lua_State* L) {
  const Metric& metric = Host::of(L).own_metrics[metric_place(L)];
  const double sum = metric.value + (lua_isnoneornil(L, 2) ? 1.0 : check_finite(L, 2, "what is added to a metric"));
  if (!std::isfinite(sum)) raise(L, fmt::format("the metric \"{}\" grows beyond all numbers", metric.name));
  change_metric(L, sum);
  return 0;
}
int metric_set(lua_State* L) {
  change_metric(L, check_finite(L, 2, "the value of a metric") + 0.0);
  return 0;
}
int metric_get(lua_State* L) {
  lua_pushnumber(L, Host::of(L).own_metrics[metric_place(L)].value);
  return 1;
}

int stat(lua_State* L) {
  running_world(L, "stat()");
  const std::string name(check_text(L, 1, "the name of a metric"));
  std::vector<std::string_view> names;
  const std::vector<Metric> all = Host::of(L).metrics();
  for (const Metric& metric : all) {
    if (metric.name == name) {
      if (metric.value == std::floor(metric.value) && std::fabs(metric.value) < 9e15) {
        lua_pushinteger(L, static_cast<lua_Integer>(metric.value));
      } else {
        lua_pushnumber(L, metric.value);
      }
      return 1;
    }
    names.push_back(metric.name);
  }
  unknown_name(L, "metric", name, "stat()", names);
}

int expect(lua_State* L) {
  Host& host = Host::of(L);
  luaL_checkany(L, 1);
  if (lua_toboolean(L, 1) != 0) return 0;
  const std::string what(lua_isnoneornil(L, 2) ? std::string_view("an expectation")
                                               : check_text(L, 2, "the message of expect()"));
  luaL_where(L, 1);
  const std::string where = lua_tostring(L, -1);
  host.charge(L, 1000);
  host.failures_.push_back(where + what);
  if (host.running()) {
    Tracer& trace = host.world().trace();
    trace.emit(Kind::expectation_failed, 0, 0, std::uint16_t{0}, trace.text(std::string_view(what).substr(0, 65535)));
  }
  return 0;
}

int at(lua_State* L) {
  only_at_top(L, "at()");
  Host& host = Host::of(L);
  const Duration when = check_duration(L, 1, "the time of at()");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  const int function = luaL_ref(L, LUA_REGISTRYINDEX);
  luaL_where(L, 1);
  host.scheduled.push_back({Instant() + when, function, lua_tostring(L, -1)});
  return 0;
}

// ---- nodes and links

}  // namespace

int push_node(lua_State* L, std::size_t index) {
  *static_cast<std::size_t*>(new_object(L, "node", sizeof(std::size_t))) = index;
  return 1;
}

NodeDescription& check_node(lua_State* L, int index, const char* what) {
  return Host::of(L).description.nodes[*static_cast<std::size_t*>(check_object(L, index, "node", what))];
}

void check_name(lua_State* L, const std::string& name, const char* of) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '>' && c != '/' && c != '"';
  });
  if (!plain || name.empty() || name.size() > 64 || !mqtt::is_valid_utf8(wire::bytes_of(name)))
    raise(L, fmt::format("this is no name for {}: 1 to 64 characters, without spaces, quotes, \">\" and \"/\"", of));
}

NodeDescription& add_node(lua_State* L, NodeRole role, const char* what) {
  only_at_top(L, what);
  Host& host = Host::of(L);
  const std::string name(check_text(L, 1, fmt::format("the name of {}", what).c_str()));
  check_name(L, name, "a node");
  if (!host.node_names.insert(name).second) raise(L, fmt::format("there is already a node \"{}\"", name));
  NodeDescription node;
  node.name = name;
  node.role = role;
  host.description.nodes.push_back(std::move(node));
  return host.description.nodes.back();
}

void read_address(lua_State* L, Options& options, NodeDescription& node) {
  const auto text = options.text("address");
  if (!text) return;
  if (*text == "dhcp" && node.role == NodeRole::device) {
    node.dhcp = true;
    return;
  }
  const auto address = wire::parse_address(*text);
  if (!address) raise(L, fmt::format("\"{}\" is no IPv4 address: write it as in \"10.0.0.1\"", *text));
  node.address = *address;
}

namespace {

int declare_router(lua_State* L) {
  NodeDescription& node = add_node(L, NodeRole::router, "router()");
  Options options(L, 2, fmt::format("router(\"{}\")", node.name));
  read_address(L, options, node);
  options.finish();
  return push_node(L, Host::of(L).description.nodes.size() - 1);
}

int push_link(lua_State* L, std::size_t index) {
  *static_cast<std::size_t*>(new_object(L, "link", sizeof(std::size_t))) = index;
  return 1;
}

// Links are named by their ends, so no two may share a name.
void check_link_name(lua_State* L, const LinkDescription& link) {
  Host& host = Host::of(L);
  const std::array<std::string, 2> names{link.a + "-" + link.b, link.b + "-" + link.a};
  for (const std::string& name : names) {
    if (host.link_names.count(name) == 0) continue;
    const auto& links = host.description.links;
    const bool same_ends = std::any_of(links.begin(), links.end(), [&](const LinkDescription& other) {
      return (other.a == link.a && other.b == link.b) || (other.a == link.b && other.b == link.a);
    });
    if (same_ends) raise(L, fmt::format("\"{}\" and \"{}\" are joined by a link already", link.a, link.b));
    raise(L, fmt::format("two links would be named \"{}\": choose node names with fewer \"-\"", name));
  }
  host.link_names.insert(names.begin(), names.end());
}

}  // namespace

void add_link(lua_State* L, const LinkDescription& link) {
  check_link_name(L, link);
  Host::of(L).description.links.push_back(link);
}

// The node that a new one hangs on, and the link to it. False if there is none.
bool read_uplink(lua_State* L, Options& options, const std::string& where, LinkDescription& link) {
  link.to_a = link.to_b = default_link();
  const bool joined = options.push("on");
  if (joined) {
    link.b = check_node(L, -1, fmt::format("option \"on\" of {}", where).c_str()).name;
    lua_pop(L, 1);
  }
  if (options.push("link")) {
    if (!joined) raise(L, fmt::format("option \"link\" of {} needs \"on\": the node that it hangs on", where));
    read_link(L, lua_gettop(L), where + ", link", link);
    lua_pop(L, 1);
  }
  return joined;
}

namespace {

int declare_link(lua_State* L) {
  only_at_top(L, "link()");
  Host& host = Host::of(L);
  LinkDescription link;
  link.a = check_node(L, 1, "the first end of link()").name;
  link.b = check_node(L, 2, "the second end of link()").name;
  if (link.a == link.b) raise(L, fmt::format("link() joins \"{}\" to itself", link.a));
  read_link(L, 3, fmt::format("link({}, {})", link.a, link.b), link);
  add_link(L, link);
  return push_link(L, host.description.links.size() - 1);
}

int declare_broker(lua_State* L) {
  NodeDescription& node = add_node(L, NodeRole::broker, "broker()");
  Options options(L, 2, fmt::format("broker(\"{}\")", node.name));
  read_address(L, options, node);
  read_broker(L, options, node.name, node.broker, node.access);
  read_tcp(options, node.tcp);
  read_server_tls(L, options, node.name, node.listeners);
  Processor& processor = node.listeners.processor;
  read_processor(options, processor);
  if (processor.service_time.ns() == 0 && (processor.exponential || processor.inbox != 0))
    raise(L, fmt::format("options \"service\" and \"inbox\" of broker(\"{}\") need a service_time, as \"5ms\"",
                         node.name));
  read_bridges(L, options, node.name, node.bridges);
  options.finish();
  return push_node(L, Host::of(L).description.nodes.size() - 1);
}

SensorModel read_sensor(lua_State* L, const std::string& name) {
  SensorModel model = default_sensor(name);
  if (lua_type(L, -1) == LUA_TNUMBER) {
    model = SensorModel{};
    model.base = check_finite(L, -1, "the value of a sensor");
    return model;
  }
  Options options(L, -1, fmt::format("sensor \"{}\"", name));
  if (const auto base = options.number("base")) model.base = *base;
  if (const auto swing = options.number("swing")) model.swing = *swing;
  if (const auto period = options.duration("period")) model.period = *period;
  if (const auto noise = options.number("noise")) model.noise = *noise;
  if (const auto step = options.number("step")) model.step = *step;
  if (const auto low = options.number("low")) model.low = *low;
  if (const auto high = options.number("high")) model.high = *high;
  options.finish();
  if (model.low > model.high) raise(L, fmt::format("sensor \"{}\": low is above high", name));
  if (model.period.ns() <= 0) raise(L, fmt::format("sensor \"{}\": the period must be above 0", name));
  return model;
}

int declare_device(lua_State* L) {
  NodeDescription& node = add_node(L, NodeRole::device, "device()");
  Host& host = Host::of(L);
  const std::size_t index = host.description.nodes.size() - 1;
  const std::string where = fmt::format("device(\"{}\")", node.name);
  const std::string name = node.name;
  // device(name, program) or device(name, options, program); the options may be nil.
  const bool program_first = lua_isfunction(L, 2);
  const bool has_options = !program_first && !lua_isnoneornil(L, 2);
  Options options(L, has_options ? 2 : lua_gettop(L) + 1, where);
  LinkDescription link;
  link.a = name;
  bool joined = false;
  if (has_options) {
    read_address(L, options, node);
    joined = read_uplink(L, options, where, link);
    read_wifi(L, options, where, node);
    if (node.station && joined) raise(L, fmt::format("{} is joined by \"on\" or by \"wifi\", not by both", where));
    node.radio = read_radio(L, options, where);
    if (node.radio && node.station.has_value() != (node.radio->name == "esp32"))
      raise(L, node.station ? fmt::format("the radio of {} is one for Wi-Fi: \"esp32\"", where)
                            : fmt::format("radio \"esp32\" of {} needs the option \"wifi\"", where));
    if (options.push("sensors")) {
      if (!lua_istable(L, -1))
        raise(L, fmt::format("option \"sensors\" of {} must be a table such as {{ temperature = {{ base = 21 }} }}",
                             where));
      const int table = lua_gettop(L);
      lua_pushnil(L);
      while (lua_next(L, table) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
          raise(L, fmt::format("sensors of {} are named: write {{ temperature = ... }}", where));
        const std::string sensor = lua_tostring(L, -2);
        node.sensors[sensor] = read_sensor(L, sensor);
        lua_pop(L, 1);
      }
      lua_pop(L, 1);
    }
    options.finish();
  }
  const int function = program_first ? 2 : 3;
  if (!lua_isnoneornil(L, function)) {
    if (lua_type(L, function) != LUA_TFUNCTION)
      raise(L, fmt::format("the program of {} must be a function(self), not a {}", where, luaL_typename(L, function)));
    lua_pushvalue(L, function);
    const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
    node.program = [&host, reference](World& world, DeviceIndex device) {
      return std::make_unique<DeviceProgram>(host, world, device, reference);
    };
  }
  if (joined) {
    add_link(L, link);
  }
  return push_node(L, index);
}

// ---- interventions

std::string link_name(lua_State* L) {
  const LinkDescription& link =
      Host::of(L).description.links[*static_cast<std::size_t*>(check_object(L, 1, "link", "the object before \":\""))];
  return link.a + "-" + link.b;
}
std::string node_name(lua_State* L) { return check_node(L, 1, "the object before \":\"").name; }

int link_cut(lua_State* L) { return apply(L, "cut()", CutLink{link_name(L)}); }
int link_restore(lua_State* L) { return apply(L, "restore()", RestoreLink{link_name(L)}); }
int link_profile(lua_State* L) {
  only_at_top(L, "profile()");
  LinkProfile profile = read_profile(L);
  profile.link = *static_cast<std::size_t*>(check_object(L, 1, "link", "the object before \":\""));
  Host::of(L).description.profiles.push_back(std::move(profile));
  return 0;
}
int link_impair(lua_State* L) {
  Options options(L, 2, "impair()");
  const SetImpairment what{link_name(L), read_changes(L, options)};
  options.finish();
  return apply(L, "impair()", what);
}
int node_power_off(lua_State* L) { return apply(L, "power_off()", PowerOff{node_name(L)}); }
int node_crash(lua_State* L) { return apply(L, "crash()", Crash{node_name(L)}); }
int node_stop(lua_State* L) { return apply(L, "stop()", Stop{node_name(L)}); }
int node_forget_bindings(lua_State* L) { return apply(L, "forget_bindings()", ForgetBindings{node_name(L)}); }
int node_fail_names(lua_State* L) {
  return apply(L, "fail_names()", FailNames{node_name(L), lua_isnone(L, 2) || lua_toboolean(L, 2) != 0});
}
int node_deauthenticate(lua_State* L) { return apply(L, "deauthenticate()", Deauthenticate{node_name(L)}); }
int node_move(lua_State* L) {
  return apply(L, "move()", MoveNode{node_name(L), check_finite(L, 2, "x"), check_finite(L, 3, "y")});
}
int node_restart(lua_State* L) { return apply(L, "restart()", Restart{node_name(L)}); }
int node_set_sensor(lua_State* L) {
  const std::string sensor(check_text(L, 2, "the name of a sensor"));
  return apply(L, "set_sensor()", SetSensor{node_name(L), sensor, check_finite(L, 3, "the value of a sensor")});
}

int node_field(lua_State* L, const char* field) {
  const Host& host = Host::of(L);
  const NodeDescription& node = host.description.nodes[*static_cast<std::size_t*>(lua_touserdata(L, 1))];
  if (std::string_view(field) == "name") {
    lua_pushlstring(L, node.name.data(), node.name.size());
    return 1;
  }
  if (std::string_view(field) == "link") {
    for (std::size_t i = 0; i < host.description.links.size(); ++i) {
      if (host.description.links[i].a == node.name) return push_link(L, i);
    }
    raise(L, fmt::format("\"{}\" was not joined to a node with \"on\"", node.name));
  }
  return 0;
}

const ObjectType kNode{"node",
                       {{"power_off", node_power_off},
                        {"crash", node_crash},
                        {"stop", node_stop},
                        {"restart", node_restart},
                        {"forget_bindings", node_forget_bindings},
                        {"fail_names", node_fail_names},
                        {"move", node_move},
                        {"deauthenticate", node_deauthenticate},
                        {"set_sensor", node_set_sensor}},
                       {"name", "link"},
                       node_field,
                       nullptr};
const ObjectType kLink{
    "link",
    {{"cut", link_cut}, {"restore", link_restore}, {"impair", link_impair}, {"profile", link_profile}},
    {},
    nullptr,
    nullptr};
const ObjectType kMetric{
    "metric", {{"add", metric_add}, {"set", metric_set}, {"get", metric_get}}, {}, nullptr, nullptr};

constexpr Method kFunctions[] = {{"duration", declare_duration},
                                 {"param", declare_param},
                                 {"metric", declare_metric},
                                 {"stat", stat},
                                 {"expect", expect},
                                 {"at", at},
                                 {"router", declare_router},
                                 {"broker", declare_broker},
                                 {"nat", declare_nat},
                                 {"dns", declare_dns},
                                 {"access_point", declare_access_point},
                                 {"cloud", declare_cloud},
                                 {"serial", declare_serial},
                                 {"ble", declare_ble},
                                 {"ieee802154", declare_ieee802154},
                                 {"link", declare_link},
                                 {"tap", declare_tap},
                                 {"traffic", declare_traffic},
                                 {"device", declare_device}};

}  // namespace

std::vector<const ObjectType*> declaration_types() {
  return {&kNode, &kLink, &kMetric, tap_type(), traffic_type(), hop_type()};
}

void open_declarations(lua_State* L) {
  for (const ObjectType* type : declaration_types()) register_type(L, *type);
  for (const Method& function : kFunctions) {
    lua_pushcfunction(L, function.function);
    lua_setglobal(L, function.name);
  }
}

std::size_t node_index_at(lua_State* L, int index, const char* what) {
  return *static_cast<std::size_t*>(check_object(L, index, "node", what));
}

}  // namespace wirelab::script
