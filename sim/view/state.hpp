// The state of a world at any instant, folded from the state records of its trace: (entity, field, key) to value. Every change
// is recorded with its old and its new value, so the fold walks both ways. A value of 0 is the same as none.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "sim/trace/state_visitor.hpp"
#include "sim/trace/store.hpp"

namespace wirelab {

struct StateKey {
  EntityId entity = 0;
  Field field = Field::none;
  std::uint32_t key = 0;
  auto operator<=>(const StateKey&) const = default;
};

class FoldedState {
 public:
  using Values = std::map<StateKey, std::int64_t>;
  FoldedState() = default;
  /// From values in order of their keys, as values() gives them.
  explicit FoldedState(const std::vector<std::pair<StateKey, std::int64_t>>& values)
      : values_(values.begin(), values.end()) {}

  /// Takes a record that happened after all that were folded so far. Others than state records change nothing.
  /// False if its old value is not what was folded: the trace is torn.
  bool forward(const Record& record);
  /// Takes the last folded record back.
  bool backward(const Record& record);

  std::int64_t value(EntityId entity, Field field, std::uint32_t key = 0) const;
  const Values& values() const { return values_; }

 private:
  bool apply(const Record& record, std::int64_t from, std::int64_t to);
  Values values_;
};

/// The state after the records up to and including `last`.
FoldedState state_after(const TraceStore::Reader& reader, RecordNumber last);

/// Collects what a live world says of itself, in the same form.
class LiveState final : public StateVisitor {
 public:
  void value(EntityId entity, Field field, std::uint32_t key, std::int64_t value) override {
    if (value != 0) values_[{entity, field, key}] = value;
  }
  const FoldedState::Values& values() const { return values_; }

 private:
  FoldedState::Values values_;
};

}  // namespace wirelab
