#include "gui/views/node_cards.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/paint.hpp"
#include "sim/view/names_of.hpp"
#include "sim/wire/wifi.hpp"

namespace wirelab::gui {
namespace {

constexpr float kWithState = 0.45f;  // the zoom from which on an item has room to say what it is doing

// What the sign on a card says, in colour and shape.
Colour state_colour(const Look& look, const std::string& subtitle, EntityId node) {
  if (look.value(node, Field::node_up) == 0) return Colour::error;
  if (subtitle.find("not connected") != std::string::npos) return Colour::warning;
  return subtitle.starts_with("connected") || subtitle == "router" || subtitle.starts_with("NAT") ||
                 subtitle.starts_with("Wi-Fi, ") || subtitle == "name server" || subtitle == "running" ||
                 subtitle == "HTTP: idle" || subtitle == "HTTP: has asked" ||
                 subtitle.find(" stored") != std::string::npos || subtitle.find(" connected") != std::string::npos
             ? Colour::ok
             : Colour::warning;
}

// A disc for what is well, a triangle for what waits, a cross for what is down.
void sign(ImDrawList& list, const Skin& skin, ImVec2 at, Colour colour) {
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

}  // namespace

std::string group_name(const Placed& group) {
  return fmt::format("{} {}", group.nodes.size(), group.kind == EntityKind::device ? "devices" : "nodes");
}

void NodeCards::read(const RunIndex& index) {
  clients_.clear();
  web_clients_.clear();
  for (const IndexedEntity& e : index.entities()) {
    if (e.kind == EntityKind::mqtt_client) clients_[e.node] = e.entity;
    if (e.kind == EntityKind::http_client) web_clients_[e.node] = e.entity;
    if (e.kind == EntityKind::session) sessions_.insert_or_assign(e.entity, e.node);
  }
  stations_.clear();
  for (const IndexedChannel& channel : index.channels()) {
    const IndexedEntity* to = index.find(channel.to);
    if (to != nullptr && to->kind == EntityKind::access_point) stations_[channel.to].push_back(channel.from);
  }
}

std::string NodeCards::subtitle(const Look& look, const Placed& placed) const {
  if (placed.is_group()) {
    std::size_t clients = 0, connected = 0;
    for (const EntityId node : placed.nodes) {
      const auto client = clients_.find(node);
      if (client == clients_.end()) continue;
      ++clients;
      connected += look.value(client->second, Field::client_state) == 2 ? 1 : 0;
    }
    return connected == clients ? "all connected" : fmt::format("{} not connected", clients - connected);
  }
  const EntityId node = placed.nodes.front();
  if (look.value(node, Field::node_up) == 0) return "no power";
  if (placed.kind == EntityKind::broker) {
    std::size_t connected = 0;
    for (const auto& [session, broker] : sessions_)
      connected += broker == node && look.value(session, Field::session_connected) != 0 ? 1 : 0;
    return fmt::format("{} connected", connected);
  }
  if (placed.kind == EntityKind::web_server) {
    const std::int64_t waiting = look.value(node, Field::web_waiting);
    return fmt::format("{} stored{}", look.value(node, Field::web_readings),
                       waiting == 0 ? "" : fmt::format(", {} waiting", waiting));
  }
  if (placed.kind == EntityKind::node) return "router";
  if (placed.kind == EntityKind::access_point) {
    std::size_t members = 0;
    if (const auto met = stations_.find(node); met != stations_.end()) {
      for (const EntityId station : met->second) members += look.value(station, Field::wifi_point) == node ? 1 : 0;
    }
    return fmt::format("Wi-Fi, {} station{}", members, members == 1 ? "" : "s");
  }
  const auto wifi_state = static_cast<wifi::State>(look.value(node, Field::wifi_state));
  if (wifi_state != wifi::State::off && wifi_state != wifi::State::joined)
    return fmt::format("Wi-Fi: {}", wifi::name_of(wifi_state));
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
  if (const auto client = web_clients_.find(node); client != web_clients_.end()) {
    constexpr const char* words[] = {"HTTP: idle", "HTTP: connecting", "HTTP: has asked"};
    return words[std::clamp<std::int64_t>(look.value(client->second, Field::http_state), 0, 2)];
  }
  return std::string(name_of(static_cast<ProgramState>(look.value(node, Field::program_state))));
}

ImVec4 NodeCards::box(const Look& look, const CanvasFrame& frame, const Placed& placed) const {
  const ImVec2 centre = frame.on_screen(placed.x, placed.y);
  const bool card = placed.kind == EntityKind::device;
  float half_x = (card ? kCardWidth : kHubSide) * 0.5f * frame.unit();
  const float half_y = (card ? kCardHeight : kHubSide) * 0.5f * frame.unit();
  float words = 0;
  if (!card) {
    words = look.skin.px(frame.zoom > kWithState ? 40.0f : 21.0f);
    half_x = std::max(half_x, measure(look.skin.fonts.small_strong, look.reader.name(placed.nodes.front())).x * 0.5f);
  }
  return {centre.x - half_x, centre.y - half_y, centre.x + half_x, centre.y + half_y + words};
}

bool NodeCards::draw(const Look& look, ImDrawList& list, const CanvasFrame& frame, const Placed& placed,
                     bool named) const {
  const Skin& skin = look.skin;
  const EntityId node = placed.nodes.front();
  const bool selected = std::find(placed.nodes.begin(), placed.nodes.end(), look.selection.node) != placed.nodes.end();
  const std::string below = subtitle(look, placed);
  const Colour state =
      placed.is_group() ? below.starts_with("all") ? Colour::ok : Colour::warning : state_colour(look, below, node);
  const ImVec2 centre = frame.on_screen(placed.x, placed.y);
  const float s = frame.unit();
  const bool card = placed.kind == EntityKind::device;
  const float half_x = (card ? kCardWidth : kHubSide) * 0.5f * s;
  const float half_y = (card ? kCardHeight : kHubSide) * 0.5f * s;
  const ImVec2 low{centre.x - half_x, centre.y - half_y};
  const ImVec2 high{centre.x + half_x, centre.y + half_y};
  if (high.x < frame.origin.x || low.x > frame.origin.x + frame.size.x || high.y < frame.origin.y ||
      low.y > frame.origin.y + frame.size.y)
    return false;
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
  const char* icon = placed.kind == EntityKind::broker       ? icon::hub
                     : placed.kind == EntityKind::web_server ? icon::cloud
                     : is_router(placed.kind)                ? icon::router
                                                             : icon::device;
  const std::string name = placed.is_group() ? group_name(placed) : look.name(node);
  if (frame.zoom > kWithState) {
    if (card && frame.zoom < 0.82f) {
      // Small cards have no room for the icon.
      const float room = high.x - low.x - skin.px(18);
      const bool too_long = placed.is_group() && measure(skin.fonts.small_strong, name).x > room;
      const bool two = high.y - low.y > skin.px(36);
      text_centred(
          list, skin.fonts.small_strong, {centre.x, centre.y - (two ? skin.px(8) : 0)}, skin(Colour::text),
          too_long ? fmt::format("\u00d7 {}", placed.nodes.size()) : shortened(skin.fonts.small_strong, name, room));
      if (two)
        text_centred(list, skin.fonts.small, {centre.x, centre.y + skin.px(8)}, skin(Colour::text_second),
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
                   shortened(skin.fonts.small_strong, name, skin.px(190) * std::max(frame.zoom, 0.7f)));
      text_centred(list, skin.fonts.small, {centre.x, high.y + skin.px(31)}, skin(Colour::text_second), below);
    }
  } else if (named) {
    sign(list, skin, {high.x - skin.px(2), high.y - skin.px(2)}, state);
    if (!card && skin.fonts.has_icons) text_centred(list, skin.fonts.icons_small, centre, skin(Colour::info), icon);
    // In the card where it fits, else below.
    const bool inside = card && high.y - low.y > skin.px(15);
    ImFont* const font = inside ? skin.fonts.tiny : skin.fonts.small;
    text_centred(list, font, {centre.x, inside ? centre.y : high.y + skin.px(12)}, skin(Colour::text),
                 shortened(font, name, inside ? high.x - low.x - skin.px(6) : kColumn * s));
  }
  const ImVec2 m = ImGui::GetIO().MousePos;
  // The words below a square are its own.
  const float words = card || frame.zoom <= kWithState ? 0 : skin.px(40);
  const float aside = words > 0 ? skin.px(24) : 0;
  const bool on_it = m.x >= low.x && m.x <= high.x && m.y >= low.y && m.y <= high.y;
  return on_it || (words > 0 && m.y > high.y && m.y <= high.y + words && m.x >= low.x - aside && m.x <= high.x + aside);
}

}  // namespace wirelab::gui
