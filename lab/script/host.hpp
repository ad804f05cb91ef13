// The inside of the script host, shared by the files of this folder: the Lua state with its limits, and what the script has
// declared. Lua is the library's C++ build, so an error unwinds our frames as an exception does.
#pragma once

#include <lua.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lab/script/script.hpp"

namespace wirelab::script {

struct ScheduledCall {
  Instant at;
  int function = 0;  // reference in the registry
};

class DeviceProgram;

class Host final : public Script {
 public:
  Host(std::string path, ScriptOptions options);
  ~Host() override;

  tl::expected<void, ScriptError> run_top_level(const std::string& source);
  tl::expected<void, ScriptError> begin(std::shared_ptr<TraceStore> store) override;
  tl::expected<void, ScriptError> run_until(Instant end) override;
  World& world() override { return *world_; }
  Duration duration() const override { return duration_; }
  const std::vector<ParameterInfo>& parameters() const override { return parameters_; }
  std::vector<Metric> metrics() override;
  const std::vector<std::string>& failures() const override { return failures_; }

  static Host& of(lua_State* L) { return **static_cast<Host**>(lua_getextraspace(L)); }

  /// Calls the function and arguments on top of `L`'s stack; an error ends the run.
  bool call(lua_State* L, int arguments);
  /// Resumes a coroutine with the arguments on its stack; an error ends the run. LUA_YIELD, LUA_OK or an error code.
  int resume(lua_State* thread, int arguments);
  /// Ends the run with what stands on top of the stack.
  void fail(lua_State* L, int status);
  /// Counts work that one library call does; ends the run at the limit.
  void charge(lua_State* L, std::uint64_t steps, int level = 1);
  void log(std::string_view device, std::string_view text, EntityId entity);

  bool running() const { return world_ != nullptr; }

  lua_State* L = nullptr;
  std::string path;
  ScriptOptions options;
  WorldDescription description;
  std::set<std::string, std::less<>> node_names;
  Duration duration_ = Duration::seconds(60);
  bool duration_set = false;
  std::vector<ParameterInfo> parameters_;
  std::vector<Metric> own_metrics;
  std::vector<std::string> failures_;
  std::vector<ScheduledCall> scheduled;
  std::uint64_t spent = 0;
  std::size_t memory = 0;
  bool over_limit = false;
  std::string limit_text;
  RandomStream random;  // of the top level and at(); devices have their own
  RandomStream* present_random = nullptr;
  DeviceProgram* present_device = nullptr;  // whose program runs
  bool in_callback = false;

 private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void on_count(lua_State* L, lua_Debug*);
  static void on_scheduled(void* self, std::uint64_t index);
  tl::expected<void, ScriptError> outcome();

  std::unique_ptr<World> world_;
  Statistics statistics_;
  bool failed_ = false;
  ScriptError error_;
};

// library.cpp: what is left of Lua's own library, made orderly.
void open_library(lua_State* L);
// json.cpp
void open_json(lua_State* L);
// declare.cpp: duration, param, metric, expect, at, router, broker, link, device ...
void open_declarations(lua_State* L);
// client_api.cpp: what a program may do: sleep, now, log, mqtt ...
void open_program(lua_State* L);

/// Says where `^` stands in a source, outside of strings and comments; 0 if nowhere. It is libm's and cannot be replaced.
int line_of_power_operator(std::string_view source);

/// A number of a script that may enter the host: not NaN, not infinite.
double check_finite(lua_State* L, int index, const char* what);

}  // namespace wirelab::script
