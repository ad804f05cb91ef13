// Markdown drawn into a pane: wrapped paragraphs with emphasis and code, lists, headings, blocks of code.
#pragma once

#include <string>

#include "gui/skin.hpp"

namespace wirelab::gui {

/// Draws at `at`, as wide as `width` at most, and returns how high it is; with no list it is measured only.
float draw_prose(const Skin& skin, ImDrawList* list, ImVec2 at, float width, const std::string& markdown,
                 Colour colour = Colour::text);
/// At ImGui's cursor, as wide as there is room but for `margin`.
void prose(const Skin& skin, const std::string& markdown, Colour colour = Colour::text, float margin = 14);

}  // namespace wirelab::gui
