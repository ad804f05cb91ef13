// One direction of a TCP connection over time, in the manner of Wireshark's stream graphs: sequence numbers with what was
// acknowledged and what the peer could take; the windows; and the round trip with the time-out that is made of it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/time_window.hpp"
#include "sim/view/stream_series.hpp"

namespace wirelab::gui {
namespace {

constexpr RecordNumber kReadAFrame = 200'000;
constexpr std::size_t kMostConnections = 400;

class TcpGraph {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    if (size.x < 300 || size.y < 100) return;
    ImGui::SetCursorScreenPos({origin.x + skin.px(12), origin.y + skin.px(5)});
    choose(look);
    if (!series_) {
      ImGui::SetCursorScreenPos({origin.x + skin.px(14), origin.y + skin.px(44)});
      explain(skin, "No TCP connection has been opened yet.");
      return;
    }
    if (!series_->read(look.reader, look.reader.last(), kReadAFrame)) look.unfinished = true;
    const float head = skin.px(36);
    const ImVec2 at{origin.x, origin.y + head};
    const ImVec2 room{size.x, size.y - head};
    ImGui::SetCursorScreenPos(at);
    ImGui::InvisibleButton("graph", room);
    const bool hovered = ImGui::IsItemHovered();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(at, {at.x + room.x, at.y + room.y}, true);
    time_.left = at.x + skin.px(90);
    time_.right = at.x + room.x - skin.px(14);
    time_.move(look, hovered, time_.span);
    propose();
    time_.draw_axis(look, list, at, room);
    top_ = at.y + skin.px(34);
    ground_ = at.y + room.y - skin.px(8);
    list.PushClipRect({time_.left, top_ - skin.px(12)}, {time_.right, at.y + room.y}, true);
    if (what_ == 0) sequence_numbers(look, list, hovered);
    if (what_ == 1) windows(look, list);
    if (what_ == 2) times(look, list);
    list.PopClipRect();
    labels(look, list);
    time_.draw_now(look, list, at, room);
    list.PopClipRect();
    if (hovered && ImGui::IsMouseReleased(0) && ImGui::GetIO().MouseDragMaxDistanceSqr[0] < 16 && pointed_ == nullptr)
      look.requests.push_back(SeekTo{std::clamp<std::int64_t>(time_.at_of(ImGui::GetIO().MousePos.x), 0,
                                                              std::max(look.index.last_at(), look.at))});
  }

  /// The segments and the state at each change, up to the shown instant.
  TableMaker table(Look& look) {
    if (!series_) return made({});
    while (!series_->read(look.reader, look.reader.last(), ~RecordNumber{0})) {
    }
    Table table{{"seconds", "first byte", "end", "again", "dropped", "acknowledged", "peer's window, bytes",
                 "cwnd, segments", "SRTT, us", "RTO, us"},
                {}};
    for (const SentSegment& s : series_->segments()) {
      if (s.at > look.at) break;
      const auto value = [&](StreamSeries::Curve which) { return std::to_string(series_->value_at(which, s.at)); };
      table.rows.push_back({fmt::format("{:.9f}", static_cast<double>(s.at) / 1e9), std::to_string(s.begin),
                            std::to_string(s.end), s.again ? "1" : "0", s.lost_at != 0 ? "1" : "0",
                            value(StreamSeries::acknowledged), value(StreamSeries::peer_window),
                            value(StreamSeries::congestion_window), value(StreamSeries::round_trip),
                            value(StreamSeries::time_out)});
    }
    return made(std::move(table));
  }

