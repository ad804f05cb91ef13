#include "gui/views/canvas_frame.hpp"

#include <algorithm>
#include <cmath>

namespace wirelab::gui {

ImVec2 Curve::at(float t) const {
  const float u = 1 - t;
  const float w0 = u * u * u, w1 = 3 * u * u * t, w2 = 3 * u * t * t, w3 = t * t * t;
  return {a.x * w0 + b.x * w1 + c.x * w2 + d.x * w3, a.y * w0 + b.y * w1 + c.y * w2 + d.y * w3};
}

ImVec2 CanvasFrame::on_screen(float x, float y) const {
  return {origin.x + size.x * 0.5f + (x - pan_x) * unit(), origin.y + size.y * 0.5f + (y - pan_y) * unit() * stretch};
}

ImVec2 CanvasFrame::in_layout(ImVec2 point) const {
  return {(point.x - origin.x - size.x * 0.5f) / unit() + pan_x,
          (point.y - origin.y - size.y * 0.5f) / unit() / stretch + pan_y};
}

Curve CanvasFrame::curve(const Placed& from, const Placed& to) const {
  const float side = to.x >= from.x ? 1.0f : -1.0f;
  const auto half = [](const Placed& item) {
    return item.kind == EntityKind::device ? kCardWidth * 0.5f : kHubSide * 0.5f;
  };
  Curve curve;
  if (std::fabs(to.x - from.x) < 60) {  // one above the other
    const float up = to.y >= from.y ? 1.0f : -1.0f;
    curve.a = on_screen(from.x, from.y + up * kCardHeight * 0.5f / stretch);
    curve.d = on_screen(to.x, to.y - up * kCardHeight * 0.5f / stretch);
    curve.b = curve.a, curve.c = curve.d;
    return curve;
  }
  curve.a = on_screen(from.x + side * half(from), from.y);
  curve.d = on_screen(to.x - side * half(to), to.y);
  const float reach = (curve.d.x - curve.a.x) * 0.45f;
  curve.b = {curve.a.x + reach, curve.a.y};
  curve.c = {curve.d.x - reach, curve.d.y};
  return curve;
}

void CanvasFrame::fit(const Layout& layout) {
  if (layout.items.empty()) return;
  float low_x = 1e9f, low_y = 1e9f, high_x = -1e9f, high_y = -1e9f;
  for (const Placed& item : layout.items) {
    low_x = std::min(low_x, item.x - kCardWidth * 0.5f), high_x = std::max(high_x, item.x + kCardWidth * 0.5f);
    const float words = item.kind == EntityKind::device ? 0 : 24;  // below a square
    low_y = std::min(low_y, item.y - kCardHeight), high_y = std::max(high_y, item.y + kCardHeight + words);
  }
  const float wide = size.x / scale - 40;
  // The legend stands below, in two rows where there is little room.
  const float tall = size.y / scale - (size.x < 680 * scale ? 134 : 100);
  zoom = std::clamp(std::min(wide / (high_x - low_x), tall / (high_y - low_y)), 0.2f, 1.25f);
  // Where there is more height than width, rows move apart.
  stretch = std::clamp(tall / ((high_y - low_y) * zoom), 1.0f, 1.7f);
  pan_x = (low_x + high_x) * 0.5f;
  const float legend = size.x < 680 * scale ? 34.0f : 17.0f;  // half of what it takes
  pan_y = (low_y + high_y) * 0.5f + legend / zoom / stretch;
  fitted_ = {zoom, pan_x, pan_y, size.x, size.y, scale};
}

bool CanvasFrame::outgrown() const {
  return is_fitted() && (size.x != fitted_[3] || size.y != fitted_[4] || scale != fitted_[5]);
}

void CanvasFrame::zoom_at(ImVec2 point, float factor) {
  const ImVec2 fixed = in_layout(point);
  const float to = std::clamp(zoom * factor, 0.1f, 4.0f);
  pan_x = fixed.x - (fixed.x - pan_x) * zoom / to;
  pan_y = fixed.y - (fixed.y - pan_y) * zoom / to;
  zoom = to;
}

}  // namespace wirelab::gui
