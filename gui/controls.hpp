// Controls in the look of the front end, on ImGui's buttons; all can be reached with the keyboard.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "gui/skin.hpp"

namespace wirelab::gui {

/// A square button with an icon; `word` stands in where the icons' font is missing. `tip` says what it does, and how by key.
bool icon_button(const Skin& skin, const char* id, const char* icon, const char* word, const char* tip, float size,
                 bool filled = false, bool enabled = true);
/// A button with a text, and an icon before it if one is given.
bool text_button(const Skin& skin, const char* label, const char* icon = nullptr, bool primary = false);
/// One of several words; true if another was chosen.
bool segments(const Skin& skin, const char* id, std::span<const char* const> words, int& chosen, float height = 32);
bool check_box(const Skin& skin, const char* label, bool& on);
/// The tabs at the head of a pane.
bool tabs(const Skin& skin, const char* id, std::span<const char* const> words, int& chosen, float height = 40);
/// A bar between two panes: an invisible window over the seam. Moves `value` by `direction` times what the mouse moves.
void splitter(const Skin& skin, const char* id, ImVec2 at, ImVec2 size, bool upright, float& value, float direction,
              float least, float most);
/// A line that explains, wrapped to the pane.
void explain(const Skin& skin, std::string_view text, Colour colour = Colour::text_second);
/// Where `count` things do not stand on one page: which page is shown, and buttons for the one before and after. Gives the first
/// that is shown, and the one after the last.
std::pair<std::size_t, std::size_t> pages(const Skin& skin, const char* id, std::size_t count, std::size_t a_page,
                                          int& page);
/// A place for a line that can be chosen, so high and wide: marked where the mouse is, or where it is chosen already.
bool chosen_line(const Skin& skin, const char* id, float width, float height, bool chosen);
/// A ring around the last item, at this place, where the keyboard is.
void focus_ring(const Skin& skin, ImVec2 low, ImVec2 high, float rounding);
/// A small heading inside a pane.
void heading(const Skin& skin, std::string_view text, std::string_view right = {});
/// Shows a tip beside the last item if the mouse rests on it.
void tip(const Skin& skin, const char* text);

}  // namespace wirelab::gui
