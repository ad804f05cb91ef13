#include "gui/theme.hpp"

namespace wirelab::gui {
namespace {

constexpr Theme kDark{"dark", true, {0x0D1117, 0x141A22, 0x0F141B, 0x1E2731, 0x1C242E, 0x25303C, 0x2D3A48,
                                     0x232C37, 0x364352, 0xE7ECF2, 0xA3B0BF, 0x8292A4, 0x4C8DFF, 0x2563EB,
                                     0x2DD4BF, 0xF5B544, 0xB794F6, 0x4ADE80, 0xF06A80, 0xFBBF24, 0x60A5FA}};
constexpr Theme kLight{"light", false, {0xE9EDF2, 0xFFFFFF, 0xF8FAFC, 0xDCE3EB, 0xF4F6F9, 0xE9EDF3, 0xDDE4EC,
                                        0xDFE5EC, 0xC3CCD7, 0x17202B, 0x4B5A6B, 0x5B6A7D, 0x2563EB, 0x2563EB,
                                        0x0F766E, 0xB45309, 0x7C3AED, 0x15803D, 0x991B1B, 0xB45309, 0x2563EB}};
constexpr Theme kContrast{"contrast", true, {0x000000, 0x000000, 0x000000, 0x303030, 0x101010, 0x2A2A2A, 0x3C3C3C,
                                             0x8A8A8A, 0xFFFFFF, 0xFFFFFF, 0xE6E6E6, 0xCFCFCF, 0x5CC8FF, 0x0050D0,
                                             0x35F0DC, 0xFFC845, 0xD8B4FF, 0x6CFF8C, 0xFF8080, 0xFFD84A, 0x7AC4FF}};

}  // namespace

const Theme& dark_theme() { return kDark; }
const Theme& light_theme() { return kLight; }
const Theme& contrast_theme() { return kContrast; }

const Theme* find_theme(std::string_view name) {
  for (const Theme* theme : {&kDark, &kLight, &kContrast}) {
    if (theme->name == name) return theme;
  }
  return nullptr;
}

void apply(const Theme& theme, float scale) {
  ImGuiStyle style;
  style.WindowPadding = {10, 8};
  style.FramePadding = {10, 6};
  style.ItemSpacing = {8, 8};
  style.ItemInnerSpacing = {6, 6};
  style.CellPadding = {8, 4};
  style.ScrollbarSize = 10;
  style.GrabMinSize = 12;
  style.WindowBorderSize = style.ChildBorderSize = style.FrameBorderSize = 0;
  style.PopupBorderSize = 1;
  style.WindowRounding = style.PopupRounding = 8;
  style.FrameRounding = style.GrabRounding = 6;
  style.ScrollbarRounding = 5;
  style.ScaleAllSizes(scale);
  const auto set = [&](ImGuiCol slot, Colour colour, float alpha = 1.0f) {
    style.Colors[slot] = ImGui::ColorConvertU32ToFloat4(theme(colour, alpha));
  };
  set(ImGuiCol_Text, Colour::text);
  set(ImGuiCol_TextDisabled, Colour::text_third);
  set(ImGuiCol_WindowBg, Colour::panel);
  set(ImGuiCol_ChildBg, Colour::panel, 0);
  set(ImGuiCol_PopupBg, Colour::raised);
  set(ImGuiCol_Border, Colour::line_strong);
  set(ImGuiCol_FrameBg, Colour::raised);
  set(ImGuiCol_FrameBgHovered, Colour::hover);
  set(ImGuiCol_FrameBgActive, Colour::active);
  set(ImGuiCol_ScrollbarBg, Colour::panel, 0);
  set(ImGuiCol_ScrollbarGrab, Colour::active);
  set(ImGuiCol_ScrollbarGrabHovered, Colour::line_strong);
  set(ImGuiCol_ScrollbarGrabActive, Colour::line_strong);
  set(ImGuiCol_CheckMark, Colour::accent);
  set(ImGuiCol_SliderGrab, Colour::accent);
  set(ImGuiCol_SliderGrabActive, Colour::accent);
  set(ImGuiCol_Button, Colour::raised);
  set(ImGuiCol_ButtonHovered, Colour::hover);
  set(ImGuiCol_ButtonActive, Colour::active);
  set(ImGuiCol_Header, Colour::accent, 0.18f);
  set(ImGuiCol_HeaderHovered, Colour::hover);
  set(ImGuiCol_HeaderActive, Colour::active);
  set(ImGuiCol_Separator, Colour::line);
  set(ImGuiCol_SeparatorHovered, Colour::accent);
  set(ImGuiCol_SeparatorActive, Colour::accent);
  set(ImGuiCol_TableHeaderBg, Colour::raised);
  set(ImGuiCol_TableBorderLight, Colour::line);
  set(ImGuiCol_TableBorderStrong, Colour::line);
  set(ImGuiCol_TableRowBg, Colour::panel, 0);
  set(ImGuiCol_TableRowBgAlt, Colour::raised, 0.5f);
  set(ImGuiCol_TextSelectedBg, Colour::accent, 0.35f);
  set(ImGuiCol_NavHighlight, Colour::accent);
  set(ImGuiCol_ModalWindowDimBg, Colour::app, 0.6f);
  ImGui::GetStyle() = style;
}

}  // namespace wirelab::gui
