// Files that hold a trace: JSON lines, and captures. Each is written whole or not at all.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "sim/trace/store.hpp"
#include "sim/view/capture.hpp"
#include "sim/view/json_lines.hpp"

namespace wirelab {

/// Every record that the store has kept. The error says why it could not be written.
tl::expected<void, std::string> write_trace(const std::string& path, TraceStore& store, const TraceHeader& header);
/// The packets, as pcapng; `link` as in capture.hpp, empty for all senders.
tl::expected<void, std::string> write_pcap(const std::string& path, const LoadedTrace& trace, const std::string& link,
                                           const CaptureExtras& extras = {});

/// What `serve` was asked to write at its end; empty names for nothing.
struct TraceFiles {
  std::string trace, pcap;
  bool asked() const { return !trace.empty() || !pcap.empty(); }
};
/// Before anything has happened: which of these files cannot be written, and why; empty if all can.
std::string unwritable(const std::initializer_list<std::string>& paths);
/// Both, whichever of them cannot be written; what could not is said, a line each. Notes go to standard error.
std::string write_trace_files(const TraceFiles& files, TraceStore& store, const TraceHeader& header,
                              const CaptureExtras& extras = {});

}  // namespace wirelab
