// A device's program: a Lua function that runs as a coroutine and is resumed by events of the simulation. Its callbacks run in a
// coroutine of their own, to their end, at the instant of what they hear of: they may publish, subscribe, read and set, but not
// sleep or wait.
#pragma once

#include <lua.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/script/host.hpp"
#include "sim/world/mqtt_endpoint.hpp"

namespace wirelab::script {

class ScriptClient;
struct ScriptHttp;
struct ScriptSocket;

class DeviceProgram final : public Program {
 public:
  DeviceProgram(Host& host, World& world, DeviceIndex device, int function);
  ~DeviceProgram() override;

  void start() override;
  void end(Ending ending) override;
  void visit_state(StateVisitor& visitor) const override;
  void address_changed(wire::Ipv4Address) override { wake_from(&resolving_); }
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
  /// An HTTP client, on top of the stack.
  ScriptHttp* make_http(lua_State* L);
  /// Suspends the coroutine until wake_from(what), or until `deadline`; then `again` goes on, with `context`.
  int wait_on(lua_State* L, const void* what, Instant deadline, lua_KFunction again, lua_KContext context);
  void wake_from(const void* what);
  /// The name that the coroutine waits for, and what came of it.
  void set_resolving(std::shared_ptr<std::optional<dns::Answer>> resolving) { resolving_ = std::move(resolving); }
  const std::shared_ptr<std::optional<dns::Answer>>& resolving() const { return resolving_; }
  /// The message over a radio that the coroutine waits for, and what came of it.
  using Sending = std::shared_ptr<std::optional<HopFailure>>;
  void set_sending(Sending sending) { sending_ = std::move(sending); }
  const Sending& sending() const { return sending_; }
  /// Called when the program has come to its end.
  void on_end(std::function<void()> call) { at_end_.push_back(std::move(call)); }
  /// What a program waits on that waits for an address.
  const void* address_token() const { return &resolving_; }
  /// Sockets of this program, kept until they are closed or the program ends.
  std::vector<std::unique_ptr<ScriptSocket>>& sockets() { return sockets_; }
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
  const void* waiting_on_ = nullptr;
  std::shared_ptr<std::optional<dns::Answer>> resolving_;
  Sending sending_;
  std::vector<std::function<void()>> at_end_;
  bool has_outcome_ = false;  // of what it waited for
  bool outcome_ok_ = false;
  std::string outcome_reason_;
  bool ended_ = false;
  RandomStream random_;
  std::vector<std::unique_ptr<ScriptClient>> clients_;
  std::vector<std::unique_ptr<ScriptSocket>> sockets_;
  std::vector<std::unique_ptr<ScriptHttp>> https_;
};

/// The program whose coroutine calls; an error where one may not wait. `what` names the function.
DeviceProgram& waiting_program(lua_State* L, const char* what);
/// The program of the device object at 1.
DeviceProgram& check_self(lua_State* L);
/// The text at `index`, or an error that says what it should be.
std::string_view text_at(lua_State* L, int index, const char* what);
/// With ASCII's capitals made small, as names of hosts are compared.
std::string lower_case(std::string text);

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
