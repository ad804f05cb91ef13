// A small network for tests: nodes in a row, with the clock, trace and transport around it.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "sim/net/transport.hpp"
#include "sim/view/state.hpp"

namespace wirelab::test {

struct Net {
  explicit Net(std::uint64_t seed = 1)
      : store(std::make_shared<TraceStore>()),
        trace(events, store),
        network(events, trace, seed),
        transport(events, trace, network, seed) {}

  NodeIndex node(const char* name) { return network.add_node(name); }
  LinkIndex link(NodeIndex a, NodeIndex b, const ChannelSettings& both) { return network.add_link(a, b, both, both); }
  tcp::Endpoint at(NodeIndex node, std::uint16_t port) { return {network.node(node).address, port}; }
  void run(Duration d) { events.run_until(events.now() + d); }
  void run_ms(std::int64_t ms) { run(Duration::milliseconds(ms)); }

  std::size_t count(Kind kind) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::size_t n = 0;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i) n += reader.record(i).kind == kind ? 1 : 0;
    return n;
  }
  void expect_fold_equals_live() {
    trace.flush();
    const TraceStore::Reader reader(*store);
    FoldedState folded;
    bool whole = true;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i) whole = folded.forward(reader.record(i)) && whole;
    REQUIRE(whole);
    LiveState live;
    network.visit_state(live);
    transport.visit_state(live);
    for (const auto& [key, value] : live.values()) {
      CAPTURE(trace.names().text(key.entity), name_of(key.field), value);
      REQUIRE(folded.value(key.entity, key.field, key.key) == value);
    }
    REQUIRE(folded.values() == live.values());
  }

  EventQueue events;
  std::shared_ptr<TraceStore> store;
  Tracer trace;
  Network network;
  Transport transport;
};

/// Collects what arrives; can be told not to read, and to close when the peer does.
struct Collector final : tcp::User {
  std::vector<std::uint8_t> bytes;
  bool connected = false;
  bool peer_closed = false;
  bool closed = false;
  bool reading = true;
  bool close_with_peer = true;
  tcp::CloseReason reason = tcp::CloseReason::none;
  tcp::Connection* connection = nullptr;

  void on_connected(tcp::Connection& c) override { connected = true, connection = &c; }
  std::size_t on_data(tcp::Connection&, wire::Bytes data, std::uint64_t offset) override {
    if (!reading) return 0;
    REQUIRE(offset == bytes.size());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return data.size();
  }
  void on_peer_closed(tcp::Connection& c) override {
    peer_closed = true;
    if (close_with_peer) c.close();
  }
  void on_closed(tcp::Connection&, tcp::CloseReason why) override { closed = true, reason = why, connection = nullptr; }
};

inline std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return bytes;
}

inline ChannelSettings path(std::int64_t delay_ms, std::int64_t rate = 10'000'000, double loss = 0) {
  ChannelSettings settings;
  settings.delay = Duration::milliseconds(delay_ms);
  settings.rate = rate;
  settings.loss = loss;
  return settings;
}

}  // namespace wirelab::test
