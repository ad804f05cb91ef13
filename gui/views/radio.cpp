// The Wi-Fi of the world at the shown instant: a map in metres with the reach of each access point and who is joined to whom, and
// beside it how much of the time each access point's air was in use.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <vector>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/time_window.hpp"
#include "sim/net/radio.hpp"
#include "sim/view/air_series.hpp"
#include "sim/wire/wifi.hpp"

namespace wirelab::gui {
namespace {

constexpr RecordNumber kReadAFrame = 200'000;
constexpr std::size_t kMostPoints = 60, kMostDevices = 3000;
constexpr std::size_t kMostCurves = 6;  // more access points than this share one curve: their busiest
constexpr std::array kCurveColours{Colour::info, Colour::qos1, Colour::qos2, Colour::ok, Colour::qos0, Colour::warning};
// Below the first a station looks for another access point; below the second it hardly hears this one.
constexpr double kRoams = -75, kHeard = radio::kRates[0].sensitivity_dbm;

struct OnMap {
  EntityId node = 0;
  double x = 0, y = 0;
  bool point = false;
};

class RadioView {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    collect(look);
    if (nodes_.empty()) {
      ImGui::Indent(skin.px(12));
      ImGui::Dummy({1, skin.px(4)});
      explain(skin, "There is no Wi-Fi in this scenario: an access point and devices with a place make one.");
      ImGui::Unindent(skin.px(12));
      return;
    }
    if (!air_.read(look.reader, look.reader.last(), kReadAFrame)) look.unfinished = true;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    if (size.x < 300 || size.y < 100) return;
    const float split = std::floor(std::min(size.x * 0.45f, size.y * 2.2f));
    map(look, at, {split, size.y});
    graph(look, {at.x + split, at.y}, {size.x - split, size.y});
    ImGui::GetWindowDrawList()->AddLine({at.x + split, at.y}, {at.x + split, at.y + size.y},
                                        skin(Colour::text_third, 0.3f));
  }

  Table table(Look& look) {
    collect(look);
    Table made{{"node", "x, m", "y, m", "joined to", "signal, dBm", "air in use, share of the last second"}, {}};
    for (const OnMap& n : nodes_) {
      const auto with = static_cast<EntityId>(look.value(n.node, Field::wifi_point));
      const std::int64_t tenths = look.value(n.node, Field::wifi_signal);
      made.rows.push_back({look.name(n.node), fmt::format("{:.2f}", n.x), fmt::format("{:.2f}", n.y),
                           with == 0 ? "" : look.name(with),
                           tenths == 0 ? "" : fmt::format("{:.1f}", static_cast<double>(tenths) / 10),
                           n.point ? fmt::format("{:.4f}", air_.share(n.node, second_before(look), look.at)) : ""});
    }
    return made;
  }

