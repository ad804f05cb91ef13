#include "gui/exports.hpp"

#include "lab/system/files.hpp"
#include "sim/view/capture.hpp"
#include "sim/view/sequence.hpp"

namespace wirelab::gui {

std::string_view ending_of(Export what) {
  constexpr std::string_view endings[] = {".pcapng", ".mmd", ".jsonl"};
  return endings[static_cast<std::size_t>(what)];
}

tl::expected<std::string, std::string> export_run(Session& session, Export what, const std::string& stem) {
  const std::string path = stem + std::string(ending_of(what));
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(path + ": " + file.error());
  const TraceHeader header{session.setup().path, session.setup().seed, session.world().trace().digest().everything,
                           session.store()->layers()};
  if (what == Export::trace) {
    const TraceStore::Reader reader(*session.store());
    file->append(trace_header_line(header));
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) file->append(trace_line(reader, n));
    file->append(trace_end_line(reader.last()));
  } else {
    const LoadedTrace trace = load_trace(*session.store(), header);
    if (what == Export::capture) {
      const auto wrote = write_capture(trace, "", [&](std::string_view bytes) { file->append(bytes); });
      if (!wrote) return tl::unexpected(wrote.error());
    } else {
      file->append(sequence_diagram(MessageIndex(trace)));
    }
  }
  if (const auto done = file->finish(); !done) return tl::unexpected(path + ": " + done.error());
  return path;
}

}  // namespace wirelab::gui
