#include "sim/view/timer_tracks.hpp"

#include <algorithm>

namespace wirelab {

const TimerChange* TimerTrack::at(std::int64_t instant) const {
  const auto after = std::partition_point(changes.begin(), changes.end(),
                                          [&](const TimerChange& change) { return change.at <= instant; });
  return after == changes.begin() ? nullptr : &*(after - 1);
}

void TimerTracks::take(const Record& record) {
  const Place place{record.entity, static_cast<Field>(record.field), record.key};
  if (record.kind == Kind::timer_fired) firing_ = place;
  if (record.kind != Kind::state || !is_timer(place.field)) return;
  auto found = places_.find(place);
  if (found == places_.end()) {
    const auto made = static_cast<std::uint32_t>(tracks_.size());
    tracks_.push_back({place.entity, place.field, place.key, {}});
    found = places_.emplace(place, made).first;
    of_entity_[place.entity].push_back(made);
  }
  // A timer that goes off says so, and then that it is off. One can also be cancelled at the very instant of its deadline.
  tracks_[found->second].changes.push_back({record.at, record.b, record.b == 0 && firing_ == place});
  firing_ = {};
}

std::span<const std::uint32_t> TimerTracks::of(EntityId entity) const {
  const auto found = of_entity_.find(entity);
  return found == of_entity_.end() ? std::span<const std::uint32_t>() : found->second;
}

const TimerTrack* TimerTracks::find(EntityId entity, Field field, std::uint32_t key) const {
  const auto found = places_.find({entity, field, key});
  return found == places_.end() ? nullptr : &tracks_[found->second];
}

}  // namespace wirelab
