// The journal of a session: what was run, and each intervention with its place between two events. JSON lines: a header, then
// an object a line. Replaying it gives the same trace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/kernel/time.hpp"
#include "sim/world/intervention.hpp"

namespace wirelab {

struct JournalEntry {
  Instant at;
  std::optional<std::uint64_t> events;  // executed before it; without, it comes after all that is due at its instant
  Intervention what;
  int line = 0;  // of the file it was read from
};

struct Journal {
  static constexpr int kFormat = 1;
  std::string program_version;
  std::string scenario;
  std::string scenario_hash;
  std::uint64_t seed = 1;
  std::map<std::string, std::string> parameters;
  std::vector<JournalEntry> entries;  // in order of time
};

struct JournalError {
  int line = 0;
  std::string what;
};

/// Of a scenario's source, as the header has it.
std::string scenario_hash(std::string_view source);
std::string journal_text(const Journal& journal);
tl::expected<Journal, JournalError> parse_journal(std::string_view text);

}  // namespace wirelab
