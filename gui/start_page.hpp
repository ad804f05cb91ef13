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
  std::vector<std::string> names;  // of layout.items
  struct Cable {
    std::uint32_t from = 0, to = 0;  // places in layout.items
    bool lossy = false;
  };
  std::vector<Cable> links;
  /// A control packet on its way, or what became of one.
  struct Spot {
    std::uint32_t from = 0, to = 0;
    float part = 0;
    Colour colour = Colour::info;
  };
  std::vector<Spot> spots;
  std::string problem;  // why it cannot be opened; empty if all is well
};

/// The .lua files of a folder, in order of their names.
std::vector<ScenarioCard> read_cards(const std::string& folder);

/// Draws them, and the files that were opened last, into the present window; returns the path of the one that was chosen, or
/// nothing.
std::string draw_cards(const Skin& skin, const std::vector<ScenarioCard>& cards,
                       const std::vector<std::string>& recent);

}  // namespace wirelab::gui
