#include "sim/world/web_service.hpp"

namespace wirelab {

WebService::WebService(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
                       const WebSettings& settings, const tcp::Settings& tcp_settings)
    : settings_(settings),
      tcp_settings_(tcp_settings),
      cloud_(events, trace, entity, settings.cloud),
      listener_(events, trace, transport, node, entity, kHttpPort, cloud_, settings_.server, tcp_settings_) {}

void WebService::start() {
  running_ = true;
  listener_.start();
}

void WebService::stop() {
  running_ = false;
  listener_.stop();
}

void WebService::crash() {
  stop();
  cloud_.crash();
}

void WebService::vanish() {
  running_ = false;
  listener_.vanish();
  cloud_.crash();
}

void WebService::visit_state(StateVisitor& visitor) const {
  cloud_.visit_state(visitor);
  listener_.visit_state(visitor);
}

}  // namespace wirelab
