// The trace as text, a JSON object a line: a header line with the names' owner, then one line a record in order. It can be read
// back, so that a trace file serves wherever a run does.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/trace/store.hpp"

namespace wirelab {

/// What a trace file says of its run.
struct TraceHeader {
  std::string scenario;
  std::uint64_t seed = 1;
  std::string digest;
  LayerMask layers = kAllLayers;  // that were kept
};

/// "tcp,mqtt" and back; the error names the layers that there are.
std::string layers_text(LayerMask layers);
tl::expected<LayerMask, std::string> parse_layers(std::string_view text);

std::string trace_header_line(const TraceHeader& header);
/// One record, with a newline; nothing for a record that the store has left out.
std::string trace_line(const TraceStore::Reader& reader, RecordNumber number);

/// The last line: without it a file is not whole.
std::string trace_end_line(RecordNumber last);

/// A whole trace, from a store or from a file: what journeys and comparisons read.
struct LoadedTrace {
  TraceHeader header;
  RecordNumber first = 1;
  std::vector<Record> records;  // an empty one (Kind::none) where a layer was left out
  std::vector<std::string> names;
  std::vector<std::string> blobs;  // by number - 1; packets and texts
};

struct TraceError {
  int line = 0;
  std::string what;
};
tl::expected<LoadedTrace, TraceError> parse_trace(std::string_view text);
/// Everything that a store holds, or only records `from` to `to`.
LoadedTrace load_trace(TraceStore& store, TraceHeader header);
LoadedTrace load_trace(const TraceStore::Reader& reader, TraceHeader header, RecordNumber from, RecordNumber to);

}  // namespace wirelab
