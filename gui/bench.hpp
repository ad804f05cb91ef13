// wirelab bench gui: what a frame costs, and what looking back costs, over large runs.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "lab/proof/measure.hpp"

namespace wirelab::gui {

/// A world of 1,000 devices with 5,000 packets under way, drawn off-screen at 1440 x 900: building a frame alone, and with
/// OpenGL; and seeks to 20 places of a run of ten minutes and 1,000 devices. The error says what is missing.
tl::expected<BenchTable, std::string> bench_gui(const BenchOptions& options);

}  // namespace wirelab::gui
