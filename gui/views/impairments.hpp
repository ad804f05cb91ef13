// What is said of a link beside it.
#pragma once

#include <string>

#include "gui/look.hpp"

namespace wirelab::gui {

/// "5 % loss · 20.0 ms · 1 Mbit/s · 3 queued": what one direction does at the shown instant, where it is worth saying.
/// Of a wireless link the signal comes first.
std::string impairments_of(const Look& look, EntityId channel);

/// Whether it is the link of a Wi-Fi station to an access point.
bool is_wireless(const Look& look, const IndexedChannel& channel);

}  // namespace wirelab::gui
