#include "gui/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gui/views/impairments.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string head(double width, double height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"Inter, sans-serif\" font-size=\"14\">\n"
      "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" "
      "orient=\"auto\"><path d=\"M0,1 L9,5 L0,9 z\" fill=\"context-stroke\"/></marker></defs>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      width, height);
}

const char* ink_of(const Exchange& exchange) {
  const int type = exchange.first_byte >> 4;
  if (type != 3) return type >= 4 && type <= 7 ? "#15803d" : "#2563eb";
  constexpr const char* qos[] = {"#0f766e", "#b45309", "#7c3aed", "#7c3aed"};
  return qos[(exchange.first_byte >> 1) & 3];
}

constexpr const char* kLost = "#b91c1c";

std::string cross(double x, double y, double r) {
  return fmt::format(
      "<path d=\"M{0:.1f},{1:.1f} L{2:.1f},{3:.1f} M{0:.1f},{3:.1f} L{2:.1f},{1:.1f}\" stroke=\"{4}\" "
      "stroke-width=\"2.5\"/>\n",
      x - r, y - r, x + r, y + r, kLost);
}

std::string text(double x, double y, const char* anchor, int size, const char* ink, std::string_view words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\">{}</text>\n", x,
                     y, anchor, size, ink, escape(words));
}

// The layout on the paper.
struct Paper {
  double left, top;
  static constexpr double kMargin = 130;
  double x_of(const Placed& item) const { return static_cast<double>(item.x) - left + kMargin; }
  double y_of(const Placed& item) const { return static_cast<double>(item.y) - top + kMargin * 0.6; }
};

const Placed* item_of(const Layout& layout, EntityId node) {
  const auto found = layout.item_of.find(node);
  return found == layout.item_of.end() ? nullptr : &layout.items[found->second];
}

std::string link_svg(const Look& look, const Paper& paper, const IndexedChannel& channel, const Placed& a,
                     const Placed& b) {
  const double x1 = paper.x_of(a), y1 = paper.y_of(a), x2 = paper.x_of(b), y2 = paper.y_of(b);
  const bool up = look.value(channel.entity, Field::link_up) != 0;
  std::string svg = fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", x1, y1,
      x2, y2, up ? "#667" : kLost, up ? "" : " stroke-dasharray=\"7 5\"");
  const double x = (x1 + x2) / 2, y = (y1 + y2) / 2;
  if (!up) svg += cross(x, y, 8);
  const std::string words = up ? impairments_of(look, channel.entity) : "cut";
  if (!words.empty()) svg += text(x, y - 12, "middle", 11, "#556", words);
  return svg;
}

std::string packets_svg(const Look& look, const Layout& layout, const Paper& paper) {
  std::string svg;
  constexpr std::size_t kMost = 400, kLabelled = 24;
  std::size_t count = 0;
  look.index.under_way(look.at, [&](const Flight& flight) {
    const IndexedChannel* channel = look.index.channel(flight.channel);
    const Placed* from = channel == nullptr ? nullptr : item_of(layout, channel->from);
    const Placed* to = channel == nullptr ? nullptr : item_of(layout, channel->to);
    if (from == nullptr || to == nullptr || from == to || ++count > kMost) return;
    const double part = static_cast<double>(look.at - flight.begin) /
                        static_cast<double>(std::max<std::int64_t>(flight.arrival - flight.begin, 1));
    const double x = paper.x_of(*from) + (paper.x_of(*to) - paper.x_of(*from)) * part;
    const double y = paper.y_of(*from) + (paper.y_of(*to) - paper.y_of(*from)) * part;
    const IndexedPacket* packet = look.index.packet(flight.blob);
    const Exchange* exchange = packet != nullptr && packet->end > packet->begin
                                   ? look.index.exchange_at(packet->stream, packet->begin)
                                   : nullptr;
    const char* ink = exchange == nullptr ? "#667" : ink_of(*exchange);
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"/>\n", x, y,
                       exchange == nullptr ? 3 : 6, ink);
    if (exchange != nullptr && count <= kLabelled)
      svg += text(x, y + 20, "middle", 11, ink, label_of(look, *exchange, true));
  });
  return svg;
}

}  // namespace

