// The timers of a run over time: when each was armed, moved, cancelled and fired. For drawing a timer as a bar that runs out, and
// for saying how much of its time has passed at any instant.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/record.hpp"

namespace wirelab {

/// The timer is set to `deadline` (0: it is off) at this instant, and stays so until the next change.
struct TimerChange {
  std::int64_t at = 0;
  std::int64_t deadline = 0;
  bool fired = false;  // it went off because its time had come
};

struct TimerTrack {
  EntityId entity = 0;
  Field field = Field::none;
  std::uint32_t key = 0;
  std::vector<TimerChange> changes;  // in order of time

  /// The change that is in force at the instant: the last one at or before it; null before the first.
  const TimerChange* at(std::int64_t instant) const;
};

class TimerTracks {
 public:
  /// To be given every record of kinds state and timer_fired, in order.
  void take(const Record& record);
  /// Those of one entity, in the order in which they were first armed.
  std::span<const std::uint32_t> of(EntityId entity) const;
  const TimerTrack& track(std::uint32_t place) const { return tracks_[place]; }
  /// Null if it was never armed.
  const TimerTrack* find(EntityId entity, Field field, std::uint32_t key = 0) const;

 private:
  struct Place {
    EntityId entity = 0;
    Field field = Field::none;
    std::uint32_t key = 0;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& p) const {
      return MixHash()((static_cast<std::uint64_t>(p.entity) << 32) ^ (static_cast<std::uint64_t>(p.field) << 24) ^
                       p.key);
    }
  };
  std::vector<TimerTrack> tracks_;
  Place firing_;  // of the newest timer_fired record
  tsl::robin_map<Place, std::uint32_t, PlaceHash> places_;
  tsl::robin_map<EntityId, std::vector<std::uint32_t>, MixHash> of_entity_;
};

}  // namespace wirelab
