#include "gui/skin.hpp"

#include <imgui_freetype.h>

#include <cmath>
#include <filesystem>

#include <stb/stb_truetype.h>

namespace wirelab::gui {
namespace {

constexpr const char* kInter = "/usr/share/fonts/opentype/inter/";
constexpr const char* kMono = "/usr/share/fonts/truetype/jetbrains-mono/";
constexpr const char* kIcons = "/usr/share/fonts/truetype/material-design-icons-iconfont/MaterialIcons-Regular.ttf";

// Latin with its accents, Greek, Cyrillic, punctuation, arrows and the signs of mathematics that texts use.
constexpr ImWchar kText[] = {0x20,   0x7e,   0xa0,   0x17f,  0x370,  0x52f,  0x2010, 0x2027,
                             0x2190, 0x2199, 0x2200, 0x2265, 0x2713, 0x2718, 0};
constexpr ImWchar kIconRange[] = {0xe000, 0xf8ff, 0};

ImFont* add(const std::string& path, float size, const ImWchar* ranges) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  ImFontConfig config;
  config.OversampleH = config.OversampleV = 1;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    config.SizePixels = std::floor(size * 0.8f);
    return atlas.AddFontDefault(&config);
  }
  return atlas.AddFontFromFileTTF(path.c_str(), std::floor(size), &config, ranges);
}

// ImGui 1.86 rounds every advance up to a whole pixel, which makes text look letter-spaced: round to the nearest instead.
void mend_advances(ImFont& font) {
  if (font.ConfigData == nullptr || font.FindGlyphNoFallback(' ') == nullptr) return;
  stbtt_fontinfo info;
  if (stbtt_InitFont(&info, static_cast<unsigned char*>(font.ConfigData->FontData), 0) == 0) return;
  const float factor = stbtt_ScaleForPixelHeight(&info, font.ConfigData->SizePixels);
  for (ImFontGlyph& glyph : font.Glyphs) {
    int advance = 0;
    int bearing = 0;
    stbtt_GetCodepointHMetrics(&info, static_cast<int>(glyph.Codepoint), &advance, &bearing);
    if (advance > 0) glyph.AdvanceX = std::round(static_cast<float>(advance) * factor);
  }
  font.BuildLookupTable();
}

}  // namespace

Fonts load_fonts(float scale) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  atlas.Flags |= ImFontAtlasFlags_NoPowerOfTwoHeight;
  atlas.TexDesiredWidth = 4096;
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
  const std::string inter = kInter;
  const std::string mono = kMono;
  Fonts fonts;
  fonts.body = add(inter + "Inter-Regular.otf", 18 * scale, kText);
  fonts.strong = add(inter + "Inter-SemiBold.otf", 18 * scale, kText);
  fonts.small = add(inter + "Inter-Regular.otf", 16 * scale, kText);
  fonts.tiny = add(inter + "Inter-SemiBold.otf", 12.5f * scale, kText);
  fonts.small_strong = add(inter + "Inter-SemiBold.otf", 16 * scale, kText);
  fonts.title = add(inter + "InterDisplay-SemiBold.otf", 30 * scale, kText);
  fonts.heading = add(inter + "Inter-SemiBold.otf", 21 * scale, kText);
  fonts.mono = add(mono + "JetBrainsMono-Regular.ttf", 17 * scale, kText);
  fonts.mono_small = add(mono + "JetBrainsMono-Medium.ttf", 15 * scale, kText);
  // Only the icons that are used: the atlas stays small and starting quick.
  static ImVector<ImWchar> used;
  if (used.empty()) {
    ImFontGlyphRangesBuilder builder;
    for (const char* one :
         {icon::play,   icon::pause, icon::previous,    icon::next,     icon::restart, icon::router, icon::hub,
          icon::device, icon::light, icon::dark,        icon::contrast, icon::fork,    icon::list,   icon::timeline,
          icon::fit,    icon::dice,  icon::fingerprint, icon::close,    icon::warning, icon::bolt,   icon::school,
          icon::save,   icon::help,  icon::power,       icon::cut,      icon::speed,   icon::cloud})
      builder.AddText(one);
    builder.BuildRanges(&used);
  }
  std::error_code ignored;
  fonts.has_icons = std::filesystem::exists(kIcons, ignored);
  fonts.icons = add(kIcons, 20 * scale, used.Data);
  fonts.icons_small = add(kIcons, 16 * scale, used.Data);
  fonts.icons_large = add(kIcons, 26 * scale, used.Data);
  ImGui::GetIO().FontDefault = fonts.body;
  atlas.Build();
  for (ImFont* font : {fonts.body, fonts.strong, fonts.small, fonts.small_strong, fonts.tiny, fonts.title,
                       fonts.heading, fonts.mono, fonts.mono_small})
    mend_advances(*font);
  return fonts;
}

}  // namespace wirelab::gui
