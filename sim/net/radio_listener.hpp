// Who follows what a node's radio does, for its energy: when it sends, when it receives, and whether it listens in between.
#pragma once

#include "sim/kernel/time.hpp"
#include "sim/trace/vocabulary.hpp"

namespace wirelab {

class RadioListener {
 public:
  virtual ~RadioListener() = default;
  /// From `begin`, which is now or later, to `end`.
  virtual void transmits(Instant begin, Instant end) = 0;
  virtual void receives(Instant begin, Instant end) = 0;
  /// What it does from now on when it neither sends nor receives: off, sleep or idle.
  virtual void rests(RadioState state) = 0;
  /// What it was to receive from now on does not come: the link is cut.
  virtual void hears_nothing() = 0;
};

}  // namespace wirelab
