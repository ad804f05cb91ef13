// How long a radio is in each of its states: it transmits, receives, is idle (awake, and listens), sleeps, or is off. Times are
// whole nanoseconds; they are multiplied with the power of a state only when an energy is asked for, so nothing is rounded on
// the way and nothing overflows.
#pragma once

#include <array>
#include <vector>

#include "sim/device/radio_power.hpp"
#include "sim/kernel/event_queue.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

class RadioMeter {
 public:
  /// `node` is whose radio it is; the powers of `model` become part of the trace when it is switched on.
  RadioMeter(EventQueue& events, Tracer& trace, EntityId node, const RadioPower& model);
  ~RadioMeter();
  RadioMeter(const RadioMeter&) = delete;
  RadioMeter& operator=(const RadioMeter&) = delete;

  /// It transmits or receives from `begin`, now or later, to `end`. Where both are true it transmits.
  void uses(RadioState state, Instant begin, Instant end);
  /// What it does in between: off, sleep or idle. Idle with a tail ends by itself in sleep.
  void rests(RadioState state);
  /// Forgets what it was to receive.
  void hears_nothing();

  RadioState state() const { return state_; }
  Duration time_in(RadioState state) const;
  double millijoules() const;
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Use {
    RadioState state;
    Instant begin, end;
  };
  static void on_timer(void* self, std::uint64_t);
  void settle();
  void enter(RadioState state);

  EventQueue& events_;
  Tracer& trace_;
  EntityId node_;
  RadioPower model_;
  RadioState state_ = RadioState::off, rest_ = RadioState::off;
  bool told_ = false;        // its powers, to the trace
  Instant since_;            // of the state
  Instant last_use_;         // its end
  bool kept_awake_ = false;  // by a use, for the tail
  std::array<std::int64_t, static_cast<std::size_t>(RadioState::count_)> ns_{};
  std::vector<Use> uses_;  // that are not over; a handful at most
  TimerId timer_;
};

}  // namespace wirelab
