// Records of TLS taken apart for people; see dissect.hpp.
#pragma once

#include "sim/view/dissect.hpp"

namespace wirelab {

/// Appends the fields of the record that begins at `at` of the packet; returns where the next one begins, or the packet's end. What
/// is protected stays so: nobody on the way can read it.
std::size_t dissect_tls(wire::Bytes packet, std::size_t at, std::vector<DissectedField>& fields);

}  // namespace wirelab
