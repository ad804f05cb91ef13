// State machines as pictures: states as boxes, transitions as arrows with what causes them above and the rule below; what is lit
// stands out by colour and by a thicker line.
#pragma once

#include <imgui.h>

#include <span>
#include <string>

#include "gui/skin.hpp"

namespace wirelab::gui {

struct DiagramState {
  std::string name;  // may have two lines
  ImVec2 at;         // its middle
  bool lit = false;
};

struct DiagramArrow {
  std::size_t from = 0, to = 0;  // the same: a loop over the state
  std::string cause;
  std::string rule;
  bool lit = false;
  bool under = false;  // in a bow below what stands between
};

void draw_diagram(ImDrawList& list, const Skin& skin, std::span<const DiagramState> states,
                  std::span<const DiagramArrow> arrows);

}  // namespace wirelab::gui
