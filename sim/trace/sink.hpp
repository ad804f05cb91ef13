// What reads the trace while it is made. A sink is called once for a stretch of records, never for a single one, so an idle
// sink costs nothing on the path of an event.
#pragma once

#include "sim/trace/chunk.hpp"

namespace wirelab {

class Sink {
 public:
  virtual ~Sink() = default;
  /// Records and blobs in order, each exactly once. A blob comes with or before the first record that names it.
  virtual void consume(const TracePart& part) = 0;
};

}  // namespace wirelab
