// Plots over the whole run, six at a time: of any metric, built in or the scenario's own, and of what the selected node and link
// have that changes. The shown instant is a line; a click looks there, and a click on the title chooses another metric.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/metric_series.hpp"

namespace wirelab::gui {
namespace {

constexpr RecordNumber kReadAFrame = 30'000;

// Fields that are worth a curve, with what they are called.
struct Curve {
  Field field;
  const char* name;
  const char* unit;
  double scale;
};
constexpr Curve kCurves[] = {{Field::sensor_value, "reading", "", 1},
                             {Field::actuator_value, "set to", "", 1},
                             {Field::client_queued, "waiting at the client", "messages", 1},
                             {Field::session_queued, "waiting for the session", "messages", 1},
                             {Field::tcp_cwnd, "congestion window", "segments", 1},
                             {Field::tcp_rto, "retransmission time-out", "ms", 1e-3},
                             {Field::tcp_srtt, "smoothed round trip", "ms", 1e-3},
                             {Field::tcp_snd_wnd, "the peer's window", "bytes", 1},
                             {Field::queue_packets, "queue", "packets", 1},
                             {Field::link_loss, "loss", "", 1},
                             {Field::link_delay, "delay", "ms", 1e-6}};

struct Cell {
  std::string metric;                // by name, or
  std::optional<StateSeries> state;  // a field of an entity
  const Curve* curve = nullptr;
};

class Plots {
 public:
  Plots() {
    constexpr const char* first[] = {"published",       "delivered",       "lost",
                                     "packets_dropped", "retransmissions", "latency_p95"};
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].metric = first[i];
  }

  void draw(Look& look) {
    bool all = metrics_.read(look.reader, look.reader.last(), kReadAFrame);
    for (Cell& cell : cells_) {
      if (cell.state) all = cell.state->read(look.reader, look.reader.last(), kReadAFrame) && all;
    }
    if (!all) look.unfinished = true;
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    const float gap = skin.px(12);
    const float wide = (size.x - gap * 4) / 3;
    const float tall = (size.y - gap * 3) / 2;
    if (wide < 60 || tall < 30) return;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const float x = origin.x + gap + static_cast<float>(i % 3) * (wide + gap);
      const float y = origin.y + gap + static_cast<float>(i / 3) * (tall + gap);
      ImGui::PushID(static_cast<int>(i));
      plot(look, cells_[i], {x, y}, {wide, tall});
      ImGui::PopID();
    }
  }

  Table table(Look& look) {
    metrics_.read(look.reader, look.reader.last(), look.reader.last());
    Table table{{"metric", "unit", "seconds", "value"}, {}};
    for (const Cell& cell : cells_) {
      const Shown shown = what(look, cell);
      if (shown.points == nullptr) continue;
      for (const MetricSeries::Point& point : *shown.points)
        table.rows.push_back({shown.name, shown.unit, fmt::format("{:.9f}", static_cast<double>(point.at) / 1e9),
                              fmt::format("{:.15g}", point.value * shown.scale)});
    }
    return table;
  }

 private:
  struct Shown {
    std::string name, unit, says;
    const std::vector<MetricSeries::Point>* points = nullptr;
    double now = 0;
    double scale = 1;
    Colour colour = Colour::info;
  };

  static Colour colour_for(const std::string& name) {
    if (name == "lost" || name == "refused" || name == "packets_dropped" || name == "wills") return Colour::error;
    if (name == "retransmissions" || name == "duplicates" || name == "discarded") return Colour::warning;
    if (name == "delivered") return Colour::ok;
    return name.starts_with("latency") ? Colour::accent : Colour::info;
  }

