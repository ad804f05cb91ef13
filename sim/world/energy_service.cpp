#include "sim/world/energy_service.hpp"

namespace wirelab {

void EnergyService::add(NodeIndex node, const RadioPower& model) {
  auto radio = std::make_unique<Radio>(events_, trace_, network_.node(node).entity, model);
  if (wifi_.is_station(node)) wifi_.set_radio(node, radio.get());
  radios_.emplace(node, std::move(radio));
}

void EnergyService::add_link(LinkIndex link) {
  const LinkEnds& ends = network_.ends(link);
  const auto radio_of = [&](NodeIndex node) -> RadioListener* {
    const auto at = radios_.find(node);
    return at == radios_.end() ? nullptr : at->second.get();
  };
  RadioListener* const a = radio_of(ends.a);
  RadioListener* const b = radio_of(ends.b);
  if (a == nullptr && b == nullptr) return;
  network_.channel(link, ends.a).set_radios(a, b);
  network_.channel(link, ends.b).set_radios(b, a);
}

void EnergyService::set_power(NodeIndex node, bool on) {
  const auto at = radios_.find(node);
  if (at != radios_.end() && !wifi_.is_station(node)) at->second->rests(on ? RadioState::idle : RadioState::off);
}

const RadioMeter* EnergyService::meter(NodeIndex node) const {
  const auto at = radios_.find(node);
  return at == radios_.end() ? nullptr : &at->second->meter;
}

void EnergyService::visit_state(StateVisitor& visitor) const {
  for (const auto& [node, radio] : radios_) radio->meter.visit_state(visitor);
}

}  // namespace wirelab