 private:
  static std::int64_t second_before(const Look& look) { return std::max<std::int64_t>(look.at - 1'000'000'000, 0); }

  // Entities are only ever added, so each is looked at once; of very many the first ones are shown.
  void collect(const Look& look) {
    const auto& entities = look.index.entities();
    for (; seen_ < entities.size(); ++seen_) {
      const IndexedEntity& e = entities[seen_];
      if (e.kind == EntityKind::access_point && points_.size() < kMostPoints) points_.push_back(e.entity);
      if (e.kind == EntityKind::device && devices_.size() < kMostDevices) devices_.push_back(e.entity);
    }
    nodes_.clear();
    place_of_.clear();
    const auto add = [&](EntityId node, bool point) {
      const auto metres = [&](Field field) { return std::bit_cast<double>(look.value(node, field)); };
      if (point) place_of_[node] = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({node, metres(Field::place_x), metres(Field::place_y), point});
    };
    for (const EntityId point : points_) add(point, true);
    if (points_.empty()) return;
    for (const EntityId device : devices_) {
      if (look.value(device, Field::wifi_state) != 0) add(device, false);
    }
  }

  // Metres to pixels: all nodes with some of the reach around them.
  struct Scale {
    ImVec2 middle;
    double x = 0, y = 0, pixels = 1;  // the place in the middle, and of a metre
    ImVec2 operator()(double mx, double my) const {
      return {middle.x + static_cast<float>((mx - x) * pixels), middle.y + static_cast<float>((my - y) * pixels)};
    }
  };
  // All nodes, and the inner rings.
  Scale scale_for(const Look& look, ImVec2 at, ImVec2 size, float edge) const {
    double left = nodes_[0].x, right = left, top = nodes_[0].y, bottom = top;
    for (const OnMap& n : nodes_) {
      const double around = n.point ? radio::distance_of(power_of(look, n.node), kRoams) : 2;
      left = std::min(left, n.x - around), right = std::max(right, n.x + around);
      top = std::min(top, n.y - around), bottom = std::max(bottom, n.y + around);
    }
    Scale scale;
    scale.middle = {at.x + size.x / 2, at.y + size.y / 2};
    scale.x = (left + right) / 2, scale.y = (top + bottom) / 2;
    scale.pixels = std::min((size.x - 2 * edge) / (right - left), (size.y - 2 * edge) / (bottom - top));
    return scale;
  }
  static double power_of(const Look& look, EntityId point) {
    return static_cast<double>(look.value(point, Field::wifi_power)) / 10;
  }

  void map(Look& look, ImVec2 at, ImVec2 size) {
    const Skin& skin = look.skin;
    ImGui::SetCursorScreenPos(at);
    ImGui::InvisibleButton("map", size);
    tip(skin,
        "Within the inner ring a station stays, beyond it it looks for a stronger access point (-75 dBm); the outer "
        "ring "
        "is where the slowest rate ends (-92 dBm). Walls make both smaller. ITU-R P.1238, for a home.");
    const bool clicked = ImGui::IsItemHovered() && ImGui::IsMouseReleased(0);
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(at, {at.x + size.x, at.y + size.y}, true);
    const Scale place = scale_for(look, at, size, skin.px(16));
    for (const OnMap& n : nodes_) {
      if (!n.point) continue;
      const double power = power_of(look, n.node);
      const ImVec2 centre = place(n.x, n.y);
      const auto radius = [&](double dbm) { return static_cast<float>(radio::distance_of(power, dbm) * place.pixels); };
      list.AddCircleFilled(centre, radius(kRoams), skin(Colour::info, 0.07f), 64);
      list.AddCircle(centre, radius(kRoams), skin(Colour::info, 0.55f), 64, skin.px(1.2f));
      list.AddCircle(centre, radius(kHeard), skin(Colour::info, 0.25f), 96, skin.px(1));
    }
    ruler(look, list, at, size, place.pixels);
    joins(look, list, place);
    // Access points are named above their sign, stations below theirs where there is room.
    TakenPlaces taken;
    for (const OnMap& n : nodes_) {
      const ImVec2 centre = place(n.x, n.y);
      const float r = skin.px(n.point ? 6 : 4);
      const bool chosen = look.selection.node == n.node;
      if (n.point) {
        list.AddRectFilled({centre.x - r, centre.y - r}, {centre.x + r, centre.y + r}, skin(Colour::info), skin.px(2));
      } else {
        list.AddCircleFilled(centre, r,
                             skin(look.value(n.node, Field::wifi_point) != 0 ? Colour::ok : Colour::text_third));
      }
      if (chosen) list.AddCircle(centre, r + skin.px(4), skin(Colour::text), 32, skin.px(1.5f));
      if (clicked && std::hypot(mouse.x - centre.x, mouse.y - centre.y) < r + skin.px(6))
        select_node(look.selection, n.node);
      const std::string name = look.name(n.node);
      const ImVec2 text = measure(skin.fonts.small, name);
      const float y = centre.y + (n.point ? -1.0f : 1.0f) * (r + skin.px(9));
      const ImVec4 box{centre.x - text.x / 2, y - text.y / 2, centre.x + text.x / 2, y + text.y / 2};
      if (taken.take(box) || chosen)
        text_centred(list, skin.fonts.small, {centre.x, y}, skin(n.point ? Colour::text : Colour::text_second), name);
    }
    list.PopClipRect();
  }

  // A round number of metres that is not too long.
  static void ruler(const Look& look, ImDrawList& list, ImVec2 at, ImVec2 size, double pixels) {
    const Skin& skin = look.skin;
    double metres = 1;
    for (const double round : {2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10'000.0}) {
      if (round * pixels < size.x / 4) metres = round;
    }
    const float y = at.y + size.y - skin.px(10), left = at.x + skin.px(14);
    const float right = left + static_cast<float>(metres * pixels);
    list.AddLine({left, y}, {right, y}, skin(Colour::text_third), skin.px(1.5f));
    for (const float x : {left, right})
      list.AddLine({x, y - skin.px(3)}, {x, y + skin.px(3)}, skin(Colour::text_third), skin.px(1.5f));
    text_at(list, skin.fonts.small, right + skin.px(6), y, skin(Colour::text_third), fmt::format("{:g} m", metres));
  }

  void joins(const Look& look, ImDrawList& list, const Scale& place) const {
    const Skin& skin = look.skin;
    for (const OnMap& n : nodes_) {
      const auto point = place_of_.find(static_cast<EntityId>(look.value(n.node, Field::wifi_point)));
      if (point == place_of_.end()) continue;
      const OnMap& with = nodes_[point->second];
      const ImVec2 from = place(n.x, n.y), to = place(with.x, with.y);
      const std::int64_t tenths = look.value(n.node, Field::wifi_signal);
      const bool weak = tenths != 0 && static_cast<double>(tenths) / 10 < kRoams;
      if (weak) {
        dashed_line(list, from, to, skin(Colour::warning, 0.8f), skin.px(1.2f), skin.px(5));
      } else {
        list.AddLine(from, to, skin(Colour::ok, 0.5f), skin.px(1.2f));
      }
      const bool room = std::hypot(to.x - from.x, to.y - from.y) > skin.px(90);
      if (tenths != 0 && (look.selection.node == n.node || (room && nodes_.size() <= 12)))
        pill(list, skin, skin.fonts.small, {(from.x + to.x) / 2, (from.y + to.y) / 2},
             weak ? Colour::warning : Colour::text_third, fmt::format("{:.0f} dBm", static_cast<double>(tenths) / 10));
    }
  }

  void graph(Look& look, ImVec2 at, ImVec2 size) {
    const Skin& skin = look.skin;
    ImGui::SetCursorScreenPos(at);
    ImGui::InvisibleButton("air", size);
    const bool hovered = ImGui::IsItemHovered();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(at, {at.x + size.x, at.y + size.y}, true);
    time_.left = at.x + skin.px(52);
    time_.right = at.x + size.x - skin.px(14);
    time_.move(look, hovered, 30'000'000'000);
    time_.draw_axis(look, list, at, size);
    const float top = at.y + skin.px(46), ground = at.y + size.y - skin.px(8);
    // The curves, by columns of three pixels and never finer than a step.
    const bool together = points_.size() > kMostCurves;
    const std::size_t curves = together ? 1 : points_.size();
    const auto columns = std::max<std::int64_t>(static_cast<std::int64_t>((time_.right - time_.left) / skin.px(3)), 1);
    const std::int64_t step = std::max(time_.span / columns / AirSeries::kStep, std::int64_t{1}) * AirSeries::kStep;
    const std::int64_t first = std::max<std::int64_t>(time_.from / step, 0) * step;
    std::vector<std::vector<double>> shares(curves);
    double most = 0.01;
    for (std::int64_t t = first; t < std::min(time_.from + time_.span, look.at); t += step) {
      for (std::size_t i = 0; i < curves; ++i) {
        double share = 0;
        for (const EntityId point : points_) {
          if (!together && point != points_[i]) continue;
          share = std::max(share, air_.share(point, t, t + step));
        }
        shares[i].push_back(share);
        most = std::max(most, share);
      }
    }
    constexpr double kFull[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1};
    const double full = *std::find_if(std::begin(kFull), std::end(kFull) - 1, [&](double f) { return f >= most; });
    for (const double part : {0.0, 0.5, 1.0}) {
      const float y = ground - static_cast<float>(part) * (ground - top);
      list.AddLine({time_.left, y}, {time_.right, y}, skin(Colour::text_third, 0.2f));
      text_right(list, skin.fonts.small, time_.left - skin.px(6), y, skin(Colour::text_third),
                 fmt::format("{:g} %", part * full * 100));
    }
    list.PushClipRect({time_.left, top - skin.px(4)}, {time_.right, ground + skin.px(1)}, true);
    for (std::size_t i = 0; i < curves; ++i) {
      std::vector<ImVec2> line;
      for (std::size_t k = 0; k < shares[i].size(); ++k) {
        const float y = ground - static_cast<float>(std::min(shares[i][k] / full, 1.0)) * (ground - top);
        const std::int64_t t = first + static_cast<std::int64_t>(k) * step;
        line.push_back({time_.x_of(t), y});
        line.push_back({time_.x_of(t + step), y});
      }
      list.AddPolyline(line.data(), static_cast<int>(line.size()), skin(kCurveColours[i]), 0, skin.px(1.5f));
    }
    list.PopClipRect();
    // Names, with what is in use at the shown instant: never by colour alone.
    float x = time_.left + skin.px(2);
    x += text_at(list, skin.fonts.small, x, top - skin.px(16), skin(Colour::text_third), "air in use, last second:") +
         skin.px(10);
    for (std::size_t i = 0; i < curves; ++i) {
      const std::string name = together ? fmt::format("the busiest of the first {} access points", points_.size())
                                        : fmt::format("{} {:.2f} %", look.name(points_[i]),
                                                      100 * air_.share(points_[i], second_before(look), look.at));
      list.AddRectFilled({x, top - skin.px(18)}, {x + skin.px(10), top - skin.px(14)}, skin(kCurveColours[i]));
      x += skin.px(14);
      x += text_at(list, skin.fonts.small, x, top - skin.px(16), skin(Colour::text_second), name) + skin.px(16);
    }
    time_.draw_now(look, list, at, size);
    list.PopClipRect();
  }

  std::vector<OnMap> nodes_;
  std::vector<EntityId> points_, devices_;
  std::size_t seen_ = 0;                                       // of the index's entities
  tsl::robin_map<EntityId, std::uint32_t, MixHash> place_of_;  // in nodes_, of access points
  AirSeries air_;
  TimeWindow time_;
};

}  // namespace

View radio_view() {
  const auto view = std::make_shared<RadioView>();
  return {"radio", "Radio", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
