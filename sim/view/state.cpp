#include "sim/view/state.hpp"

namespace wirelab {

bool FoldedState::apply(const Record& record, std::int64_t from, std::int64_t to) {
  if (record.kind != Kind::state) return true;
  const StateKey key{record.entity, static_cast<Field>(record.field), record.key};
  const auto at = values_.find(key);
  const bool fits = (at == values_.end() ? 0 : at->second) == from;
  if (to == 0) {
    if (at != values_.end()) values_.erase(at);
  } else {
    values_[key] = to;
  }
  return fits;
}

bool FoldedState::forward(const Record& record) { return apply(record, record.a, record.b); }
bool FoldedState::backward(const Record& record) { return apply(record, record.b, record.a); }

std::int64_t FoldedState::value(EntityId entity, Field field, std::uint32_t key) const {
  const auto at = values_.find({entity, field, key});
  return at == values_.end() ? 0 : at->second;
}

FoldedState state_after(const TraceStore::Reader& reader, RecordNumber last) {
  FoldedState state;
  for (RecordNumber n = reader.first(); n <= last && n <= reader.last(); ++n) state.forward(reader.record(n));
  return state;
}

}  // namespace wirelab
