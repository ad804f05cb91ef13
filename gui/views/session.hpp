// One session in the broker's X-ray: its subscriptions, what is in flight and what waits, with topic and payload, its keep alive
// running out and its will.
#pragma once

#include <string>

#include "gui/look.hpp"
#include "gui/views/kept_lines.hpp"

namespace wirelab::gui {

/// `broker`: the name of the node whose session it is.
void draw_session(Look& look, EntityId session, const std::string& broker, ToldRules& told);

}  // namespace wirelab::gui
