#include "cli/trace_files.hpp"

#include "lab/system/files.hpp"
#include "sim/view/capture.hpp"

namespace wirelab {

tl::expected<void, std::string> write_trace(const std::string& path, TraceStore& store, const TraceHeader& header) {
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  file->append(trace_header_line(header));
  const TraceStore::Reader reader(store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) file->append(trace_line(reader, n));
  file->append(trace_end_line(reader.last()));
  return file->finish();
}

tl::expected<void, std::string> write_pcap(const std::string& path, const LoadedTrace& trace, const std::string& link) {
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  const auto wrote = write_capture(trace, link, [&](std::string_view bytes) { file->append(bytes); });
  if (!wrote) return tl::unexpected(wrote.error());
  return file->finish();
}

}  // namespace wirelab
