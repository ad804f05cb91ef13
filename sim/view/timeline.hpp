// The state of everything at any record of a trace: folded forwards or backwards from where it last was, or from the nearest of the
// snapshots that it keeps on its way. A window that follows a run and jumps about in it asks this.
#pragma once

#include <vector>

#include "sim/trace/store.hpp"
#include "sim/view/state.hpp"

namespace wirelab {

class Timeline {
 public:
  /// `spacing`: records between two snapshots.
  explicit Timeline(RecordNumber spacing = RecordNumber{1} << 17) : spacing_(spacing) {}

  /// Moves to the state after record `to`, or towards it: at most `most` records are looked at. True if it is there.
  /// Of a trace whose beginning the store has dropped, the state is that of what is left.
  bool seek(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most = ~RecordNumber{0});
  const FoldedState& state() const { return state_; }
  /// The last record that is folded; 0 before the first.
  RecordNumber at() const { return at_; }

 private:
  struct Snapshot {
    RecordNumber at = 0;
    std::vector<std::pair<StateKey, std::int64_t>> values;
  };
  void jump(RecordNumber to);
  RecordNumber spacing_;
  RecordNumber at_ = 0;
  FoldedState state_;
  std::vector<Snapshot> snapshots_;  // at rising records
};

}  // namespace wirelab
