// A run of a lesson's scenario, as its tasks judge it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sim/view/message_facts.hpp"

namespace wirelab {

struct RunFacts {
  std::uint64_t seed = 1;
  std::map<std::string, double> metrics;
  std::vector<MessageFacts> messages;
  struct Line {
    double at = 0;
    std::string device, text;
  };
  std::vector<Line> log;
  std::vector<std::string> devices;
};

/// Runs the scenario to its end. The error is the script's, with its line.
tl::expected<RunFacts, std::string> run_for_facts(const std::string& source, const std::string& path,
                                                  std::uint64_t seed);

}  // namespace wirelab
