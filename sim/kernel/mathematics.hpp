// Logarithm, exponential, power and trigonometry that give the same bits on every machine: built only from operations
// that IEEE 754 defines exactly (+ - * /, square root, rounding), since the C library's versions differ between processors
// and compilers fold them at build time. Within a few units in the last place of the true value for arguments of
// everyday size; pow by way of exp(y log x) within a relative 1e-13, exact for whole exponents up to 64 where the
// result is. Trigonometric arguments beyond a million lose digits, always the same ones.
#pragma once

#include <cstdint>

namespace wirelab::mathematics {

double log(double x);  // natural; -infinity at 0, NaN below
double exp(double x);
double pow(double x, double y);
double sin(double x);
double cos(double x);
double tan(double x);
double atan2(double y, double x);
double asin(double x);  // NaN outside [-1, 1]
double acos(double x);  // NaN outside [-1, 1]

/// ceil(a * b / divisor) without losing bits in between. The result must fit 64 bits.
std::uint64_t multiply_divide_up(std::uint64_t a, std::uint64_t b, std::uint64_t divisor);

}  // namespace wirelab::mathematics
