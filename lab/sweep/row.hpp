// What is kept of one run: a line of text with a checksum in front, so that a line that was cut off by a kill is told from a
// whole one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wirelab {

struct SweepRow {
  std::uint64_t run = 0;
  /// All of the scenario's parameters, in its order, as they were used.
  std::vector<std::pair<std::string, std::string>> parameters;
  struct Value {
    std::string name, unit, definition;
    double value = 0;
  };
  std::vector<Value> metrics;  // none where it failed
  std::string digest;
  std::string error;  // of the script or a limit, or of what the scenario expected in vain; empty if all is well
};

/// A line, its end included.
std::string to_line(const SweepRow& row);
/// Empty if the line is not whole.
std::optional<SweepRow> parse_line(std::string_view line);

/// By run.
using SweepRows = std::map<std::uint64_t, SweepRow>;
/// Adds the whole lines of a text. Of two lines of one run the first stays: they are the same.
void add_lines(std::string_view text, SweepRows& rows);

}  // namespace wirelab
