// libFuzzer's entry to one of the targets, which the build names.
#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wirelab::fuzz::FUZZ_TARGET({data, size});
  return 0;
}