 private:
  // The connection to show: that of the selected packet, or one of the selected node, until another is chosen from the list.
  void choose(Look& look) {
    const Skin& skin = look.skin;
    const auto of_packet = [&]() -> EntityId {
      const IndexedPacket* packet = look.index.packet(look.selection.packet);
      const Stream* stream = packet == nullptr ? nullptr : look.index.stream(packet->stream);
      // A packet that only acknowledges is about the other direction.
      if (stream != nullptr && packet->begin == packet->end && stream->reverse != 0)
        stream = look.index.stream(stream->reverse);
      return stream == nullptr ? 0 : stream->sender;
    };
    if (followed_packet_ != look.selection.packet || followed_node_ != look.selection.node || !series_) {
      const bool new_packet = followed_packet_ != look.selection.packet;
      followed_packet_ = look.selection.packet, followed_node_ = look.selection.node;
      EntityId end = new_packet ? of_packet() : 0;
      for (const IndexedEntity& e : look.index.entities()) {
        if (end == 0 && e.kind == EntityKind::tcp && (followed_node_ == 0 || e.node == followed_node_)) end = e.entity;
      }
      if (end != 0) show(end);
    }
    ImGui::PushFont(skin.fonts.small);
    ImGui::SetNextItemWidth(skin.px(320));
    if (ImGui::BeginCombo("##connection", series_ ? look.name(series_->end()).c_str() : "")) {
      std::size_t listed = 0;
      for (const IndexedEntity& e : look.index.entities()) {
        if (e.kind != EntityKind::tcp || ++listed > kMostConnections) continue;
        if (ImGui::Selectable(look.name(e.entity).c_str(), series_ && series_->end() == e.entity)) show(e.entity);
      }
      if (listed > kMostConnections) ImGui::TextDisabled("and %zu more: select a node", listed - kMostConnections);
      ImGui::EndCombo();
    }
    tip(skin, "The end that sends; the other direction of the connection is the other end's");
    ImGui::PopFont();
    ImGui::SameLine(0, skin.px(10));
    constexpr const char* words[] = {"Sequence", "Windows", "Round trip"};
    segments(skin, "graph", words, what_, 28);
  }

  void show(EntityId end) {
    if (series_ && series_->end() == end) return;
    series_.emplace(end);
    time_ = {};
  }

  // From the first to the last segment of the connection.
  void propose() {
    const auto& all = series_->segments();
    if (all.empty()) return;
    const std::int64_t length = std::max<std::int64_t>(all.back().at - all.front().at, 10'000'000);
    time_.propose(all.front().at - length / 20, length + length / 8);
  }

  // The vertical scale of what is seen.
  struct Range {
    double low = 0, high = 1;
  };
  float y_of(const Range& range, double value) const {
    return ground_ -
           (ground_ - top_) * static_cast<float>((value - range.low) / std::max(range.high - range.low, 1e-9));
  }

