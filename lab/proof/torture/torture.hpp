// Random worlds against what MQTT promises: a plan from each seed, played and judged. What fails is made smaller until nothing can
// be left out any more, and named by a command that plays just that again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lab/proof/torture/judge.hpp"

namespace wirelab::torture {

struct TortureOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 200;
  double minutes = 0;  // of real time; 0: as long as the seeds take
  unsigned jobs = 0;   // 0: one a processor
  mqtt::Mutation mutation = mqtt::Mutation::none;
  Omissions without;
  bool shrink = true;
  bool stop_at_first = true;
};

struct TortureResult {
  std::uint64_t seeds = 0;  // that were played
  std::uint64_t events = 0;
  bool failed = false;
  std::uint64_t failed_seed = 0;  // the least of those that were played
  std::vector<Failure> failures;  // its own, when nothing more could be left out
  Omissions without;
};

/// One seed.
std::vector<Failure> play_and_judge(std::uint64_t seed, mqtt::Mutation mutation, const Omissions& without,
                                    std::uint64_t* events = nullptr);
/// Calls tell(seeds done so far) now and then, from any thread, one at a time.
TortureResult torture(const TortureOptions& options, const std::function<void(std::uint64_t)>& tell);
/// The smallest part of a failing plan that was found to fail, within some hundred runs.
Omissions shrink(std::uint64_t seed, mqtt::Mutation mutation, Omissions without);
/// What `wirelab torture` is called with to play the failure again.
std::string command_of(std::uint64_t seed, mqtt::Mutation mutation, const Omissions& without);
/// "3-5,9" and back; false if it cannot be read.
std::string text_of(const std::set<std::size_t>& places);
bool read_places(std::string_view text, std::set<std::size_t>& places);

}  // namespace wirelab::torture
