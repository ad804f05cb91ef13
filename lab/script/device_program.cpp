#include "lab/script/device_program.hpp"

#include <fmt/format.h>

#include "lab/script/mqtt_options.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/script_http.hpp"
#include "lab/script/script_socket.hpp"
#include "sim/trace/traced_timer.hpp"

namespace wirelab::script {

DeviceProgram::DeviceProgram(Host& host, World& world, DeviceIndex device, int function)
    : host_(host),
      world_(world),
      device_(device),
      function_(function),
      random_(world.seed(), world.name_of_device(device), "random") {
  wake_ = world_.events().make_timer(on_wake, this);
  thread_ = lua_newthread(host_.L);
  thread_reference_ = luaL_ref(host_.L, LUA_REGISTRYINDEX);
  callbacks_ = lua_newthread(host_.L);
  callbacks_reference_ = luaL_ref(host_.L, LUA_REGISTRYINDEX);
}

DeviceProgram::~DeviceProgram() {
  lua_State* L = host_.L;
  for (const auto& client : clients_) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, client->userdata_reference);
    *static_cast<ScriptClient**>(lua_touserdata(L, -1)) = nullptr;
    lua_pop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, client->userdata_reference);
  }
  for (const auto& socket : sockets_) socket->forget(L);
  for (const auto& client : https_) client->forget(L);
  if (self_reference_ != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, self_reference_);
    *static_cast<DeviceProgram**>(lua_touserdata(L, -1)) = nullptr;
    lua_pop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, self_reference_);
  }
  luaL_unref(L, LUA_REGISTRYINDEX, thread_reference_);
  luaL_unref(L, LUA_REGISTRYINDEX, callbacks_reference_);
  world_.events().release(wake_);
}

void DeviceProgram::start() {
  lua_rawgeti(thread_, LUA_REGISTRYINDEX, function_);
  *static_cast<DeviceProgram**>(new_object(thread_, "device", sizeof(DeviceProgram*))) = this;
  lua_pushvalue(thread_, -1);
  self_reference_ = luaL_ref(thread_, LUA_REGISTRYINDEX);
  resume(1);
}

void DeviceProgram::resume(int arguments) {
  DeviceProgram* const before = host_.present_device;
  RandomStream* const luck = host_.present_random;
  const bool nested = host_.in_callback;
  host_.present_device = this;
  host_.present_random = &random_;
  host_.in_callback = false;
  const int status = host_.resume(thread_, arguments);
  host_.present_device = before;
  host_.present_random = luck;
  host_.in_callback = nested;
  const bool failed = status != LUA_OK && status != LUA_YIELD;
  if (!failed && (status == LUA_YIELD || ended_)) return;
  for (const auto& socket : sockets_) socket->end(Ending::stop);  // as the system does for a process that ends
  for (const auto& client : https_) client->end(Ending::stop);
  world_.trace().emit(Kind::program_event, world_.entity_of(device_), 0,
                      failed ? ProgramEvent::failed : ProgramEvent::ended);
  if (!ended_) world_.set_program_state(device_, failed ? ProgramState::failed : ProgramState::ended);
}

int DeviceProgram::wait(lua_State* L, Instant at) {
  if (ended_) return lua_yield(L, 0);  // it has ended itself; it is never resumed
  if (at == Instant::never()) {
    disarm_wake();
  } else {
    arm_wake(at);
  }
  return lua_yield(L, 0);
}

int DeviceProgram::wait_on(lua_State* L, const void* what, Instant deadline, lua_KFunction again,
                           lua_KContext context) {
  if (ended_) return lua_yield(L, 0);
  waiting_on_ = what;
  if (deadline == Instant::never()) {
    disarm_wake();
  } else {
    arm_wake(deadline);
  }
  return lua_yieldk(L, 0, context, again);
}

void DeviceProgram::wake_from(const void* what) {
  if (what != waiting_on_ || ended_) return;
  waiting_on_ = nullptr;
  arm_wake(world_.now());
}

void DeviceProgram::arm_wake(Instant at) {
  arm_traced(world_.trace(), wake_, world_.entity_of(device_), Field::program_timer, at);
}

void DeviceProgram::disarm_wake() {
  disarm_traced(world_.trace(), wake_, world_.entity_of(device_), Field::program_timer);
}

void DeviceProgram::wake_with(bool ok, std::string reason) {
  waiting_for_ = nullptr;
  has_outcome_ = true;
  outcome_ok_ = ok;
  outcome_reason_ = std::move(reason);
  arm_wake(world_.now());
}

void DeviceProgram::on_wake(void* target, std::uint64_t) {
  auto* self = static_cast<DeviceProgram*>(target);
  Tracer& trace = self->world_.trace();
  record_fired(trace, self->world_.entity_of(self->device_), Field::program_timer);
  trace.emit_cause(Kind::program_event, self->world_.entity_of(self->device_), 0, ProgramEvent::woke);
  self->waiting_on_ = nullptr;
  if (!self->has_outcome_) {
    self->resume(0);
    return;
  }
  self->has_outcome_ = false;
  lua_State* const thread = self->thread_;
  if (self->outcome_ok_) {
    lua_pushboolean(thread, 1);
    self->resume(1);
  } else {
    lua_pushnil(thread);
    lua_pushlstring(thread, self->outcome_reason_.data(), self->outcome_reason_.size());
    self->resume(2);
  }
}