  void sequence_numbers(Look& look, ImDrawList& list, bool hovered) {
    const Skin& skin = look.skin;
    const auto& all = series_->segments();
    const auto first = std::partition_point(all.begin(), all.end(), [&](const auto& s) { return s.at < time_.from; });
    const auto last =
        std::partition_point(first, all.end(), [&](const auto& s) { return s.at < time_.from + time_.span; });
    const std::int64_t end = time_.from + time_.span;
    Range range{static_cast<double>(series_->value_at(StreamSeries::acknowledged, time_.from)),
                static_cast<double>(series_->value_at(StreamSeries::sent, std::min(end, look.index.last_at())))};
    for (auto s = first; s != last; ++s) {
      range.low = std::min(range.low, static_cast<double>(s->begin));
      range.high = std::max(range.high, static_cast<double>(s->end));
    }
    const double margin = std::max((range.high - range.low) * 0.08, 8.0);
    range.low -= margin, range.high += margin;
    range_ = range, unit_ = "bytes";
    // What the peer could take lies above what it has acknowledged.
    curve(look, list, StreamSeries::acknowledged, range, Colour::ok, Dash::none, 1, 0);
    window_edge(look, list, range);
    pointed_ = nullptr;
    const ImVec2 m = ImGui::GetIO().MousePos;
    for (auto s = first; s != last; ++s) {
      const float x = time_.x_of(s->at);
      const float low = y_of(range, static_cast<double>(s->begin)), high = y_of(range, static_cast<double>(s->end));
      const float alpha = s->at > look.at ? 0.34f : 1.0f;
      const Colour colour = s->lost_at != 0 ? Colour::error : s->again ? Colour::warning : Colour::info;
      const bool selected = look.selection.packet == s->packet;
      list.AddLine({x, low}, {x, std::min(high, low - 2)}, skin(colour, alpha), skin.px(selected ? 4.0f : 2.2f));
      const float w = skin.px(3);
      list.AddLine({x - w, low}, {x + w, low}, skin(colour, alpha), skin.px(1));
      list.AddLine({x - w, high}, {x + w, high}, skin(colour, alpha), skin.px(1));
      if (s->again)
        list.AddTriangleFilled({x - skin.px(4), high - skin.px(9)}, {x + skin.px(4), high - skin.px(9)},
                               {x, high - skin.px(3)}, skin(Colour::warning, alpha));
      if (s->lost_at != 0) cross(list, skin, {x, (low + high) * 0.5f}, skin.px(4));
      if (hovered && std::fabs(m.x - x) < skin.px(5) && m.y < low + skin.px(8) && m.y > high - skin.px(8))
        pointed_ = &*s;
    }
    if (pointed_ == nullptr) return;
    ImGui::PushFont(skin.fonts.small);
    ImGui::SetTooltip("bytes %lld to %lld at %.6f s%s%s", static_cast<long long>(pointed_->begin),
                      static_cast<long long>(pointed_->end - 1), static_cast<double>(pointed_->at) / 1e9,
                      pointed_->again ? ", sent again" : "", pointed_->lost_at != 0 ? ", lost" : "");
    ImGui::PopFont();
    if (ImGui::IsMouseReleased(0) && ImGui::GetIO().MouseDragMaxDistanceSqr[0] < 16) {
      select_packet(look.selection, look.index, pointed_->packet);
      followed_packet_ = pointed_->packet;
      look.requests.push_back(SeekTo{pointed_->at});
    }
  }

  void windows(Look& look, ImDrawList& list) {
    const std::int64_t end = std::min(time_.from + time_.span, std::max(look.index.last_at(), look.at));
    Range range{0, 1};
    const auto most = [&](StreamSeries::Curve which) {
      double high = static_cast<double>(series_->value_at(which, time_.from));
      for (const auto& p : series_->curve(which)) {
        if (p.at >= time_.from && p.at <= end) high = std::max(high, static_cast<double>(p.value));
      }
      return high;
    };
    // Bytes for what is under way and may be; the window of congestion counts segments, and has a scale of its own.
    const auto points = summed(StreamSeries::sent, StreamSeries::acknowledged, -1);
    double under_way = 0;
    for (const auto& p : points) under_way = std::max(under_way, static_cast<double>(p.value));
    const bool window_near = most(StreamSeries::peer_window) < under_way * 8;
    range.high = std::max(window_near ? most(StreamSeries::peer_window) : 0.0, std::max(under_way, 64.0)) * 1.08;
    range_ = range, unit_ = "bytes";
    steps(look, list, range, points, Colour::info, Dash::none,
          static_cast<double>(sum_at(StreamSeries::sent, StreamSeries::acknowledged, -1, time_.from)),
          [](const StreamSeries::Point& p) { return static_cast<double>(p.value); });
    curve(look, list, StreamSeries::peer_window, range, Colour::text_third, Dash::wide, 1, 0);
    segments_high_ = std::max(most(StreamSeries::congestion_window), 4.0) * 1.25;
    curve(look, list, StreamSeries::congestion_window, {0, segments_high_}, Colour::qos2, Dash::none, 1, 0);
  }

  void times(Look& look, ImDrawList& list) {
    const std::int64_t end = time_.from + time_.span;
    Range range{0, 1};
    for (const auto which : {StreamSeries::round_trip, StreamSeries::time_out}) {
      range.high = std::max(range.high, static_cast<double>(series_->value_at(which, time_.from)) / 1e3);
      for (const auto& p : series_->curve(which)) {
        if (p.at >= time_.from && p.at < end) range.high = std::max(range.high, static_cast<double>(p.value) / 1e3);
      }
    }
    range.high *= 1.08;
    range_ = range, unit_ = "ms";
    curve(look, list, StreamSeries::round_trip, range, Colour::ok, Dash::none, 1e-3, 0);
    curve(look, list, StreamSeries::time_out, range, Colour::warning, Dash::wide, 1e-3, 0);
  }

