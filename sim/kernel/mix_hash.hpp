// A hash for integer keys in open-addressed tables, whose places are the low bits: std::hash leaves numbers as they are, so keys
// made of two numbers would pile up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wirelab {

struct MixHash {
  std::size_t operator()(std::uint64_t x) const {
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15;
    return x ^ (x >> 29);
  }
};

}  // namespace wirelab