std::string topology_svg(const Look& look, const Layout& layout, const NodeCards& cards) {
  float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;
  for (const Placed& item : layout.items) {
    left = std::min(left, item.x), right = std::max(right, item.x);
    top = std::min(top, item.y), bottom = std::max(bottom, item.y);
  }
  if (layout.items.empty()) left = right = top = bottom = 0;
  const Paper paper{static_cast<double>(left), static_cast<double>(top)};
  std::string svg = head(static_cast<double>(right - left) + 2 * Paper::kMargin,
                         static_cast<double>(bottom - top) + 1.2 * Paper::kMargin);
  svg += text(16, 26, "start", 13, "#556", fmt::format("at {:.6f} s", static_cast<double>(look.at) / 1e9));
  const auto& channels = look.index.channels();
  for (std::size_t i = 0; i + 1 < channels.size(); i += 2) {
    const Placed* a = item_of(layout, channels[i].from);
    const Placed* b = item_of(layout, channels[i].to);
    if (a == nullptr || b == nullptr || a == b) continue;
    // One line for all of a group.
    if (a->is_group() && a->nodes.front() != channels[i].from) continue;
    if (b->is_group() && b->nodes.front() != channels[i].to) continue;
    svg += link_svg(look, paper, channels[i], *a, *b);
  }
  for (const Placed& item : layout.items) {
    const double half = item.kind == EntityKind::device ? 80 : 64;
    const double x = paper.x_of(item), y = paper.y_of(item);
    const std::string name = item.is_group() ? group_name(item) : look.name(item.nodes.front());
    const bool power = item.is_group() || look.value(item.nodes.front(), Field::node_up) != 0;
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"44\" rx=\"{}\" fill=\"{}\" stroke=\"{}\"/>\n",
        x - half, y - 22, half * 2, item.kind == EntityKind::device ? 8 : 18,
        item.kind == EntityKind::broker ? "#dbeafe" : "#f4f6f9", power ? "#334" : kLost);
    svg += text(x, y - 3, "middle", 14, "#111", name);
    svg += text(x, y + 14, "middle", 11, power ? "#556" : kLost, cards.subtitle(look, item));
  }
  return svg + packets_svg(look, layout, paper) + "</svg>\n";
}

std::string sequence_svg(const Look& look, std::int64_t from, std::int64_t to, std::span<const EntityId> lanes) {
  const double width = 1100, row = 110, left = 160;
  std::string svg = head(width + left + 40, static_cast<double>(std::max<std::size_t>(lanes.size(), 1)) * row + 60);
  const auto x_of = [&](std::int64_t at) {
    return left + width * static_cast<double>(at - from) / static_cast<double>(std::max<std::int64_t>(to - from, 1));
  };
  std::map<EntityId, double> lane_y;
  for (const EntityId lane : lanes) lane_y.emplace(lane, 60 + row * static_cast<double>(lane_y.size()));
  for (const auto& [lane, y] : lane_y) {
    svg += fmt::format("<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" stroke=\"#99a\"/>\n", left, y,
                       left + width);
    svg += text(left - 10, y + 5, "end", 14, "#111", look.name(lane));
  }
  svg += text(left, 26, "start", 11, "#556", fmt::format("{:.6f} s", static_cast<double>(from) / 1e9));
  svg += text(left + width, 26, "end", 11, "#556", fmt::format("{:.6f} s", static_cast<double>(to) / 1e9));
  const auto& all = look.index.exchanges();
  for (std::size_t i = look.index.exchanges_before(from - look.index.longest_exchange());
       i < all.size() && all[i].sent_at < to; ++i) {
    const Exchange& e = all[i];
    const auto a = lane_y.find(e.from_node), b = lane_y.find(e.to_node);
    if (a == lane_y.end() || b == lane_y.end() || std::max(e.received_at, e.sent_at) < from) continue;
    const bool arrived = e.received != 0;
    const double x1 = x_of(e.sent_at), x2 = arrived ? x_of(e.received_at) : x1 + 30;
    const double y1 = a->second, y2 = arrived ? b->second : (a->second + b->second) / 2;
    svg += fmt::format("<g opacity=\"{}\">", e.sent_at > look.at ? 0.35 : 1.0);
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\"{} "
        "marker-end=\"url(#head)\"/>\n",
        x1, y1, x2, y2, ink_of(e), arrived ? "" : " stroke-dasharray=\"5 4\"");
    svg += text((x1 + x2) / 2 + 6, (y1 + y2) / 2, "start", 11, ink_of(e), label_of(look, e, false)) + "</g>\n";
  }
  for (std::size_t i = look.index.marks_before(from); i < look.index.marks_before(to); ++i) {
    const Mark& mark = look.index.marks()[i];
    const IndexedChannel* channel = mark.kind == Kind::packet_dropped ? look.index.channel(mark.entity) : nullptr;
    if (channel == nullptr) continue;
    const auto lane = lane_y.find(lane_y.contains(channel->from) ? channel->from : channel->to);
    if (lane != lane_y.end()) svg += cross(x_of(mark.at), lane->second + 14, 5);
  }
  if (look.at >= from && look.at < to) {
    svg +=
        fmt::format("<line x1=\"{0:.1f}\" y1=\"32\" x2=\"{0:.1f}\" y2=\"100%\" stroke=\"#2563eb\"/>\n", x_of(look.at));
    svg +=
        text(x_of(look.at), 26, "middle", 11, "#2563eb", fmt::format("{:.6f} s", static_cast<double>(look.at) / 1e9));
  }
  return svg + "</svg>\n";
}

}  // namespace wirelab::gui
