// How fast a sweep of short runs is, with one job and with as many as the processor has cores.
#pragma once

#include "lab/proof/measure.hpp"

namespace wirelab {

BenchTable bench_sweep(const BenchOptions& options, bool& failed);

}  // namespace wirelab
