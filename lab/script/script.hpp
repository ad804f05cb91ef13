// A scenario: a Lua program that describes a world, the programs of its devices and what happens to it. The host runs it in a
// sandbox: no files, processes or network; no source of disorder (see determinism.md); limits on instructions and memory
// that no pcall can catch.
//
// Loading runs the top level once. That gives a description; a world is made of it; then the devices' programs run as
// coroutines, resumed by events of the simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/view/statistics.hpp"
#include "sim/world/world.hpp"

namespace wirelab {

/// Why a script ended. `text` begins with FILE:LINE: where one is to blame.
struct ScriptError {
  bool limit = false;  // of instructions or memory
  std::string text;
};

struct ScriptLimits {
  std::uint64_t instructions = 2'000'000'000;
  std::size_t memory = std::size_t{512} << 20;
};

struct ParameterInfo {
  std::string name, help, unit;
  std::string value;     // as it is used, in the form that --set takes
  std::string standard;  // the default
  std::vector<std::string> choices;
};

struct ScriptOptions {
  std::uint64_t seed = 1;
  std::map<std::string, std::string> parameters;  // --set NAME=VALUE
  ScriptLimits limits;
  /// A program's log line: instant, device (empty for the scenario itself), text.
  std::function<void(Instant, std::string_view, std::string_view)> log;
};

class Script {
 public:
  /// Runs the top level of `source`. `path` stands in messages.
  static tl::expected<std::unique_ptr<Script>, ScriptError> load(std::string source, const std::string& path,
                                                                 ScriptOptions options);
  virtual ~Script() = default;

  /// Makes the world and starts its programs. Once.
  virtual tl::expected<void, ScriptError> begin(std::shared_ptr<TraceStore> store) = 0;
  /// Runs to `end`. The error of a program ends the run.
  virtual tl::expected<void, ScriptError> run_until(Instant end) = 0;

  /// The same for at most `most` events; true once `end` is reached.
  virtual tl::expected<bool, ScriptError> run_some(Instant end, std::uint64_t most) = 0;

  /// A Lua expression over counters ("wills > 0", "queue > 5"), for running until it holds. The error says what is
  /// wrong with it. Asking changes nothing of the run.
  virtual tl::expected<void, std::string> set_condition(const std::string& expression) = 0;
  virtual tl::expected<bool, std::string> condition_holds() = 0;
  /// The same of another one, looked at once.
  virtual tl::expected<bool, std::string> holds(const std::string& expression) = 0;

  /// From any thread: nobody waits for the run any more. A program that loops ends with an error.
  virtual void give_up() = 0;

  virtual World& world() = 0;
  virtual Duration duration() const = 0;
  virtual const std::vector<ParameterInfo>& parameters() const = 0;
  virtual const std::string& source_path() const = 0;
  /// Built-in metrics, then the scenario's own.
  virtual std::vector<Metric> metrics() = 0;
  /// How many of its at() calls come after `end`.
  virtual std::size_t scheduled_after(Instant end) const = 0;
  /// What expect() found to be false.
  virtual const std::vector<std::string>& failures() const = 0;
};

/// Names of everything that the host offers to scripts, as "device.sleep" or "client:publish", sorted: the `---@meta` file is
/// held equal to this.
std::vector<std::string> script_api_names();
/// The Lua version that stands beside the digest's version.
std::string script_language();

}  // namespace wirelab
