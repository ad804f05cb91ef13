// The start page: the scenarios, each with its question and a small picture of its world.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gui/layout.hpp"
#include "gui/skin.hpp"

namespace wirelab::gui {

struct ScenarioCard {
  std::string name;
  std::string path;
  std::string question;  // the first lines of comment in its source
  Layout layout;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> links;  // places in layout.items
  std::string problem;                                         // why it cannot be opened; empty if all is well
};

/// The .lua files of a folder, in order of their names.
std::vector<ScenarioCard> read_cards(const std::string& folder);

/// Draws them, and the files that were opened last, into the present window; returns the path of the one that was chosen, or
/// nothing.
std::string draw_cards(const Skin& skin, const std::vector<ScenarioCard>& cards,
                       const std::vector<std::string>& recent);

}  // namespace wirelab::gui
