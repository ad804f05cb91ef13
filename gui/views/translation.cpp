// The address translation of routers at the shown instant: which inner end stands behind which outer port, and for whom.
#include <fmt/format.h>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/wire/ipv4.hpp"

namespace wirelab::gui {
namespace {

std::string end_text(std::int64_t packed) {
  return fmt::format("{}:{}", to_string(wire::Ipv4Address{static_cast<std::uint32_t>(packed >> 16)}), packed & 0xffff);
}

const char* protocol_name(std::int64_t packed) {
  switch (packed >> 16) {
    case wire::kTcp: return "TCP";
    case wire::kUdp: return "UDP";
    default: return "ICMP";
  }
}

// Calls see(router, place) for each binding of the selected router, or of all.
template <typename See>
void each_binding(const Look& look, See&& see) {
  const IndexedEntity* selected = look.index.find(look.selection.node);
  const bool one = selected != nullptr && selected->kind == EntityKind::nat;
  for (const IndexedEntity& e : look.index.entities()) {
    if (e.kind != EntityKind::nat || (one && e.entity != selected->entity)) continue;
    each_value(look, e.entity, Field::nat_inside, [&](std::uint32_t place, std::int64_t value) {
      if (value != 0) see(e.entity, place);
    });
  }
}

void draw(Look& look) {
  const Skin& skin = look.skin;
  ImGui::Indent(skin.px(14));
  std::size_t count = 0;
  each_binding(look, [&](EntityId, std::uint32_t) { ++count; });
  heading(skin, "Address translation", fmt::format("{}", count));
  if (count == 0)
    explain(skin,
            "No binding at this instant. A router that translates makes one for what goes out, and lets in only what "
            "answers; when it has been idle for its time-out it is forgotten.");
  constexpr std::size_t kMost = 60;
  std::size_t shown = 0;
  each_binding(look, [&](EntityId router, std::uint32_t place) {
    if (++shown > kMost) return;
    const auto get = [&](Field field) { return look.value(router, field, place); };
    heading(skin, end_text(get(Field::nat_inside)), protocol_name(get(Field::nat_port)));
    explain(skin, fmt::format("as port {} of {}", get(Field::nat_port) & 0xffff, look.name(router)));
    explain(skin, fmt::format("with {}", end_text(get(Field::nat_remote))));
    ImGui::Dummy({1, skin.px(4)});
  });
  if (count > kMost) explain(skin, fmt::format("and {} more: select a router, or write the table", count - kMost));
  ImGui::Unindent(skin.px(14));
}

Table table(Look& look) {
  Table made{{"router", "protocol", "inside", "outer port", "remote"}, {}};
  each_binding(look, [&](EntityId router, std::uint32_t place) {
    const auto get = [&](Field field) { return look.value(router, field, place); };
    made.rows.push_back({look.name(router), protocol_name(get(Field::nat_port)), end_text(get(Field::nat_inside)),
                         std::to_string(get(Field::nat_port) & 0xffff), end_text(get(Field::nat_remote))});
  });
  return made;
}

}  // namespace

View translation_view() { return {"translation", "NAT", Place::right, draw, table}; }

}  // namespace wirelab::gui
