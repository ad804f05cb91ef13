#include "lab/script/script_http.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/script/options.hpp"
#include "lab/script/script_socket.hpp"
#include "sim/wire/url.hpp"

namespace wirelab::script {

ScriptHttp::ScriptHttp(DeviceProgram& owner, EntityId entity)
    : program(owner),
      endpoint(owner.world().events(), owner.world().trace(), owner.world().transport(),
               owner.world().node_of(owner.device()), entity) {}

void ScriptHttp::end(Ending ending) {
  if (ending == Ending::power) {
    endpoint.vanish();
  } else {
    endpoint.crash();
  }
}

void ScriptHttp::forget(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, userdata_reference);
  *static_cast<ScriptHttp**>(lua_touserdata(L, -1)) = nullptr;
  lua_pop(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, userdata_reference);
}

namespace {

ScriptHttp& check_http(lua_State* L) {
  auto* client = *static_cast<ScriptHttp**>(check_object(L, 1, "http_client", "the object before \":\""));
  if (client == nullptr) raise(L, "the program that made this client has ended");
  return *client;
}

// The option `name`: a table of fields, as { ["X-AIO-Key"] = "secret" }. In order of their names, since a table has none.
http::Fields read_fields(lua_State* L, Options& options, const char* name, const std::string& where) {
  http::Fields fields;
  if (!options.push(name)) return fields;
  if (!lua_istable(L, -1))
    raise(L,
          fmt::format("option \"{}\" of {} must be a table such as {{ [\"X-AIO-Key\"] = \"secret\" }}", name, where));
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING) raise(L, fmt::format("the {} of {} are named", name, where));
    const std::string field = lua_tostring(L, -2);
    const std::string value(text_at(L, -1, "the value of a header"));
    const bool clean = value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    if (field.empty() || field.find_first_of(" \t\r\n:") != std::string::npos || !clean)
      raise(L, fmt::format("\"{}\" and its value are no header field", field));
    fields.push_back({field, value});
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  std::sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return fields;
}

// A node of the scenario by its name, an address, or a name for the resolver.
HttpEndpoint::Target target_of(DeviceProgram& program, const wire::Url& url) {
  HttpEndpoint::Target target{url.host, wire::parse_address(url.host), url.port};
  if (target.address) return target;
  World& world = program.world();
  for (NodeIndex i = 0; i < world.network().nodes(); ++i) {
    const Node& node = world.network().node(i);
    if (node.address.value != 0 && lower_case(std::string(world.trace().names().text(node.entity))) == url.host)
      target.address = node.address;
  }
  return target;
}

int answer_again(lua_State* L, int, lua_KContext context) {
  ScriptHttp& client = check_http(L);
  if (!client.result) return client.program.wait_on(L, &client, Instant::never(), answer_again, context);
  const HttpResult result = std::move(*client.result);
  client.result.reset();
  if (!result) {
    lua_pushnil(L);
    const std::string_view why = http::name_of(result.error());
    lua_pushlstring(L, why.data(), why.size());
    return 2;
  }
  Host::of(L).charge(L, result->body.size());
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, result->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, result->body.data(), result->body.size());
  lua_setfield(L, -2, "body");
  lua_createtable(L, 0, static_cast<int>(result->fields.size()));
  for (const http::Field& field : result->fields) {
    lua_pushlstring(L, field.value.data(), field.value.size());
    lua_setfield(L, -2, lower_case(field.name).c_str());
  }
  lua_setfield(L, -2, "headers");
  return 1;
}

// The arguments: object, url, then a body where the method has one, then options.
int do_request(lua_State* L, const std::string& method, bool has_body) {
  ScriptHttp& client = check_http(L);
  const std::string where = lower_case(method) + "()";
  std::string changed_url, changed_body;
  const auto url = wire::parse_url(orderly_text(text_at(L, 2, "the URL"), changed_url));
  if (!url) raise(L, url.error());
  http::Request request;
  request.method = method;
  request.target = url->target;
  const int options_at = has_body ? 4 : 3;
  if (has_body && !lua_isnoneornil(L, 3)) {
    if (lua_istable(L, 3)) raise(L, "the body is a table: write json.encode(...) around it");
    request.body = orderly_text(text_at(L, 3, "the body"), changed_body);
  }
  Options options(L, options_at, where);
  const http::Fields own = read_fields(L, options, "headers", where);
  const auto type = options.text("type");
  const auto timeout = options.duration("timeout");
  options.finish();
  DeviceProgram& program = waiting_owner(L, client.program, where.c_str());
  if (client.endpoint.is_busy())
    raise(L, "a request is under way already on this client: make another one with self:http()");
  request.fields = {{"Host", url->authority()}};
  request.fields.insert(request.fields.end(), client.fields.begin(), client.fields.end());
  if (type) {
    request.fields.push_back({"Content-Type", *type});
  } else if (has_body && !request.body.empty() && find(own, "Content-Type") == nullptr) {
    request.fields.push_back({"Content-Type", "application/json"});
  }
  request.fields.insert(request.fields.end(), own.begin(), own.end());
  Host::of(L).charge(L, 10'000 + request.body.size());
  HttpEndpointSettings& settings = client.endpoint.settings();
  const Duration usual = settings.timeout;
  if (timeout) settings.timeout = *timeout;
  client.result.reset();
  lua_settop(L, 1);
  client.endpoint.send(target_of(program, *url), std::move(request),
                       program.world().resolver(program.world().node_of(program.device())),
                       [&client](HttpResult result) {
                         client.result = std::move(result);
                         client.program.wake_from(&client);
                       });
  settings.timeout = usual;
  return answer_again(L, 0, 0);
}

int http_get(lua_State* L) { return do_request(L, "GET", false); }
int http_head(lua_State* L) { return do_request(L, "HEAD", false); }
int http_delete(lua_State* L) { return do_request(L, "DELETE", false); }
int http_post(lua_State* L) { return do_request(L, "POST", true); }
int http_put(lua_State* L) { return do_request(L, "PUT", true); }

int http_close(lua_State* L) {
  ScriptHttp& client = check_http(L);
  if (client.endpoint.is_busy()) raise(L, "a request is under way on this client");
  client.endpoint.close_connection();
  return 0;
}

const ObjectType kHttp{"http_client",
                       {{"get", http_get},
                        {"head", http_head},
                        {"post", http_post},
                        {"put", http_put},
                        {"delete", http_delete},
                        {"close", http_close}},
                       {},
                       nullptr,
                       nullptr};

}  // namespace

const ObjectType* http_type() { return &kHttp; }

int self_http(lua_State* L) {
  DeviceProgram& program = check_self(L);
  Host::of(L).charge(L, 10'000);  // clients are kept until the program ends
  Options options(L, 2, "http()");
  HttpEndpointSettings settings;
  settings.keep_alive = options.boolean("keep_alive").value_or(true);
  if (const auto timeout = options.duration("timeout")) settings.timeout = *timeout;
  const http::Fields fields = read_fields(L, options, "headers", "http()");
  tcp::Settings of_tcp;
  of_tcp.nodelay = true;  // as curl and Python's http.client
  read_tcp(options, of_tcp);
  options.finish();
  Host::of(L).tcp_settings.push_back(of_tcp);
  settings.tcp = &Host::of(L).tcp_settings.back();
  ScriptHttp* const made = program.make_http(L);
  made->endpoint.settings() = settings;
  made->fields = fields;
  return 1;
}

}  // namespace wirelab::script
