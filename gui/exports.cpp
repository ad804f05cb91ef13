#include "gui/exports.hpp"

#include "gui/svg.hpp"
#include "lab/system/files.hpp"
#include "sim/view/capture.hpp"
#include "sim/view/sequence.hpp"

namespace wirelab::gui {
tl::expected<std::string, std::string> export_run(Session& session, Export what, const std::string& stem) {
  constexpr const char* endings[] = {".pcapng", ".mmd", ".jsonl", "-topology.svg", "-sequence.svg"};
  const std::string path = stem + endings[static_cast<std::size_t>(what)];
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(path + ": " + file.error());
  const TraceHeader header{session.setup().path, session.setup().seed, session.world().trace().digest().everything,
                           session.store()->layers()};
  if (what == Export::trace) {
    const TraceStore::Reader reader(*session.store());
    file->append(trace_header_line(header));
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) file->append(trace_line(reader, n));
    file->append(trace_end_line(reader.last()));
  } else if (what == Export::topology_picture || what == Export::sequence_picture) {
    const TraceStore::Reader reader(*session.store());
    RunIndex index;
    index.read(reader, reader.last());
    // Of the sequence, what led up to the present: the last control packets.
    constexpr std::size_t kLast = 60;
    const auto& all = index.exchanges();
    const std::int64_t from = all.size() > kLast ? all[all.size() - kLast].sent_at : 0;
    file->append(what == Export::topology_picture ? topology_svg(reader, index)
                                                  : sequence_svg(reader, index, from, session.now().ns() + 1));
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
