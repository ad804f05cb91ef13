// Plays a plan in a simulated world: what goes wrong goes wrong, then everything is mended and everybody comes back, until nothing
// is left to be sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/proof/torture/plan.hpp"
#include "lab/proof/torture/recording.hpp"
#include "sim/kernel/names.hpp"

namespace wirelab::torture {

struct Played {
  Recording recording;
  std::shared_ptr<const Names> names;
  Instant end;
  std::size_t held_bytes = 0;  // by clients and brokers at the end
  std::uint64_t events = 0;
  std::string digest;
};

/// The broker is the node "hub", a device "d3" has the client "d3/mqtt", in its second life "d3/mqtt#2".
/// With a store the whole trace is kept in it.
std::unique_ptr<Played> play(const Plan& plan, const Omissions& without, std::shared_ptr<TraceStore> store = nullptr);

}  // namespace wirelab::torture
