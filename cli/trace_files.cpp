#include "cli/trace_files.hpp"

#include <fmt/format.h>

#include "lab/system/files.hpp"

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

tl::expected<void, std::string> write_pcap(const std::string& path, const LoadedTrace& trace, const std::string& link,
                                           const CaptureExtras& extras) {
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  const auto wrote = write_capture(
      trace, link, [&](std::string_view bytes) { file->append(bytes); }, extras);
  if (!wrote) return tl::unexpected(wrote.error());
  return file->finish();
}

std::string unwritable(const std::initializer_list<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    if (const auto file = WholeFile::create(path); !file) return fmt::format("{}: {}", path, file.error());
  }
  return {};
}

std::string write_trace_files(const TraceFiles& files, TraceStore& store, const TraceHeader& header,
                              const CaptureExtras& extras) {
  std::string wrong;
  const auto wrote = [&](const std::string& path, const tl::expected<void, std::string>& done) {
    if (!done) wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "\n", path, done.error());
  };
  if (files.asked() && store.dropped() > 0)
    fmt::print(stderr, "note: the trace outgrew its memory; its first {} records are left out of the files\n",
               store.dropped());
  if (!files.trace.empty()) wrote(files.trace, write_trace(files.trace, store, header));
  if (!files.pcap.empty()) wrote(files.pcap, write_pcap(files.pcap, load_trace(store, header), "", extras));
  return wrong;
}

}  // namespace wirelab
