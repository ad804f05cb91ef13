// Integers of 128 bits, for products and sums that do not fit 64.
#pragma once

namespace wirelab {

__extension__ using WideUnsigned = unsigned __int128;

}  // namespace wirelab
