// How the plane of the layout lies on the canvas: where it is looked at, how near, and the curves that links are drawn along.
#pragma once

#include <array>

#include "gui/layout.hpp"
#include "gui/skin.hpp"

namespace wirelab::gui {

// Sizes in lengths of the design.
inline constexpr float kCardWidth = 176;
inline constexpr float kCardHeight = 58;
inline constexpr float kHubSide = 62;  // of a broker's or router's square

/// A cubic Bezier curve.
struct Curve {
  ImVec2 a, b, c, d;
  /// `t` from 0 at the one end to 1 at the other.
  ImVec2 at(float t) const;
};

struct CanvasFrame {
  ImVec2 origin, size;  // on the screen
  float scale = 1;      // of the skin
  float zoom = 1, pan_x = 0, pan_y = 0;
  float stretch = 1;  // of heights, where there is more height than width

  /// Pixels a length of the design.
  float unit() const { return scale * zoom; }
  ImVec2 on_screen(float x, float y) const;
  /// The place in the layout that lies at this point of the screen.
  ImVec2 in_layout(ImVec2 point) const;
  /// From the edge of one item to that of another.
  Curve curve(const Placed& from, const Placed& to) const;
  /// Shows all of the layout.
  void fit(const Layout& layout);
  /// Whether nobody has moved what it shows since it was fitted; and whether the canvas has become another size since.
  bool is_fitted() const { return zoom == fitted_[0] && pan_x == fitted_[1] && pan_y == fitted_[2]; }
  bool outgrown() const;
  /// Nearer or farther by a factor; the point of the screen keeps its place.
  void zoom_at(ImVec2 point, float factor);

 private:
  std::array<float, 6> fitted_{};  // zoom, pan, size and scale when it was fitted
};

}  // namespace wirelab::gui
