// What several commands share: running a scenario as told by options, and getting at a RUN, which is a scenario or a trace file.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/session/session.hpp"
#include "sim/view/json_lines.hpp"

namespace wirelab {

struct RunOptions {
  std::string scenario;
  std::optional<std::uint64_t> seed;
  std::string until;
  std::vector<std::string> settings;  // NAME=VALUE
  std::string journal;
};

/// The error of a command: what to print, and the exit status.
struct CommandError {
  int status;
  std::string text;
};

/// The folder of the scenarios that come with Wirelab.
std::string scenario_folder();
/// And of its lessons.
std::string lesson_folder();

/// A scenario as the options name it, read from its file, with the journal that is to be applied, if one is.
struct ScenarioInput {
  SessionSetup setup;
  std::optional<Journal> journal;
};
tl::expected<ScenarioInput, CommandError> load_setup(const RunOptions& options);
/// Whether a RUN is a trace file: its first line says so.
bool is_trace_file(const std::string& path);

void add_run_options(CLI::App& command, RunOptions& options);
/// For seeds: a whole number that fits 64 bits.
CLI::Validator whole_number();

struct FinishedRun {
  std::unique_ptr<Script> script;
  std::shared_ptr<TraceStore> store;  // if asked for
  DigestTexts digest;
  std::uint64_t seed = 1;
  Duration length;
  double wall_seconds = 0;
};

using LogFunction = std::function<void(Instant, std::string_view, std::string_view)>;
/// Loads, runs to the end and takes the digest. Progress goes to standard error where that is a terminal.
/// With a store, `layers` of the trace are kept in it.
tl::expected<FinishedRun, CommandError> run_scenario(const RunOptions& options, std::optional<LayerMask> store,
                                                     LogFunction log);

/// A trace file (its first line says so), or else a scenario, which is run.
tl::expected<LoadedTrace, CommandError> load_run(const RunOptions& options);

/// Prints the error and gives its status.
int report(const CommandError& error);

}  // namespace wirelab
