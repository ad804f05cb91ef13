// The inbox of a process that takes time over each packet: one queue for all its connections, served in order of arrival by one
// thread, as mosquitto is. A service time that is the same for all, and Poisson arrivals, make it the M/D/1 queue of theory, an
// exponential one M/M/1. A finite inbox takes no more than so many: what comes then stays in its socket's receive buffer, and
// TCP's window closes, so overload shows as delay first and at the senders next.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "sim/kernel/event_queue.hpp"
#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/channel.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

struct Processor {
  Duration service_time;     // a packet; 0: none, and there is no inbox
  bool exponential = false;  // its mean; else every packet takes the same
  std::uint32_t inbox = 0;   // packets that wait, the one at work not counted; 0: not limited
};

class Inbox {
 public:
  struct Item {
    std::uint64_t source = 0;  // whoever put it in
    std::vector<std::uint8_t> bytes;
    StreamId stream = 0;
    mqtt::StreamRange where;
  };
  /// serve(item) is called when an item's time is over.
  Inbox(EventQueue& events, Tracer& trace, EntityId entity, const Processor& processor, RandomStream luck,
        std::function<void(const Item&)> serve);
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  bool takes_time() const { return processor_.service_time.ns() != 0; }
  bool is_full() const { return processor_.inbox != 0 && waiting_.size() >= processor_.inbox; }
  void put(std::uint64_t source, mqtt::Bytes bytes, StreamId stream, mqtt::StreamRange where);
  /// The process is gone, and what it had read with it.
  void clear();
  void visit_state(StateVisitor& visitor) const;

 private:
  static void on_done(void* self, std::uint64_t);
  void begin(Item item);
  Duration service_time();

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  Processor processor_;
  RandomStream luck_;
  std::function<void(const Item&)> serve_;
  TimerId timer_;  // made when it is first needed
  bool busy_ = false;
  Item at_work_;
  std::deque<Item> waiting_;
};

}  // namespace wirelab
