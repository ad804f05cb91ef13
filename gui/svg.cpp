#include "gui/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/wire/mqtt.hpp"

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

const char* colour_of(const Exchange& exchange) {
  const int type = exchange.first_byte >> 4;
  if (type != 3) return type >= 4 && type <= 7 ? "#15803d" : "#2563eb";
  constexpr const char* qos[] = {"#0f766e", "#b45309", "#7c3aed", "#7c3aed"};
  return qos[(exchange.first_byte >> 1) & 3];
}

}  // namespace

std::string topology_svg(const TraceStore::Reader& reader, const RunIndex& index) {
  const Layout layout = lay_out(index);
  float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;
  for (const Placed& item : layout.items) {
    left = std::min(left, item.x), right = std::max(right, item.x);
    top = std::min(top, item.y), bottom = std::max(bottom, item.y);
  }
  if (layout.items.empty()) left = right = top = bottom = 0;
  const double margin = 120;
  std::string svg = head(static_cast<double>(right - left) + 2 * margin, static_cast<double>(bottom - top) + margin);
  const auto x_of = [&](const Placed& item) { return static_cast<double>(item.x - left) + margin; };
  const auto y_of = [&](const Placed& item) { return static_cast<double>(item.y - top) + margin / 2; };
  const auto& channels = index.channels();
  for (std::size_t i = 0; i + 1 < channels.size(); i += 2) {
    const auto from = layout.item_of.find(channels[i].from);
    const auto to = layout.item_of.find(channels[i].to);
    if (from == layout.item_of.end() || to == layout.item_of.end() || from->second == to->second) continue;
    const Placed& a = layout.items[from->second];
    const Placed& b = layout.items[to->second];
    if (a.is_group() && a.nodes.front() != channels[i].from) continue;
    if (b.is_group() && b.nodes.front() != channels[i].to) continue;
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#667\" stroke-width=\"2\"/>\n", x_of(a),
        y_of(a), x_of(b), y_of(b));
  }
  for (const Placed& item : layout.items) {
    const bool device = item.kind == EntityKind::device;
    const double half = device ? 80 : 60;
    const std::string name =
        item.is_group() ? fmt::format("{} devices", item.nodes.size()) : std::string(reader.name(item.nodes.front()));
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"40\" rx=\"{}\" fill=\"{}\" stroke=\"#334\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
        x_of(item) - half, y_of(item) - 20, half * 2, device ? 8 : 18,
        item.kind == EntityKind::broker ? "#dbeafe" : "#f4f6f9", x_of(item), y_of(item) + 5, escape(name));
  }
  return svg + "</svg>\n";
}

std::string sequence_svg(const TraceStore::Reader& reader, const RunIndex& index, std::int64_t from, std::int64_t to,
                         std::size_t most) {
  std::vector<const Exchange*> shown;
  std::map<EntityId, std::size_t> lanes;
  const auto& all = index.exchanges();
  for (std::size_t i = index.exchanges_before(from); i < all.size() && all[i].sent_at < to && shown.size() < most;
       ++i) {
    if (all[i].from_node == 0 || all[i].to_node == 0) continue;
    shown.push_back(&all[i]);
    lanes.try_emplace(all[i].from_node, lanes.size());
    lanes.try_emplace(all[i].to_node, lanes.size());
  }
  const double width = std::clamp(static_cast<double>(shown.size()) * 60, 700.0, 6000.0);
  const double row = 110;
  std::string svg = head(width + 200, static_cast<double>(std::max<std::size_t>(lanes.size(), 1)) * row + 60);
  std::int64_t end = from + 1;
  for (const Exchange* e : shown) end = std::max(end, e->received != 0 ? e->received_at : e->sent_at);
  const std::int64_t begin = shown.empty() ? from : shown.front()->sent_at;
  const auto x_of = [&](std::int64_t at) {
    return 160 + width * static_cast<double>(at - begin) / static_cast<double>(std::max<std::int64_t>(end - begin, 1));
  };
  const auto y_of = [&](EntityId node) { return 50 + row * static_cast<double>(lanes.at(node)); };
  for (const auto& [node, place] : lanes) {
    svg += fmt::format("<line x1=\"160\" y1=\"{0:.1f}\" x2=\"{1:.1f}\" y2=\"{0:.1f}\" stroke=\"#99a\"/>\n", y_of(node),
                       width + 180);
    svg += fmt::format("<text x=\"150\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", y_of(node) + 5,
                       escape(reader.name(node)));
  }
  for (const Exchange* e : shown) {
    const double x1 = x_of(e->sent_at);
    const double x2 = e->received != 0 ? x_of(e->received_at) : x1 + 30;
    const double y1 = y_of(e->from_node);
    const double y2 = e->received != 0 ? y_of(e->to_node) : (y1 + y_of(e->to_node)) / 2;
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\"{} "
        "marker-end=\"url(#head)\"/>\n",
        x1, y1, x2, y2, colour_of(*e), e->received != 0 ? "" : " stroke-dasharray=\"5 4\"");
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" fill=\"{}\">{} {:.3f} s</text>\n",
                       (x1 + x2) / 2 + 6, (y1 + y2) / 2, colour_of(*e),
                       mqtt::name_of(static_cast<mqtt::PacketType>(e->first_byte >> 4)),
                       static_cast<double>(e->sent_at) / 1e9);
  }
  return svg + "</svg>\n";
}

}  // namespace wirelab::gui
