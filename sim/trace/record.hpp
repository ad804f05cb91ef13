// One record of the trace: at this instant, for this cause, that happened here. Everything that shows or judges a run reads
// these. What kinds, fields and reasons there are, and what their operands mean, is listed in vocabulary.hpp.
#pragma once

#include <cstdint>
#include <type_traits>

#include "sim/trace/vocabulary.hpp"

namespace wirelab {

/// Counts records from 1, in the order in which they were made; 0 stands for no record.
using RecordNumber = std::uint64_t;

/// The number of an entity's full name in the trace's names: "hub", "hub/session:sensor-001".
using EntityId = std::uint32_t;

/// Counts messages from 1; every hop that stores a message of its own gives it a number of its own, and the hops are joined
/// by the range of the stream that carried it.
using MessageId = std::uint32_t;

/// Counts directions of connections from 1.
using StreamId = std::uint32_t;

/// Counts blobs (packets and texts, see chunk.hpp) from 1.
using BlobNumber = std::uint32_t;

struct Record {
  std::int64_t at = 0;        // nanoseconds
  RecordNumber cause = 0;     // the record that triggered this one
  EntityId entity = 0;        // where it happened
  std::uint32_t subject = 0;  // what it is about: message, stream or entity, as the kind says
  Kind kind = Kind::none;
  std::uint16_t field = 0;  // a Field, a reason or a packet type, as the kind says
  std::uint32_t key = 0;    // which of several, or the blob
  std::int64_t a = 0;       // old value, or the begin of a range
  std::int64_t b = 0;       // new value, or the end of a range
};

static_assert(sizeof(Record) == 48);
static_assert(std::has_unique_object_representations_v<Record>, "a record has no padding");

}  // namespace wirelab
