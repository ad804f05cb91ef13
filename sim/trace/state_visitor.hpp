// The live side of the fold test: every component can name all values that its state records follow, as they are now. Folding
// the trace up to this instant must give the same.
#pragma once

#include <cstdint>

#include "sim/trace/record.hpp"

namespace wirelab {

class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  /// Values of 0 may be named or left out: they are what every field begins with.
  virtual void value(EntityId entity, Field field, std::uint32_t key, std::int64_t value) = 0;
};

}  // namespace wirelab
