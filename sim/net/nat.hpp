// The address translation of a home router, as Linux's masquerading does it: what goes out gets the router's address and, where
// it is free, keeps its port; what comes in is let through only as an answer (RFC 4787 and 5382 call this filtering by
// address and port). A binding is forgotten when it has been idle for its time-out.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/translate.hpp"

namespace wirelab {

/// What becomes of a TCP segment from inside that belongs to no binding and opens none.
enum class Forgotten : std::uint8_t {
  same_port,  // a new binding with the same port where it is free: the connection lives (Linux's nf_conntrack_tcp_loose)
  another_port,  // a new binding with another port: the server answers RST
  reset,         // the router answers RST
  drop,
};

/// Linux's time-outs (nf_conntrack-sysctl), but for tcp_established: there it is five days, and home routers have less.
struct NatSettings {
  Duration tcp_established = Duration::seconds(7440);  // RFC 5382, REQ-5: at least 2 h 4 min
  Duration tcp_transitory = Duration::seconds(120);    // while it opens and closes
  Duration udp_reply = Duration::seconds(120);
  Duration udp = Duration::seconds(30);  // nobody has answered yet
  Duration icmp = Duration::seconds(30);
  Forgotten forgotten = Forgotten::same_port;
};

class Nat {
 public:
  enum class Result : std::uint8_t { translated, no_binding, reset };

  Nat(EventQueue& events, Tracer& trace, EntityId entity, wire::Ipv4Address outside, const NatSettings& settings);
  ~Nat();
  Nat(const Nat&) = delete;
  Nat& operator=(const Nat&) = delete;

  /// Rewrites a packet on its way out, or in; it is left alone where there is no binding for it.
  Result translate_out(std::span<std::uint8_t> packet);
  Result translate_in(std::span<std::uint8_t> packet);
  /// Forgets every binding, as after a restart.
  void forget();
  std::size_t bindings() const { return used_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  enum class Phase : std::uint8_t { free, opening, established, closing };
  struct Binding {
    wire::FlowEnd inside, remote;
    std::uint16_t port = 0;  // outside
    std::uint8_t protocol = 0;
    Phase phase = Phase::free;
    std::uint8_t fins = 0;  // 1: from inside, 2: from outside
    Instant expires;
  };
  struct Key {
    std::uint64_t ends = 0;  // an address and both ports
    std::uint64_t rest = 0;  // the other address and the protocol
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return MixHash()(key.ends ^ MixHash()(key.rest)); }
  };
  static Key key_out(const wire::Flow& flow);
  static Key key_in(std::uint8_t protocol, std::uint16_t port, wire::FlowEnd remote);
  Binding* make(const wire::Flow& flow, bool keep_port);
  void used(Binding& binding, std::span<const std::uint8_t> packet, bool out);
  void erase(std::uint32_t place);
  void trace_binding(std::uint32_t place, bool begins);
  std::uint32_t place_of(const Binding& binding) const { return static_cast<std::uint32_t>(&binding - table_.data()); }
  static void on_timer(void* self, std::uint64_t);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  wire::Ipv4Address outside_;
  NatSettings settings_;
  std::vector<Binding> table_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
  tsl::robin_map<Key, std::uint32_t, KeyHash> out_, in_;
  std::uint16_t next_port_ = 32768;
  TimerId timer_;  // for what expires first; it may have been used since
  bool armed_ = false;
};

}  // namespace wirelab
