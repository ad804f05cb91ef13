#include "sim/view/timeline.hpp"

#include <algorithm>

namespace wirelab {

// To the nearest snapshot where that is closer than the present place.
void Timeline::jump(RecordNumber to) {
  const auto after = std::upper_bound(snapshots_.begin(), snapshots_.end(), to,
                                      [](RecordNumber n, const Snapshot& s) { return n < s.at; });
  const RecordNumber here = at_ > to ? at_ - to : to - at_;
  const auto distance = [&](const Snapshot& s) { return s.at > to ? s.at - to : to - s.at; };
  const Snapshot* best = nullptr;
  if (after != snapshots_.end() && distance(*after) < here) best = &*after;
  if (after != snapshots_.begin()) {
    const Snapshot& before = *(after - 1);
    if (distance(before) < (best == nullptr ? here : distance(*best))) best = &before;
  }
  if (best == nullptr) {
    if (to < here) state_ = FoldedState(), at_ = 0;
    return;
  }
  state_ = FoldedState(best->values);
  at_ = best->at;
}

bool Timeline::seek(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most) {
  to = std::min(to, reader.last());
  jump(to);
  if (at_ + 1 < reader.first()) at_ = reader.first() - 1;
  for (; most > 0 && at_ < to; --most) {
    state_.forward(reader.record(++at_));
    if (at_ % spacing_ != 0 || (!snapshots_.empty() && snapshots_.back().at >= at_)) continue;
    snapshots_.push_back({at_, {state_.values().begin(), state_.values().end()}});
  }
  for (; most > 0 && at_ > to && at_ >= reader.first(); --most) state_.backward(reader.record(at_--));
  return at_ == to || at_ + 1 == reader.first();
}

}  // namespace wirelab
