// Plots over the whole run: how many messages were published, delivered and lost, packets dropped and sent again, and how long each
// delivery took. The shown instant is a line; a click looks there.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

struct Series {
  const char* title;
  const char* unit;
  Colour colour;
  bool counts;  // how many so far; else a value at each instant
};
constexpr std::array<Series, 6> kSeries{{{"published", "messages", Colour::info, true},
                                         {"delivered", "messages", Colour::ok, true},
                                         {"lost", "messages", Colour::error, true},
                                         {"packets dropped", "packets", Colour::error, true},
                                         {"sent again", "segments", Colour::warning, true},
                                         {"time on the way", "ms, a control packet", Colour::accent, false}}};

class Plots {
 public:
  void draw(Look& look) {
    collect(look);
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    const float gap = skin.px(12);
    const float wide = (size.x - gap * 4) / 3;
    const float tall = (size.y - gap * 3) / 2;
    if (wide < 60 || tall < 30) return;
    for (std::size_t i = 0; i < kSeries.size(); ++i) {
      const float x = origin.x + gap + static_cast<float>(i % 3) * (wide + gap);
      const float y = origin.y + gap + static_cast<float>(i / 3) * (tall + gap);
      plot(look, i, {x, y}, {wide, tall});
    }
  }

 private:
  struct Point {
    std::int64_t at;
    double value;
  };

  // Reads on in the trace; every list is in order of time.
  void collect(const Look& look) {
    constexpr RecordNumber kMost = 60'000;
    const RecordNumber to = std::min(look.reader.last(), std::max(next_, look.reader.first()) + kMost);
    for (next_ = std::max(next_, look.reader.first()); next_ <= to; ++next_) {
      const Record& r = look.reader.record(next_);
      switch (r.kind) {
        case Kind::message_published: count(0, r.at); break;
        case Kind::message_delivered: count(1, r.at); break;
        case Kind::message_lost: count(2, r.at); break;
        case Kind::packet_dropped: count(3, r.at); break;
        case Kind::retransmission: count(4, r.at); break;
        default: break;
      }
    }
    const auto& exchanges = look.index.exchanges();
    for (; read_ < exchanges.size() && exchanges[read_].sent_at < look.index.last_at() - 1'000'000'000; ++read_) {
      const Exchange& e = exchanges[read_];
      if (e.received != 0) points_[5].push_back({e.sent_at, static_cast<double>(e.received_at - e.sent_at) / 1e6});
    }
  }
  void count(std::size_t series, std::int64_t at) {
    auto& points = points_[series];
    points.push_back({at, points.empty() ? 1 : points.back().value + 1});
  }

  void plot(Look& look, std::size_t which, ImVec2 at, ImVec2 size) {
    const Skin& skin = look.skin;
    const Series& series = kSeries[which];
    const auto& points = points_[which];
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(at, {at.x + size.x, at.y + size.y}, skin(Colour::raised), skin.px(8));
    const auto end =
        std::partition_point(points.begin(), points.end(), [&](const Point& p) { return p.at <= look.at; });
    const double now = end == points.begin() ? 0 : (end - 1)->value;
    const float head = at.y + skin.px(15);
    text_at(list, skin.fonts.small, at.x + skin.px(10), head, skin(Colour::text_second), series.title);
    text_right(list, skin.fonts.mono_small, at.x + size.x - skin.px(10), head, skin(Colour::text),
               fmt::format("{:.6g}", now));
    double most = 1;
    for (const Point& p : points) most = std::max(most, p.value);
    const float left = at.x + skin.px(10);
    const float width = size.x - skin.px(20);
    const float ground = at.y + size.y - skin.px(8);
    const float tall = ground - head - skin.px(12);
    const auto x_of = [&](std::int64_t t) {
      return left + width * static_cast<float>(static_cast<double>(t) /
                                               static_cast<double>(std::max<std::int64_t>(look.end, 1)));
    };
    const auto y_of = [&](double v) { return ground - tall * static_cast<float>(v / most); };
    // One step for each column of pixels, the highest of what falls into it.
    float column = -1;
    ImVec2 before{left, ground};
    for (auto p = points.begin(); p != points.end();) {
      const float x = x_of(p->at);
      double high = p->value;
      column = x;
      while (p != points.end() && x_of(p->at) < column + 1.5f) high = std::max(high, (p++)->value);
      const bool later = x > x_of(look.at);
      const ImU32 colour = skin(series.colour, later ? 0.3f : 1.0f);
      const ImVec2 next{x, y_of(high)};
      if (series.counts) {
        list.AddLine(before, {next.x, before.y}, colour, skin.px(1.6f));
        list.AddLine({next.x, before.y}, next, colour, skin.px(1.6f));
      } else {
        list.AddLine({x, ground}, next, colour, skin.px(1.4f));
      }
      before = next;
    }
    if (series.counts && !points.empty()) {
      const float last = x_of(look.index.last_at());
      list.AddLine(before, {std::max(last, before.x), before.y}, skin(series.colour, 0.5f), skin.px(1.6f));
    }
    const float here = x_of(look.at);
    list.AddLine({here, head + skin.px(10)}, {here, ground}, skin(Colour::accent, 0.8f), skin.px(1));
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(series.title);
    ImGui::InvisibleButton("plot", size);
    ImGui::PopID();
    if (ImGui::IsItemClicked()) {
      const double part = std::clamp(static_cast<double>((ImGui::GetIO().MousePos.x - left) / width), 0.0, 1.0);
      look.requests.push_back(
          SeekTo{std::min(static_cast<std::int64_t>(part * static_cast<double>(look.end)), look.index.last_at())});
    }
    tip(skin, fmt::format("{}: {}, up to {:.6g}", series.title, series.unit, most).c_str());
  }

  std::array<std::vector<Point>, kSeries.size()> points_;
  RecordNumber next_ = 0;
  std::size_t read_ = 0;
};

}  // namespace

View plots_view() {
  return {"plots", "Plots", Place::bottom, [view = std::make_shared<Plots>()](Look& look) { view->draw(look); }};
}

}  // namespace wirelab::gui
