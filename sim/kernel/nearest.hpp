// "Did you mean": the candidate that takes the fewest edits to reach from what was written.
#pragma once

#include <span>
#include <string_view>

namespace wirelab {

/// The nearest candidate by insertions, deletions, replacements and swaps of neighbours, letter case aside; the first of
/// equals. Empty if none is near enough to be worth suggesting (more than a third of the longer word's letters differ).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace wirelab
