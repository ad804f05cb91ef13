// Lines of the X-ray: a thing that a broker keeps, what it is worth, and the rule that put it there. A rule is written out below
// the first line that it explains; where the mouse rests on another, it is shown beside it.
#pragma once

#include <imgui.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gui/look.hpp"

namespace wirelab::gui {

/// The rules that this frame has written out already.
class ToldRules {
 public:
  void clear() { told_.clear(); }
  /// True the first time.
  bool tell(std::string_view rule) {
    if (std::find(told_.begin(), told_.end(), rule) != told_.end()) return false;
    told_.push_back(rule);
    return true;
  }

 private:
  std::vector<std::string_view> told_;  // few, and literals
};

/// True if it was clicked. `rule` is a literal.
bool kept_line(Look& look, ToldRules& told, float room, Colour colour, std::string_view left, std::string_view right,
               const char* rule);

/// Calls draw(i) for each of `count` lines that can be seen; the others keep their room. The first is always drawn, since it may
/// be higher by its rule.
template <typename Draw>
void kept_lines(const Skin& skin, std::size_t count, Draw&& draw) {
  if (count == 0) return;
  draw(0);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(count) - 1, skin.px(22) + ImGui::GetStyle().ItemSpacing.y);
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) draw(static_cast<std::size_t>(i) + 1);
  }
}

/// What a kept message says, in quotes; its size where that is not text, its number where nothing is known of it.
std::string kept_text(const Look& look, std::int64_t message);
/// Selects what brought it.
void select_kept(Look& look, std::int64_t message);
/// Empty where it is not known.
std::string kept_topic(const Look& look, std::int64_t message);

}  // namespace wirelab::gui
