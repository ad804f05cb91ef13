// Records in words for people, as a log shows them: what happened, in a line.
#pragma once

#include <string>

#include "sim/trace/store.hpp"

namespace wirelab {

/// What the record says, without its instant and its entity; empty for kinds that a log leaves out (states, and steps on the way
/// of a packet that its sending tells already).
std::string words_of(const TraceStore::Reader& reader, RecordNumber number);

}  // namespace wirelab
