// The canvas: nodes, links with their impairments, and packets on their way. Pan by dragging, zoom by the wheel, fit by a button
// or F; a click selects, a right click on a node, link or packet lists what can be done to it. Keys do all of it, too.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "gui/controls.hpp"
#include "gui/input.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/svg.hpp"
#include "gui/views/action_menu.hpp"
#include "gui/views/canvas_frame.hpp"
#include "gui/views/canvas_legend.hpp"
#include "gui/views/group_list.hpp"
#include "gui/views/impairments.hpp"
#include "gui/views/node_cards.hpp"
#include "sim/kernel/units.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

constexpr std::size_t kNamedWhenSmall = 24;  // so many nodes have names even where they are drawn small
constexpr std::size_t kMostLabels = 10;
constexpr std::size_t kMostApart = 12;

class Topology {
 public:
  void draw(Look& look) {
    frame_.origin = ImGui::GetCursorScreenPos();
    frame_.size = ImGui::GetContentRegionAvail();
    frame_.scale = look.skin.scale;
    if (frame_.size.x < 50 || frame_.size.y < 50) return;
    prepare(look);
    ImGui::InvisibleButton("canvas", frame_.size, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
    ImGui::SetItemAllowOverlap();
    const bool hovered = ImGui::IsItemHovered();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(frame_.origin, {frame_.origin.x + frame_.size.x, frame_.origin.y + frame_.size.y}, true);
    keys(look);
    handle_mouse(look, hovered);
    dots(look, list);
    hot_ = {};
    taken_ = {};
    for (const Placed& placed : layout_.items) taken_.add(cards_.box(look, frame_, placed));
    links(look, list, hovered);
    packets(look, list, hovered);
    nodes(look, list, hovered);
    packet_labels(look, list);
    clicks(look, hovered);
    list.PopClipRect();
    if (draw_legend(look.skin, list, frame_.origin, frame_.size, layers_)) fit();
    draw_action_menu(look, menu_);
    if (menu_.kind == TargetKind::group) group_list_.draw(look, cards_, members_of(menu_.entity));
  }

  std::string picture(Look& look) {
    prepare(look);
    return topology_svg(look, layout_, cards_);
  }

 private:
  void prepare(Look& look) {
    const bool has_grown =
        known_entities_ != look.index.entities().size() || known_channels_ != look.index.channels().size();
    const Placed* selected = item(look.selection.node);
    const bool take_apart = selected != nullptr && selected->is_group();
    if (!has_grown && !layout_.items.empty() && !take_apart) return;
    const auto nodes = static_cast<std::size_t>(std::count_if(
        look.index.entities().begin(), look.index.entities().end(), [](const auto& e) { return is_node(e.kind); }));
    if (has_grown) cards_.read(look.index);
    if (take_apart) {
      apart_.push_back(look.selection.node);
      if (apart_.size() > kMostApart) apart_.erase(apart_.begin());
    }
    const bool rejoined = nodes != known_nodes_ || known_channels_ != look.index.channels().size();
    if (rejoined || take_apart) {
      layout_ = lay_out(look.index, {apart_.begin(), apart_.end()});
      for (Placed& placed : layout_.items) {
        const auto at = look.places.find(place_name(look, placed));
        if (at != look.places.end()) placed.x = at->second[0], placed.y = at->second[1];
      }
      fit_wanted_ = fit_wanted_ || rejoined || frame_.is_fitted();
    }
    known_nodes_ = nodes;
    known_channels_ = look.index.channels().size();
    known_entities_ = look.index.entities().size();
  }

  // What the place of an item that was put by hand is remembered by.
  static std::string place_name(const Look& look, const Placed& placed) {
    return (placed.is_group() ? "the group of " : "") + look.name(placed.nodes.front());
  }

  // Moves an item by hand, which is remembered.
  static void put(Look& look, Placed& placed, float by_x, float by_y) {
    placed.x += by_x, placed.y += by_y;
    look.places.insert_or_assign(place_name(look, placed), std::array<float, 2>{placed.x, placed.y});
  }

  void fit() {
    frame_.fit(layout_);
    fit_wanted_ = false;
  }

  void handle_mouse(Look& look, bool hovered) {
    const ImGuiIO& io = ImGui::GetIO();
    if (fit_wanted_ || frame_.outgrown()) fit();
    if (hovered && io.MouseWheel != 0) frame_.zoom_at(io.MousePos, std::pow(1.15f, io.MouseWheel));
    if (!ImGui::IsItemActive() || !ImGui::IsMouseDragging(0, 4)) return;
    const ImVec2 by{io.MouseDelta.x / frame_.unit(), io.MouseDelta.y / frame_.unit() / frame_.stretch};
    if (dragged_ < layout_.items.size()) {
      put(look, layout_.items[dragged_], by.x, by.y);
    } else {
      frame_.pan_x -= by.x, frame_.pan_y -= by.y;
    }
  }

  void dots(const Look& look, ImDrawList& list) const {
    const float step = look.skin.px(28);
    for (float y = frame_.origin.y + step * 0.5f; y < frame_.origin.y + frame_.size.y; y += step) {
      for (float x = frame_.origin.x + step * 0.5f; x < frame_.origin.x + frame_.size.x; x += step)
        list.AddRectFilled({x, y}, {x + 1.5f, y + 1.5f}, look.skin(Colour::canvas_dot));
    }
  }

  const Placed* item(EntityId node) const {
    const auto at = layout_.item_of.find(node);
    return at == layout_.item_of.end() ? nullptr : &layout_.items[at->second];
  }

  void links(Look& look, ImDrawList& list, bool hovered) {
    link_texts_.clear();
    const auto& channels = look.index.channels();
    for (std::size_t i = 0; i + 1 < channels.size(); i += 2) {
      const Placed* from = item(channels[i].from);
      const Placed* to = item(channels[i].to);
      if (from == nullptr || to == nullptr || from == to) continue;
      const bool first_of_group = !from->is_group() || from->nodes.front() == channels[i].from;
      const bool last_of_group = !to->is_group() || to->nodes.front() == channels[i].to;
      if (!first_of_group || !last_of_group) continue;
      const Curve c = frame_.curve(*from, *to);
      const bool up = look.value(channels[i].entity, Field::link_up) != 0;
      const bool wireless = is_wireless(look, channels[i]);
      if (wireless && !up) continue;  // a station that is with nobody, or with another
      const bool lossy = look.value(channels[i].entity, Field::link_loss) != 0 ||
                         look.value(channels[i + 1].entity, Field::link_loss) != 0;
      const bool selected = look.selection.link == channels[i].link;
      const ImU32 colour = !up        ? look.skin(Colour::error)
                           : selected ? look.skin(Colour::accent)
                           : lossy    ? look.skin(Colour::warning, 0.75f)
                                      : look.skin(Colour::line_strong);
      const float width = look.skin.px(selected ? 2.6f : 1.8f);
      constexpr int kPieces = 40;
      ImVec2 before = c.a;
      float nearest = 1e9f;
      for (int k = 1; k <= kPieces; ++k) {
        const ImVec2 next = c.at(static_cast<float>(k) / kPieces);
        const bool dash = channels[i].is_hop ? k % 3 != 0 : wireless ? k % 4 != 0 : (!lossy && up) || k % 2 == 0;
        if (dash) list.AddLine(before, next, colour, wireless ? width * 0.8f : width);
        const ImVec2 m = ImGui::GetIO().MousePos;
        nearest = std::min(nearest, std::hypot(m.x - next.x, m.y - next.y));
        before = next;
      }
      if (hovered && nearest < look.skin.px(9)) hot_ = {TargetKind::link, channels[i].link, 0};
      if (!up) {
        cross(list, look.skin, c.at(0.5f), look.skin.px(8));
      } else if (frame_.zoom > 0.55f) {
        const std::string text = impairments_of(look, channels[i].entity);
        const ImVec2 m = c.at(0.5f);
        if (!text.empty()) {
          // Above the link where there is room, else above what stands at its ends, below it, or still higher.
          const float half = measure(look.skin.fonts.small, text).x * 0.5f + look.skin.px(7);
          const float close = look.skin.px(20), clear = kHubSide * 0.5f * frame_.unit() + look.skin.px(18);
          const float top = std::min(c.a.y, c.d.y), foot = std::max(c.a.y, c.d.y);
          ImVec2 at{m.x, m.y - close};
          for (const float y : {m.y - close, top - clear, m.y + close, foot + clear, top - clear - close}) {
            at.y = y;
            if (taken_.take({at.x - half, y - look.skin.px(11), at.x + half, y + look.skin.px(11)})) break;
          }
          link_texts_.push_back({at, lossy ? Colour::warning : Colour::text_third, false, text});
        }
      }
    }
  }

  void packets(Look& look, ImDrawList& list, bool hovered) {
    labels_.clear();
    const auto place = [&](const Flight& flight, std::int64_t at) -> std::optional<ImVec2> {
      const IndexedChannel* channel = look.index.channel(flight.channel);
      if (channel == nullptr) return std::nullopt;
      const Placed* from = item(channel->from);
      const Placed* to = item(channel->to);
      if (from == nullptr || to == nullptr || from == to) return std::nullopt;
      const auto whole = static_cast<float>(std::max<std::int64_t>(flight.arrival - flight.begin, 1));
      return frame_.curve(*from, *to).at(std::clamp(static_cast<float>(at - flight.begin) / whole, 0.0f, 1.0f));
    };
    constexpr std::int64_t kCrossStays = 500'000'000;
    look.index.lost_between(look.at - kCrossStays, look.at, [&](const Flight& flight) {
      const auto at = place(flight, flight.lost_at);
      if (!at) return;
      cross(list, look.skin, *at, look.skin.px(7));
      const bool selected = look.selection.packet == flight.blob;
      if (selected || flight.lost_at + kCrossStays / 2 > look.at)
        labels_.push_back({*at, Colour::error, selected, std::string(name_of(static_cast<DropReason>(flight.reason)))});
      touch(look, hovered, *at, flight);
    });
    // In a crowd each packet is a small plain sign, spread beside the link that its group shares.
    constexpr std::size_t kCrowd = 300;
    const Shown highest = layers_.mqtt ? Shown::mqtt : layers_.tcp ? Shown::tcp : Shown::frame;
    std::size_t count = 0;
    look.index.under_way(look.at, [&](const Flight&) { ++count; });
    look.index.under_way(look.at, [&](const Flight& flight) {
      if (flight.lost_at != 0 && flight.lost_at <= look.at) return;
      const auto at = place(flight, look.at);
      if (!at) return;
      const IndexedPacket* packet = look.index.packet(flight.blob);
      const bool data = packet != nullptr && packet->end > packet->begin && flight.stream != 0;
      const bool hop = packet != nullptr && packet->is_hop;
      // It is drawn and named by the highest of its layers that is switched on.
      const Shown layer = data && layers_.mqtt                ? Shown::mqtt
                          : flight.stream != 0 && layers_.tcp ? Shown::tcp
                          : layers_.frames                    ? Shown::frame
                                                              : Shown::nothing;
      if (layer == Shown::nothing) return;
      const Exchange* exchange = layer == Shown::mqtt ? look.index.exchange_at(packet->stream, packet->begin) : nullptr;
      const Colour colour = exchange != nullptr           ? colour_of(*exchange)
                            : layer == Shown::tcp && data ? Colour::info
                                                          : Colour::text_third;
      const bool selected = look.selection.packet == flight.blob;
      if (count > kCrowd && !selected) {
        const float aside = look.skin.px(static_cast<float>(flight.channel % 31) - 15);
        crowd_sign(list, look.skin, {at->x, at->y + aside}, look.skin.px(data ? 2.5f : 1.5f), colour);
        touch(look, hovered, {at->x, at->y + aside}, flight);
        return;
      }
      const float r = look.skin.px(data ? 6.5f : 4.5f);
      if (layer == Shown::mqtt) {
        list.AddCircleFilled(*at, r * 2.1f, look.skin(colour, 0.14f));
        list.AddCircleFilled(*at, r * 1.5f, look.skin(colour, 0.22f));
        packet_sign(list, look.skin, *at, r, colour);
      } else if (layer == Shown::tcp) {  // a diamond: a segment
        list.AddQuadFilled({at->x, at->y - r}, {at->x + r, at->y}, {at->x, at->y + r}, {at->x - r, at->y},
                           look.skin(colour));
      } else {
        list.AddRectFilled({at->x - r, at->y - r}, {at->x + r, at->y + r}, look.skin(colour));
      }
      if (selected) list.AddCircle(*at, r * 1.7f, look.skin(Colour::text), 0, look.skin.px(2));
      if (selected || (labels_.size() < kMostLabels && (layer == highest || hop))) {
        labels_.push_back({*at, colour, selected,
                           exchange != nullptr ? label_of(look, *exchange, selected)
                           : layer == Shown::frame && !hop
                               ? fmt::format("{} bytes", look.reader.blob(flight.blob).size())
                               : packet_text(look, flight.blob, false)});
      }
      touch(look, hovered, *at, flight);
    });
  }

  // Above their packets, or below, each keeping clear of the others and of what stands there; the selected one first.
  void packet_labels(const Look& look, ImDrawList& list) {
    std::stable_partition(labels_.begin(), labels_.end(), [](const Label& l) { return l.selected; });
    for (const Label& label : link_texts_)
      pill(list, look.skin, look.skin.fonts.small, label.at, label.colour, label.text);
    ImFont* const font = look.skin.fonts.mono_small;
    for (const Label& label : labels_) {
      const float half = measure(font, label.text).x * 0.5f + look.skin.px(8);
      const float tall = look.skin.px(11);
      ImVec2 at = label.at;
      bool free = false;
      for (const float away : {-24.0f, 24.0f, -46.0f, 46.0f, -68.0f, 68.0f, -90.0f}) {
        at.y = label.at.y + look.skin.px(away);
        free = taken_.take({at.x - half, at.y - tall, at.x + half, at.y + tall});
        if (free) break;
      }
      if (!free && !label.selected) continue;
      if (!free) at.y = label.at.y - look.skin.px(24);
      pill(list, look.skin, font, at, label.colour, label.text, false, 1.0f, label.selected);
    }
  }

  void touch(const Look& look, bool hovered, ImVec2 at, const Flight& flight) {
    const ImVec2 m = ImGui::GetIO().MousePos;
    if (!hovered || std::hypot(m.x - at.x, m.y - at.y) > look.skin.px(14)) return;
    hot_ = {TargetKind::packet, flight.channel, flight.blob};
  }

  void nodes(Look& look, ImDrawList& list, bool hovered) {
    const bool named = layout_.items.size() <= kNamedWhenSmall;
    for (std::size_t i = 0; i < layout_.items.size(); ++i) {
      const Placed& placed = layout_.items[i];
      if (!cards_.draw(look, list, frame_, placed, named) || !hovered) continue;
      hot_ = target_of(placed);
      hot_item_ = i;
    }
  }
  static Target target_of(const Placed& placed) {
    return {placed.is_group() ? TargetKind::group : TargetKind::node, placed.nodes.front(), 0};
  }
  std::span<const EntityId> members_of(EntityId front) const {
    const Placed* placed = item(front);
    return placed == nullptr || !placed->is_group() ? std::span<const EntityId>() : placed->nodes;
  }

  void clicks(Look& look, bool hovered) {
    const bool dragged = ImGui::IsMouseDragging(0, 4) || ImGui::GetIO().MouseDragMaxDistanceSqr[0] > 16;
    if (pressed_.kind == TargetKind::group && ImGui::IsMouseReleased(0)) {
      if (!dragged) open_menu(pressed_);
      pressed_ = {};
    }
    if (!hovered) return;
    if (ImGui::IsMouseClicked(0)) {
      dragged_ = hot_.kind == TargetKind::node || hot_.kind == TargetKind::group ? hot_item_ : ~std::size_t{0};
      pressed_ = hot_;
      choose(look, hot_);
      if (hot_.kind != TargetKind::none) keyed_ = hot_;
    }
    if (ImGui::IsMouseClicked(1) && hot_.kind != TargetKind::none) open_menu(hot_);
  }

  // What can be done to it; of a group, its devices.
  void open_menu(const Target& target) {
    menu_ = target;
    ImGui::OpenPopup(target.kind == TargetKind::group ? "devices of the group" : "what to do");
  }

  static void choose(Look& look, const Target& target) {
    if (target.kind == TargetKind::node) select_node(look.selection, target.entity);
    if (target.kind == TargetKind::link) select_link(look.selection, target.entity);
    if (target.kind == TargetKind::packet) select_packet(look.selection, look.index, target.packet);
  }

  // What was chosen last, by key or mouse, if it is still what is selected; else what is.
  Target chosen_target(const Look& look) const {
    const Selection& s = look.selection;
    const bool still = keyed_.kind == TargetKind::packet ? keyed_.packet == s.packet
                       : keyed_.kind == TargetKind::link ? keyed_.entity == s.link
                       : keyed_.kind == TargetKind::node ? keyed_.entity == s.node
                                                         : keyed_.kind == TargetKind::group;
    if (still) return keyed_;
    if (s.node != 0) return {TargetKind::node, s.node, 0};
    if (s.link != 0) return {TargetKind::link, s.link, 0};
    return {};
  }

  // All that the mouse does here, by keys: choose the next node, cable or packet under way, act on it, zoom and move.
  void keys(Look& look) {
    const ImGuiIO& io = ImGui::GetIO();
    if (io.WantTextInput || !look.has_keys || ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup)) return;
    const auto next = [](const std::vector<Target>& all, const auto& is_chosen, bool back) -> const Target* {
      if (all.empty()) return nullptr;
      const auto at = std::find_if(all.begin(), all.end(), is_chosen);
      const std::size_t count = all.size();
      if (at == all.end()) return back ? &all.back() : &all.front();
      return &all[(static_cast<std::size_t>(at - all.begin()) + (back ? count - 1 : 1)) % count];
    };
    const auto pick = [&](const Target* target) {
      if (target != nullptr) choose(look, *target), keyed_ = *target;
    };
    if (typed('n') || typed('N')) {
      std::vector<Target> all;
      for (const Placed& placed : layout_.items) all.push_back(target_of(placed));
      const bool at_group = keyed_.kind == TargetKind::group;
      pick(next(
          all, [&](const Target& t) { return t.entity == (at_group ? keyed_.entity : look.selection.node); },
          typed('N')));
    }
    if (typed('c') || typed('C')) {
      std::vector<Target> all;
      for (std::size_t i = 0; i + 1 < look.index.channels().size(); i += 2)
        all.push_back({TargetKind::link, look.index.channels()[i].link, 0});
      pick(next(
          all, [&](const Target& t) { return t.entity == look.selection.link; }, typed('C')));
    }
    if (typed('t') || typed('T')) {
      std::vector<Target> all;
      look.index.under_way(look.at, [&](const Flight& f) { all.push_back({TargetKind::packet, f.channel, f.blob}); });
      pick(next(
          all, [&](const Target& t) { return t.packet == look.selection.packet; }, typed('T')));
    }
    if (const Target chosen = chosen_target(look); typed('a') && chosen.kind != TargetKind::none) {
      ImGui::SetNextWindowPos({frame_.origin.x + frame_.size.x * 0.5f, frame_.origin.y + frame_.size.y * 0.3f});
      open_menu(chosen);
    }
    if (typed('f')) fit_wanted_ = true;
    const ImVec2 middle{frame_.origin.x + frame_.size.x * 0.5f, frame_.origin.y + frame_.size.y * 0.5f};
    if (typed('>')) frame_.zoom_at(middle, 1.15f);
    if (typed('<')) frame_.zoom_at(middle, 1 / 1.15f);
    if (!io.KeyShift) return;
    const float by = 40 / frame_.zoom;
    const float x = by * static_cast<float>(pressed(ImGuiKey_RightArrow) - pressed(ImGuiKey_LeftArrow));
    const float y = by * static_cast<float>(pressed(ImGuiKey_DownArrow) - pressed(ImGuiKey_UpArrow));
    if (x == 0 && y == 0) return;
    const auto chosen = layout_.item_of.find(look.selection.node);
    if (io.KeyCtrl && chosen != layout_.item_of.end()) {
      put(look, layout_.items[chosen->second], x * 0.5f, y * 0.5f);
    } else if (!io.KeyCtrl) {
      frame_.pan_x += x, frame_.pan_y += y;
    }
  }

  enum class Shown : unsigned char { nothing, frame, tcp, mqtt };
  struct Label {
    ImVec2 at;
    Colour colour;
    bool selected;
    std::string text;
  };
  std::vector<Label> labels_;
  std::vector<Label> link_texts_;
  TakenPlaces taken_;  // by nodes and labels
  CanvasFrame frame_;
  Layout layout_;
  NodeCards cards_;
  GroupList group_list_;
  std::vector<EntityId> apart_;  // of groups, what was selected: shown by itself
  std::size_t known_entities_ = 0, known_nodes_ = 0, known_channels_ = 0;
  bool fit_wanted_ = true;
  ShownLayers layers_;
  std::size_t dragged_ = ~std::size_t{0};
  Target hot_, pressed_, menu_, keyed_;  // under the mouse, where it went down, of the open menu, chosen by a key
  std::size_t hot_item_ = 0;
};

}  // namespace

View topology_view() {
  const auto view = std::make_shared<Topology>();
  return {"topology",    "Topology",
          Place::canvas, [view](Look& look) { view->draw(look); },
          nullptr,       [view](Look& look) { return view->picture(look); }};
}

}  // namespace wirelab::gui
