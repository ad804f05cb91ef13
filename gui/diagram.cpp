#include "gui/diagram.hpp"

#include <algorithm>
#include <cmath>

#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

struct Lines {
  std::string first, second;
};

Lines lines_of(const std::string& name) {
  const std::size_t cut = name.find('\n');
  return cut == std::string::npos ? Lines{name, ""} : Lines{name.substr(0, cut), name.substr(cut + 1)};
}

// Half of the box around a state.
ImVec2 half_of(const Skin& skin, const DiagramState& state) {
  const Lines lines = lines_of(state.name);
  const float width =
      std::max(measure(skin.fonts.small_strong, lines.first).x, measure(skin.fonts.small_strong, lines.second).x);
  return {width * 0.5f + skin.px(13), skin.px(lines.second.empty() ? 15.0f : 22.0f)};
}

// Where the line from the box's middle towards `to` leaves the box.
ImVec2 edge(ImVec2 from, ImVec2 half, ImVec2 to, float gap) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float t =
      std::min(dx == 0 ? 1e9f : (half.x + gap) / std::fabs(dx), dy == 0 ? 1e9f : (half.y + gap) / std::fabs(dy));
  return {from.x + dx * t, from.y + dy * t};
}

}  // namespace

void draw_diagram(ImDrawList& list, const Skin& skin, std::span<const DiagramState> states,
                  std::span<const DiagramArrow> arrows) {
  for (const DiagramArrow& arrow_of : arrows) {
    const DiagramState& from = states[arrow_of.from];
    const DiagramState& to = states[arrow_of.to];
    const ImU32 colour = skin(arrow_of.lit ? Colour::accent : Colour::line_strong);
    const float width = skin.px(arrow_of.lit ? 2.6f : 1.5f);
    const Colour word = arrow_of.lit ? Colour::accent : Colour::text_third;
    if (arrow_of.from == arrow_of.to) {
      const ImVec2 half = half_of(skin, from);
      const float reach = half.x * 0.55f;
      const ImVec2 a{from.at.x - reach, from.at.y - half.y};
      const ImVec2 b{from.at.x + reach, from.at.y - half.y - skin.px(2)};
      const float rise = skin.px(20);
      list.AddBezierCubic(a, {a.x, a.y - rise}, {b.x, b.y - rise}, {b.x, b.y - skin.px(5)}, colour, width);
      arrow(list, {b.x, b.y - skin.px(8)}, b, colour, width, skin.px(8));
      text_centred(list, skin.fonts.tiny, {from.at.x, a.y - rise - skin.px(1)}, skin(word), arrow_of.cause);
      continue;
    }
    if (arrow_of.under) {
      const ImVec2 a{from.at.x, from.at.y + half_of(skin, from).y};
      const ImVec2 b{to.at.x, to.at.y + half_of(skin, to).y + skin.px(2)};
      const float depth = skin.px(80);
      list.AddBezierCubic(a, {a.x, a.y + depth}, {b.x, b.y + depth}, {b.x, b.y + skin.px(6)}, colour, width);
      arrow(list, {b.x, b.y + skin.px(10)}, b, colour, width, skin.px(9));
      text_centred(list, skin.fonts.tiny, {(a.x + b.x) * 0.5f, a.y + depth * 0.75f + skin.px(11)}, skin(word),
                   arrow_of.cause + ": " + arrow_of.rule);
      continue;
    }
    const bool returns = std::any_of(arrows.begin(), arrows.end(), [&](const DiagramArrow& other) {
      return other.from == arrow_of.to && other.to == arrow_of.from;
    });
    const float dx = to.at.x - from.at.x;
    const float dy = to.at.y - from.at.y;
    const float length = std::max(std::hypot(dx, dy), 1.0f);
    // Two that go opposite ways keep to their left.
    const float aside = returns ? skin.px(9) : 0;
    const ImVec2 shift{dy / length * aside, -dx / length * aside};
    ImVec2 a = edge(from.at, half_of(skin, from), to.at, skin.px(4));
    ImVec2 b = edge(to.at, half_of(skin, to), from.at, skin.px(4));
    a = {a.x + shift.x, a.y + shift.y};
    b = {b.x + shift.x, b.y + shift.y};
    arrow(list, a, b, colour, width, skin.px(9));
    const ImVec2 middle{(a.x + b.x) * 0.5f, (a.y + b.y) * 0.5f};
    // The cause over the line and the rule under it. Of a pair, or where there is no room, both stand together, outside of the
    // boxes: above for the one to the right, below for the one back.
    if (!returns && measure(skin.fonts.tiny, arrow_of.cause).x < std::fabs(b.x - a.x) + skin.px(12)) {
      text_centred(list, skin.fonts.tiny, {middle.x, middle.y - skin.px(11)}, skin(word), arrow_of.cause);
      text_centred(list, skin.fonts.tiny, {middle.x, middle.y + skin.px(11)}, skin(Colour::text_third), arrow_of.rule);
      continue;
    }
    const float outer = (dx > 0 ? -1.0f : 1.0f) * skin.px(33);
    const float inner = (dx > 0 ? 1.0f : -1.0f) * skin.px(13);
    const float line = (from.at.y + to.at.y) * 0.5f;
    text_centred(list, skin.fonts.tiny, {middle.x, line + outer - (dx > 0 ? skin.px(13) : 0)}, skin(word),
                 arrow_of.cause);
    text_centred(list, skin.fonts.tiny, {middle.x, line + outer + (dx > 0 ? 0 : inner * -1)}, skin(Colour::text_third),
                 arrow_of.rule);
  }
  for (const DiagramState& state : states) {
    const ImVec2 half = half_of(skin, state);
    const ImVec2 low{state.at.x - half.x, state.at.y - half.y};
    const ImVec2 high{state.at.x + half.x, state.at.y + half.y};
    const float rounding = skin.px(13);
    list.AddRectFilled(low, high, skin(state.lit ? Colour::accent_fill : Colour::raised), rounding);
    list.AddRect(low, high, skin(state.lit ? Colour::accent : Colour::line_strong), rounding, 0,
                 skin.px(state.lit ? 2.4f : 1.3f));
    const ImU32 colour = state.lit ? IM_COL32_WHITE : skin(Colour::text);
    const Lines lines = lines_of(state.name);
    const float rise = lines.second.empty() ? 0 : skin.px(9);
    text_centred(list, skin.fonts.small_strong, {state.at.x, state.at.y - rise}, colour, lines.first);
    if (!lines.second.empty())
      text_centred(list, skin.fonts.small_strong, {state.at.x, state.at.y + rise}, colour, lines.second);
  }
}

}  // namespace wirelab::gui
