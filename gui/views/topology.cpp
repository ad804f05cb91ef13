// The canvas: nodes, links with their impairments, and packets on their way. Pan by dragging, zoom by the wheel, fit by a button
// or F; a click selects, a right click on a node, link or packet lists what can be done to it. Keys do all of it, too.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "gui/controls.hpp"
#include "gui/input.hpp"
#include "gui/layout.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/action_menu.hpp"
#include "gui/views/canvas_legend.hpp"
#include "sim/kernel/units.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

constexpr float kCardWidth = 176;
constexpr std::size_t kNamedWhenSmall = 24;  // so many nodes have names even where they are drawn small
constexpr float kCardHeight = 58;
constexpr float kHubSide = 62;
constexpr std::size_t kMostLabels = 10;

class Topology {
 public:
  void draw(Look& look) {
    origin_ = ImGui::GetCursorScreenPos();
    size_ = ImGui::GetContentRegionAvail();
    if (size_.x < 50 || size_.y < 50) return;
    prepare(look);
    ImGui::InvisibleButton("canvas", size_, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
    ImGui::SetItemAllowOverlap();
    const bool hovered = ImGui::IsItemHovered();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(origin_, {origin_.x + size_.x, origin_.y + size_.y}, true);
    keys(look);
    handle_mouse(look, hovered);
    dots(look, list);
    hot_ = {};
    links(look, list, hovered);
    packets(look, list, hovered);
    nodes(look, list, hovered);
    packet_labels(look, list);
    clicks(look, hovered);
    list.PopClipRect();
    if (draw_legend(look.skin, list, origin_, size_, layers_)) fit(look);
    draw_action_menu(look, menu_);
  }

 private:
  void prepare(Look& look) {
    if (known_entities_ == look.index.entities().size() && !layout_.items.empty()) return;
    const std::size_t nodes = static_cast<std::size_t>(std::count_if(
        look.index.entities().begin(), look.index.entities().end(), [](const auto& e) { return is_node(e.kind); }));
    clients_.clear();
    for (const IndexedEntity& e : look.index.entities()) {
      if (e.kind == EntityKind::mqtt_client) clients_[e.node] = e.entity;
      if (e.kind == EntityKind::session) sessions_.insert_or_assign(e.entity, e.node);
    }
    if (nodes != known_nodes_) {
      layout_ = lay_out(look.index);
      fit_wanted_ = true;
    }
    known_nodes_ = nodes;
    known_entities_ = look.index.entities().size();
  }

  ImVec2 on_screen(const Look& look, float x, float y) const {
    const float s = look.skin.scale * zoom_;
    return {origin_.x + size_.x * 0.5f + (x - pan_x_) * s, origin_.y + size_.y * 0.5f + (y - pan_y_) * s * stretch_};
  }

  void fit(const Look& look) {
    float low_x = 1e9f, low_y = 1e9f, high_x = -1e9f, high_y = -1e9f;
    for (const Placed& item : layout_.items) {
      low_x = std::min(low_x, item.x - kCardWidth * 0.5f), high_x = std::max(high_x, item.x + kCardWidth * 0.5f);
      low_y = std::min(low_y, item.y - kCardHeight), high_y = std::max(high_y, item.y + kCardHeight);
    }
    if (layout_.items.empty()) return;
    const float wide = size_.x / look.skin.scale - 40;
    // The legend stands below, in two rows where there is little room.
    const float tall = size_.y / look.skin.scale - (size_.x < look.skin.px(680) ? 134 : 100);
    zoom_ = std::clamp(std::min(wide / (high_x - low_x), tall / (high_y - low_y)), 0.2f, 1.25f);
    // Where there is more height than width, rows move apart.
    stretch_ = std::clamp(tall / ((high_y - low_y) * zoom_), 1.0f, 1.7f);
    pan_x_ = (low_x + high_x) * 0.5f;
    pan_y_ = (low_y + high_y) * 0.5f + 10 / zoom_ / stretch_;
    fit_wanted_ = false;
    fitted_ = {zoom_, pan_x_, pan_y_, size_.x, size_.y, look.skin.scale};
  }

  // Whether the canvas has become another size, and nobody has moved what it shows since it was fitted.
  bool outgrown(const Look& look) const {
    const bool by_hand = zoom_ != fitted_[0] || pan_x_ != fitted_[1] || pan_y_ != fitted_[2];
    return !by_hand && (size_.x != fitted_[3] || size_.y != fitted_[4] || look.skin.scale != fitted_[5]);
  }

  void handle_mouse(Look& look, bool hovered) {
    const ImGuiIO& io = ImGui::GetIO();
    if (fit_wanted_ || outgrown(look)) fit(look);
    const float s = look.skin.scale * zoom_;
    if (hovered && io.MouseWheel != 0) {
      const float wx = (io.MousePos.x - origin_.x - size_.x * 0.5f) / s + pan_x_;
      const float wy = (io.MousePos.y - origin_.y - size_.y * 0.5f) / s / stretch_ + pan_y_;
      const float to = std::clamp(zoom_ * std::pow(1.15f, io.MouseWheel), 0.1f, 4.0f);
      pan_x_ = wx - (wx - pan_x_) * zoom_ / to;
      pan_y_ = wy - (wy - pan_y_) * zoom_ / to;
      zoom_ = to;
    }
    if (!ImGui::IsItemActive() || !ImGui::IsMouseDragging(0, 4)) return;
    if (dragged_ < layout_.items.size()) {
      layout_.items[dragged_].x += io.MouseDelta.x / s;
      layout_.items[dragged_].y += io.MouseDelta.y / s / stretch_;
    } else {
      pan_x_ -= io.MouseDelta.x / s;
      pan_y_ -= io.MouseDelta.y / s / stretch_;
    }
  }

  void dots(const Look& look, ImDrawList& list) const {
    const float step = look.skin.px(28);
    for (float y = origin_.y + step * 0.5f; y < origin_.y + size_.y; y += step) {
      for (float x = origin_.x + step * 0.5f; x < origin_.x + size_.x; x += step)
        list.AddRectFilled({x, y}, {x + 1.5f, y + 1.5f}, look.skin(Colour::canvas_dot));
    }
  }

  struct Curve {
    ImVec2 a, b, c, d;
    ImVec2 at(float t) const {
      const float u = 1 - t;
      const float w0 = u * u * u, w1 = 3 * u * u * t, w2 = 3 * u * t * t, w3 = t * t * t;
      return {a.x * w0 + b.x * w1 + c.x * w2 + d.x * w3, a.y * w0 + b.y * w1 + c.y * w2 + d.y * w3};
    }
  };
  // From the edge of one item to that of another.
  Curve curve(const Look& look, const Placed& from, const Placed& to) const {
    const float side = to.x >= from.x ? 1.0f : -1.0f;
    const auto half = [](const Placed& item) {
      return item.kind == EntityKind::device ? kCardWidth * 0.5f : kHubSide * 0.5f;
    };
    Curve curve;
    if (std::fabs(to.x - from.x) < 60) {  // one above the other
      const float up = to.y >= from.y ? 1.0f : -1.0f;
      curve.a = on_screen(look, from.x, from.y + up * kCardHeight * 0.5f / stretch_);
      curve.d = on_screen(look, to.x, to.y - up * kCardHeight * 0.5f / stretch_);
      curve.b = curve.a, curve.c = curve.d;
      return curve;
    }
    curve.a = on_screen(look, from.x + side * half(from), from.y);
    curve.d = on_screen(look, to.x - side * half(to), to.y);
    const float reach = (curve.d.x - curve.a.x) * 0.45f;
    curve.b = {curve.a.x + reach, curve.a.y};
    curve.c = {curve.d.x - reach, curve.d.y};
    return curve;
  }
  const Placed* item(EntityId node) const {
    const auto at = layout_.item_of.find(node);
    return at == layout_.item_of.end() ? nullptr : &layout_.items[at->second];
  }

  static std::string impairments(const Look& look, EntityId channel) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " · ") + part; };
    const auto loss = std::bit_cast<double>(look.value(channel, Field::link_loss));
    if (loss > 0) add(fmt::format("{:.3g} % loss", loss * 100));
    if (const std::int64_t delay = look.value(channel, Field::link_delay); delay >= 500'000) add(seconds_text(delay));
    if (const std::int64_t rate = look.value(channel, Field::link_rate); rate > 0 && rate < 50'000'000)
      add(rate >= 1'000'000 ? fmt::format("{:.3g} Mbit/s", static_cast<double>(rate) / 1e6)
                            : fmt::format("{:.3g} kbit/s", static_cast<double>(rate) / 1e3));
    if (const std::int64_t queued = look.value(channel, Field::queue_packets); queued > 0)
      add(fmt::format("{} queued", queued));
    return text;
  }

  void links(Look& look, ImDrawList& list, bool hovered) {
    link_labels_.clear();
    link_texts_.clear();
    const auto& channels = look.index.channels();
    for (std::size_t i = 0; i + 1 < channels.size(); i += 2) {
      const Placed* from = item(channels[i].from);
      const Placed* to = item(channels[i].to);
      if (from == nullptr || to == nullptr || from == to) continue;
      const bool first_of_group = !from->is_group() || from->nodes.front() == channels[i].from;
      const bool last_of_group = !to->is_group() || to->nodes.front() == channels[i].to;
      if (!first_of_group || !last_of_group) continue;
      const Curve c = curve(look, *from, *to);
      const bool up = look.value(channels[i].entity, Field::link_up) != 0;
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
        if ((!lossy && up) || k % 2 == 0) list.AddLine(before, next, colour, width);
        const ImVec2 m = ImGui::GetIO().MousePos;
        nearest = std::min(nearest, std::hypot(m.x - next.x, m.y - next.y));
        before = next;
      }
      if (hovered && nearest < look.skin.px(9)) hot_ = {TargetKind::link, channels[i].link, 0};
      if (!up) {
        cross(list, look.skin, c.at(0.5f), look.skin.px(8));
      } else if (zoom_ > 0.55f) {
        const std::string text = impairments(look, channels[i].entity);
        const ImVec2 m = c.at(0.5f);
        if (!text.empty()) {
          // Above the link where it is long enough, else above the cards at its ends.
          const float label = measure(look.skin.fonts.small, text).x + look.skin.px(14);
          const bool fits = std::fabs(c.d.x - c.a.x) > label + look.skin.px(8);
          const float rise = fits ? look.skin.px(20) : kHubSide * 0.5f * look.skin.scale * zoom_ + look.skin.px(18);
          const ImVec2 at{m.x, (fits ? m.y : std::min(c.a.y, c.d.y)) - rise};
          link_texts_.push_back({at, lossy ? Colour::warning : Colour::text_third, false, text});
          link_labels_.push_back(
              {at.x - label * 0.5f, at.y - look.skin.px(11), at.x + label * 0.5f, at.y + look.skin.px(11)});
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
      return curve(look, *from, *to).at(std::clamp(static_cast<float>(at - flight.begin) / whole, 0.0f, 1.0f));
    };
    constexpr std::int64_t kCrossStays = 500'000'000;
    look.index.lost_between(look.at - kCrossStays, look.at, [&](const Flight& flight) {
      const auto at = place(flight, flight.lost_at);
      if (!at) return;
      cross(list, look.skin, *at, look.skin.px(7));
      const bool selected = look.selection.packet == flight.blob;
      if (selected || flight.lost_at + kCrossStays / 2 > look.at)
        pill(list, look.skin, look.skin.fonts.mono_small, {at->x, at->y + look.skin.px(24)}, Colour::error,
             name_of(static_cast<DropReason>(flight.reason)));
      touch(look, hovered, *at, flight);
    });
    // In a crowd each packet is a plain square, spread beside the link that its group shares.
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
        const float half = look.skin.px(data ? 2.5f : 1.5f);
        const float aside = look.skin.px(static_cast<float>(flight.channel % 31) - 15);
        list.AddRectFilled({at->x - half, at->y - half + aside}, {at->x + half, at->y + half + aside},
                           look.skin(colour));
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
      if (selected || (labels_.size() < kMostLabels && layer == highest)) {
        labels_.push_back({*at, colour, selected,
                           exchange != nullptr     ? label_of(look, *exchange, selected)
                           : layer == Shown::frame ? fmt::format("{} bytes", look.reader.blob(flight.blob).size())
                                                   : describe_packet_short(look.reader.blob(flight.blob))});
      }
      touch(look, hovered, *at, flight);
    });
  }

  // Above their packets, each keeping clear of the others; the selected one first.
  void packet_labels(const Look& look, ImDrawList& list) {
    std::stable_partition(labels_.begin(), labels_.end(), [](const Label& l) { return l.selected; });
    for (const Label& label : link_texts_)
      pill(list, look.skin, look.skin.fonts.small, label.at, label.colour, label.text);
    std::vector<ImVec4> taken = link_labels_;
    ImFont* const font = look.skin.fonts.mono_small;
    for (const Label& label : labels_) {
      const float half = measure(font, label.text).x * 0.5f + look.skin.px(8);
      const float tall = look.skin.px(11);
      ImVec2 at{label.at.x, label.at.y - look.skin.px(24)};
      const auto overlaps = [&] {
        return std::any_of(taken.begin(), taken.end(), [&](const ImVec4& t) {
          return at.x - half < t.z && at.x + half > t.x && at.y - tall < t.w && at.y + tall > t.y;
        });
      };
      for (int i = 0; i < 4 && overlaps(); ++i) at.y -= tall * 2;
      if (overlaps()) continue;
      taken.push_back({at.x - half, at.y - tall, at.x + half, at.y + tall});
      pill(list, look.skin, font, at, label.colour, label.text, false, 1.0f, label.selected);
    }
  }

  void touch(const Look& look, bool hovered, ImVec2 at, const Flight& flight) {
    const ImVec2 m = ImGui::GetIO().MousePos;
    if (!hovered || std::hypot(m.x - at.x, m.y - at.y) > look.skin.px(14)) return;
    hot_ = {TargetKind::packet, flight.channel, flight.blob};
  }

  std::string subtitle(const Look& look, const Placed& placed) const {
    if (placed.is_group()) {
      std::size_t connected = 0;
      for (const EntityId node : placed.nodes) {
        const auto client = clients_.find(node);
        if (client != clients_.end() && look.value(client->second, Field::client_state) == 2) ++connected;
      }
      if (connected == placed.nodes.size()) return "all connected";
      return fmt::format("{} not connected", placed.nodes.size() - connected);
    }
    const EntityId node = placed.nodes.front();
    if (look.value(node, Field::node_up) == 0) return "no power";
    if (placed.kind == EntityKind::broker) {
      std::size_t connected = 0;
      for (const auto& [session, broker] : sessions_)
        connected += broker == node && look.value(session, Field::session_connected) != 0 ? 1 : 0;
      return fmt::format("{} connected", connected);
    }
    if (placed.kind == EntityKind::node) return "router";
    if (placed.kind == EntityKind::name_server)
      return look.value(node, Field::dns_failing) != 0 ? "fails" : "name server";
    if (placed.kind == EntityKind::nat) {
      std::size_t bindings = 0;
      each_value(look, node, Field::nat_inside, [&](std::uint32_t, std::int64_t value) { bindings += value != 0; });
      return fmt::format("NAT, {} binding{}", bindings, bindings == 1 ? "" : "s");
    }
    if (const auto client = clients_.find(node); client != clients_.end()) {
      constexpr const char* words[] = {"not connected", "connecting", "connected"};
      std::string text = words[std::clamp<std::int64_t>(look.value(client->second, Field::client_state), 0, 2)];
      if (const std::int64_t queued = look.value(client->second, Field::client_queued); queued > 0)
        text += fmt::format(", {} wait", queued);
      return text;
    }
    return std::string(name_of(static_cast<ProgramState>(look.value(node, Field::program_state))));
  }

  // What the sign on a card says, in colour and shape.
  static Colour state_colour(const Look& look, const std::string& subtitle, EntityId node) {
    if (look.value(node, Field::node_up) == 0) return Colour::error;
    if (subtitle.find("not connected") != std::string::npos) return Colour::warning;
    return subtitle.starts_with("connected") || subtitle == "router" || subtitle.starts_with("NAT") ||
                   subtitle == "name server" || subtitle == "running" ||
                   subtitle.find(" connected") != std::string::npos
               ? Colour::ok
               : Colour::warning;
  }

  void nodes(Look& look, ImDrawList& list, bool hovered) {
    const Skin& skin = look.skin;
    for (std::size_t i = 0; i < layout_.items.size(); ++i) {
      const Placed& placed = layout_.items[i];
      const EntityId node = placed.nodes.front();
      const bool selected =
          std::find(placed.nodes.begin(), placed.nodes.end(), look.selection.node) != placed.nodes.end();
      const std::string below = subtitle(look, placed);
      const Colour state =
          placed.is_group() ? below.starts_with("all") ? Colour::ok : Colour::warning : state_colour(look, below, node);
      const ImVec2 centre = on_screen(look, placed.x, placed.y);
      const float s = skin.scale * zoom_;
      const bool card = placed.kind == EntityKind::device;
      const float half_x = (card ? kCardWidth : kHubSide) * 0.5f * s;
      const float half_y = (card ? kCardHeight : kHubSide) * 0.5f * s;
      const ImVec2 low{centre.x - half_x, centre.y - half_y};
      const ImVec2 high{centre.x + half_x, centre.y + half_y};
      if (high.x < origin_.x || low.x > origin_.x + size_.x || high.y < origin_.y || low.y > origin_.y + size_.y)
        continue;
      const float rounding = (card ? 11.0f : 18.0f) * s;
      if (placed.is_group()) {
        for (int k = 2; k >= 1; --k) {
          const float d = static_cast<float>(k) * 5 * s;
          list.AddRectFilled({low.x + d, low.y - d}, {high.x + d, high.y - d}, skin(Colour::panel), rounding);
          list.AddRect({low.x + d, low.y - d}, {high.x + d, high.y - d}, skin(Colour::line_strong), rounding);
        }
      }
      shadow(list, skin, low, high, rounding);
      list.AddRectFilled(low, high, skin(Colour::panel), rounding);
      if (!card) list.AddRectFilled(low, high, skin.theme->tint(Colour::info), rounding);
      const bool power = placed.is_group() || look.value(node, Field::node_up) != 0;
      list.AddRect(low, high,
                   selected                            ? skin(Colour::accent)
                   : !power                            ? skin(Colour::error)
                   : placed.kind == EntityKind::broker ? skin(Colour::info)
                                                       : skin(Colour::line_strong),
                   rounding, 0, skin.px(selected ? 2.6f : 1.4f));
      const char* icon = placed.kind == EntityKind::broker ? icon::hub
                         : is_router(placed.kind)          ? icon::router
                                                           : icon::device;
      if (zoom_ > 0.45f) {
        const std::string name = placed.is_group() ? fmt::format("{} devices", placed.nodes.size()) : look.name(node);
        if (card && zoom_ < 0.82f) {
          // Small cards have no room for the icon.
          const float room = high.x - low.x - skin.px(18);
          const bool two = high.y - low.y > skin.px(36);
          text_centred(list, skin.fonts.small_strong, {centre.x, centre.y - (two ? skin.px(9) : 0)}, skin(Colour::text),
                       shortened(skin.fonts.small_strong, name, room));
          if (two)
            text_centred(list, skin.fonts.small, {centre.x, centre.y + skin.px(9)}, skin(Colour::text_second),
                         shortened(skin.fonts.small, below, room));
          sign(list, skin, {high.x - skin.px(2), high.y - skin.px(2)}, state);
        } else if (card) {
          const float tile = 38 * s;
          const ImVec2 t{low.x + 10 * s, centre.y - tile * 0.5f};
          list.AddRectFilled(t, {t.x + tile, t.y + tile}, skin.theme->tint(Colour::info), 9 * s);
          if (skin.fonts.has_icons)
            text_centred(list, skin.fonts.icons, {t.x + tile * 0.5f, centre.y}, skin(Colour::info), icon);
          sign(list, skin, {t.x + tile - 2 * s, t.y + tile - 2 * s}, state);
          const float x = t.x + tile + 9 * s;
          const float room = high.x - x - 8 * s;
          text_at(list, skin.fonts.small_strong, x, centre.y - skin.px(9), skin(Colour::text),
                  shortened(skin.fonts.small_strong, name, room));
          text_at(list, skin.fonts.small, x, centre.y + skin.px(10), skin(Colour::text_second),
                  shortened(skin.fonts.small, below, room));
        } else {
          if (skin.fonts.has_icons) text_centred(list, skin.fonts.icons_large, centre, skin(Colour::info), icon);
          sign(list, skin, {high.x - 8 * s, high.y - 8 * s}, state);
          text_centred(list, skin.fonts.small_strong, {centre.x, high.y + skin.px(13)}, skin(Colour::text),
                       shortened(skin.fonts.small_strong, name, skin.px(190) * std::max(zoom_, 0.7f)));
          text_centred(list, skin.fonts.small, {centre.x, high.y + skin.px(31)}, skin(Colour::text_second), below);
        }
      } else if (layout_.items.size() <= kNamedWhenSmall) {
        sign(list, skin, {high.x - skin.px(2), high.y - skin.px(2)}, state);
        text_centred(list, skin.fonts.small, {centre.x, high.y + skin.px(12)}, skin(Colour::text),
                     shortened(skin.fonts.small, look.name(node), kColumn * s));
      }
      const ImVec2 m = ImGui::GetIO().MousePos;
      if (hovered && m.x >= low.x && m.x <= high.x && m.y >= low.y && m.y <= high.y) {
        hot_ = {TargetKind::node, node, 0};
        hot_item_ = i;
      }
    }
  }

  // A disc for what is well, a triangle for what waits, a cross for what is down.
  static void sign(ImDrawList& list, const Skin& skin, ImVec2 at, Colour colour) {
    const float r = skin.px(5);
    list.AddCircleFilled(at, r * 1.5f, skin(Colour::panel));
    if (colour == Colour::ok) {
      list.AddCircleFilled(at, r, skin(colour));
    } else if (colour == Colour::warning) {
      list.AddTriangleFilled({at.x, at.y - r}, {at.x + r, at.y + r * 0.8f}, {at.x - r, at.y + r * 0.8f}, skin(colour));
    } else {
      list.AddLine({at.x - r * 0.8f, at.y - r * 0.8f}, {at.x + r * 0.8f, at.y + r * 0.8f}, skin(colour), skin.px(2.4f));
      list.AddLine({at.x - r * 0.8f, at.y + r * 0.8f}, {at.x + r * 0.8f, at.y - r * 0.8f}, skin(colour), skin.px(2.4f));
    }
  }

  void clicks(Look& look, bool hovered) {
    if (!hovered) return;
    if (ImGui::IsMouseClicked(0)) {
      dragged_ = hot_.kind == TargetKind::node ? hot_item_ : ~std::size_t{0};
      choose(look, hot_);
    }
    if (ImGui::IsMouseClicked(1) && hot_.kind != TargetKind::none) {
      menu_ = hot_;
      ImGui::OpenPopup("what to do");
    }
  }

  static void choose(Look& look, const Target& target) {
    if (target.kind == TargetKind::node) select_node(look.selection, target.entity);
    if (target.kind == TargetKind::link) select_link(look.selection, target.entity);
    if (target.kind == TargetKind::packet) select_packet(look.selection, look.index, target.packet);
  }

  // All that the mouse does here, by keys: choose the next node, cable or packet under way, act on it, zoom and move.
  void keys(Look& look) {
    const ImGuiIO& io = ImGui::GetIO();
    if (io.WantTextInput) return;
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
      for (const Placed& placed : layout_.items) all.push_back({TargetKind::node, placed.nodes.front(), 0});
      pick(next(
          all, [&](const Target& t) { return t.entity == look.selection.node; }, typed('N')));
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
    if (typed('a') && keyed_.kind != TargetKind::none) {
      menu_ = keyed_;
      ImGui::SetNextWindowPos({origin_.x + size_.x * 0.5f, origin_.y + size_.y * 0.3f});
      ImGui::OpenPopup("what to do");
    }
    if (typed('f')) fit_wanted_ = true;
    if (typed('>')) zoom_ = std::min(zoom_ * 1.15f, 4.0f);
    if (typed('<')) zoom_ = std::max(zoom_ / 1.15f, 0.1f);
    if (!io.KeyShift) return;
    const float by = 40 / zoom_;
    if (pressed(ImGuiKey_LeftArrow)) pan_x_ -= by;
    if (pressed(ImGuiKey_RightArrow)) pan_x_ += by;
    if (pressed(ImGuiKey_UpArrow)) pan_y_ -= by;
    if (pressed(ImGuiKey_DownArrow)) pan_y_ += by;
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
  std::vector<ImVec4> link_labels_;  // where they stand on the screen
  ImVec2 origin_, size_;
  Layout layout_;
  std::size_t known_entities_ = 0, known_nodes_ = 0;
  tsl::robin_map<EntityId, EntityId, MixHash> clients_;  // by node
  std::map<EntityId, EntityId> sessions_;                // to their broker
  float zoom_ = 1, pan_x_ = 0, pan_y_ = 0, stretch_ = 1;
  bool fit_wanted_ = true;
  std::array<float, 6> fitted_{};  // zoom, pan and the canvas's size and scale when it was fitted
  ShownLayers layers_;
  std::size_t dragged_ = ~std::size_t{0};
  Target hot_, menu_, keyed_;  // under the mouse, of the open menu, chosen by a key
  std::size_t hot_item_ = 0;
};

}  // namespace

View topology_view() {
  return {"topology", "Topology", Place::canvas,
          [view = std::make_shared<Topology>()](Look& look) { view->draw(look); }};
}

}  // namespace wirelab::gui
