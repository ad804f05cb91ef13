// What views draw with: a theme, fonts and a scale. Fonts are made anew for each scale, so that text stays crisp.
#pragma once

#include <imgui.h>

#include "gui/theme.hpp"

namespace wirelab::gui {

struct Fonts {
  ImFont* body = nullptr;
  ImFont* strong = nullptr;
  ImFont* small = nullptr;
  ImFont* small_strong = nullptr;
  ImFont* tiny = nullptr;  // inside of bars
  ImFont* title = nullptr;
  ImFont* heading = nullptr;
  ImFont* mono = nullptr;
  ImFont* mono_small = nullptr;
  ImFont* icons = nullptr;
  ImFont* icons_small = nullptr;
  ImFont* icons_large = nullptr;
  bool has_icons = false;
};

struct Skin {
  const Theme* theme = &dark_theme();
  Fonts fonts;
  float scale = 1.0f;

  ImU32 operator()(Colour colour, float alpha = 1.0f) const { return (*theme)(colour, alpha); }
  /// A length of the design, in pixels.
  float px(float length) const { return length * scale; }
};

/// Fills the atlas of the present ImGui context. Where a font file is not installed, ImGui's own font stands in.
Fonts load_fonts(float scale);

/// Code points of Material Design Icons, as UTF-8.
namespace icon {
inline constexpr const char* play = "\xee\x80\xb7";
inline constexpr const char* pause = "\xee\x80\xb4";
inline constexpr const char* previous = "\xee\x81\x85";
inline constexpr const char* next = "\xee\x81\x84";
inline constexpr const char* restart = "\xee\x81\x82";
inline constexpr const char* router = "\xee\x8c\xa8";
inline constexpr const char* hub = "\xee\xa7\xb4";
inline constexpr const char* cloud = "\xee\x8a\xbd";
inline constexpr const char* device = "\xee\x8c\xa2";
inline constexpr const char* light = "\xee\x94\x98";
inline constexpr const char* dark = "\xee\x94\x9c";
inline constexpr const char* contrast = "\xee\xac\xb7";
inline constexpr const char* fork = "\xee\x82\xb6";
inline constexpr const char* list = "\xee\xa3\xaf";
inline constexpr const char* timeline = "\xee\xa4\xa2";
inline constexpr const char* fit = "\xee\xa8\x90";
inline constexpr const char* dice = "\xee\xad\x80";
inline constexpr const char* fingerprint = "\xee\xa4\x8d";
inline constexpr const char* close = "\xee\x97\x8d";
inline constexpr const char* warning = "\xee\x80\x82";
inline constexpr const char* bolt = "\xee\xa8\x8b";
inline constexpr const char* school = "\xee\xa0\x8c";
inline constexpr const char* save = "\xee\x85\xa1";
inline constexpr const char* help = "\xee\xa2\x87";
inline constexpr const char* power = "\xee\xa2\xac";
inline constexpr const char* cut = "\xee\x85\x8e";
inline constexpr const char* speed = "\xee\xa7\xa4";
}  // namespace icon

}  // namespace wirelab::gui
