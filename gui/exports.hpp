// Files of the whole run: a capture, a sequence diagram, a trace.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "lab/session/session.hpp"

namespace wirelab::gui {

enum class Export : unsigned char { capture, sequence, trace };

/// ".pcapng"
std::string_view ending_of(Export what);
/// Writes the session's trace, as far as it has come, into the working directory; returns the file's name, which begins with
/// `stem`. On the thread that runs the session.
tl::expected<std::string, std::string> export_run(Session& session, Export what, const std::string& stem);

}  // namespace wirelab::gui
