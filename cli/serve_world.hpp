// wirelab serve --scenario: real clients in a simulated world that runs in real time.
#pragma once

#include <string>

#include "cli/scenario.hpp"
#include "cli/trace_files.hpp"

namespace wirelab {

struct ServeWorldOptions {
  RunOptions run;      // the scenario, its seed, its parameters, when to end
  std::string node;    // that real clients come in at; empty: the device without a program
  std::string broker;  // that they get to; empty: the first one
  std::string record;  // the journal's file
  bool asked() const { return !run.scenario.empty(); }
};

void add_serve_world_options(CLI::App& command, ServeWorldOptions& options);
/// Listens on the port and serves until SIGINT, SIGTERM or --until. Returns the exit status.
int serve_world(const ServeWorldOptions& options, const TraceFiles& files, const std::string& address,
                std::uint16_t port, bool quiet);

}  // namespace wirelab
