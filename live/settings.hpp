// What `wirelab serve` is told: where it listens, and how its broker behaves.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sim/protocol/mqtt/access_list.hpp"
#include "sim/protocol/mqtt/bridge.hpp"
#include "sim/protocol/mqtt/broker_settings.hpp"

namespace wirelab::live {

/// Files in PEM.
struct TlsFiles {
  std::string certificate, key;
  std::string authorities;           // that sign the clients' certificates; empty: none is asked for
  bool require_certificate = false;  // of clients; require_certificate
};

struct Listener {
  std::uint16_t port = 1883;  // 0: any that is free
  std::string address = "127.0.0.1";
  bool websocket = false;
  std::optional<TlsFiles> tls;
};

/// A connection to another broker.
struct BridgeTarget {
  mqtt::BridgeSettings bridge;
  std::string host;
  std::uint16_t port = 1883;
  std::chrono::seconds first_delay{1}, longest_delay{60};  // before it is tried again, doubled each time
};

/// Where the REST cloud listens.
struct WebListener {
  std::uint16_t port = 8080;  // 0: any that is free
  std::string address = "127.0.0.1";
  std::string api_key;  // empty: none is asked for
};

struct Settings {
  mqtt::BrokerSettings broker;
  mqtt::AccessList access;
  std::vector<Listener> listeners;
  std::vector<BridgeTarget> bridges;
  std::optional<WebListener> web;
  std::size_t max_output = 8'000'000;  // bytes that wait for one client; beyond them its QoS 0 messages are dropped
  std::string persistence_location;    // a folder; persistence_location
  bool log_connections = true;         // connection_messages
  bool quiet = false;                  // log_type none

  Settings() {
    broker.persistence = false;
    broker.autosave_interval = Duration::seconds(1800);
    broker.sys_interval = Duration::seconds(10);
    broker.max_packet_size = 2'000'000;
    broker.max_queued_bytes = 64'000'000;
    broker.max_connections = 10'000;
    broker.max_sessions = 100'000;
    broker.max_retained = 1'000'000;
    broker.max_subscriptions = 10'000;
    broker.max_filter_levels = 200'000;
    broker.memory_limit = 1'000'000'000;
  }
  /// Where sessions and retained messages are kept; empty: nowhere.
  std::string state_file() const {
    return broker.persistence ? (persistence_location.empty() ? "." : persistence_location) + "/wirelab.state" : "";
  }
};

}  // namespace wirelab::live
