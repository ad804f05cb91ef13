// A DHCP client (RFC 2131, section 4.4): asks for an address, renews it at half of its lease, asks any server at seven eighths,
// and gives it up at the end. Unanswered messages are repeated after 4, 8, 16, 32 and 64 s, each give or take one (section 4.1).
// Sans-I/O: messages go out by a function, answers come in by receive().
#pragma once

#include <functional>

#include "sim/kernel/random.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/dhcp.hpp"

namespace wirelab::dhcp {

enum class State : std::uint8_t { stopped, selecting, requesting, bound, renewing, rebinding };
std::string_view name_of(State state);

struct Lease {
  wire::Ipv4Address address, router, name_server, server;
};

class Client {
 public:
  /// `to` is 255.255.255.255 or, while renewing, the server.
  using Send = std::function<void(wire::Ipv4Address to, wire::Bytes message)>;
  /// The address is there, has changed, or is gone: then it is 0.
  using Changed = std::function<void(const Lease& lease)>;
  Client(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId entity, wire::MacAddress hardware,
         std::string host_name, Send send, Changed changed);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins from the beginning: the network is new.
  void start();
  /// Forgets everything; `changed` is not called.
  void stop();
  void receive(wire::Bytes message);
  State state() const { return state_; }
  const Lease& lease() const { return lease_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  static void on_timer(void* self, std::uint64_t);
  void begin();
  void send(wire::DhcpType type);
  void repeat_later();
  void take(const wire::DhcpMessage& ack);
  void lose();
  void enter(State state);
  void arm(Duration after);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  wire::MacAddress hardware_;
  std::string host_name_;
  Send send_;
  Changed changed_;
  RandomStream luck_;
  State state_ = State::stopped;
  TimerId timer_;
  std::uint32_t transaction_ = 0;
  std::uint8_t repeats_ = 0;
  Instant began_, asked_;
  Lease lease_, offered_;
  Instant rebinds_, expires_;
};

}  // namespace wirelab::dhcp
