#include "lab/script/script_wifi.hpp"

#include <fmt/format.h>

#include "lab/script/device_program.hpp"
#include "lab/script/options.hpp"
#include "lab/script/script_socket.hpp"

namespace wirelab::script {
namespace {

// The manager's user value is the device object that it was asked of; it takes its place at 1.
DeviceProgram& check_wifi(lua_State* L) {
  check_object(L, 1, "wifi", "the object before \":\"");
  lua_getiuservalue(L, 1, 1);
  lua_replace(L, 1);
  return check_self(L);
}

NodeIndex node_of(DeviceProgram& program) { return program.world().node_of(program.device()); }

bool is_connected(DeviceProgram& program) {
  return program.world().wifi().state(node_of(program)) == wifi::State::joined &&
         program.world().network().node(node_of(program)).address.value != 0;
}

int refuse(lua_State* L, std::string_view why) {
  lua_pushboolean(L, 0);
  lua_pushlstring(L, why.data(), why.size());
  return 2;
}

int connect_again(lua_State* L, int, lua_KContext deadline) {
  DeviceProgram& program = check_self(L);
  lua_settop(L, 1);
  WifiService& service = program.world().wifi();
  if (is_connected(program)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  const wifi::Reason reason = service.last_reason(node_of(program));
  if (service.state(node_of(program)) == wifi::State::idle && reason != wifi::Reason::none)
    return refuse(L, name_of(reason));
  if (is_past(program, deadline)) {
    service.disconnect(node_of(program));
    return refuse(L, "timed out");
  }
  return program.wait_on(L, program.address_token(), Instant::from_ns(deadline), connect_again, deadline);
}

// connect(ssid, password [, timeout]): as the course's, which waits ten seconds.
int begin_connecting(lua_State* L, DeviceProgram& program, const char* what) {
  const std::string ssid(text_at(L, 2, "the SSID"));
  const std::string password(lua_isnoneornil(L, 3) ? "" : text_at(L, 3, "the password"));
  waiting_owner(L, program, what);
  const Instant deadline =
      lua_isnoneornil(L, 4) ? program.world().now() + Duration::seconds(10) : deadline_in(L, 4, what, program);
  if (ssid.empty() || ssid.size() > 32) return refuse(L, "an SSID has 1 to 32 bytes");
  if (!password.empty() && !wifi::is_passphrase(password)) return refuse(L, "a WPA2 passphrase has 8 to 63 characters");
  program.world().wifi().connect(node_of(program), ssid, password);
  return connect_again(L, 0, deadline.ns());
}

int wifi_connect(lua_State* L) { return begin_connecting(L, check_wifi(L), "connect()"); }

int wifi_ensure_connected(lua_State* L) {
  DeviceProgram& program = check_wifi(L);
  if (!is_connected(program)) return begin_connecting(L, program, "ensure_connected()");
  lua_pushboolean(L, 1);
  return 1;
}

int wifi_disconnect(lua_State* L) {
  DeviceProgram& program = check_wifi(L);
  program.world().wifi().disconnect(node_of(program));
  return 0;
}

// The course's sentence.
int wifi_status(lua_State* L) {
  DeviceProgram& program = check_wifi(L);
  const NodeIndex node = node_of(program);
  const std::string text = is_connected(program)
                               ? fmt::format("WiFi: Connected to '{}' ({})", program.world().wifi().ssid(node),
                                             to_string(program.world().network().node(node).address))
                               : "WiFi: Disconnected";
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// The same as a table.
int wifi_info(lua_State* L) {
  DeviceProgram& program = check_wifi(L);
  const WifiService& service = program.world().wifi();
  const NodeIndex node = node_of(program);
  lua_createtable(L, 0, 6);
  const auto put = [&](const char* key, std::string_view value) {
    lua_pushlstring(L, value.data(), value.size());
    lua_setfield(L, -2, key);
  };
  lua_pushboolean(L, is_connected(program));
  lua_setfield(L, -2, "connected");
  put("state", name_of(service.state(node)));
  put("ssid", service.ssid(node));
  if (is_connected(program)) put("ip", to_string(program.world().network().node(node).address));
  if (const auto signal = service.signal(node)) {
    lua_pushnumber(L, *signal);
    lua_setfield(L, -2, "signal");
  }
  put("reason", name_of(service.last_reason(node)));
  return 1;
}

int scan_again(lua_State* L, int, lua_KContext deadline) {
  DeviceProgram& program = check_self(L);
  lua_settop(L, 1);
  if (!is_past(program, deadline))
    return program.wait_on(L, &program, Instant::from_ns(deadline), scan_again, deadline);
  lua_newtable(L);
  lua_Integer place = 0;
  for (const HeardPoint& point : program.world().wifi().heard(node_of(program))) {
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, point.ssid.data(), point.ssid.size());
    lua_setfield(L, -2, "ssid");
    lua_pushnumber(L, point.dbm);
    lua_setfield(L, -2, "signal");
    lua_pushboolean(L, point.encrypted);
    lua_setfield(L, -2, "encrypted");
    lua_seti(L, -2, ++place);
  }
  return 1;
}

int wifi_scan(lua_State* L) {
  DeviceProgram& program = check_wifi(L);
  waiting_owner(L, program, "scan()");
  return scan_again(L, 0, (program.world().now() + WifiService::kScan).ns());
}

const ObjectType kWifi{"wifi",
                       {{"connect", wifi_connect},
                        {"ensure_connected", wifi_ensure_connected},
                        {"status", wifi_status},
                        {"info", wifi_info},
                        {"scan", wifi_scan},
                        {"disconnect", wifi_disconnect}},
                       {},
                       nullptr,
                       nullptr};

}  // namespace

int self_wifi(lua_State* L) {
  DeviceProgram& program = check_self(L);
  if (!program.world().wifi().is_station(node_of(program)))
    raise(L, fmt::format("\"{}\" has no Wi-Fi: declare it with the option wifi = {{ ... }}",
                         program.world().name_of_device(program.device())));
  lua_settop(L, 1);
  new_object(L, "wifi", 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

const ObjectType* wifi_type() { return &kWifi; }

}  // namespace wirelab::script
