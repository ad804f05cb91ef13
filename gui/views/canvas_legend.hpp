// What stands at the foot of the canvas: the legend of the packets' colours, the layers that are shown, and the button that fits
// all.
#pragma once

#include "gui/look.hpp"

namespace wirelab::gui {

struct ShownLayers {
  bool mqtt = true, tcp = true, frames = true;
};

/// True if all is to be fitted into the canvas.
bool draw_legend(const Skin& skin, ImDrawList& list, ImVec2 origin, ImVec2 size, ShownLayers& layers);

}  // namespace wirelab::gui
