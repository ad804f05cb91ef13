#include "sim/device/radio_meter.hpp"

#include <algorithm>

#include "sim/trace/radio_energy.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kStates = static_cast<std::size_t>(RadioState::count_);
constexpr std::size_t place_of(RadioState state) { return static_cast<std::size_t>(state); }

}  // namespace

RadioMeter::RadioMeter(EventQueue& events, Tracer& trace, EntityId node, const RadioPower& model)
    : events_(events),
      trace_(trace),
      node_(node),
      model_(model),
      since_(events.now()),
      last_use_(events.now()),
      timer_(events.make_timer(on_timer, this)) {}

RadioMeter::~RadioMeter() { events_.release(timer_); }

void RadioMeter::uses(RadioState state, Instant begin, Instant end) {
  if (rest_ == RadioState::off || end <= events_.now() || end <= begin) return;
  uses_.push_back({state, begin, end});
  settle();
}

void RadioMeter::rests(RadioState state) {
  // Said when it is first switched on, so that who reads the run from its beginning hears it.
  for (std::uint32_t i = 0; i < kStates && !told_; ++i)
    trace_.state(node_, Field::radio_power, 0, model_.microwatts[i], i);
  told_ = true;
  rest_ = state;
  if (state == RadioState::off) uses_.clear();
  if (state != RadioState::idle) kept_awake_ = false;
  settle();
}

void RadioMeter::hears_nothing() {
  std::erase_if(uses_, [](const Use& use) { return use.state == RadioState::receive; });
  settle();
}

void RadioMeter::on_timer(void* self, std::uint64_t) { static_cast<RadioMeter*>(self)->settle(); }

// The state as it must be now, and the instant at which to look again.
void RadioMeter::settle() {
  const Instant now = events_.now();
  RadioState state = rest_;
  Instant next = Instant::never();
  for (std::size_t i = 0; i < uses_.size();) {
    const Use use = uses_[i];
    if (use.end <= now) {
      last_use_ = std::max(last_use_, use.end);
      kept_awake_ = true;
      uses_[i] = uses_.back();
      uses_.pop_back();
      continue;
    }
    if (use.begin <= now) state = std::max(state, use.state);
    next = std::min(next, use.begin > now ? use.begin : use.end);
    ++i;
  }
  if (state == RadioState::idle && model_.tail.ns() > 0) {
    const Instant asleep = last_use_ + model_.tail;
    if (!kept_awake_ || asleep <= now) {
      state = RadioState::sleep;
    } else {
      next = std::min(next, asleep);
    }
  }
  enter(state);
  if (next == Instant::never()) {
    events_.disarm(timer_);
  } else {
    events_.arm(timer_, next);
  }
}

void RadioMeter::enter(RadioState state) {
  if (state == state_) return;
  const Instant now = events_.now();
  std::int64_t& spent = ns_[place_of(state_)];
  trace_.set(node_, Field::radio_time, spent, spent + (now - since_).ns(), static_cast<std::uint32_t>(state_));
  trace_.state(node_, Field::radio_since, since_.ns(), now.ns());
  trace_.set(node_, Field::radio_state, state_, state);
  since_ = now;
}

Duration RadioMeter::time_in(RadioState state) const {
  const std::int64_t present = state == state_ ? (events_.now() - since_).ns() : 0;
  return Duration::nanoseconds(ns_[place_of(state)] + present);
}

double RadioMeter::millijoules() const {
  double sum = 0;
  for (std::size_t i = 0; i < kStates; ++i)
    sum += radio_millijoules(model_.microwatts[i], time_in(static_cast<RadioState>(i)).ns());
  return sum;
}

void RadioMeter::visit_state(StateVisitor& visitor) const {
  for (std::uint32_t i = 0; i < kStates; ++i) {
    visitor.value(node_, Field::radio_power, i, told_ ? model_.microwatts[i] : 0);
    visitor.value(node_, Field::radio_time, i, ns_[i]);
  }
  visitor.value(node_, Field::radio_since, 0, since_.ns());
  visitor.value(node_, Field::radio_state, 0, static_cast<std::int64_t>(state_));
}

}  // namespace wirelab
