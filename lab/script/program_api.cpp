// What a device's program may do: sleep, log, read sensors, set actuators, and speak MQTT.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/script/device_program.hpp"
#include "lab/script/host.hpp"
#include "lab/script/mqtt_options.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/options.hpp"
#include "lab/script/script_hop.hpp"
#include "lab/script/script_http.hpp"
#include "lab/script/script_socket.hpp"
#include "lab/script/script_wifi.hpp"
#include "lab/script/tls_options.hpp"

namespace wirelab::script {

std::size_t node_index_at(lua_State* L, int index, const char* what);  // declare.cpp

std::string_view text_at(lua_State* L, int index, const char* what) {
  if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
    raise(L, fmt::format("{} must be a text, not a {}", what, luaL_typename(L, index)));
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// The program whose coroutine calls; an error where one may not wait.
DeviceProgram& waiting_program(lua_State* L, const char* what) {
  Host& host = Host::of(L);
  if (host.present_device == nullptr)
    raise(L, fmt::format("{} waits, so it belongs in a device's program, not in at() or at the top level", what));
  if (host.in_callback)
    raise(L, fmt::format("{} waits, and a callback must not: set a variable and act on it in the program", what));
  if (L != host.present_device->thread())
    raise(L, fmt::format("{} must be called from the device's program itself", what));
  return *host.present_device;
}

DeviceProgram& check_self(lua_State* L) {
  auto* program = *static_cast<DeviceProgram**>(check_object(L, 1, "device", "the object before \":\""));
  if (program == nullptr) raise(L, "this device's program has ended");
  return *program;
}

namespace {

int do_sleep(lua_State* L) {
  const Duration length = check_duration(L, 1, "sleep()");
  DeviceProgram& program = waiting_program(L, "sleep()");
  return program.wait(L, program.world().now() + length);
}

int do_now(lua_State* L) {
  Host& host = Host::of(L);
  lua_pushnumber(L, host.running() ? host.world().now().in_seconds() : 0.0);
  return 1;
}

int do_log(lua_State* L) {
  Host& host = Host::of(L);
  std::string line;
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    lua_getglobal(L, "tostring");
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    if (i > 1) line += ' ';
    line.append(text, size);
    lua_pop(L, 1);
  }
  const DeviceProgram* program = host.present_device;
  if (program != nullptr) {
    host.log(host.world().name_of_device(program->device()), line, host.world().entity_of(program->device()));
  } else {
    host.log({}, line, 0);
  }
  return 0;
}

// ---- self

int self_field(lua_State* L, const char* field) {
  auto* program = *static_cast<DeviceProgram**>(lua_touserdata(L, 1));
  if (program == nullptr || std::string_view(field) != "name") return 0;
  const std::string_view name = program->world().name_of_device(program->device());
  lua_pushlstring(L, name.data(), name.size());
  return 1;
}

int self_read(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const std::string name(text_at(L, 2, "the name of a sensor"));
  if (!program.world().has_sensor(program.device(), name))
    unknown_name(L, "sensor", name, fmt::format("device \"{}\"", program.world().name_of_device(program.device())),
                 program.world().sensors_of(program.device()));
  lua_pushnumber(L, program.world().sensor(program.device(), name).read(program.world().now()));
  return 1;
}

int self_set(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const std::string name(text_at(L, 2, "the name of an actuator"));
  const double value =
      lua_isboolean(L, 3) ? (lua_toboolean(L, 3) != 0 ? 1.0 : 0.0) : check_finite(L, 3, "the value of an actuator");
  if (!program.world().has_actuator(program.device(), name)) {
    check_name(L, name, "an actuator");
    Host::of(L).charge(L, 10'000);  // it is kept for good
  }
  program.world().set_actuator(program.device(), name, value);
  return 0;
}

// Millijoules since the beginning, and the seconds in each state.
int self_energy(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const RadioMeter* const meter = program.world().energy().meter(program.world().node_of(program.device()));
  if (meter == nullptr)
    raise(L, fmt::format("device \"{}\" was declared without the option radio, such as \"esp32\"",
                         program.world().name_of_device(program.device())));
  lua_pushnumber(L, meter->millijoules());
  lua_createtable(L, 0, static_cast<int>(RadioState::count_));
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(RadioState::count_); ++i) {
    const auto state = static_cast<RadioState>(i);
    lua_pushnumber(L, meter->time_in(state).in_seconds());
    lua_setfield(L, -2, std::string(name_of(state)).c_str());
  }
  return 2;
}

std::string_view payload_at(lua_State* L, int index) {
  if (lua_istable(L, index)) raise(L, "the payload is a table: write json.encode(...) around it");
  if (lua_isboolean(L, index)) return lua_toboolean(L, index) != 0 ? "true" : "false";
  return text_at(L, index, "the payload");
}

int self_mqtt(lua_State* L) {
  DeviceProgram& program = check_self(L);
  Host::of(L).charge(L, 10'000);  // clients are kept until the program ends
  Options options(L, 2, "mqtt()");
  const std::string device(program.world().name_of_device(program.device()));
  const mqtt::ClientOptions client = read_client(L, options, device);
  EndpointSettings settings;
  settings.manual = options.choice("loop", {"background", "manual"}).value_or("background") == "manual";
  settings.reconnect = options.boolean("reconnect").value_or(true);
  if (const auto d = options.duration("reconnect_min")) settings.first_delay = *d;
  if (const auto d = options.duration("reconnect_max")) settings.longest_delay = *d;
  if (const auto d = options.duration("connect_timeout")) settings.connect_timeout = *d;
  tcp::Settings of_tcp;
  if (read_tcp(options, of_tcp)) {
    Host::of(L).tcp_settings.push_back(of_tcp);
    settings.tcp = &Host::of(L).tcp_settings.back();
  }
  settings.tls = read_client_tls(L, options);
  options.finish();
  ScriptClient* made = program.make_client(L);
  made->endpoint().client().options() = client;
  made->endpoint().settings() = settings;
  if (settings.manual) made->endpoint().client().set_served(false);
  return 1;
}

// ---- client

ScriptClient& check_client(lua_State* L) {
  auto* client = *static_cast<ScriptClient**>(check_object(L, 1, "client", "the object before \":\""));
  if (client == nullptr) raise(L, "the program that made this client has ended");
  return *client;
}

// Where a broker listens for the client, unless it is said otherwise.
std::uint16_t usual_port(ScriptClient& client) { return client.endpoint().settings().tls ? kMqttTlsPort : kMqttPort; }

// By name, or by an address as text; "name:port" has another port than the usual one.
int client_connect_by_name(lua_State* L, ScriptClient& client) {
  const std::string text(text_at(L, 2, "the broker to connect to"));
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string name = lower_case(text.substr(0, colon));
  const double port = colon == text.size()                                   ? usual_port(client)
                      : lua_stringtonumber(L, text.c_str() + colon + 1) == 0 ? 0
                                                                             : lua_tonumber(L, -1);
  const auto address = wire::parse_address(name);
  if ((!address && !wire::is_host_name(name)) || port < 1 || port > 65535 || port != std::floor(port))
    raise(L, fmt::format("\"{}\" is no host: write a broker, a name as \"broker.example\" or \"broker.example:1883\"",
                         text));
  DeviceProgram& program = waiting_program(L, "connect()");
  if (client.endpoint().client().state() == mqtt::ClientState::connected) {
    lua_pushboolean(L, 1);
    return 1;
  }
  program.set_waiting_for(&client);
  if (address) {
    client.endpoint().connect({*address, static_cast<std::uint16_t>(port)}, name);
  } else {
    Host::of(L).charge(L, 10'000);
    client.endpoint().connect(name, static_cast<std::uint16_t>(port),
                              program.world().resolver(program.world().node_of(program.device())));
  }
  return program.wait(L, Instant::never());
}

int client_connect(lua_State* L) {
  ScriptClient& client = check_client(L);
  if (lua_type(L, 2) == LUA_TSTRING) return client_connect_by_name(L, client);
  const std::size_t index = node_index_at(L, 2, "the broker to connect to");
  const NodeDescription& node = Host::of(L).description.nodes[index];
  if (node.role != NodeRole::broker) raise(L, fmt::format("\"{}\" is no broker", node.name));
  DeviceProgram& program = waiting_program(L, "connect()");
  if (client.endpoint().client().state() == mqtt::ClientState::connected) {
    lua_pushboolean(L, 1);
    return 1;
  }
  World& world = program.world();
  program.set_waiting_for(&client);
  client.endpoint().connect({world.network().node(world.find_node(node.name)).address, usual_port(client)}, node.name);
  return program.wait(L, Instant::never());
}

int client_publish(lua_State* L) {
  ScriptClient& client = check_client(L);
  const std::string_view topic = text_at(L, 2, "the topic");
  check_topic(L, topic);
  const std::string_view payload = lua_isnoneornil(L, 3) ? std::string_view{} : payload_at(L, 3);
  if (payload.size() > mqtt::kMaximumRemainingLength / 2) raise(L, "the payload is larger than 128 MB");
  Options options(L, 4, "publish()");
  const mqtt::Qos qos = qos_of(options.integer("qos", 0, 2));
  const bool retain = options.boolean("retain").value_or(false);
  mqtt::Client& mqtt_client = client.endpoint().client();
  const auto properties = read_properties(L, options, mqtt_client.options().version, "publish()");
  options.finish();
  Host& host = Host::of(L);
  if (!mqtt_client.knows_topic(topic)) host.charge(L, 2'000 + topic.size());  // names are kept for good
  std::string changed;
  const std::string_view orderly = orderly_text(payload, changed);
  const auto published = mqtt_client.publish(topic, wire::bytes_of(orderly), qos, retain, mqtt::Properties(properties));
  if (published.result == mqtt::PublishResult::queued || payload.size() > 4096) host.check_held(L);
  switch (published.result) {
    case mqtt::PublishResult::sent: lua_pushliteral(L, "sent"); return 1;
    case mqtt::PublishResult::queued: lua_pushliteral(L, "queued"); return 1;
    case mqtt::PublishResult::refused_not_connected:
      lua_pushnil(L);
      lua_pushliteral(L, "not connected");
      return 2;
    case mqtt::PublishResult::refused_queue_full:
      lua_pushnil(L);
      lua_pushliteral(L, "queue full");
      return 2;
    case mqtt::PublishResult::refused_not_allowed:
      lua_pushnil(L);
      lua_pushliteral(L, "not allowed");
      return 2;
  }
  return 0;
}

int client_subscribe(lua_State* L) {
  ScriptClient& client = check_client(L);
  const std::string_view filter = text_at(L, 2, "the filter");
  check_filter(L, filter);
  Options options(L, 3, "subscribe()");
  mqtt::Client& mqtt_client = client.endpoint().client();
  mqtt::FilterRequest request{filter, qos_of(options.integer("qos", 0, 2))};
  request.no_local = options.boolean("no_local").value_or(false);
  request.retain_as_published = options.boolean("retain_as_published").value_or(false);
  const auto handling = options.choice("retained", {"always", "if new", "never"}).value_or("always");
  request.retain_handling = handling == "never"    ? mqtt::RetainHandling::do_not_send
                            : handling == "if new" ? mqtt::RetainHandling::send_if_new
                                                   : mqtt::RetainHandling::send;
  std::vector<std::uint8_t> properties;
  if (const auto n = options.integer("identifier", 1, 268'435'455))
    mqtt::PropertyWriter(properties).number(mqtt::Property::subscription_identifier, static_cast<std::uint32_t>(*n));
  options.finish();
  const bool of_5 = request.no_local || request.retain_as_published || handling != "always" || !properties.empty();
  if (of_5 && mqtt_client.options().version != mqtt::Version::v5)
    raise(L,
          "no_local, retain_as_published, retained and identifier belong to 5.0: make the client with version = "
          "\"5.0\"");
  if (request.no_local && mqtt::shared_filter(filter))
    raise(L, "a shared subscription cannot be no_local [MQTT5-3.8.3-4]");
  if (mqtt_client.subscribe({&request, 1}, mqtt::Properties(properties)) != 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "not connected");
  return 2;
}

int client_unsubscribe(lua_State* L) {
  ScriptClient& client = check_client(L);
  const std::string_view filter = text_at(L, 2, "the filter");
  check_filter(L, filter);
  if (client.endpoint().client().unsubscribe({&filter, 1}) != 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "not connected");
  return 2;
}

int client_disconnect(lua_State* L) {
  check_client(L).endpoint().disconnect();
  return 0;
}

int client_is_connected(lua_State* L) {
  lua_pushboolean(L, check_client(L).endpoint().client().state() == mqtt::ClientState::connected ? 1 : 0);
  return 1;
}

int loop_done(lua_State* L, int, lua_KContext) {
  if (auto* client = *static_cast<ScriptClient**>(lua_touserdata(L, 1)); client != nullptr)
    client->endpoint().serve(false);
  return 0;
}

int client_loop(lua_State* L) {
  ScriptClient& client = check_client(L);
  if (!client.endpoint().settings().manual)
    raise(L, "loop() is for a client with loop = \"manual\"; this one is served in the background");
  const Duration length = lua_isnoneornil(L, 2) ? Duration() : check_duration(L, 2, "loop()");
  DeviceProgram& program = waiting_program(L, "loop()");
  client.endpoint().serve(true);
  lua_settop(L, 1);
  program.arm_wake(program.world().now() + length);
  return lua_yieldk(L, 0, 0, loop_done);
}

int client_loop_forever(lua_State* L) {
  ScriptClient& client = check_client(L);
  DeviceProgram& program = waiting_program(L, "loop_forever()");
  if (client.endpoint().settings().manual) client.endpoint().serve(true);
  return program.wait(L, Instant::never());
}

constexpr const char* kCallbacks[] = {"on_connect", "on_disconnect", "on_message", "on_publish", "on_subscribe"};

bool is_callback(std::string_view field) {
  return std::find(std::begin(kCallbacks), std::end(kCallbacks), field) != std::end(kCallbacks);
}

int client_get(lua_State* L, const char* field) {
  if (!is_callback(field)) return 0;
  lua_getiuservalue(L, 1, 1);
  lua_getfield(L, -1, field);
  return 1;
}

int client_set(lua_State* L, const char* field) {
  if (!is_callback(field)) return -1;
  if (!lua_isfunction(L, 3) && !lua_isnil(L, 3))
    raise(L, fmt::format("{} must be a function, not a {}", field, luaL_typename(L, 3)));
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, field);
  return 0;
}

const ObjectType kSelf{"device",
                       {{"mqtt", self_mqtt},
                        {"http", self_http},
                        {"read", self_read},
                        {"set", self_set},
                        {"energy", self_energy},
                        {"tcp", self_tcp},
                        {"listen", self_listen},
                        {"udp", self_udp},
                        {"resolve", self_resolve},
                        {"address", self_address},
                        {"wait_address", self_wait_address},
                        {"wifi", self_wifi},
                        {"serial", self_serial},
                        {"radio", self_radio}},
                       {"name"},
                       self_field,
                       nullptr};
const ObjectType kClient{"client",
                         {{"connect", client_connect},
                          {"publish", client_publish},
                          {"subscribe", client_subscribe},
                          {"unsubscribe", client_unsubscribe},
                          {"disconnect", client_disconnect},
                          {"is_connected", client_is_connected},
                          {"loop", client_loop},
                          {"loop_forever", client_loop_forever}},
                         {std::begin(kCallbacks), std::end(kCallbacks)},
                         client_get,
                         client_set};

}  // namespace

std::vector<const ObjectType*> program_types() {
  std::vector<const ObjectType*> types{&kSelf, &kClient};
  for (const ObjectType* type : socket_types()) types.push_back(type);
  types.push_back(wifi_type());
  types.push_back(http_type());
  for (const ObjectType* type : hop_types()) types.push_back(type);
  return types;
}

void open_program(lua_State* L) {
  for (const ObjectType* type : program_types()) register_type(L, *type);
  for (const Method& function : {Method{"sleep", do_sleep}, Method{"now", do_now}, Method{"log", do_log}}) {
    lua_pushcfunction(L, function.function);
    lua_setglobal(L, function.name);
  }
}

}  // namespace wirelab::script
