#include "gui/controls.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

constexpr float kRightMargin = 14;  // of texts in a pane

}  // namespace

void focus_ring(const Skin& skin, ImVec2 low, ImVec2 high, float rounding) {
  if (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible)
    ImGui::GetWindowDrawList()->AddRect(low, high, skin(Colour::accent), rounding, 0, skin.px(2));
}

void tip(const Skin& skin, const char* text) {
  if (text == nullptr || !ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(skin.px(10), skin.px(7)));
  ImGui::PushFont(skin.fonts.small);
  ImGui::SetTooltip("%s", text);
  ImGui::PopFont();
  ImGui::PopStyleVar();
}

bool icon_button(const Skin& skin, const char* id, const char* icon, const char* word, const char* tip_text, float size,
                 bool filled, bool enabled) {
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float side = skin.px(size);
  const float width = skin.fonts.has_icons ? side : std::max(side, measure(skin.fonts.small, word).x + skin.px(12));
  const bool pressed = ImGui::InvisibleButton(id, {width, side}) && enabled;
  const bool hovered = ImGui::IsItemHovered() && enabled;
  const bool held = ImGui::IsItemActive() && enabled;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 high{low.x + width, low.y + side};
  if (filled) {
    list.AddRectFilled(low, high, skin(Colour::accent_fill, held ? 0.8f : hovered ? 0.9f : 1.0f), skin.px(8));
  } else if (hovered) {
    list.AddRectFilled(low, high, skin(held ? Colour::active : Colour::hover), skin.px(8));
  }
  const ImU32 colour = filled ? IM_COL32_WHITE : skin(Colour::text_second, enabled ? 1.0f : 0.4f);
  const ImVec2 centre{(low.x + high.x) * 0.5f, (low.y + high.y) * 0.5f};
  if (skin.fonts.has_icons) {
    text_centred(list, skin.fonts.icons, centre, colour, icon);
  } else {
    text_centred(list, skin.fonts.small, centre, colour, word);
  }
  focus_ring(skin, low, high, skin.px(8));
  tip(skin, tip_text);
  return pressed;
}

bool text_button(const Skin& skin, const char* label, const char* icon, bool primary) {
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const bool with_icon = icon != nullptr && skin.fonts.has_icons;
  const float height = skin.px(34);
  const std::string_view word = std::string_view(label).substr(0, std::string_view(label).find("##"));
  const float width = measure(skin.fonts.small_strong, word).x + skin.px(with_icon ? 52.0f : 28.0f);
  const bool pressed = ImGui::InvisibleButton(label, {width, height});
  const bool hovered = ImGui::IsItemHovered();
  const bool held = ImGui::IsItemActive();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 high{low.x + width, low.y + height};
  if (primary) {
    list.AddRectFilled(low, high, skin(Colour::accent_fill, held ? 0.8f : hovered ? 0.9f : 1.0f), skin.px(8));
  } else {
    list.AddRectFilled(low, high, skin(held ? Colour::active : hovered ? Colour::hover : Colour::raised), skin.px(8));
    list.AddRect(low, high, skin(Colour::line_strong), skin.px(8));
  }
  const ImU32 colour = primary ? IM_COL32_WHITE : skin(Colour::text);
  float x = low.x + skin.px(14);
  const float middle = (low.y + high.y) * 0.5f;
  if (with_icon) {
    text_at(list, skin.fonts.icons_small, x - skin.px(2), middle, colour, icon);
    x += skin.px(24);
  }
  text_at(list, skin.fonts.small_strong, x, middle, colour, word);
  focus_ring(skin, low, high, skin.px(8));
  return pressed;
}

