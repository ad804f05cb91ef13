// Timers whose deadline is a state record: armed, moved, cancelled and fired, each as a change of the field that holds it (0:
// not armed). The event queue knows the deadline; these keep the trace in step with it.
#pragma once

#include "sim/trace/tracer.hpp"

namespace wirelab {

/// The deadline as the trace writes it: nanoseconds, 0 if the timer is not armed.
inline std::int64_t deadline_of(const EventQueue& events, TimerId timer) {
  const Instant due = events.due(timer);
  return due == Instant::never() ? 0 : due.ns();
}

inline void arm_traced(Tracer& trace, TimerId timer, EntityId entity, Field field, Instant at, std::uint32_t key = 0) {
  trace.state(entity, field, deadline_of(trace.events(), timer), at.ns(), key);
  trace.events().arm(timer, at);
}

inline void disarm_traced(Tracer& trace, TimerId timer, EntityId entity, Field field, std::uint32_t key = 0) {
  trace.state(entity, field, deadline_of(trace.events(), timer), 0, key);
  trace.events().disarm(timer);
}

/// Called first by the function of a timer that fires: the record becomes the cause of what follows.
inline void record_fired(Tracer& trace, EntityId entity, Field field, std::uint32_t key = 0) {
  trace.emit_cause(Kind::timer_fired, entity, 0, field, key);
  trace.state(entity, field, trace.events().now().ns(), 0, key);
}

}  // namespace wirelab
