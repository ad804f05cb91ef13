// What routers, devices and name servers know at the shown instant: translations of addresses, leases, and names with their
// addresses.
#include <fmt/format.h>

#include <algorithm>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/wifi.hpp"

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

std::string address_text(std::int64_t address) {
  return to_string(wire::Ipv4Address{static_cast<std::uint32_t>(address)});
}

// Of the selected node, or of all, calls see(entity, key, value) for each value of the field that is not 0.
template <typename See>
void each_of(const Look& look, Field field, See&& see) {
  for (const IndexedEntity& e : look.index.entities()) {
    if (!is_node(e.kind) || (look.selection.node != 0 && e.entity != look.selection.node)) continue;
    each_value(look, e.entity, field, [&](std::uint32_t key, std::int64_t value) {
      if (value != 0) see(e.entity, key, value);
    });
  }
}

// Access points with their share of the air, and stations with what they do.
void wifi_networks(Look& look) {
  const Skin& skin = look.skin;
  bool any = false;
  constexpr std::size_t kMost = 60;
  std::size_t shown = 0;
  for (const IndexedEntity& e : look.index.entities()) {
    const auto state = static_cast<wifi::State>(look.value(e.entity, Field::wifi_state));
    const bool point = e.kind == EntityKind::access_point;
    if ((!point && state == wifi::State::off) || (look.selection.node != 0 && e.entity != look.selection.node))
      continue;
    if (!any) heading(skin, "Wi-Fi");
    any = true;
    if (++shown > kMost) break;
    if (point) {
      const double share = static_cast<double>(look.value(e.entity, Field::air_time)) /
                           static_cast<double>(std::max<std::int64_t>(look.at, 1));
      explain(skin, fmt::format("{}: its air was in use for {:.2f} % of the time", look.name(e.entity), share * 100));
      continue;
    }
    const std::int64_t tenths = look.value(e.entity, Field::wifi_signal);
    const auto with = static_cast<EntityId>(look.value(e.entity, Field::wifi_point));
    explain(skin, fmt::format("{}: {}{}{}", look.name(e.entity), wifi::name_of(state),
                              with != 0 ? fmt::format(", {}", look.name(with)) : "",
                              tenths != 0 ? fmt::format(", {:.1f} dBm", static_cast<double>(tenths) / 10) : ""));
  }
}

void addresses(Look& look) {
  const Skin& skin = look.skin;
  std::size_t leases = 0;
  each_of(look, Field::dhcp_lease, [&](EntityId, std::uint32_t, std::int64_t) { ++leases; });
  if (leases != 0) heading(skin, "Addresses that are leased", fmt::format("{}", leases));
  constexpr std::size_t kMost = 40;
  std::size_t shown = 0;
  each_of(look, Field::dhcp_lease, [&](EntityId router, std::uint32_t address, std::int64_t ends) {
    if (++shown <= kMost)
      explain(skin, fmt::format("{}: {}, {} {}", look.name(router), address_text(address),
                                ends > look.at ? "for another" : "ended", seconds_text(std::abs(ends - look.at), 0)));
  });
  if (leases > kMost) explain(skin, fmt::format("and {} more: write the table", leases - kMost));
}

void names(Look& look) {
  const Skin& skin = look.skin;
  bool any = false;
  each_of(look, Field::dns_known, [&](EntityId node, std::uint32_t name, std::int64_t address) {
    if (!any) heading(skin, "Names that are known");
    any = true;
    const std::int64_t left = look.value(node, Field::dns_expires, name) - look.at;
    explain(skin, fmt::format("{}: {} is {}{}", look.name(node), look.reader.name(name), address_text(address),
                              left > 0 ? ", for another " + seconds_text(left, 0) : ", to be asked for again"));
  });
  each_of(look, Field::dns_timer, [&](EntityId node, std::uint32_t name, std::int64_t) {
    explain(skin, fmt::format("{} waits for the address of {}", look.name(node), look.reader.name(name)));
  });
}

void draw(Look& look) {
  const Skin& skin = look.skin;
  ImGui::Indent(skin.px(14));
  if (const IndexedEntity* node = look.index.find(look.selection.node); node != nullptr && is_node(node->kind)) {
    const std::int64_t address = look.value(node->entity, Field::node_address);
    heading(skin, look.name(node->entity), address == 0 ? "no address" : address_text(address));
  }
  wifi_networks(look);
  addresses(look);
  names(look);
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
  Table made{{"node", "what", "key", "port or instant, s", "value"}, {}};
  each_of(look, Field::dhcp_lease, [&](EntityId router, std::uint32_t address, std::int64_t ends) {
    made.rows.push_back({look.name(router), "lease", address_text(address),
                         fmt::format("{:.3f}", static_cast<double>(ends) / 1e9), ""});
  });
  each_of(look, Field::dns_known, [&](EntityId node, std::uint32_t name, std::int64_t address) {
    made.rows.push_back({look.name(node), "name", std::string(look.reader.name(name)),
                         fmt::format("{:.3f}", static_cast<double>(look.value(node, Field::dns_expires, name)) / 1e9),
                         address_text(address)});
  });
  each_binding(look, [&](EntityId router, std::uint32_t place) {
    const auto get = [&](Field field) { return look.value(router, field, place); };
    made.rows.push_back({look.name(router), protocol_name(get(Field::nat_port)), end_text(get(Field::nat_inside)),
                         std::to_string(get(Field::nat_port) & 0xffff), end_text(get(Field::nat_remote))});
  });
  return made;
}

}  // namespace

View network_view() {
  return {"network", "Network", Place::right, draw, [](Look& look) { return made(table(look)); }};
}

}  // namespace wirelab::gui
