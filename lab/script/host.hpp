// The inside of the script host, shared by the files of this folder: the Lua state with its limits, and what the script has
// declared. Lua is the library's C++ build, so an error unwinds our frames as an exception does.
#pragma once

#include <tsl/robin_set.h>
#include <atomic>
#include <deque>
#include <lua.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lab/script/script.hpp"
#include "lab/script/script_tap.hpp"
#include "lab/script/script_traffic.hpp"

namespace wirelab::script {

struct ScheduledCall {
  Instant at;
  int function = 0;   // reference in the registry
  std::string where;  // "FILE:LINE: "
};

class DeviceProgram;

class Host final : public Script {
 public:
  Host(std::string path, ScriptOptions options);
  ~Host() override;

  tl::expected<void, ScriptError> run_top_level(const std::string& source);
  tl::expected<void, ScriptError> begin(std::shared_ptr<TraceStore> store) override;
  tl::expected<void, ScriptError> run_until(Instant end) override;
  tl::expected<bool, ScriptError> run_some(Instant end, std::uint64_t most) override;
  const std::string& source_path() const override { return path; }
  tl::expected<void, std::string> set_condition(const std::string& expression) override;
  tl::expected<bool, std::string> condition_holds() override;
  tl::expected<bool, std::string> holds(const std::string& expression) override;
  /// A counter of the run, or one of the scenario's own metrics.
  std::optional<double> counter(std::string_view name) const;
  void give_up() override { gives_up_.store(true, std::memory_order_relaxed); }
  World& world() override { return *world_; }
  Duration duration() const override { return duration_; }
  const std::vector<ParameterInfo>& parameters() const override { return parameters_; }
  std::vector<Metric> metrics() override;
  const std::vector<std::string>& failures() const override { return failures_; }
  std::size_t scheduled_after(Instant end) const override;

  static Host& of(lua_State* L) { return **static_cast<Host**>(lua_getextraspace(L)); }

  /// Calls the function and arguments on top of `L`'s stack; an error ends the run.
  bool call(lua_State* L, int arguments);
  /// Resumes a coroutine with the arguments on its stack; an error ends the run. LUA_YIELD, LUA_OK or an error code.
  int resume(lua_State* thread, int arguments);
  /// Ends the run with what stands on top of the stack.
  void fail(lua_State* L, int status);
  /// Counts work that one library call does; ends the run at the limit.
  void charge(lua_State* L, std::uint64_t steps, int level = 1);
  /// Ends the run if what the world keeps for the script (messages that wait) has outgrown the memory limit.
  void check_held(lua_State* L);
  std::uint64_t steps_left() const {
    return spent < options.limits.instructions ? options.limits.instructions - spent : 0;
  }
  /// Takes note if the status of a call says that memory ran out.
  void note_status(int status);
  void log(std::string_view device, std::string_view text, EntityId entity);

  bool running() const { return world_ != nullptr; }

  lua_State* L = nullptr;
  std::string path;
  ScriptOptions options;
  WorldDescription description;
  std::set<std::string, std::less<>> node_names;
  tsl::robin_set<std::string> link_names;  // each link's two: "a-b" and "b-a"
  Duration duration_ = Duration::seconds(60);
  bool duration_set = false;
  std::vector<ParameterInfo> parameters_;
  std::vector<Metric> own_metrics;
  std::vector<std::unique_ptr<ScriptTap>> taps;
  std::vector<std::unique_ptr<ScriptTraffic>> traffics;
  std::deque<tcp::Settings> tcp_settings;  // of single clients; connections refer to them
  std::vector<std::string> failures_;
  std::vector<ScheduledCall> scheduled;
  std::uint64_t spent = 0;
  std::size_t memory = 0;
  std::size_t collect_above = 0;
  bool over_limit = false;
  std::string limit_text;
  RandomStream random;  // of the top level and at(); devices have their own
  RandomStream* present_random = nullptr;
  DeviceProgram* present_device = nullptr;  // whose program runs
  bool in_callback = false;
  Instant resumed_at;         // when programs were last resumed,
  std::uint32_t resumed = 0;  // and how often at that instant

 private:
  std::atomic<bool> gives_up_ = false;
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void on_count(lua_State* L, lua_Debug*);
  static void on_scheduled(void* self, std::uint64_t index);
  tl::expected<void, ScriptError> outcome();

  std::unique_ptr<World> world_;
  Statistics statistics_;
  int condition_ = LUA_NOREF;
  bool failed_ = false;
  ScriptError error_;
};

// library.cpp: what is left of Lua's own library, made orderly. finish_library() comes when all names are there.
void open_library(lua_State* L);
void finish_library(lua_State* L);
void set_field(lua_State* L, const char* table, const char* name, lua_CFunction function);
/// Puts `function` around Lua's own, which call_own() calls.
void wrap_field(lua_State* L, const char* table, const char* name, lua_CFunction function);
/// Pushes a value as text, without addresses.
void push_text(lua_State* L, int index);
/// Charges for work on places `first` to `last` of a list.
void charge_range(lua_State* L, lua_Integer first, lua_Integer last);
// text.cpp
inline constexpr std::size_t kLongestText = 16'000'000;  // that one library call makes
void open_text(lua_State* L);
/// Of a function that wrap_field() put around another: calls that with the arguments on the stack. Its errors get the script's
/// line and the function's name.
int call_own(lua_State* L);
// json.cpp
void open_json(lua_State* L);
// declare.cpp: duration, param, metric, expect, at, router, broker, link, device ...
void open_declarations(lua_State* L);
// client_api.cpp: what a program may do: sleep, now, log, mqtt ...
void open_program(lua_State* L);

/// Says where `^` stands in a source, outside of strings and comments; 0 if nowhere. It is libm's and cannot be replaced.
int line_of_power_operator(std::string_view source);

/// A text that leaves the script, the same on every processor; where it must be changed it stands in `changed`.
std::string_view orderly_text(std::string_view text, std::string& changed);

/// A name for something that the script makes: short, plain, one word.
void check_name(lua_State* L, const std::string& name, const char* of);

/// A number of a script that may enter the host: not NaN, not infinite.
double check_finite(lua_State* L, int index, const char* what);

}  // namespace wirelab::script
