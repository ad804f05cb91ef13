#include "sim/world/bridge_service.hpp"

namespace wirelab {
namespace {

EntityId define_client(Tracer& trace, EntityId broker, const std::string& name) {
  return trace.define(EntityKind::mqtt_client, std::string(trace.names().text(broker)) + "/" + name, broker);
}

}  // namespace

BridgeService::BridgeService(EventQueue& events, Tracer& trace, Transport& transport, mqtt::MessagePool& messages,
                             NodeIndex node, EntityId entity, mqtt::Broker& local, const BridgeSettings& settings,
                             tcp::Endpoint to)
    : to_(to),
      remote_(events, trace, transport, messages, node, define_client(trace, entity, settings.name), *this),
      bridge_(events, trace, messages, local, define_client(trace, entity, settings.name + "-local"), remote_.client(),
              settings) {}

void BridgeService::start() {
  bridge_.start();
  remote_.connect(to_);
}

void BridgeService::stop() {
  remote_.disconnect();
  bridge_.end();
}

void BridgeService::crash() {
  remote_.crash();
  bridge_.end();
}

void BridgeService::vanish() {
  remote_.vanish();
  bridge_.end();
}

void BridgeService::visit_state(StateVisitor& visitor) const {
  remote_.visit_state(visitor);
  bridge_.visit_state(visitor);
}

}  // namespace wirelab
