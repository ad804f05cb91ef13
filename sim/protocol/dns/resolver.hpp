// A device's resolver: asks a server for the address of a name, again after 5 s if there is no answer, and gives up after another 5
// (resolv.conf(5): timeout 5, attempts 2). Answers are kept for their time to live. Sans-I/O: datagrams go out by a function.
// Left out: names that do not exist are not kept (RFC 2308), and an answer that was cut is not asked for again by TCP.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"
#include "sim/wire/dns.hpp"

namespace wirelab::dns {

enum class Failure : std::uint8_t { none, no_such_name, server_failure, no_answer, no_server };
std::string_view name_of(Failure failure);

struct Answer {
  Failure failure = Failure::none;
  wire::Ipv4Address address;
};
using Done = std::function<void(const Answer&)>;

class Resolver {
 public:
  using Send = std::function<void(wire::Ipv4Address server, wire::Bytes message)>;
  /// `entity` is the node; `send` takes a question, and answers come back by receive().
  Resolver(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId entity, Send send);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// 0.0.0.0: there is none.
  void set_server(wire::Ipv4Address server) { server_ = server; }
  wire::Ipv4Address server() const { return server_; }
  /// `done` is called later, by an event of its own, also where the answer is known. `name` must be a host name.
  void resolve(std::string_view name, Done done);
  void receive(wire::Ipv4Address from, wire::Bytes message);
  /// The node has lost its power: nothing is known any more, and nobody is told.
  void forget();
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Question {
    std::uint32_t name = 0;  // interned
    std::uint16_t id = 0;
    std::uint8_t asked = 0;
    TimerId timer;
    std::vector<Done> waiting;
  };
  struct Known {
    wire::Ipv4Address address;
    Instant expires;
  };
  static void on_timer(void* self, std::uint64_t name);
  static void on_ready(void* self, std::uint64_t);
  void ask(Question& question);
  void finish(std::uint32_t name, const Answer& answer);
  void answer_later(Done done, const Answer& answer);
  void keep(std::uint32_t name, const wire::DnsAddress& answer);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  Send send_;
  RandomStream luck_;
  wire::Ipv4Address server_;
  std::map<std::uint32_t, Question> questions_;  // by name
  std::map<std::uint32_t, Known> known_;
  std::vector<std::pair<Done, Answer>> ready_;
  EventId ready_event_;
};

}  // namespace wirelab::dns
