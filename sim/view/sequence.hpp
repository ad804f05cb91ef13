// A run as a Mermaid sequence diagram: one arrow a control packet, with its time; what was lost on the way and what TCP sent again
// as notes.
#pragma once

#include <string>

#include "sim/view/messages.hpp"

namespace wirelab {

/// At most `most` arrows; what was left out is said at the end.
std::string sequence_diagram(const MessageIndex& index, std::size_t most = 400);

}  // namespace wirelab
