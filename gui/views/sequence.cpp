// The sequence diagram: nodes as lanes, time to the right, each control packet of MQTT an arrow from the instant it was sent to the
// instant it was received. What is later than the shown instant is faint. Losses, retransmissions and time-outs are marked on
// their lanes. The wheel zooms in time, dragging moves through it; keys do both.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/svg.hpp"
#include "gui/views/packet_arrows.hpp"
#include "gui/views/timer_bars.hpp"

namespace wirelab::gui {
namespace {

constexpr std::size_t kMostLanes = 16;
constexpr std::size_t kMostArrows = 400;
constexpr std::size_t kMostLabels = 60;
constexpr std::size_t kMostBelongings = 12;
constexpr std::size_t kMostSessions = 500;
constexpr float kFaint = 0.34f;

class Sequence {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    if (size.x < 100 || size.y < 60) return;
    // Where nobody speaks MQTT, packets are what there is to see.
    if (!chosen_ && look.index.exchanges().empty() && !look.index.flights().empty()) what_ = kPackets;
    if (!chosen_ && !look.index.exchanges().empty()) what_ = kControlPackets;
    ImGui::InvisibleButton("sequence", size);
    ImGui::SetItemAllowOverlap();
    const bool hovered = ImGui::IsItemHovered();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(origin, {origin.x + size.x, origin.y + size.y}, true);
    time_.left = origin.x + skin.px(150);
    time_.right = origin.x + size.x - skin.px(14);
    time_.move(look, hovered, usual_span(look));
    const float top = origin.y + skin.px(34);
    // The last lane has room for its timers, where there is any to spare.
    const float bottom = origin.y + size.y - skin.px(size.y < skin.px(170) ? 22.0f : 40.0f);
    most_lanes_ = std::clamp<std::size_t>(static_cast<std::size_t>((bottom - top) / skin.px(26)) + 1, 2, kMostLanes);
    choose_lanes(look);
    time_.draw_axis(look, list, origin, size);
    const float row = lanes_.size() < 2 ? 0 : (bottom - top - skin.px(10)) / static_cast<float>(lanes_.size() - 1);
    lane_y_.clear();
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const float y = std::floor(top + skin.px(6) + row * static_cast<float>(i)) + 0.5f;
      lane_y_[lanes_[i]] = y;
      const bool selected = look.selection.node == lanes_[i];
      list.AddLine({time_.left, y}, {time_.right, y}, skin(selected ? Colour::accent : Colour::line_strong),
                   skin.px(selected ? 2.0f : 1.2f));
      text_right(list, skin.fonts.small_strong, time_.left - skin.px(14), y,
                 skin(selected ? Colour::accent : Colour::text),
                 shortened(skin.fonts.small_strong, look.name(lanes_[i]), skin.px(124)));
    }
    list.PushClipRect({time_.left - skin.px(8), origin.y}, {time_.right + skin.px(8), origin.y + size.y}, true);
    timers(look, list, row, hovered);
    marks(look, list);
    if (what_ == kPackets) {
      draw_packet_arrows(look, list, time_, lane_y_, flights_in(look, time_, kMostArrows), timer_words_, hovered);
    } else {
      arrows(look, list, hovered);
    }
    list.PopClipRect();
    time_.draw_now(look, list, origin, size);
    if (more_nodes_ > 0)
      text_at(list, skin.fonts.tiny, origin.x + skin.px(12), origin.y + size.y - skin.px(12), skin(Colour::text_third),
              fmt::format("{} more talk: select one", more_nodes_));
    list.PopClipRect();
    constexpr const char* words[] = {"MQTT", "Packets"};
    ImGui::SetCursorScreenPos({origin.x + skin.px(4), origin.y + skin.px(2)});
    chosen_ |= segments(skin, "what", words, what_, 24);
    tip(skin, "Control packets from end to end, or every packet on every link");
    if (lanes_.empty()) {
      const float line = skin.px(9);
      const float x = origin.x + size.x * 0.5f, y = origin.y + size.y * 0.5f;
      if (look.unfinished) {
        text_centred(list, skin.fonts.small, {x, y}, skin(Colour::text_third), "Reading what has happened ...");
        return;
      }
      text_centred(list, skin.fonts.small, {x, y - line}, skin(Colour::text_third),
                   what_ == kPackets ? "No packets around this instant:" : "No control packets around this instant:");
      text_centred(list, skin.fonts.small, {x, y + line}, skin(Colour::text_third),
                   "play on, or zoom out with the wheel");
    }
  }

