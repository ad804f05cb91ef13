// Assertions that stay on in every build. A failed check is a fault of Wirelab's own code, never of a user's input:
// it prints where and what, and stops the program at once, before a wrong state can be shown as a result.
#pragma once

#include <source_location>

namespace wirelab {

[[noreturn]] void fail_check(const char* what, std::source_location where);

/// Stops the program unless `holds`. `what` says what must be true.
constexpr void check(bool holds, const char* what, std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_check(what, where);
}

}  // namespace wirelab
