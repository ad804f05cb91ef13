// What the front end remembers from one time to the next: theme, scale, the panes' sizes and the files that were opened last. A
// file that is missing or damaged is as if there were none.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace wirelab::gui {

struct Remembered {
  std::string theme;
  float scale = 0;  // 0: not chosen
  float left = 300;
  float right = 360;
  float bottom = 330;
  std::vector<std::string> recent;  // newest first, at most 12

  void note_file(const std::string& path);
  bool operator==(const Remembered&) const = default;
};

/// Where it is kept: under XDG_CONFIG_HOME or ~/.config; empty where there is neither.
std::string remembered_path();
Remembered read_remembered(const std::string& path);
/// Makes the folder that is missing; the error says what the system says.
tl::expected<void, std::string> write_remembered(const std::string& path, const Remembered& remembered);

}  // namespace wirelab::gui
