// Keys, behind one function for each question, since ImGui changed how it is asked in 1.87.
#pragma once

#include <imgui.h>

namespace wirelab::gui {

/// Whether one of ImGui's named keys went down, or repeats.
inline bool pressed(ImGuiKey key) {
#if IMGUI_VERSION_NUM >= 18700
  return ImGui::IsKeyPressed(key);
#else
  const int index = ImGui::GetKeyIndex(key);
  return index >= 0 && ImGui::IsKeyPressed(index);
#endif
}

/// Before ImGui::NewFrame(): enter presses what has the keyboard's focus, as the space bar does (ImGui before 1.87 has only that).
void let_enter_press();
/// The first control of the present window gets the keyboard's focus, for all to see.
void take_focus();

/// Whether a character was typed in this frame.
inline bool typed(char character) {
  const ImVector<ImWchar>& queue = ImGui::GetIO().InputQueueCharacters;
  for (const ImWchar c : queue) {
    if (c == static_cast<ImWchar>(character)) return true;
  }
  return false;
}

}  // namespace wirelab::gui
