// Where two runs part: the first record that is not the same in both, with what led to it.
#pragma once

#include <string>

#include "sim/view/json_lines.hpp"

namespace wirelab {

struct Difference {
  bool same = false;
  std::string text;
};

Difference first_difference(const LoadedTrace& a, const LoadedTrace& b);
/// One record in words, for people.
std::string describe_record(const LoadedTrace& trace, RecordNumber number);

}  // namespace wirelab
