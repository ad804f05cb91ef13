// The commands of `wirelab`, one a function: arguments in, words out. Exit status: 0 done, 1 a check failed, 2 bad usage or
// input, 3 a limit was reached.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace wirelab {

inline constexpr int kDone = 0;
inline constexpr int kCheckFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kLimitReached = 3;

/// Each adds its subcommand to `app` and sets `chosen` to what runs it, when it is the one called.
using Chosen = std::function<int()>;
void add_run(CLI::App& app, Chosen& chosen);
void add_journey(CLI::App& app, Chosen& chosen);
void add_diff(CLI::App& app, Chosen& chosen);
void add_metrics(CLI::App& app, Chosen& chosen);
void add_sweep(CLI::App& app, Chosen& chosen);
void add_merge(CLI::App& app, Chosen& chosen);
void add_plot(CLI::App& app, Chosen& chosen);
void add_lesson(CLI::App& app, Chosen& chosen);
void add_bench(CLI::App& app, Chosen& chosen);
void add_validate(CLI::App& app, Chosen& chosen);
void add_torture(CLI::App& app, Chosen& chosen);
/// Only where its libraries are installed.
void add_serve(CLI::App& app, Chosen& chosen);
/// Only where the front end is built.
void add_gui(CLI::App& app, Chosen& chosen);

}  // namespace wirelab
