// A stretch of time across a view: where instants lie on the screen, moving through it by wheel, dragging and keys, its labels and
// the line of the shown instant. The sequence and the graphs of TCP have one each.
#pragma once

#include "gui/look.hpp"

namespace wirelab::gui {

/// How instants lie on the screen.
struct TimeScale {
  float left = 0, right = 0;  // pixels
  std::int64_t from = 0, span = 4'000'000'000;

  float x_of(std::int64_t at) const {
    return left + static_cast<float>(static_cast<double>(at - from) / static_cast<double>(span)) * (right - left);
  }
  std::int64_t at_of(float x) const {
    return from +
           static_cast<std::int64_t>(static_cast<double>((x - left) / (right - left)) * static_cast<double>(span));
  }
};

struct TimeWindow : TimeScale {
  bool chosen = false;  // the person has chosen the span

  /// After the view's invisible button: the wheel, dragging and keys. Unless it is moved by hand, the shown instant stays at two
  /// thirds of the width. `usual` is the span until one is chosen.
  void move(const Look& look, bool hovered, std::int64_t usual);
  /// Shows this stretch, unless another was chosen by hand.
  void propose(std::int64_t begin, std::int64_t length) {
    if (!chosen && held_ == -1) from = begin, span = length;
  }
  /// Lines with the instants above them.
  void draw_axis(const Look& look, ImDrawList& list, ImVec2 origin, ImVec2 size) const;
  /// The line of the shown instant.
  void draw_now(const Look& look, ImDrawList& list, ImVec2 origin, ImVec2 size) const;

 private:
  void zoom_at(double part, double factor);
  std::int64_t held_ = -1;  // the instant at which it was moved by hand
};

}  // namespace wirelab::gui
