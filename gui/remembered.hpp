// What the front end remembers from one time to the next: theme, scale, the window's and panes' sizes, the chosen tabs, where nodes
// were put by hand, and the files that were opened last. A file that is missing or damaged is as if there were none.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "gui/layout.hpp"

namespace wirelab::gui {

// Of panes, in lengths of the design.
inline constexpr float kLeastLeft = 240, kMostLeft = 640;
inline constexpr float kLeastRight = 300, kMostRight = 560;
inline constexpr float kLeastBottom = 200, kMostBottom = 560;

struct Remembered {
  std::string theme;
  float scale = 0;  // 0: not chosen
  float left = 300;
  float right = 360;
  float bottom = 330;
  int width = 0, height = 0;            // of the window; 0: not known
  std::string bottom_view, right_view;  // the chosen tabs
  std::vector<std::string> recent;      // newest first, at most 12
  /// Where nodes were put by hand, for each scenario by its whole path, newest first, at most 12.
  std::vector<std::pair<std::string, Places>> places;

  Places places_of(const std::string& scenario) const;
  void note_places(const std::string& scenario, const Places& put);
  void note_file(const std::string& path);
  bool operator==(const Remembered&) const = default;
};

/// Where it is kept: under XDG_CONFIG_HOME or ~/.config; empty where there is neither.
std::string remembered_path();
Remembered read_remembered(const std::string& path);
/// Makes the folder that is missing; the error says what the system says.
tl::expected<void, std::string> write_remembered(const std::string& path, const Remembered& remembered);

}  // namespace wirelab::gui
