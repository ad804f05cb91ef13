// Control packets of MQTT taken apart for people; see dissect.hpp.
#pragma once

#include "sim/view/dissect.hpp"

namespace wirelab {

/// Appends the fields of the control packet that begins at `at` of the packet; returns where the next one begins, or the packet's
/// end.
std::size_t dissect_mqtt(wire::Bytes packet, std::size_t at, mqtt::Version version,
                         std::vector<DissectedField>& fields);

}  // namespace wirelab