  std::string picture(Look& look) {
    if (lanes_.empty()) time_.from = look.at - time_.span * 2 / 3, choose_lanes(look);
    return sequence_svg(look, time_.from, time_.from + time_.span, lanes_);
  }

 private:
  // Wide enough for the last arrow, and for it to slant: some ten times as long as the recent ones were on their way.
  std::int64_t usual_span(const Look& look) const {
    constexpr std::int64_t kShort = 10'000'000;
    if (what_ == kPackets) {
      const std::size_t begun = look.index.flights_before(look.at);
      std::int64_t slowest = kShort;
      for (std::size_t i = begun; i > 0 && i + 8 > begun; --i)
        slowest = std::max(slowest, look.index.flights()[i - 1].arrival - look.index.flights()[i - 1].begin);
      const std::int64_t silent = begun == 0 ? 0 : look.at - look.index.flights()[begun - 1].begin;
      return std::clamp<std::int64_t>(std::max(slowest * 6, silent * 2), 20'000'000, 120'000'000'000);
    }
    const std::size_t after = look.index.exchanges_before(look.at + 1);
    std::int64_t longest = kShort;
    for (std::size_t i = after; i > 0 && i + 8 > after; --i) {
      const Exchange& e = look.index.exchanges()[i - 1];
      if (e.received != 0) longest = std::max(longest, e.received_at - e.sent_at);
    }
    const std::int64_t since = after == 0 ? 0 : look.at - look.index.exchanges()[after - 1].sent_at;
    return std::clamp<std::int64_t>(std::max(longest * 10, since * 2), 100'000'000, 12'000'000'000);
  }

  // The control packets in the window, from `first` to before `last`; where they are too many, those around the shown instant.
  struct Span {
    std::size_t first = 0, last = 0;
    bool cut = false;
  };
  Span drawn(const Look& look) const {
    Span span{look.index.exchanges_before(time_.from - look.index.longest_exchange()),
              look.index.exchanges_before(time_.from + time_.span), false};
    const std::size_t now = std::clamp(look.index.exchanges_before(look.at + 1), span.first, span.last);
    constexpr std::size_t kPast = kMostArrows * 3 / 4;
    const std::size_t first = now > span.first + kPast ? now - kPast : span.first;
    const std::size_t last = std::min(span.last, first + kMostArrows);
    // One that was long under way may have begun far to the left of the window: that leaves nothing out of sight.
    span.cut = last < span.last || (first > span.first && look.index.exchanges()[first].sent_at > time_.from);
    span.first = first, span.last = last;
    return span;
  }

  // The nodes that talk in the window, in order of appearance; brokers in the middle of who talks with them.
  void choose_lanes(const Look& look) {
    std::map<EntityId, std::size_t> talk;
    if (what_ == kPackets) {
      const FlightSpan span = flights_in(look, time_, kMostArrows);
      for (std::size_t i = span.first; i < span.last; ++i) {
        const Flight& flight = look.index.flights()[i];
        const IndexedChannel* channel = look.index.channel(flight.channel);
        if (channel != nullptr && flight.arrival >= time_.from) ++talk[channel->from], ++talk[channel->to];
      }
    } else {
      const auto& all = look.index.exchanges();
      const auto [first, last, cut] = drawn(look);
      for (std::size_t i = first; i < last; ++i) {
        // One that ended before the window began is not seen in it.
        if (std::max(all[i].received_at, all[i].sent_at) < time_.from) continue;
        if (all[i].from_node != 0) ++talk[all[i].from_node];
        if (all[i].to_node != 0) ++talk[all[i].to_node];
      }
    }
    if (look.selection.node != 0 && talk.contains(look.selection.node)) talk[look.selection.node] += 1'000'000;
    if (const Exchange* selected = look.selected_exchange(); selected != nullptr) {
      for (const EntityId end : {selected->from_node, selected->to_node}) {
        if (talk.contains(end)) talk[end] += 2'000'000;
      }
    }
    std::vector<std::pair<std::size_t, EntityId>> busiest;
    for (const auto& [node, count] : talk) {
      const IndexedEntity* entity = look.index.find(node);
      const bool broker = entity != nullptr && entity->kind == EntityKind::broker;
      busiest.emplace_back(count + (broker ? 10'000'000u : 0u), node);
    }
    std::sort(busiest.begin(), busiest.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    more_nodes_ = busiest.size() > most_lanes_ ? busiest.size() - most_lanes_ : 0;
    if (busiest.size() > most_lanes_) busiest.resize(most_lanes_);
    std::set<EntityId> chosen;
    for (const auto& [count, node] : busiest) chosen.insert(node);
    // Lanes keep their place while they stay.
    std::vector<EntityId> next;
    for (const EntityId node : lanes_) {
      if (chosen.erase(node) > 0) next.push_back(node);
    }
    for (const EntityId node : chosen) next.push_back(node);
    const auto broker = std::find_if(next.begin(), next.end(), [&](EntityId node) {
      const IndexedEntity* entity = look.index.find(node);
      return entity != nullptr && entity->kind == EntityKind::broker;
    });
    if (broker != next.end() && next.size() > 2) {
      const EntityId node = *broker;
      next.erase(broker);
      next.insert(next.begin() + static_cast<std::ptrdiff_t>(next.size() / 2), node);
    }
    lanes_ = next;
  }

  void arrows(Look& look, ImDrawList& list, bool hovered) {
    const Skin& skin = look.skin;
    const auto& all = look.index.exchanges();
    const auto [first, last, cut] = drawn(look);
    if (cut)
      text_right(list, skin.fonts.tiny, time_.right, lanes_.empty() ? 0 : lane_y_.at(lanes_.front()) - skin.px(9),
                 skin(Colour::text_third), "too many for one picture: zoom in to see all");
    struct Label {
      ImVec2 at;
      const Exchange* exchange;
      Colour colour;
      float alpha;
      bool selected;
    };
    std::vector<Label> labels;
    const Exchange* pointed = nullptr;
    for (std::size_t i = first; i < last; ++i) {
      const Exchange& e = all[i];
      const auto from = lane_y_.find(e.from_node);
      const auto to = lane_y_.find(e.to_node);
      if (from == lane_y_.end() || to == lane_y_.end()) continue;
      const bool arrived = e.received != 0;
      // What has not arrived at the newest instant may still be on its way.
      const Stream* stream = look.index.stream(e.stream);
      const std::int64_t usual = stream == nullptr ? 0 : std::max<std::int64_t>(stream->last_duration, 20'000'000);
      const std::int64_t newest = std::max(look.index.last_at(), look.at);
      const bool lost = e.lost_at != 0 && e.lost_at <= std::max(look.at, e.sent_at);
      const bool under_way = !arrived && !lost && newest - e.sent_at < 3 * usual;
      const std::int64_t end = arrived ? e.received_at : e.sent_at + usual;
      if (end < time_.from) continue;
      const bool future = e.sent_at > look.at;
      const bool selected =
          look.selection.exchange == e.sent || (e.message != 0 && look.selection.message == e.message);
      const Colour colour = colour_of(e);
      const float alpha = future ? kFaint : 1.0f;
      const ImVec2 a{time_.x_of(e.sent_at), from->second};
      ImVec2 b{time_.x_of(end), to->second};
      // What has not come, though it should have: half an arrow, whether TCP is still at it or it never will.
      const bool missing = !arrived && !under_way;
      if (missing) b = {(a.x + b.x) * 0.5f, (a.y + b.y) * 0.5f};
      const ImVec2 m = ImGui::GetIO().MousePos;
      const float along = std::clamp((m.y - a.y) / (b.y - a.y == 0 ? 1 : b.y - a.y), 0.0f, 1.0f);
      if (hovered && std::fabs(a.x + (b.x - a.x) * along - m.x) < skin.px(8) && m.y > std::min(a.y, b.y) &&
          m.y < std::max(a.y, b.y))
        pointed = &e;
      list.AddCircleFilled(a, skin.px(3.5f), skin(colour, alpha));
      if (missing) {
        dashed_line(list, a, b, skin(lost ? Colour::error : Colour::warning, alpha), skin.px(1.8f), skin.px(4));
        if (!lost) list.AddCircle(b, skin.px(4), skin(Colour::warning, alpha), 0, skin.px(1.6f));
      } else if ((end > look.at || under_way) && !future) {
        const float part =
            std::min(1.0f, static_cast<float>(static_cast<double>(look.at - e.sent_at) /
                                              static_cast<double>(std::max<std::int64_t>(end - e.sent_at, 1))));
        const ImVec2 here{a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part};
        list.AddLine(a, here, skin(colour), skin.px(2));
        arrow(list, here, b, skin(colour, kFaint), skin.px(1.5f), skin.px(9));
      } else {
        arrow(list, a, b, skin(colour, alpha), skin.px(selected ? 3.0f : 1.8f), skin.px(9));
      }
      if (lost) {
        // Its first packet came as far as this; what arrived in the end was sent again.
        const float usual_part = static_cast<float>(std::min(
            1.0, static_cast<double>(usual) / static_cast<double>(std::max<std::int64_t>(end - e.sent_at, 1))));
        // Between the lanes, so that it stands on nobody else's.
        float share = 0.5f;
        for (const float candidate : {0.5f, 0.4f, 0.6f, 0.3f}) {
          const float y = a.y + (to->second - a.y) * candidate;
          share = candidate;
          if (std::none_of(lane_y_.begin(), lane_y_.end(),
                           [&](const auto& lane) { return std::fabs(lane.second - y) < skin.px(9); }))
            break;
        }
        const float part = missing ? share * 2 : share * usual_part;
        const ImVec2 place{a.x + (b.x - a.x) * part, a.y + (to->second - a.y) * share};
        cross(list, skin, place, skin.px(5));
        if (selected)
          pill(list, skin, skin.fonts.mono_small, {place.x, place.y + skin.px(missing ? -20.0f : 20.0f)}, Colour::error,
               name_of(static_cast<DropReason>(e.reason)), false, alpha);
      }
      labels.push_back({{(a.x + b.x) * 0.5f, (a.y + b.y) * 0.5f}, &e, colour, alpha, selected});
    }
    draw_words(skin, list, timer_words_);
    // Labels keep clear of one another: the one that is selected first, then from the newest back.
    std::stable_partition(labels.begin(), labels.end(), [](const Label& l) { return !l.selected; });
    TakenPlaces taken;
    for (std::size_t i = labels.size(); i > 0 && taken.count() < kMostLabels; --i) {
      const Label& l = labels[i - 1];
      const std::string text = label_of(look, *l.exchange, false);
      const float half = measure(skin.fonts.mono_small, text).x * 0.5f + skin.px(9);
      const ImVec4 box{l.at.x - half, l.at.y - skin.px(11), l.at.x + half, l.at.y + skin.px(11)};
      if (l.at.x < time_.left + half * 0.3f || (!taken.take(box) && !l.selected)) continue;
      pill(list, skin, skin.fonts.mono_small, l.at, l.colour, text, false, l.alpha, l.selected);
    }
    if (pointed == nullptr) return;
    ImGui::PushFont(skin.fonts.small);
    ImGui::SetTooltip(
        "%s\n%s to %s\nsent %.6f s%s", label_of(look, *pointed, true).c_str(), look.name(pointed->from_node).c_str(),
        look.name(pointed->to_node).c_str(), static_cast<double>(pointed->sent_at) / 1e9,
        pointed->received != 0
            ? fmt::format(", received {} later", seconds_text(pointed->received_at - pointed->sent_at)).c_str()
            : ", not received");
    ImGui::PopFont();
    if (ImGui::IsMouseReleased(0) && !ImGui::IsMouseDragging(0, 4)) {
      select_exchange(look.selection, look.index, *pointed, INT64_MAX);
      if (ImGui::GetIO().MouseClickedLastCount[0] == 2) look.requests.push_back(ShowView{"journey"});
      look.requests.push_back(
          SeekTo{pointed->received != 0 ? (pointed->sent_at + pointed->received_at) / 2 : pointed->sent_at});
    }
  }

  // Of each lane, those of its own client and connections; of a broker, those of the connections that the window shows.
  void timers(const Look& look, ImDrawList& list, float row, bool hovered) {
    std::map<EntityId, std::set<EntityId>> of_lane;
    for (const EntityId lane : lanes_) {
      const IndexedEntity* node = look.index.find(lane);
      if (node == nullptr || node->kind == EntityKind::broker) continue;
      const auto all = look.index.belongings(lane);
      // A device that reconnects has a new connection each time: the last ones do.
      const std::size_t skipped = all.size() > kMostBelongings ? all.size() - kMostBelongings : 0;
      of_lane[lane].insert(all.begin() + static_cast<std::ptrdiff_t>(skipped), all.end());
    }
    const auto add = [&](EntityId entity) {
      const IndexedEntity* found = look.index.find(entity);
      if (found != nullptr && lane_y_.contains(found->node)) of_lane[found->node].insert(entity);
    };
    const auto& all = look.index.exchanges();
    const auto [first, last, cut] = drawn(look);
    for (std::size_t i = first; i < last; ++i) {
      const Exchange& e = all[i];
      if (std::max(e.received_at, e.sent_at) < time_.from || !lane_y_.contains(e.from_node) ||
          !lane_y_.contains(e.to_node))
        continue;
      add(e.from);
      if (e.received != 0) add(look.reader.record(e.received).entity);
      const Stream* stream = look.index.stream(e.stream);
      if (stream == nullptr) continue;
      add(stream->sender);
      if (const Stream* back = look.index.stream(stream->reverse); stream->reverse != 0) add(back->sender);
    }
    // A broker also waits for those who are silent: sessions whose time runs out within the window.
    for (const EntityId lane : lanes_) {
      const auto owned = look.index.belongings(lane);
      for (const EntityId session : owned.first(std::min(owned.size(), kMostSessions))) {
        const std::int64_t due = look.value(session, Field::session_keepalive_timer);
        if (due > look.at && due < time_.from + time_.span) of_lane[lane].insert(session);
      }
    }
    const int rows = std::clamp(static_cast<int>((row - look.skin.px(24)) / look.skin.px(15)), 1, 3);
    timer_words_.clear();
    // Below the last lane there is room for two.
    for (const auto& [lane, entities] : of_lane)
      draw_timers(look, list, time_, lane_y_.at(lane), lane == lanes_.back() ? std::min(rows, 2) : rows, entities,
                  hovered, timer_words_);
  }

  void marks(const Look& look, ImDrawList& list) const {
    const Skin& skin = look.skin;
    const auto& all = look.index.marks();
    const std::size_t now = look.index.marks_before(look.at + 1);
    std::size_t first = look.index.marks_before(time_.from);
    if (now > first + kMostArrows) first = now - kMostArrows;
    const std::size_t last = std::min(look.index.marks_before(time_.from + time_.span), first + 2 * kMostArrows);
    for (std::size_t i = first; i < last; ++i) {
      const Mark& mark = all[i];
      const IndexedEntity* entity = look.index.find(mark.entity);
      EntityId node = entity == nullptr ? 0 : entity->node;
      if (const IndexedChannel* channel = look.index.channel(mark.entity)) {
        node = lane_y_.contains(channel->from) ? channel->from : channel->to;  // a loss stands with a lane that shows
      }
      const auto lane = lane_y_.find(node);
      if (lane == lane_y_.end()) continue;
      const float alpha = mark.at > look.at ? kFaint : 1.0f;
      const ImVec2 at{time_.x_of(mark.at), lane->second};
      switch (mark.kind) {
        case Kind::packet_dropped: {
          // One that stands on an arrow is told there.
          const Record& dropped = look.reader.record(mark.record);
          if (what_ == kPackets ||
              (dropped.b > dropped.a && look.index.exchange_at(dropped.subject, dropped.a) != nullptr))
            break;
          const float d = skin.px(5);
          const ImVec2 c{at.x, at.y + skin.px(14)};
          list.AddLine({c.x - d, c.y - d}, {c.x + d, c.y + d}, skin(Colour::error, alpha), skin.px(2.2f));
          list.AddLine({c.x - d, c.y + d}, {c.x + d, c.y - d}, skin(Colour::error, alpha), skin.px(2.2f));
          break;
        }
        case Kind::retransmission:
          list.AddTriangleFilled({at.x - skin.px(5), at.y - skin.px(6)}, {at.x + skin.px(5), at.y - skin.px(6)},
                                 {at.x, at.y - skin.px(14)}, skin(Colour::warning, alpha));
          break;
        case Kind::will_published:
          pill(list, skin, skin.fonts.mono_small, {at.x, at.y - skin.px(14)}, Colour::error, "will", false, alpha);
          break;
        case Kind::intervention:
          pill(list, skin, skin.fonts.mono_small, {at.x, at.y - skin.px(14)}, Colour::info,
               look.reader.record(mark.record).a != 0 ? "by hand" : "scenario", false, alpha);
          break;
        default: break;
      }
    }
  }

  static constexpr int kControlPackets = 0, kPackets = 1;
  int what_ = kControlPackets;
  bool chosen_ = false;                  // by the person
  std::size_t most_lanes_ = kMostLanes;  // that have room
  std::size_t more_nodes_ = 0;           // that talk in the window and have no lane
  TimeWindow time_;
  std::vector<TimerWord> timer_words_;
  std::vector<EntityId> lanes_;
  std::map<EntityId, float> lane_y_;
};

}  // namespace

View sequence_view() {
  const auto view = std::make_shared<Sequence>();
  return {"sequence",    "Sequence",
          Place::bottom, [view](Look& look) { view->draw(look); },
          nullptr,       [view](Look& look) { return view->picture(look); }};
}

}  // namespace wirelab::gui
