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

/// Whether a character was typed in this frame.
inline bool typed(char character) {
  const ImVector<ImWchar>& queue = ImGui::GetIO().InputQueueCharacters;
  for (const ImWchar c : queue) {
    if (c == static_cast<ImWchar>(character)) return true;
  }
  return false;
}

}  // namespace wirelab::gui
