#include "gui/input.hpp"

#include <imgui_internal.h>

namespace wirelab::gui {

void let_enter_press() {
#if IMGUI_VERSION_NUM < 18700
  ImGuiIO& io = ImGui::GetIO();
  const int key = io.KeyMap[ImGuiKey_Enter];
  if (key >= 0 && io.KeysDown[key] && !io.WantTextInput) io.NavInputs[ImGuiNavInput_Activate] = 1;
#endif
}

void take_focus() {
  ImGuiWindow* const window = ImGui::GetCurrentWindow();
  ImGui::FocusWindow(window);
  ImGui::NavInitWindow(window, true);
  ImGuiContext& context = *ImGui::GetCurrentContext();
  context.NavDisableHighlight = false;
  context.NavDisableMouseHover = true;
}

}  // namespace wirelab::gui
