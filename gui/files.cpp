// What the front end writes: the session, exports of the run, tables of panels.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>

#include "gui/application.hpp"
#include "lab/system/files.hpp"

namespace wirelab::gui {
namespace {

// The name, with a number where files of that name are there already: nothing is written over.
std::string free_stem(const std::string& stem, std::initializer_list<std::string_view> endings) {
  const auto taken = [&](const std::string& candidate) {
    std::error_code ignored;
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
      return std::filesystem::exists(candidate + std::string(ending), ignored);
    });
  };
  constexpr int kMost = 10'000;
  std::string candidate = stem;
  for (int i = 2; taken(candidate) && i < kMost; ++i) candidate = fmt::format("{}-{}", stem, i);
  return candidate;
}

}  // namespace

// The scenario as it was run, and the journal beside it: both together replay the session, whatever becomes of the original.
void Application::save() {
  Run* shown = run();
  if (shown == nullptr) return;
  // Saved again, this run's own files are written anew.
  if (shown->saved_as.empty()) shown->saved_as = free_stem(shown->file_stem + "-session", {".lua", ".jsonl"});
  shown->playback->ask([arrivals = arrivals_, stem = shown->saved_as](Session& session) {
    Journal journal = session.journal();
    journal.scenario = stem + ".lua";
    auto done = write_file(stem + ".lua", session.setup().source);
    std::string at = stem + ".lua";
    if (done) {
      at = stem + ".jsonl";
      done = write_file(at, journal_text(journal));
    }
    const std::lock_guard lock(arrivals->mutex);
    arrivals->notice = done ? fmt::format("Saved: wirelab run {}.lua --journal {}.jsonl replays it", stem, stem)
                            : fmt::format("{}: {}", at, done.error());
  });
}

void Application::write(Export what) {
  Run* shown = run();
  if (shown == nullptr) return;
  notice_ = "Writing ...";
  shown->playback->ask([arrivals = arrivals_, what, stem = shown->file_stem](Session& session) {
    const auto path = export_run(session, what, free_stem(stem, {ending_of(what)}));
    const std::lock_guard lock(arrivals->mutex);
    arrivals->notice = path ? "Written: " + *path : path.error();
  });
}

std::optional<std::string> Application::take_wanted_picture() {
  if (!wanted_picture_ || --picture_in_ > 0) return std::nullopt;
  return free_stem(*std::exchange(wanted_picture_, std::nullopt), {".png"}) + ".png";
}

void Application::write_table_of(std::string_view view) {
  if (run() == nullptr) return;
  for (const View& candidate : run()->views) {
    if (candidate.id == view && candidate.table) wanted_file_ = {&candidate, false};
  }
}

void Application::write_picture_of(std::string_view view) {
  if (run() == nullptr) return;
  for (const View& candidate : run()->views) {
    if (candidate.id == view && candidate.picture) wanted_file_ = {&candidate, true};
  }
}

// A log has very many lines: tables are made and written on a thread of their own.
void Application::write_shown(Look& look, const WantedFile& wanted) {
  const View& view = *wanted.view;
  const std::string stem = fmt::format("{}-{}", run()->file_stem, view.id);
  if (wanted.picture) {
    const std::string path = free_stem(stem, {".svg"}) + ".svg";
    const auto done = write_file(path, view.picture(look));
    notice_ = done ? "Written: " + path : fmt::format("{}: {}", path, done.error());
    return;
  }
  notice_ = "Writing ...";
  opening_.push_back(
      std::async(std::launch::async, [arrivals = arrivals_, make = view.table(look), title = view.title,
                                      path = free_stem(stem, {".csv"}) + ".csv", store = run()->playback->store()] {
        const Table table = make(TraceStore::Reader(*store));
        std::string said = fmt::format("The panel \"{}\" shows nothing to write: select something first", title);
        if (!table.rows.empty()) {
          const auto done = write_file(path, csv_of(table));
          said = done ? fmt::format("Written: {}, {} rows", path, table.rows.size())
                      : fmt::format("{}: {}", path, done.error());
        }
        const std::lock_guard lock(arrivals->mutex);
        arrivals->notice = said;
      }));
}

}  // namespace wirelab::gui
