// Colours by their purpose, in three themes. Every pair of text and ground has a contrast of at least 4.5 : 1, and what colours
// tell apart (QoS, acknowledgement, loss) a shape or a word tells too; tests hold both.
#pragma once

#include <imgui.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wirelab::gui {

enum class Colour : std::uint8_t {
  app,
  panel,
  canvas,
  canvas_dot,
  raised,
  hover,
  active,
  line,
  line_strong,
  text,
  text_second,
  text_third,
  accent,
  accent_fill,  // under white text
  qos0,
  qos1,
  qos2,
  ok,
  error,
  warning,
  info,
  count_
};

struct Theme {
  std::string_view name;
  bool dark = true;
  std::array<std::uint32_t, static_cast<std::size_t>(Colour::count_)> rgb{};

  std::uint32_t at(Colour colour) const { return rgb[static_cast<std::size_t>(colour)]; }
  ImU32 operator()(Colour colour, float alpha = 1.0f) const {
    const std::uint32_t c = at(colour);
    return IM_COL32((c >> 16) & 255, (c >> 8) & 255, c & 255, static_cast<int>(alpha * 255.0f + 0.5f));
  }
  /// The colour as a tint of a ground.
  ImU32 tint(Colour colour) const { return (*this)(colour, dark ? 0.18f : 0.12f); }
};

const Theme& dark_theme();
const Theme& light_theme();
const Theme& contrast_theme();
/// "dark", "light" or "contrast".
const Theme* find_theme(std::string_view name);

/// Sets ImGui's style: colours, and sizes times `scale`.
void apply(const Theme& theme, float scale);

}  // namespace wirelab::gui
