// Files that hold a trace: JSON lines, and captures. Each is written whole or not at all.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "sim/trace/store.hpp"
#include "sim/view/json_lines.hpp"

namespace wirelab {

/// Every record that the store has kept. The error says why it could not be written.
tl::expected<void, std::string> write_trace(const std::string& path, TraceStore& store, const TraceHeader& header);
/// The packets, as pcapng; `link` as in capture.hpp, empty for all senders.
tl::expected<void, std::string> write_pcap(const std::string& path, const LoadedTrace& trace, const std::string& link);

}  // namespace wirelab