void DeviceProgram::run_callback(int arguments) {
  DeviceProgram* const before = host_.present_device;
  RandomStream* const luck = host_.present_random;
  const bool nested = host_.in_callback;
  host_.present_device = this;
  host_.present_random = &random_;
  host_.in_callback = true;
  host_.call(callbacks_, arguments);
  host_.present_device = before;
  host_.present_random = luck;
  host_.in_callback = nested;
}

void DeviceProgram::end(Ending ending) {
  ended_ = true;
  disarm_wake();
  waiting_on_ = nullptr;
  for (const auto& socket : sockets_) socket->end(ending);
  for (const auto& client : https_) client->end(ending);
  for (const auto& call : at_end_) call();
  at_end_.clear();
  for (const auto& client : clients_) {
    switch (ending) {
      case Ending::stop:
        client->endpoint().disconnect();
        client->endpoint().client().vanish(LossReason::process_died);
        break;
      case Ending::crash: client->endpoint().crash(); break;
      case Ending::power: client->endpoint().vanish(); break;
    }
  }
}

void DeviceProgram::visit_state(StateVisitor& visitor) const {
  for (const auto& client : clients_) client->endpoint().visit_state(visitor);
  for (const auto& client : https_) client->endpoint.visit_state(visitor);
  visitor.value(world_.entity_of(device_), Field::program_timer, 0, deadline_of(world_.events(), wake_));
}

MqttEndpoint* DeviceProgram::endpoint() { return clients_.empty() ? nullptr : &clients_.front()->endpoint(); }

ScriptClient* DeviceProgram::make_client(lua_State* L) {
  const std::string name = fmt::format("{}/mqtt", world_.name_of_device(device_));
  const EntityId entity = world_.trace().define(EntityKind::mqtt_client, name, world_.entity_of(device_));
  clients_.push_back(std::make_unique<ScriptClient>(*this, entity));
  ScriptClient* client = clients_.back().get();
  *static_cast<ScriptClient**>(new_object(L, "client", sizeof(ScriptClient*))) = client;
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);  // its callbacks
  lua_pushvalue(L, -1);
  client->userdata_reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return client;
}

ScriptHttp* DeviceProgram::make_http(lua_State* L) {
  const std::string name = fmt::format("{}/http", world_.name_of_device(device_));
  const EntityId entity = world_.trace().define(EntityKind::http_client, name, world_.entity_of(device_));
  https_.push_back(std::make_unique<ScriptHttp>(*this, entity));
  ScriptHttp* const client = https_.back().get();
  *static_cast<ScriptHttp**>(new_object(L, "http_client", sizeof(ScriptHttp*))) = client;
  lua_pushvalue(L, -1);
  client->userdata_reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return client;
}

ScriptClient::ScriptClient(DeviceProgram& program, EntityId entity)
    : program_(program),
      endpoint_(program.world().events(), program.world().trace(), program.world().transport(),
                program.world().messages(), program.world().node_of(program.device()), entity, *this) {}

bool ScriptClient::push_callback(const char* name) {
  lua_State* L = program_.callback_thread();
  luaL_checkstack(L, 8, "a callback");
  lua_rawgeti(L, LUA_REGISTRYINDEX, userdata_reference);
  lua_getiuservalue(L, -1, 1);
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
  if (lua_isfunction(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void ScriptClient::on_connected(bool session_present) {
  if (push_callback("on_connect")) {
    lua_pushboolean(program_.callback_thread(), session_present ? 1 : 0);
    program_.run_callback(1);
  }
  if (program_.waits_for(this)) program_.wake_with(true, {});
}

void ScriptClient::on_connect_failed(ConnectFailure failure, mqtt::ConnectCode code) {
  const mqtt::ReasonCode of_5 = endpoint_.client().last_reason();
  const std::string reason(failure != ConnectFailure::not_accepted ? name_of(failure)
                           : is_failure(of_5)                      ? mqtt::name_of(of_5, mqtt::PacketType::connack)
                                                                   : mqtt::name_of(code));
  if (program_.waits_for(this)) program_.wake_with(false, reason);
}

void ScriptClient::on_disconnected(bool expected) {
  if (expected && program_.waits_for(this)) program_.wake_with(false, "disconnected meanwhile");
  if (!push_callback("on_disconnect")) return;
  lua_pushboolean(program_.callback_thread(), expected ? 1 : 0);
  program_.run_callback(1);
}

void ScriptClient::on_message(const mqtt::Publish& message) {
  if (!push_callback("on_message")) return;
  lua_State* L = program_.callback_thread();
  lua_pushlstring(L, message.topic.data(), message.topic.size());
  lua_pushlstring(L, reinterpret_cast<const char*>(message.payload.data()), message.payload.size());
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, static_cast<lua_Integer>(message.qos));
  lua_setfield(L, -2, "qos");
  lua_pushboolean(L, message.retain ? 1 : 0);
  lua_setfield(L, -2, "retain");
  lua_pushboolean(L, message.dup ? 1 : 0);
  lua_setfield(L, -2, "dup");
  set_properties(L, message.properties);
  program_.run_callback(3);
}

void ScriptClient::on_published(MessageId id) {
  if (!push_callback("on_publish")) return;
  lua_pushinteger(program_.callback_thread(), static_cast<lua_Integer>(id));
  program_.run_callback(1);
}

void ScriptClient::on_subscribed(mqtt::PacketId, mqtt::Bytes codes) {
  if (!push_callback("on_subscribe")) return;
  lua_State* L = program_.callback_thread();
  lua_createtable(L, static_cast<int>(codes.size()), 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    lua_pushinteger(L, codes[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  program_.run_callback(1);
}

}  // namespace wirelab::script
