// Runs a sweep: each run a world of its own, as many at a time as there are jobs, each finished run kept at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "lab/sweep/folder.hpp"

namespace wirelab {

struct SweepOptions {
  unsigned jobs = 1;
  std::uint64_t shard = 0, shards = 1;  // runs whose number is `shard` modulo `shards`
  /// Called now and then by the thread that waits: runs that are done and all that there are, and those done since the start.
  std::function<void(std::uint64_t done, std::uint64_t all, std::uint64_t done_now)> progress;
};

struct SweepOutcome {
  std::uint64_t runs = 0, failed = 0, already_there = 0;
  std::string first_error;  // of the first run that failed
};

/// One run of a plan. Its error is part of the row.
SweepRow run_one(const SweepPlan& plan, std::uint64_t run);
/// Whether the scenario loads, and takes every value of every axis. The error is the scenario's own, or names the nearest
/// parameter.
tl::expected<void, std::string> check_plan(const SweepPlan& plan);
/// Runs what is missing and writes the tables.
tl::expected<SweepOutcome, std::string> run_sweep(const SweepPlan& plan, const std::string& path,
                                                  const SweepOptions& options);

}  // namespace wirelab
