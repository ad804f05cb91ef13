// What is said of a link beside it.
#pragma once

#include <string>

#include "gui/look.hpp"

namespace wirelab::gui {

/// "5 % loss · 20.0 ms · 1 Mbit/s · 3 queued": what one direction does at the shown instant, where it is worth saying.
std::string impairments_of(const Look& look, EntityId channel);

}  // namespace wirelab::gui
