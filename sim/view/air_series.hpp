// How much of the time the air of each access point was in use, in steps of a tenth of a second: for a picture over time.
#pragma once

#include <tsl/robin_map.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/store.hpp"

namespace wirelab {

class AirSeries {
 public:
  static constexpr std::int64_t kStep = 100'000'000;  // ns
  /// Reads on to record `to`, at most `most` records. True if it has read that far.
  bool read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most = ~RecordNumber{0}) {
    next_ = std::max(next_, reader.first());
    const RecordNumber end = std::min(to + 1, next_ + std::min(most, to + 1));
    for (; next_ < end; ++next_) {
      const Record& r = reader.record(next_);
      if (r.kind != Kind::state || static_cast<Field>(r.field) != Field::air_time) continue;
      add(busy_[r.entity], r.at, r.b - r.a);
    }
    return next_ > to;
  }
  /// The share of [from, to) in which somebody was sending, of that access point; 0 of one that is not known.
  double share(EntityId point, std::int64_t from, std::int64_t to) const {
    const auto found = busy_.find(point);
    if (found == busy_.end() || to <= from) return 0;
    std::int64_t sum = 0;
    const auto& steps = found->second;
    const auto first = static_cast<std::size_t>(from / kStep), last = static_cast<std::size_t>((to - 1) / kStep);
    for (std::size_t i = first; i <= last && i < steps.size(); ++i) sum += steps[i];
    return static_cast<double>(sum) / static_cast<double>((static_cast<std::int64_t>(last - first) + 1) * kStep);
  }

 private:
  // A transmission is counted over the steps that it lies in.
  static void add(std::vector<std::int64_t>& steps, std::int64_t at, std::int64_t length) {
    while (length > 0) {
      const auto step = static_cast<std::size_t>(at / kStep);
      if (steps.size() <= step) steps.resize(step + 1);
      const std::int64_t here = std::min(length, kStep - at % kStep);
      steps[step] += here;
      at += here, length -= here;
    }
  }
  tsl::robin_map<EntityId, std::vector<std::int64_t>, MixHash> busy_;
  RecordNumber next_ = 1;
};

}  // namespace wirelab