  enum class Dash : unsigned char { none, wide };
  // Steps; the highest and lowest of each column of pixels.
  template <typename Points, typename ValueOf>
  void steps(const Look& look, ImDrawList& list, const Range& range, const Points& points, Colour colour, Dash dash,
             double first, ValueOf&& value_of) const {
    const auto begin =
        std::partition_point(points.begin(), points.end(), [&](const auto& p) { return p.at < time_.from; });
    const std::int64_t newest = std::max(look.index.last_at(), look.at);
    ImVec2 before{time_.left, y_of(range, begin == points.begin() ? first : value_of(*(begin - 1)))};
    const auto line = [&](ImVec2 a, ImVec2 b, float alpha) {
      if (dash == Dash::none) {
        list.AddLine(a, b, look.skin(colour, alpha), look.skin.px(1.8f));
      } else {
        dashed_line(list, a, b, look.skin(colour, alpha), look.skin.px(1.6f), look.skin.px(5));
      }
    };
    const float now = time_.x_of(look.at);
    for (auto p = begin; p != points.end() && p->at < time_.from + time_.span;) {
      const float x = time_.x_of(p->at);
      const float alpha = x > now ? 0.34f : 1.0f;
      float low = y_of(range, value_of(*p)), high = low, last = low;
      for (; p != points.end() && time_.x_of(p->at) < x + 1.0f; ++p) {
        last = y_of(range, value_of(*p));
        low = std::max(low, last), high = std::min(high, last);
      }
      line(before, {x, before.y}, alpha);
      list.AddLine({x, std::max(before.y, low)}, {x, std::min(before.y, high)}, look.skin(colour, alpha),
                   look.skin.px(1.6f));
      before = {x, last};
    }
    const float end = std::min(time_.x_of(newest), time_.right);
    if (end > before.x) line(before, {std::min(end, std::max(now, before.x)), before.y}, 1.0f);
    if (end > std::max(now, before.x)) line({std::max(now, before.x), before.y}, {end, before.y}, 0.34f);
  }

