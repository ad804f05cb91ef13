#include "gui/views/time_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/input.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {

// A stretch that is shorter or longer by a factor; what lies at this part of the width keeps its place.
void TimeWindow::zoom_at(double part, double factor) {
  const auto fixed = from + static_cast<std::int64_t>(part * static_cast<double>(span));
  const double to = std::clamp(static_cast<double>(span) * factor, 2e5, 6e11);
  span = static_cast<std::int64_t>(to);
  from = fixed - static_cast<std::int64_t>(part * to);
  chosen = true;
}

void TimeWindow::move(const Look& look, bool hovered, std::int64_t usual) {
  const ImGuiIO& io = ImGui::GetIO();
  if (hovered && io.MouseWheel != 0)
    zoom_at(static_cast<double>(io.MousePos.x - left) / static_cast<double>(right - left),
            std::pow(0.8, io.MouseWheel));
  std::int64_t by = 0;
  if (!io.WantTextInput) {
    if (typed('z')) zoom_at(2.0 / 3, 0.8);
    if (typed('Z')) zoom_at(2.0 / 3, 1.25);
    by = ((typed('x') ? 1 : 0) - (typed('X') ? 1 : 0)) * span / 10;
  }
  if (!chosen) span = usual;
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(0, 4))
    by -= static_cast<std::int64_t>(static_cast<double>(io.MouseDelta.x) / static_cast<double>(right - left) *
                                    static_cast<double>(span));
  if (by != 0) {
    from += by;
    held_ = look.at;
  } else if (look.at != held_) {
    from = look.at - span * 2 / 3;
    held_ = -1;
  }
}

void TimeWindow::draw_axis(const Look& look, ImDrawList& list, ImVec2 origin, ImVec2 size) const {
  const Skin& skin = look.skin;
  // A step of 1, 2 or 5 times a power of ten that leaves room for its label.
  const double per_label =
      static_cast<double>(span) / std::max(1.0, static_cast<double>((right - left) / skin.px(110)));
  double step = std::pow(10.0, std::floor(std::log10(per_label)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (step * factor >= per_label) {
      step *= factor;
      break;
    }
  }
  const int digits = step >= 1e9 ? 0 : step >= 1e8 ? 1 : step >= 1e7 ? 2 : step >= 1e6 ? 3 : step >= 1e5 ? 4 : 5;
  for (double at = std::ceil(static_cast<double>(from) / step) * step; at < static_cast<double>(from + span);
       at += step) {
    if (at < 0) continue;
    const double shown = at + 0.0;  // no -0
    const float x = std::floor(x_of(static_cast<std::int64_t>(at))) + 0.5f;
    list.AddLine({x, origin.y + skin.px(24)}, {x, origin.y + size.y}, skin(Colour::line), 1);
    const bool behind_head = std::fabs(x - x_of(look.at)) < skin.px(84);
    if (x > left + skin.px(18) && x < right - skin.px(20) && !behind_head)
      text_centred(list, skin.fonts.mono_small, {x, origin.y + skin.px(13)}, skin(Colour::text_third),
                   fmt::format("{:.{}f} s", shown / 1e9, digits));
  }
}

void TimeWindow::draw_now(const Look& look, ImDrawList& list, ImVec2 origin, ImVec2 size) const {
  const Skin& skin = look.skin;
  const float x = std::floor(x_of(look.at)) + 0.5f;
  if (x < left || x > right) return;
  list.AddLine({x, origin.y + skin.px(24)}, {x, origin.y + size.y}, skin(Colour::accent), skin.px(1.6f));
  const std::string text = fmt::format("{:.3f} s", static_cast<double>(look.at) / 1e9);
  const float half = measure(skin.fonts.mono_small, text).x * 0.5f + skin.px(8);
  list.AddRectFilled({x - half, origin.y + skin.px(2)}, {x + half, origin.y + skin.px(24)}, skin(Colour::accent_fill),
                     skin.px(6));
  text_centred(list, skin.fonts.mono_small, {x, origin.y + skin.px(13)}, IM_COL32_WHITE, text);
}

}  // namespace wirelab::gui