bool segments(const Skin& skin, const char* id, std::span<const char* const> words, int& chosen, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float high = skin.px(height);
  float sum = skin.px(4);
  for (const char* word : words) sum += measure(skin.fonts.small_strong, word).x;
  // They stand closer where there is less room.
  const float spare = (ImGui::GetContentRegionAvail().x - sum) / static_cast<float>(words.size());
  const float margin = std::clamp(std::floor(spare), skin.px(6), skin.px(24));
  const float width = sum + margin * static_cast<float>(words.size());
  list.AddRectFilled(origin, {origin.x + width, origin.y + high}, skin(Colour::raised), skin.px(8));
  bool changed = false;
  float x = origin.x + skin.px(2);
  ImGui::PushID(id);
  for (int i = 0; i < static_cast<int>(words.size()); ++i) {
    const float w = measure(skin.fonts.small_strong, words[static_cast<std::size_t>(i)]).x + margin;
    ImGui::SetCursorScreenPos({x, origin.y + skin.px(2)});
    ImGui::PushID(i);
    if (ImGui::InvisibleButton("segment", {w, high - skin.px(4)})) chosen = i, changed = true;
    ImGui::PopID();
    const bool on = chosen == i;
    const ImVec2 a{x, origin.y + skin.px(2)};
    const ImVec2 b{x + w, origin.y + high - skin.px(2)};
    if (on) {
      list.AddRectFilled(a, b, skin(skin.theme->dark ? Colour::active : Colour::panel), skin.px(6));
      list.AddRect(a, b, skin(Colour::line_strong), skin.px(6));
    }
    text_centred(list, skin.fonts.small_strong, {x + w * 0.5f, origin.y + high * 0.5f},
                 skin(on                       ? Colour::text
                      : ImGui::IsItemHovered() ? Colour::text_second
                                               : Colour::text_third),
                 words[static_cast<std::size_t>(i)]);
    focus_ring(skin, a, b, skin.px(6));
    x += w;
  }
  ImGui::PopID();
  ImGui::SetCursorScreenPos(origin);
  ImGui::Dummy({width, high});
  return changed;
}

bool tabs(const Skin& skin, const char* id, std::span<const char* const> words, int& chosen, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float high = skin.px(height);
  float x = origin.x + skin.px(8);
  float y = origin.y;
  float sum = 0;
  for (const char* word : words) sum += measure(skin.fonts.small_strong, word).x;
  // They stand closer before another row is begun.
  const float spare = (room - skin.px(8) - sum) / static_cast<float>(words.size());
  const float margin = spare < skin.px(11) ? skin.px(20) : std::min(std::floor(spare), skin.px(20));
  bool changed = false;
  ImGui::PushID(id);
  for (int i = 0; i < static_cast<int>(words.size()); ++i) {
    const char* word = words[static_cast<std::size_t>(i)];
    const float w = measure(skin.fonts.small_strong, word).x + margin;
    if (x + w > origin.x + room && x > origin.x + skin.px(9)) {  // what does not fit goes into another row
      x = origin.x + skin.px(8);
      y += high - skin.px(6);
    }
    ImGui::SetCursorScreenPos({x, y});
    ImGui::PushID(i);
    if (ImGui::InvisibleButton("tab", {w, high - skin.px(1)})) chosen = i, changed = true;
    ImGui::PopID();
    const bool on = chosen == i;
    text_centred(list, skin.fonts.small_strong, {x + w * 0.5f, y + high * 0.5f},
                 skin(on                       ? Colour::text
                      : ImGui::IsItemHovered() ? Colour::text_second
                                               : Colour::text_third),
                 word);
    if (on)
      list.AddRectFilled({x + margin * 0.4f, y + high - skin.px(2)}, {x + w - margin * 0.4f, y + high},
                         skin(Colour::accent), skin.px(1));
    focus_ring(skin, {x, y + skin.px(4)}, {x + w, y + high - skin.px(4)}, skin.px(6));
    x += w;
  }
  ImGui::PopID();
  const float foot = y + high;
  list.AddLine({origin.x, foot - 0.5f}, {origin.x + room, foot - 0.5f}, skin(Colour::line));
  ImGui::SetCursorScreenPos({origin.x, foot});
  return changed;
}

