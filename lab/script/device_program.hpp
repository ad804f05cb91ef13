// A device's program: a Lua function that runs as a coroutine and is resumed by events of the simulation. Its callbacks run in a
// coroutine of their own, to their end, at the instant of what they hear of: they may publish, subscribe, read and set, but not
// sleep or wait.
#pragma once

#include <lua.hpp>

#include <memory>
#include <string>
#include <vector>

#include "lab/script/host.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab::script {

class ScriptClient;

class DeviceProgram final : public Program {
 public:
  DeviceProgram(Host& host, World& world, DeviceIndex device, int function);
  ~DeviceProgram() override;

  void start() override;
  void end(Ending ending) override;
  void visit_state(StateVisitor& visitor) const override;
  MqttEndpoint* endpoint() override;

  /// Suspends the coroutine until `at` (never: until wake()). To be returned from a C function of the program's own thread.
  int wait(lua_State* L, Instant at);
  void arm_wake(Instant at);
  /// Resumes it at this instant, by an event of its own, with what `push` puts on its stack.
  void wake_with(bool ok, std::string reason);
  bool waits_for(const ScriptClient* client) const { return waiting_for_ == client; }
  void set_waiting_for(ScriptClient* client) { waiting_for_ = client; }
  /// Calls the function on top of the callback thread, with `arguments` above it.
  void run_callback(int arguments);
  lua_State* callback_thread() { return callbacks_; }

  ScriptClient* make_client(lua_State* L);
  Host& host() { return host_; }
  World& world() { return world_; }
  DeviceIndex device() const { return device_; }
  lua_State* thread() const { return thread_; }
  RandomStream& random() { return random_; }

 private:
  static void on_wake(void* self, std::uint64_t);
  void disarm_wake();
  void resume(int arguments);

  Host& host_;
  World& world_;
  DeviceIndex device_;
  int function_;
  lua_State* thread_ = nullptr;
  lua_State* callbacks_ = nullptr;
  int thread_reference_ = LUA_NOREF;
  int callbacks_reference_ = LUA_NOREF;
  int self_reference_ = LUA_NOREF;
  TimerId wake_;
  ScriptClient* waiting_for_ = nullptr;
  bool has_outcome_ = false;  // of what it waited for
  bool outcome_ok_ = false;
  std::string outcome_reason_;
  bool ended_ = false;
  RandomStream random_;
  std::vector<std::unique_ptr<ScriptClient>> clients_;
};

/// A client as a program holds it. The userdata keeps a pointer, which is taken away when the program ends.
class ScriptClient final : public EndpointUser {
 public:
  ScriptClient(DeviceProgram& program, EntityId entity);
  MqttEndpoint& endpoint() { return endpoint_; }
  DeviceProgram& program() { return program_; }
  int userdata_reference = LUA_NOREF;
  Instant serve_until;  // by hand: when the present loop() ends

  void on_connected(bool session_present) override;
  void on_connect_failed(ConnectFailure failure, mqtt::ConnectCode code) override;
  void on_disconnected(bool expected) override;
  void on_message(const mqtt::Publish& message) override;
  void on_published(MessageId id) override;
  void on_subscribed(mqtt::PacketId id, mqtt::Bytes codes) override;

 private:
  // Pushes the callback of this name onto the callback thread; false if the program has set none.
  bool push_callback(const char* name);
  DeviceProgram& program_;
  MqttEndpoint endpoint_;
};

}  // namespace wirelab::script
