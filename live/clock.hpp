// Real time for a simulation's event queue: its instants are nanoseconds since the program's network side began. Time in which
// the program was busy for long with one thing does not count: what peers sent meanwhile lies unread, and nobody is to be taken
// for silent whom nobody listened to.
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
  /// What one turn took of real time, where that is so long that others waited for it, is taken off the clock.
  class Turn {
   public:
    explicit Turn(Clock& clock) : clock_(clock), begin_(std::chrono::steady_clock::now()) {}
    ~Turn() {
      const auto took = std::chrono::steady_clock::now() - begin_;
      if (took > kLong) clock_.begin_ += took;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    /// Whether others should have their turn.
    bool is_long() const { return std::chrono::steady_clock::now() - begin_ > kLong; }

   private:
    static constexpr std::chrono::milliseconds kLong{20};
    Clock& clock_;
    std::chrono::steady_clock::time_point begin_;
  };
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
