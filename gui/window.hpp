// The real window: GLFW and OpenGL around the application. Nothing else includes either.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "gui/application.hpp"

namespace wirelab::gui {

struct WindowOptions {
  int width = 0;  // 0: as it was left, at first 1440 x 900
  int height = 0;
  float scale = 0;               // 0: the monitor's
  const Theme* theme = nullptr;  // null: the one that was chosen last, or the dark one
};

/// Opens a window, shows what `prepare` opens in it and returns when it is closed. The error says why there is none; nothing of
/// the scenario has run then.
tl::expected<void, std::string> run_window(const WindowOptions& options,
                                           const std::function<void(Application&)>& prepare);

}  // namespace wirelab::gui