void splitter(const Skin& skin, const char* id, ImVec2 at, ImVec2 size, bool upright, float& value, float direction,
              float least, float most) {
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::SetNextWindowPos(at);
  ImGui::SetNextWindowSize(size);
  ImGui::Begin(id, nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoFocusOnAppearing);
  ImGui::InvisibleButton("bar", size);
  if (ImGui::IsItemHovered() || ImGui::IsItemActive()) {
    ImGui::SetMouseCursor(upright ? ImGuiMouseCursor_ResizeEW : ImGuiMouseCursor_ResizeNS);
    const ImVec2 c{at.x + size.x * 0.5f, at.y + size.y * 0.5f};
    if (upright) {
      ImGui::GetWindowDrawList()->AddRectFilled({c.x - 1, at.y}, {c.x + 1, at.y + size.y}, skin(Colour::accent));
    } else {
      ImGui::GetWindowDrawList()->AddRectFilled({at.x, c.y - 1}, {at.x + size.x, c.y + 1}, skin(Colour::accent));
    }
  }
  if (ImGui::IsItemActive()) {
    const ImVec2 moved = ImGui::GetIO().MouseDelta;
    value = std::clamp(value + direction * (upright ? moved.x : moved.y) / skin.scale, least, most);
  }
  ImGui::End();
  ImGui::PopStyleVar(2);
}

bool chosen_line(const Skin& skin, const char* id, float width, float height, bool chosen) {
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const ImVec2 high{low.x + width, low.y + height};
  const bool pressed = ImGui::InvisibleButton(id, {width, height});
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (ImGui::IsItemHovered()) list.AddRectFilled(low, high, skin(Colour::accent, 0.12f), skin.px(4));
  if (chosen) list.AddRect(low, high, skin(Colour::accent), skin.px(4), 0, skin.px(1.6f));
  focus_ring(skin, low, high, skin.px(4));
  return pressed;
}

void explain(const Skin& skin, std::string_view text, Colour colour) {
  ImGui::PushFont(skin.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, skin(colour));
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - skin.px(kRightMargin));
  say(text);
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

std::pair<std::size_t, std::size_t> pages(const Skin& skin, const char* id, std::size_t count, std::size_t a_page,
                                          int& page) {
  const int last = count == 0 ? 0 : static_cast<int>((count - 1) / a_page);
  page = std::clamp(page, 0, last);
  const std::size_t first = static_cast<std::size_t>(page) * a_page;
  const std::size_t end = std::min(first + a_page, count);
  if (last == 0) return {first, end};
  ImGui::PushID(id);
  const auto turn = [&](const char* label, int to) {
    if (text_button(skin, label) && to >= 0 && to <= last) page = to;
  };
  turn("before", page - 1);
  ImGui::SameLine();
  turn("after", page + 1);
  ImGui::SameLine();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  text_at(*ImGui::GetWindowDrawList(), skin.fonts.small, at.x, at.y + skin.px(17), skin(Colour::text_second),
          std::to_string(first + 1) + " to " + std::to_string(end) + " of " + std::to_string(count));
  ImGui::Dummy({1, skin.px(34)});
  ImGui::PopID();
  return {first, end};
}

bool check_box(const Skin& skin, const char* label, bool& on) {
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(skin.px(3), skin.px(2)));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameRounding, skin.px(4));
  const bool changed = ImGui::Checkbox(label, &on);
  ImGui::PopStyleVar(2);
  return changed;
}

void heading(const Skin& skin, std::string_view text, std::string_view right) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x - skin.px(kRightMargin);
  const float middle = at.y + skin.px(12);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float taken = right.empty() ? 0 : measure(skin.fonts.small, right).x + skin.px(10);
  text_at(list, skin.fonts.small_strong, at.x, middle, skin(Colour::text),
          shortened(skin.fonts.small_strong, text, std::max(room - taken, skin.px(40))));
  if (!right.empty()) text_right(list, skin.fonts.small, at.x + room, middle, skin(Colour::text_third), right);
  ImGui::Dummy({room, skin.px(22)});
}

}  // namespace wirelab::gui
