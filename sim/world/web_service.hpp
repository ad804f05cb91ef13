// A web server on a node: the REST cloud behind port 80 of the simulated network.
#pragma once

#include "sim/protocol/http/rest_cloud.hpp"
#include "sim/world/http_listener.hpp"

namespace wirelab {

inline constexpr std::uint16_t kHttpPort = 80;

struct WebSettings {
  http::ServerSettings server;
  http::CloudSettings cloud;
};

class WebService {
 public:
  WebService(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
             const WebSettings& settings, const tcp::Settings& tcp_settings = Transport::kDefaults);
  WebService(const WebService&) = delete;
  WebService& operator=(const WebService&) = delete;

  void start();
  /// Closes all connections and the port; what is stored stays.
  void stop();
  /// The process dies: its operating system closes the connections, and what was stored is gone.
  void crash();
  /// The node has no power.
  void vanish();
  bool running() const { return running_; }
  const http::RestCloud& cloud() const { return cloud_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  WebSettings settings_;
  tcp::Settings tcp_settings_;
  http::RestCloud cloud_;
  HttpListener listener_;
  bool running_ = false;
};

}  // namespace wirelab
