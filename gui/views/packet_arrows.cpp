#include "gui/views/packet_arrows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gui/paint.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

constexpr float kFaint = 0.34f;

const Exchange* carried(const Look& look, const Flight& flight) {
  const IndexedPacket* packet = look.index.packet(flight.blob);
  return packet != nullptr && packet->end > packet->begin ? look.index.exchange_at(packet->stream, packet->begin)
                                                          : nullptr;
}

std::string label_of_flight(const Look& look, const Flight& flight) {
  if (const Exchange* exchange = carried(look, flight)) return label_of(look, *exchange, false);
  return packet_text(look, flight.blob, false);
}

}  // namespace

FlightSpan flights_in(const Look& look, const TimeWindow& time, std::size_t most) {
  FlightSpan span{look.index.flights_before(time.from - look.index.longest_flight()),
                  look.index.flights_before(time.from + time.span), false};
  const std::size_t now = std::clamp(look.index.flights_before(look.at), span.first, span.last);
  const std::size_t first = now > span.first + most * 3 / 4 ? now - most * 3 / 4 : span.first;
  const std::size_t last = std::min(span.last, first + most);
  span.cut = last < span.last || (first > span.first && look.index.flights()[first].begin > time.from);
  span.first = first, span.last = last;
  return span;
}

void draw_packet_arrows(Look& look, ImDrawList& list, const TimeWindow& time, const std::map<EntityId, float>& lane_y,
                        const FlightSpan& span, const std::vector<TimerWord>& words, bool hovered) {
  const Skin& skin = look.skin;
  struct Label {
    ImVec2 at;
    const Flight* flight;
    Colour colour;
    float alpha;
    bool selected;
  };
  std::vector<Label> labels;
  const Flight* pointed = nullptr;
  const ImVec2 m = ImGui::GetIO().MousePos;
  for (std::size_t i = span.first; i < span.last; ++i) {
    const Flight& flight = look.index.flights()[i];
    const IndexedChannel* channel = look.index.channel(flight.channel);
    if (channel == nullptr || flight.arrival < time.from) continue;
    const auto from = lane_y.find(channel->from), to = lane_y.find(channel->to);
    if (from == lane_y.end() || to == lane_y.end()) continue;
    const Exchange* exchange = carried(look, flight);
    const bool lost = flight.lost_at != 0;
    const bool selected = look.selection.packet == flight.blob;
    const Colour colour = lost ? Colour::error : exchange != nullptr ? colour_of(*exchange) : Colour::text_third;
    const float alpha = flight.begin > look.at ? kFaint : 1.0f;
    const ImVec2 a{time.x_of(flight.begin), from->second};
    ImVec2 b{time.x_of(flight.arrival), to->second};
    if (lost) b = {(a.x + b.x) * 0.5f, (a.y + b.y) * 0.5f};
    const float along = std::clamp((m.y - a.y) / (b.y - a.y == 0 ? 1 : b.y - a.y), 0.0f, 1.0f);
    const bool near =
        std::fabs(a.x + (b.x - a.x) * along - m.x) < skin.px(7) && m.y > std::min(a.y, b.y) && m.y < std::max(a.y, b.y);
    if (hovered && near) pointed = &flight;
    if (lost) {
      dashed_line(list, a, b, skin(colour, alpha), skin.px(1.6f), skin.px(4));
      cross(list, skin, b, skin.px(5));
    } else {
      arrow(list, a, b, skin(colour, alpha), skin.px(selected ? 3.0f : 1.5f), skin.px(8));
    }
    labels.push_back({{(a.x + b.x) * 0.5f, (a.y + b.y) * 0.5f}, &flight, colour, alpha, selected});
  }
  draw_words(skin, list, words);
  // Each keeps clear of the others: the selected one first, then from the newest back.
  std::stable_partition(labels.begin(), labels.end(), [](const Label& l) { return !l.selected; });
  TakenPlaces taken;
  for (std::size_t i = labels.size(); i > 0 && taken.count() < 60; --i) {
    const Label& l = labels[i - 1];
    std::string text = label_of_flight(look, *l.flight);
    if (l.flight->lost_at != 0) text += fmt::format(": {}", name_of(static_cast<DropReason>(l.flight->reason)));
    const float half = measure(skin.fonts.mono_small, text).x * 0.5f + skin.px(9);
    const ImVec4 box{l.at.x - half, l.at.y - skin.px(11), l.at.x + half, l.at.y + skin.px(11)};
    if (l.at.x < time.left + half * 0.3f || (!taken.take(box) && !l.selected)) continue;
    pill(list, skin, skin.fonts.mono_small, l.at, l.colour, text, false, l.alpha, l.selected);
  }
  if (pointed == nullptr) return;
  ImGui::PushFont(skin.fonts.small);
  ImGui::SetTooltip("%s\n%s at %.6f s, %s on its way", packet_text(look, pointed->blob, true).c_str(),
                    look.name(pointed->channel).c_str(), static_cast<double>(pointed->begin) / 1e9,
                    seconds_text(pointed->arrival - pointed->begin).c_str());
  ImGui::PopFont();
  if (!ImGui::IsMouseReleased(0) || ImGui::IsMouseDragging(0, 4)) return;
  select_packet(look.selection, look.index, pointed->blob);
  if (ImGui::GetIO().MouseClickedLastCount[0] == 2) look.requests.push_back(ShowView{"journey"});
  look.requests.push_back(SeekTo{(pointed->begin + pointed->arrival) / 2});
}

}  // namespace wirelab::gui
