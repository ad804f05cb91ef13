// The files of truth/, each replayed row by row and handed to the judge. The error says what is wrong with a file.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "lab/proof/judge.hpp"

namespace wirelab {

using Replay = tl::expected<void, std::string>(const std::string& folder, Judge& judge);
Replay replay_latencies, replay_connects, replay_bulks, replay_wires, replay_outages, replay_pollings, replay_stalls;

}  // namespace wirelab
