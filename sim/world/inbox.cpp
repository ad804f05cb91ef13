#include "sim/world/inbox.hpp"

#include <utility>

namespace wirelab {

Inbox::Inbox(EventQueue& events, Tracer& trace, EntityId entity, const Processor& processor, RandomStream luck,
             std::function<void(const Item&)> serve)
    : events_(events), trace_(trace), entity_(entity), processor_(processor), luck_(luck), serve_(std::move(serve)) {}

Inbox::~Inbox() {
  if (timer_.valid()) events_.release(timer_);
}

Duration Inbox::service_time() {
  if (!processor_.exponential) return processor_.service_time;
  return Duration::nanoseconds(
      static_cast<std::int64_t>(luck_.exponential(static_cast<double>(processor_.service_time.ns()))));
}

void Inbox::put(std::uint64_t source, mqtt::Bytes bytes, StreamId stream, mqtt::StreamRange where) {
  Item item{source, {bytes.begin(), bytes.end()}, stream, where};
  if (!busy_) {
    begin(std::move(item));
    return;
  }
  waiting_.push_back(std::move(item));
  trace_.state(entity_, Field::broker_inbox, waiting_.size() - 1, waiting_.size());
}

void Inbox::begin(Item item) {
  busy_ = true;
  at_work_ = std::move(item);
  if (!timer_.valid()) timer_ = events_.make_timer(on_done, this);
  events_.arm(timer_, events_.now() + service_time());
}

void Inbox::on_done(void* target, std::uint64_t) {
  auto* self = static_cast<Inbox*>(target);
  const Item done = std::move(self->at_work_);
  self->busy_ = false;
  if (!self->waiting_.empty()) {
    Item next = std::move(self->waiting_.front());
    self->waiting_.pop_front();
    self->trace_.state(self->entity_, Field::broker_inbox, self->waiting_.size() + 1, self->waiting_.size());
    self->begin(std::move(next));
  }
  self->serve_(done);
}

void Inbox::clear() {
  if (timer_.valid()) events_.disarm(timer_);
  busy_ = false;
  trace_.state(entity_, Field::broker_inbox, waiting_.size(), 0);
  waiting_.clear();
}

void Inbox::visit_state(StateVisitor& visitor) const {
  if (takes_time()) visitor.value(entity_, Field::broker_inbox, 0, waiting_.size());
}

}  // namespace wirelab
