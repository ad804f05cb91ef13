// Drawing on ImGui's lists: text at a place, pills, shadows, crosses, arrows and dashed curves.
#pragma once

#include <imgui.h>

#include <string>
#include <string_view>
#include <vector>

#include "gui/skin.hpp"

namespace wirelab::gui {

/// A text and a point of the screen inside its beginning.
struct ShownText {
  std::string text;
  ImVec2 at;
};
/// Every text that is drawn from now on is also appended to `into`, for who reads what is shown without eyes: tests. Null ends it.
void capture_texts(std::vector<ShownText>* into);
/// A text of ImGui's own, at its cursor.
void say(std::string_view text);

ImVec2 measure(ImFont* font, std::string_view text);
/// With its left edge at x, centred on y; returns its width.
float text_at(ImDrawList& list, ImFont* font, float x, float centre_y, ImU32 colour, std::string_view text);
void text_centred(ImDrawList& list, ImFont* font, ImVec2 centre, ImU32 colour, std::string_view text);
/// With its right edge at x.
void text_right(ImDrawList& list, ImFont* font, float x, float centre_y, ImU32 colour, std::string_view text);
/// The text, cut with an ellipsis where it is wider than `width`.
std::string shortened(ImFont* font, std::string_view text, float width);

/// A pill with a text; returns its width. `centre` is the pill's centre, or its left middle where `from_left`.
float pill(ImDrawList& list, const Skin& skin, ImFont* font, ImVec2 centre, Colour colour, std::string_view text,
           bool from_left = false, float alpha = 1.0f, bool outlined = false);
/// Places of the screen that are taken by labels: left, top, right, bottom.
class TakenPlaces {
 public:
  /// True, and it is taken from now on, if it overlaps none.
  bool take(const ImVec4& box);
  /// Taken whatever else stands there.
  void add(const ImVec4& box) { boxes_.push_back(box); }
  std::size_t count() const { return boxes_.size(); }

 private:
  std::vector<ImVec4> boxes_;
};
void shadow(ImDrawList& list, const Skin& skin, ImVec2 low, ImVec2 high, float rounding);
void cross(ImDrawList& list, const Skin& skin, ImVec2 centre, float size);
void arrow(ImDrawList& list, ImVec2 from, ImVec2 to, ImU32 colour, float width, float head);
void dashed_line(ImDrawList& list, ImVec2 from, ImVec2 to, ImU32 colour, float width, float dash);

/// The same where they are very many and small: QoS 0 a square, 1 a diamond, 2 an upright bar, an acknowledgement a triangle,
/// another one a lying bar.
void crowd_sign(ImDrawList& list, const Skin& skin, ImVec2 at, float r, Colour colour);
/// The sign of a control packet, which says by its shape what its colour says: QoS 0 a disc, 1 a ring, 2 two rings, an
/// acknowledgement a triangle, another one a hexagon.
void packet_sign(ImDrawList& list, const Skin& skin, ImVec2 at, float r, Colour colour);

}  // namespace wirelab::gui
