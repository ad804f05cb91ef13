// wirelab bench serve: the broker on real sockets beside mosquitto, both loaded alike in the same run.
#pragma once

#include "lab/proof/measure.hpp"

namespace wirelab::live {

/// Messages handed to subscribers in a second of the broker's processor time, by shape of the load. `failed` is set where a message
/// was missing; without mosquitto the baseline is left out, and a note says so.
BenchTable bench_serve(const BenchOptions& options, bool& failed);

}  // namespace wirelab::live
