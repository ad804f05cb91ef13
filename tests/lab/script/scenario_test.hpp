// Running scenarios in tests.
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "lab/script/script.hpp"
#include "sim/view/state.hpp"

namespace wirelab::test {

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Loads a scenario that must be right, and begins it.
inline std::unique_ptr<Script> begin_scenario(const std::string& source, const std::string& name, ScriptOptions options,
                                              std::shared_ptr<TraceStore> store) {
  auto script = Script::load(source, name, std::move(options));
  if (!script) FAIL(script.error().text);
  const auto begun = (*script)->begin(std::move(store));
  if (!begun) FAIL(begun.error().text);
  return std::move(*script);
}

/// A scenario that must be right, run to its end, with its trace.
struct FinishedScenario {
  std::shared_ptr<TraceStore> store = std::make_shared<TraceStore>();
  std::unique_ptr<Script> script;
};
inline FinishedScenario finish_scenario(const std::string& source, const std::string& name,
                                        ScriptOptions options = {}) {
  FinishedScenario run;
  run.script = begin_scenario(source, name, std::move(options), run.store);
  const auto done = run.script->run_until(Instant() + run.script->duration());
  if (!done) FAIL(done.error().text);
  return run;
}

/// The error of a scenario that is wrong, at loading or while it runs; empty if it is right.
inline ScriptError error_of(const std::string& source, ScriptOptions options = {}) {
  auto script = Script::load(source, "test.lua", std::move(options));
  if (!script) return script.error();
  if (const auto begun = (*script)->begin(nullptr); !begun) return begun.error();
  const auto ran = (*script)->run_until(Instant() + (*script)->duration());
  return ran ? ScriptError{} : ran.error();
}

inline double metric_of(Script& script, const std::string& name) {
  for (const Metric& metric : script.metrics()) {
    if (metric.name == name) return metric.value;
  }
  FAIL("no metric " + name);
  return 0;
}

}  // namespace wirelab::test
