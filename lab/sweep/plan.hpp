// What a sweep runs: a scenario with every combination of the values that its parameters take, under every seed. Runs are
// numbered from 0: combinations in the order of the grid, the last axis moving fastest, and the seeds of a combination one
// after another. So all combinations meet the same seeds, and share their luck as far as their traffic is the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "sim/kernel/time.hpp"

namespace wirelab {

struct SweepAxis {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const SweepAxis&) const = default;
};

struct SweepPlan {
  std::string scenario;  // its path
  std::string source;
  std::vector<SweepAxis> axes;  // parameters with one value among them
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;
  std::optional<Duration> until;  // instead of the scenario's duration

  std::uint64_t combinations() const;
  std::uint64_t runs() const { return combinations() * seeds; }
  std::uint64_t seed_of(std::uint64_t run) const { return first_seed + run % seeds; }
  std::uint64_t combination_of(std::uint64_t run) const { return run / seeds; }
  /// A value for each axis.
  std::vector<std::string> values_of(std::uint64_t combination) const;
};

/// "NAME=V1,V2": an axis. The error says what to write.
tl::expected<SweepAxis, std::string> parse_axis(const std::string& text);

/// What DIR/sweep.json holds, for people and for going on: the plan without the source, whose hash it has, and the version of
/// Wirelab.
std::string manifest_of(const SweepPlan& plan);
/// The first thing in which a manifest differs from the plan, in words; empty if it is the same sweep.
std::string difference_from(const SweepPlan& plan, const std::string& manifest);
/// The plan of a folder, without its source.
tl::expected<SweepPlan, std::string> parse_manifest(const std::string& text);
/// 16 hexadecimal digits that name a sweep: its plan, its scenario, and the version of the program.
std::string hash_of(const SweepPlan& plan);

}  // namespace wirelab