  Shown what(const Look& look, const Cell& cell) const {
    if (cell.state) {
      const double now = wirelab::value_at(cell.state->points(), look.at) * cell.curve->scale;
      return {fmt::format("{}: {}", look.name(cell.state->entity()), cell.curve->name),
              cell.curve->unit,
              "A state of the trace",
              &cell.state->points(),
              now,
              cell.curve->scale,
              Colour::accent};
    }
    const auto& all = metrics_.all();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].name == cell.metric)
        return {all[i].name,
                all[i].unit,
                all[i].definition,
                &all[i].points,
                metrics_.value_at(i, look.at),
                1,
                colour_for(all[i].name)};
    }
    return {cell.metric, "", "not met yet", nullptr, 0, 1, Colour::info};
  }

  // The menu of everything that can be plotted here.
  void choose(const Look& look, Cell& cell) {
    ImGui::PushFont(look.skin.fonts.small);
    if (ImGui::BeginPopup("metric")) {
      for (const MetricSeries::Series& series : metrics_.all()) {
        if (ImGui::MenuItem(series.name.c_str(), series.unit.c_str(), !cell.state && cell.metric == series.name)) {
          cell.state.reset();
          cell.metric = series.name;
        }
        tip(look.skin, series.definition.c_str());
      }
      ImGui::Separator();
      std::vector<EntityId> entities;
      if (look.selection.node != 0) {
        const auto all = look.index.belongings(look.selection.node);
        entities.assign(all.begin(), all.end());
        for (const IndexedChannel& channel : look.index.channels()) {
          if (channel.from == look.selection.node) entities.push_back(channel.entity);
        }
      }
      for (const IndexedChannel& channel : look.index.channels()) {
        if (channel.link == look.selection.link) entities.push_back(channel.entity);
      }
      if (entities.empty()) ImGui::TextDisabled("select a node or a link for more");
      constexpr std::size_t kMost = 60;
      for (const EntityId entity : std::span(entities).first(std::min(entities.size(), kMost))) {
        for (const Curve& curve : kCurves) {
          if (!has(look, entity, curve.field)) continue;
          const std::string words = fmt::format("{}: {}", look.name(entity), curve.name);
          if (!ImGui::MenuItem(words.c_str(), curve.unit)) continue;
          cell.state.emplace(entity, curve.field);
          cell.curve = &curve;
        }
      }
      ImGui::EndPopup();
    }
    ImGui::PopFont();
  }
  static bool has(const Look& look, EntityId entity, Field field) {
    const IndexedEntity* known = look.index.find(entity);
    if (known == nullptr) return false;
    switch (known->kind) {
      case EntityKind::sensor: return field == Field::sensor_value;
      case EntityKind::actuator: return field == Field::actuator_value;
      case EntityKind::mqtt_client: return field == Field::client_queued;
      case EntityKind::session: return field == Field::session_queued;
      case EntityKind::tcp: return field >= Field::tcp_state && field < Field::client_state;
      case EntityKind::link: return field >= Field::link_up && field <= Field::queue_bytes;
      default: return false;
    }
  }

  void plot(Look& look, Cell& cell, ImVec2 at, ImVec2 size) {
    const Skin& skin = look.skin;
    const Shown shown = what(look, cell);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(at, {at.x + size.x, at.y + size.y}, skin(Colour::raised), skin.px(8));
    const float head = at.y + skin.px(15);
    std::string number = fmt::format("{:.6g} {}", shown.now, shown.unit);
    const float wanted = measure(skin.fonts.small, shown.name).x + skin.px(40);
    if (wanted + measure(skin.fonts.mono_small, number).x > size.x) number = fmt::format("{:.6g}", shown.now);
    const float room = size.x - skin.px(34) - measure(skin.fonts.mono_small, number).x;
    const float used = text_at(list, skin.fonts.small, at.x + skin.px(10), head, skin(Colour::text_second),
                               shortened(skin.fonts.small, shown.name, room));
    const float sign = at.x + skin.px(16) + used;
    list.AddTriangleFilled({sign, head - skin.px(2)}, {sign + skin.px(7), head - skin.px(2)},
                           {sign + skin.px(3.5f), head + skin.px(3)}, skin(Colour::text_third));
    text_right(list, skin.fonts.mono_small, at.x + size.x - skin.px(10), head, skin(Colour::text), number);
    const float left = at.x + skin.px(10);
    const float width = size.x - skin.px(20);
    const float ground = at.y + size.y - skin.px(8);
    const double most = curve(look, shown, left, width, head + skin.px(12), ground);
    const float here = left + width * static_cast<float>(static_cast<double>(look.at) /
                                                         static_cast<double>(std::max<std::int64_t>(look.end, 1)));
    list.AddLine({here, head + skin.px(10)}, {here, ground}, skin(Colour::accent, 0.8f), skin.px(1));
    ImGui::SetCursorScreenPos(at);
    if (ImGui::InvisibleButton("title", {size.x, skin.px(26)})) ImGui::OpenPopup("metric");
    tip(skin, fmt::format("{}\nClick to plot another metric", shown.says).c_str());
    choose(look, cell);
    ImGui::SetCursorScreenPos({at.x, at.y + skin.px(26)});
    ImGui::InvisibleButton("plot", {size.x, size.y - skin.px(26)});
    if (ImGui::IsItemClicked()) {
      const double part = std::clamp(static_cast<double>((ImGui::GetIO().MousePos.x - left) / width), 0.0, 1.0);
      look.requests.push_back(
          SeekTo{std::min(static_cast<std::int64_t>(part * static_cast<double>(look.end)), look.index.last_at())});
    }
    tip(skin, fmt::format("{}: up to {:.6g} {}", shown.name, most, shown.unit).c_str());
  }

  // Steps, the highest and lowest of each column of pixels; returns the highest value of all.
  static double curve(const Look& look, const Shown& shown, float left, float width, float top, float ground) {
    const Skin& skin = look.skin;
    if (shown.points == nullptr || shown.points->empty()) return 0;
    const auto& points = *shown.points;
    double least = 0;
    double most = 0;
    for (const auto& p : points) least = std::min(least, p.value), most = std::max(most, p.value);
    const double range = std::max(most - least, 1e-12);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const auto x_of = [&](std::int64_t t) {
      return left + width * static_cast<float>(static_cast<double>(t) /
                                               static_cast<double>(std::max<std::int64_t>(look.end, 1)));
    };
    const auto y_of = [&](double v) { return ground - (ground - top) * static_cast<float>((v - least) / range); };
    const float now = x_of(look.at);
    ImVec2 before{left, y_of(0)};
    for (auto p = points.begin(); p != points.end();) {
      const float x = x_of(p->at);
      double low = p->value;
      double high = p->value;
      double last = p->value;
      for (; p != points.end() && x_of(p->at) < x + 1.5f; ++p) {
        low = std::min(low, p->value), high = std::max(high, p->value);
        last = p->value;
      }
      const ImU32 colour = skin(shown.colour, x > now ? 0.3f : 1.0f);
      list.AddLine(before, {x, before.y}, colour, skin.px(1.6f));
      list.AddLine({x, std::max(before.y, y_of(low))}, {x, std::min(before.y, y_of(high))}, colour, skin.px(1.6f));
      before = {x, y_of(last)};
    }
    const float end = x_of(look.index.last_at());
    list.AddLine(before, {std::max(end, before.x), before.y}, skin(shown.colour, before.x > now ? 0.3f : 0.6f),
                 skin.px(1.6f));
    return most * shown.scale;
  }

  MetricSeries metrics_;
  std::array<Cell, 6> cells_;
};

}  // namespace

View plots_view() {
  const auto view = std::make_shared<Plots>();
  return {"plots", "Plots", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
