// Two hosts and the link between them, with what is counted there: for experiments on single connections.
#pragma once

#include <functional>

#include "sim/net/transport.hpp"
#include "sim/world/broker_service.hpp"

namespace wirelab {

struct BenchLink final : Sink {
  BenchLink(const ChannelSettings& settings, std::uint64_t seed, const tcp::Settings& tcp_settings)
      : trace(events, nullptr),
        network(events, trace, seed),
        transport(events, trace, network, seed),
        tcp(tcp_settings),
        near(network.add_node("client")),
        far(network.add_node("server")) {
    network.add_link(near, far, settings, settings);
    trace.add_sink(this);
  }
  void consume(const TracePart& part) override {
    for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
      const Record& r = part.chunk.record[i];
      if (r.kind == Kind::retransmission) ++retransmissions;
      if (r.kind != Kind::packet_sent) continue;
      const bool up = r.entity == network.node(near).entity;
      const auto bytes = part.chunk.blob(r.key - part.chunk.first_blob);
      (up ? up_bytes : down_bytes) += bytes.size();
      ++(up ? up_packets : down_packets);
      if (see) see(r.at, up, bytes);
    }
  }
  EventQueue events;
  Tracer trace;
  Network network;
  Transport transport;
  tcp::Settings tcp;
  NodeIndex near, far;
  std::uint64_t up_bytes = 0, down_bytes = 0, up_packets = 0, down_packets = 0, retransmissions = 0;
  std::function<void(std::int64_t at, bool up, wire::Bytes packet)> see;  // each packet as it is sent; may be empty
};

/// Linux 6.18 with HZ 250, as it was measured.
inline tcp::Settings measured_linux() {
  tcp::Settings settings;
  settings.timer_wheel = true;
  return settings;
}

/// As truth/wire.csv shows it: the broker's system acknowledges CONNECT, and its process answers 29 to 49 us later. Over TLS it
/// takes 14 to 39 us more, since OpenSSL reads and deciphers the record first: mosquitto 2.0.11 over loopback answered a
/// DISCONNECT so much later than one without TLS (1 % and 10 % of 200 connections). So at 10 Mbit/s the FIN, 42 us behind, is
/// there before the process has read the DISCONNECT, and both are acknowledged together.
inline void set_wake_up(Listeners& listeners) {
  const bool tls = listeners.tls.has_value();
  listeners.wake_least = Duration::microseconds(tls ? 29 + 14 : 29);
  listeners.wake_most = Duration::microseconds(tls ? 49 + 39 : 49);
}

}  // namespace wirelab
