#include "sim/world/hop_service.hpp"

#include <fmt/format.h>

namespace wirelab {

std::string_view name_of(HopDescription::Kind kind) {
  constexpr std::string_view names[] = {"serial", "ble", "802.15.4"};
  return names[static_cast<std::size_t>(kind)];
}

HopService::Directions HopService::define(NodeIndex a, NodeIndex b, HopDescription::Kind kind) {
  const std::string_view first = trace_.names().text(network_.node(a).entity);
  const std::string_view second = trace_.names().text(network_.node(b).entity);
  const auto named = [&](std::string_view from, char sign, std::string_view to) {
    return fmt::format("{}{}{} ({})", from, sign, to, name_of(kind));
  };
  // Names are text of the tracer's own, which may move as more are added.
  const std::string whole = named(first, '-', second), there = named(first, '>', second),
                    back = named(second, '>', first);
  const EntityId hop = trace_.define(EntityKind::hop, whole);
  const EntityId one = trace_.define(EntityKind::hop, there, hop);
  return {one, trace_.define(EntityKind::hop, back, hop)};
}

void HopService::add(const HopDescription& description, const std::vector<NodeIndex>& nodes) {
  if (description.kind == HopDescription::Kind::serial) {
    const auto [there, back] = define(nodes[0], nodes[1], description.kind);
    const Probability noise = Probability::of(description.bit_errors);
    Line& line = lines_.emplace_back();
    line.a = nodes[0], line.b = nodes[1];
    line.at_a = std::make_unique<SerialPort>(events_, trace_, seed_, there, description.first, noise);
    line.at_b = std::make_unique<SerialPort>(events_, trace_, seed_, back, description.second, noise);
    SerialPort::join(*line.at_a, *line.at_b);
    return;
  }
  Radio& radio = radios_.emplace_back();
  radio.kind = description.kind;
  if (description.kind == HopDescription::Kind::ble) {
    auto made = std::make_unique<BleNetwork>(events_, trace_, seed_, description.ble);
    radio.ble = made.get();
    radio.hop = std::move(made);
  } else {
    radio.hop = std::make_unique<PersonalAreaNetwork>(events_, trace_, seed_);
  }
  radio.hop->add_member(nodes[0], 0, 0);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const auto [to_gateway, from_gateway] = define(nodes[i], nodes[0], description.kind);
    radio.hop->set_loss(radio.hop->add_member(nodes[i], to_gateway, from_gateway), description.loss);
  }
}

void HopService::start() {
  for (const Radio& radio : radios_) {
    if (radio.ble != nullptr) radio.ble->start();
  }
}

std::vector<HopService::PortAt> HopService::ports(NodeIndex node) const {
  std::vector<PortAt> all;
  for (const Line& line : lines_) {
    if (line.a == node) all.push_back({line.at_a.get(), line.b});
    if (line.b == node) all.push_back({line.at_b.get(), line.a});
  }
  return all;
}

std::vector<HopService::RadioAt> HopService::radios(NodeIndex node) const {
  std::vector<RadioAt> all;
  for (const Radio& radio : radios_) {
    if (const HopMember member = radio.hop->member_at(node); member != RadioHop::kNoMember)
      all.push_back({radio.hop.get(), member, radio.kind});
  }
  return all;
}

void HopService::set_power(NodeIndex node, bool on) {
  for (const PortAt& at : ports(node)) at.port->set_power(on);
  for (const RadioAt& at : radios(node)) at.hop->set_power(at.member, on);
}

bool HopService::joins(NodeIndex a, NodeIndex b, std::string_view kind) const {
  if (kind.empty() || kind == name_of(HopDescription::Kind::serial)) {
    for (const PortAt& at : ports(a)) {
      if (at.peer == b) return true;
    }
  }
  for (const RadioAt& at : radios(a)) {
    if (!kind.empty() && kind != name_of(at.kind)) continue;
    const HopMember other = at.hop->member_at(b);
    if (other != RadioHop::kNoMember && (at.member == 0) != (other == 0)) return true;
  }
  return false;
}

template <typename Change>
void HopService::for_lines(NodeIndex a, NodeIndex b, std::string_view kind, Change&& change) {
  if (!kind.empty() && kind != name_of(HopDescription::Kind::serial)) return;
  for (const Line& line : lines_) {
    if ((line.a != a || line.b != b) && (line.a != b || line.b != a)) continue;
    change(*line.at_a);
    change(*line.at_b);
  }
}

// With the one of the two that is a device of the other.
template <typename Change>
void HopService::for_radios(NodeIndex a, NodeIndex b, std::string_view kind, Change&& change) {
  for (const RadioAt& at : radios(a)) {
    if (!kind.empty() && kind != name_of(at.kind)) continue;
    const HopMember other = at.hop->member_at(b);
    if (other == RadioHop::kNoMember || (at.member == 0) == (other == 0)) continue;
    change(*at.hop, at.member == 0 ? other : at.member);
  }
}

void HopService::set_cut(NodeIndex a, NodeIndex b, std::string_view kind, bool cut) {
  for_lines(a, b, kind, [&](SerialPort& port) { port.set_cut(cut); });
  for_radios(a, b, kind, [&](RadioHop& hop, HopMember device) { hop.set_reach(device, !cut); });
}

bool HopService::is_serial(NodeIndex a, NodeIndex b, std::string_view kind) const {
  constexpr std::string_view kSerial = "serial";
  return (kind.empty() || kind == kSerial) && joins(a, b, kSerial);
}

void HopService::impair(NodeIndex a, NodeIndex b, std::string_view kind, double share) {
  if (is_serial(a, b, kind)) {
    for_lines(a, b, kind, [&](SerialPort& port) { port.set_noise(Probability::of(share)); });
  } else {
    for_radios(a, b, kind, [&](RadioHop& hop, HopMember device) { hop.set_loss(device, share); });
  }
}

void HopService::visit_state(StateVisitor& visitor) const {
  for (const Line& line : lines_) {
    line.at_a->visit_state(visitor);
    line.at_b->visit_state(visitor);
  }
  for (const Radio& radio : radios_) radio.hop->visit_state(visitor);
}

}  // namespace wirelab
