#include "gui/paint.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace wirelab::gui {

namespace {

thread_local std::vector<ShownText>* captured = nullptr;

void note(std::string_view text, ImVec2 at) {
  if (captured != nullptr) captured->push_back({std::string(text), at});
}

}  // namespace

void capture_texts(std::vector<ShownText>* into) { captured = into; }

void say(std::string_view text) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  note(text, {at.x + 4, at.y + ImGui::GetTextLineHeight() * 0.5f});
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
}

ImVec2 measure(ImFont* font, std::string_view text) {
  return font->CalcTextSizeA(font->FontSize, 1e9f, 0, text.data(), text.data() + text.size());
}

float text_at(ImDrawList& list, ImFont* font, float x, float centre_y, ImU32 colour, std::string_view text) {
  note(text, {x + 4, centre_y});
  list.AddText(font, font->FontSize, {std::floor(x), std::floor(centre_y - font->FontSize * 0.5f)}, colour, text.data(),
               text.data() + text.size());
  return measure(font, text).x;
}

void text_centred(ImDrawList& list, ImFont* font, ImVec2 centre, ImU32 colour, std::string_view text) {
  text_at(list, font, centre.x - measure(font, text).x * 0.5f, centre.y, colour, text);
}

void text_right(ImDrawList& list, ImFont* font, float x, float centre_y, ImU32 colour, std::string_view text) {
  text_at(list, font, x - measure(font, text).x, centre_y, colour, text);
}

std::string shortened(ImFont* font, std::string_view text, float width) {
  if (measure(font, text).x <= width) return std::string(text);
  const float dots = measure(font, "...").x;
  // What ImGui has laid out when the width is used up; a cut through a character goes back to its beginning.
  const char* end = text.data();
  font->CalcTextSizeA(font->FontSize, std::max(width - dots, 0.0f), 0.0f, text.data(), text.data() + text.size(), &end);
  auto size = static_cast<std::size_t>(end - text.data());
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

float pill(ImDrawList& list, const Skin& skin, ImFont* font, ImVec2 centre, Colour colour, std::string_view text,
           bool from_left, float alpha, bool outlined) {
  const float width = measure(font, text).x + skin.px(14);
  const float half = skin.px(10);
  const float x = std::floor(from_left ? centre.x : centre.x - width * 0.5f);
  const ImVec2 low{x, std::floor(centre.y - half)};
  const ImVec2 high{x + width, std::floor(centre.y + half)};
  list.AddRectFilled(low, high, skin(Colour::panel, alpha), half);
  list.AddRectFilled(low, high, skin(colour, (skin.theme->dark ? 0.18f : 0.12f) * alpha), half);
  if (outlined) list.AddRect(low, high, skin(colour, alpha), half, 0, skin.px(1.3f));
  text_at(list, font, x + skin.px(7), centre.y, skin(colour, alpha), text);
  return width;
}

bool TakenPlaces::take(const ImVec4& box) {
  for (const ImVec4& taken : boxes_) {
    if (box.x < taken.z && box.z > taken.x && box.y < taken.w && box.w > taken.y) return false;
  }
  boxes_.push_back(box);
  return true;
}

void shadow(ImDrawList& list, const Skin& skin, ImVec2 low, ImVec2 high, float rounding) {
  constexpr int kRings = 4;
  for (int i = kRings; i >= 1; --i) {
    const float r = skin.px(static_cast<float>(i) * 1.5f);
    const int alpha = skin.theme->dark ? 18 : 7;
    list.AddRectFilled({low.x - r, low.y - r + skin.px(2)}, {high.x + r, high.y + r + skin.px(2)},
                       IM_COL32(0, 0, 0, alpha), rounding + r);
  }
}

void cross(ImDrawList& list, const Skin& skin, ImVec2 centre, float size) {
  list.AddCircleFilled(centre, size * 1.5f, skin(Colour::panel));
  list.AddCircle(centre, size * 1.5f, skin(Colour::error), 0, skin.px(1.5f));
  const float d = size * 0.62f;
  list.AddLine({centre.x - d, centre.y - d}, {centre.x + d, centre.y + d}, skin(Colour::error), skin.px(2.2f));
  list.AddLine({centre.x - d, centre.y + d}, {centre.x + d, centre.y - d}, skin(Colour::error), skin.px(2.2f));
}

void arrow(ImDrawList& list, ImVec2 from, ImVec2 to, ImU32 colour, float width, float head) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float length = std::sqrt(dx * dx + dy * dy);
  if (length < 1) return;
  const ImVec2 along{dx / length, dy / length};
  const ImVec2 across{-along.y, along.x};
  const float size = std::min(head, length * 0.6f);
  const ImVec2 neck{to.x - along.x * size, to.y - along.y * size};
  list.AddLine(from, neck, colour, width);
  list.AddTriangleFilled(to, {neck.x + across.x * size * 0.5f, neck.y + across.y * size * 0.5f},
                         {neck.x - across.x * size * 0.5f, neck.y - across.y * size * 0.5f}, colour);
}

