// Real time for a simulation's event queue: its instants are nanoseconds since the program's network side began.
#pragma once

#include <chrono>

#include "sim/kernel/event_queue.hpp"

namespace wirelab::live {

class Clock {
 public:
  explicit Clock(EventQueue& events) : events_(events), begin_(std::chrono::steady_clock::now()) {}
  Instant now() const {
    const auto since = std::chrono::steady_clock::now() - begin_;
    return Instant::from_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
  }
  /// Instant 0, in nanoseconds since 1970 by this machine's calendar.
  std::int64_t epoch_ns() const {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count() - now().ns();
  }
  /// Fires what is due, and sets the queue's clock to the present.
  void catch_up() { events_.run_until(std::max(now(), events_.now())); }
  std::chrono::steady_clock::time_point at(Instant instant) const {
    return begin_ + std::chrono::nanoseconds(instant.ns());
  }

 private:
  EventQueue& events_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace wirelab::live
