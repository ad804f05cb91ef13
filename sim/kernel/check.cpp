#include "sim/kernel/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace wirelab {

void fail_check(const char* what, std::source_location where) {
  std::fprintf(stderr, "%s:%u: wirelab is wrong here: it must be true that %s (in %s)\n", where.file_name(),
               static_cast<unsigned>(where.line()), what, where.function_name());
  std::abort();
}

}  // namespace wirelab