  void curve(const Look& look, ImDrawList& list, StreamSeries::Curve which, const Range& range, Colour colour,
             Dash dash, double factor, double first) const {
    steps(look, list, range, series_->curve(which), colour, dash, first,
          [&](const StreamSeries::Point& p) { return static_cast<double>(p.value) * factor; });
  }
  // A sum of two curves, which changes with either: as far as it is seen.
  std::vector<StreamSeries::Point> summed(StreamSeries::Curve a, StreamSeries::Curve b, std::int64_t sign) const {
    const auto& first = series_->curve(a);
    const auto& second = series_->curve(b);
    const auto after = [&](const auto& points) {
      return std::partition_point(points.begin(), points.end(), [&](const auto& p) { return p.at < time_.from; });
    };
    auto i = after(first), j = after(second);
    std::int64_t x = series_->value_at(a, time_.from - 1), y = series_->value_at(b, time_.from - 1);
    std::vector<StreamSeries::Point> points;
    while (i != first.end() || j != second.end()) {
      const bool takes_first = j == second.end() || (i != first.end() && i->at <= j->at);
      const std::int64_t at = takes_first ? i->at : j->at;
      if (at > time_.from + time_.span) break;
      if (takes_first) x = (i++)->value;
      if (j != second.end() && j->at == at) y = (j++)->value;
      points.push_back({at, x + sign * y});
    }
    return points;
  }
  std::int64_t sum_at(StreamSeries::Curve a, StreamSeries::Curve b, std::int64_t sign, std::int64_t at) const {
    return series_->value_at(a, at) + sign * series_->value_at(b, at);
  }
  // Up to where the peer could take.
  void window_edge(const Look& look, ImDrawList& list, const Range& range) const {
    const auto value = [](const StreamSeries::Point& p) { return static_cast<double>(p.value); };
    steps(look, list, range, summed(StreamSeries::acknowledged, StreamSeries::peer_window, 1), Colour::text_third,
          Dash::wide, static_cast<double>(sum_at(StreamSeries::acknowledged, StreamSeries::peer_window, 1, time_.from)),
          value);
  }
  // The scale at the left, and what each curve is, with its value at the shown instant.
  void labels(const Look& look, ImDrawList& list) const {
    const Skin& skin = look.skin;
    for (int i = 0; i <= 2; ++i) {
      const double value = range_.low + (range_.high - range_.low) * i / 2.0;
      text_right(list, skin.fonts.mono_small, time_.left - skin.px(6), y_of(range_, value) - skin.px(i == 0 ? 6 : 0),
                 skin(Colour::text_third), fmt::format("{:.0f}", std::max(value, 0.0)));
    }
    text_right(list, skin.fonts.tiny, time_.left - skin.px(6), top_ + skin.px(14), skin(Colour::text_third), unit_);
    float x = time_.left + skin.px(8);
    const float y = top_ + skin.px(2);
    const auto legend = [&](Colour colour, Dash dash, const std::string& words) {
      if (x + skin.px(24) + measure(skin.fonts.small, words).x > time_.right) return;  // no room
      const ImVec2 a{x, y}, b{x + skin.px(18), y};
      if (dash == Dash::none) {
        list.AddLine(a, b, skin(colour), skin.px(2));
      } else {
        dashed_line(list, a, b, skin(colour), skin.px(1.8f), skin.px(5));
      }
      x += skin.px(24);
      const float wide = measure(skin.fonts.small, words).x;
      list.AddRectFilled({x - skin.px(2), y - skin.px(9)}, {x + wide + skin.px(2), y + skin.px(9)},
                         skin(Colour::panel, 0.8f), skin.px(3));
      x += text_at(list, skin.fonts.small, x, y, skin(Colour::text_second), words) + skin.px(16);
    };
    const auto value = [&](StreamSeries::Curve which) { return series_->value_at(which, look.at); };
    if (what_ == 0) {
      legend(Colour::info, Dash::none, "segments, triangle: again, cross: lost");
      legend(Colour::ok, Dash::none, fmt::format("acknowledged {}", value(StreamSeries::acknowledged)));
      legend(Colour::text_third, Dash::wide, fmt::format("peer takes {} more", value(StreamSeries::peer_window)));
    } else if (what_ == 1) {
      legend(Colour::info, Dash::none,
             fmt::format("not acknowledged {}", value(StreamSeries::sent) - value(StreamSeries::acknowledged)));
      legend(Colour::text_third, Dash::wide, fmt::format("peer's window {}", value(StreamSeries::peer_window)));
      legend(Colour::qos2, Dash::none,
             fmt::format("cwnd {} segments, scale to {:.0f}", value(StreamSeries::congestion_window), segments_high_));
    } else {
      legend(Colour::ok, Dash::none, "smoothed round trip " + seconds_text(value(StreamSeries::round_trip) * 1000));
      legend(Colour::warning, Dash::wide,
             "retransmission time-out " + seconds_text(value(StreamSeries::time_out) * 1000));
    }
  }

  std::optional<StreamSeries> series_;
  TimeWindow time_;
  BlobNumber followed_packet_ = 0;  // the selection that the shown connection was chosen by
  EntityId followed_node_ = 0;
  int what_ = 0;
  float top_ = 0, ground_ = 0;
  Range range_;
  double segments_high_ = 1;
  const char* unit_ = "";
  const SentSegment* pointed_ = nullptr;
};

}  // namespace

View tcp_graph_view() {
  const auto view = std::make_shared<TcpGraph>();
  return {"stream", "TCP graph", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return view->table(look); }};
}

}  // namespace wirelab::gui