void dashed_line(ImDrawList& list, ImVec2 from, ImVec2 to, ImU32 colour, float width, float dash) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float length = std::sqrt(dx * dx + dy * dy);
  for (float at = 0; at < length; at += dash * 2) {
    const float end = std::min(at + dash, length);
    list.AddLine({from.x + dx * at / length, from.y + dy * at / length},
                 {from.x + dx * end / length, from.y + dy * end / length}, colour, width);
  }
}

void crowd_sign(ImDrawList& list, const Skin& skin, ImVec2 at, float r, Colour colour) {
  const ImU32 ink = skin(colour);
  switch (colour) {
    case Colour::qos0: list.AddRectFilled({at.x - r, at.y - r}, {at.x + r, at.y + r}, ink); break;
    case Colour::qos1:  // a diamond
      list.AddQuadFilled({at.x, at.y - r * 1.5f}, {at.x + r * 1.5f, at.y}, {at.x, at.y + r * 1.5f},
                         {at.x - r * 1.5f, at.y}, ink);
      break;
    case Colour::qos2:  // upright
      list.AddRectFilled({at.x - r * 0.6f, at.y - r * 1.6f}, {at.x + r * 0.6f, at.y + r * 1.6f}, ink);
      break;
    case Colour::ok:
      list.AddTriangleFilled({at.x, at.y - r * 1.3f}, {at.x + r * 1.3f, at.y + r}, {at.x - r * 1.3f, at.y + r}, ink);
      break;
    default:  // lying
      list.AddRectFilled({at.x - r * 1.6f, at.y - r * 0.6f}, {at.x + r * 1.6f, at.y + r * 0.6f}, ink);
      break;
  }
}

void packet_sign(ImDrawList& list, const Skin& skin, ImVec2 at, float r, Colour colour) {
  const ImU32 ink = skin(colour);
  const float line = std::max(1.0f, r * 0.34f);
  switch (colour) {
    case Colour::qos0: list.AddCircleFilled(at, r, ink); break;
    case Colour::qos1:
      list.AddCircleFilled(at, r, skin(Colour::canvas));
      list.AddCircle(at, r - line * 0.5f, ink, 0, line * 1.4f);
      break;
    case Colour::qos2:
      list.AddCircleFilled(at, r * 1.25f, skin(Colour::canvas));
      list.AddCircle(at, r * 1.2f, ink, 0, line * 0.8f);
      list.AddCircleFilled(at, r * 0.6f, ink);
      break;
    case Colour::ok:
      list.AddTriangleFilled({at.x, at.y - r}, {at.x + r, at.y + r * 0.8f}, {at.x - r, at.y + r * 0.8f}, ink);
      break;
    default: list.AddNgonFilled(at, r, ink, 6); break;
  }
}

}  // namespace wirelab::gui
