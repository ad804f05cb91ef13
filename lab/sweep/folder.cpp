#include "lab/sweep/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lab/sweep/tables.hpp"
#include "lab/system/files.hpp"

namespace wirelab {
namespace {

namespace fs = std::filesystem;

std::string of_system(const std::string& path) { return fmt::format("{}: {}", path, std::strerror(errno)); }

tl::expected<SweepRows, std::string> rows_in(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path + "/rows", error)) {
    if (entry.path().extension() == ".rows") files.push_back(entry.path().string());
  }
  if (error) return tl::unexpected(fmt::format("{}/rows: {}", path, error.message()));
  std::sort(files.begin(), files.end());
  SweepRows rows;
  for (const std::string& file : files) {
    const auto text = read_file(file);
    if (!text) return tl::unexpected(fmt::format("{}: {}", file, text.error()));
    add_lines(*text, rows);
  }
  return rows;
}

}  // namespace

SweepFolder::SweepFolder(SweepFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
SweepFolder::~SweepFolder() {
  if (lock_ >= 0) ::close(lock_);
}

tl::expected<SweepFolder, std::string> SweepFolder::open(const std::string& path, const SweepPlan& plan) {
  std::error_code error;
  const std::string manifest = path + "/sweep.json";
  if (fs::exists(path, error) && !fs::exists(manifest, error) && !fs::is_empty(path, error) &&
      !fs::exists(path + "/rows/lock", error))
    return tl::unexpected(fmt::format("{}: there is something else in this folder; name a new one", path));
  fs::create_directories(path + "/rows", error);
  if (error) return tl::unexpected(fmt::format("{}: {}", path, error.message()));
  // The system gives the lock back when the process ends, however it ends.
  const int lock = ::open((path + "/rows/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return tl::unexpected(of_system(path + "/rows/lock"));
  SweepFolder folder(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return tl::unexpected(fmt::format("{}: another sweep is running into this folder", path));
  // What a killed process had not finished writing.
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().filename().string().find(".part-") != std::string::npos) fs::remove(entry.path(), error);
  }
  if (const auto there = read_file(manifest)) {
    if (const std::string different = difference_from(plan, *there); !different.empty())
      return tl::unexpected(
          fmt::format("{} holds another sweep: {}. Name another folder, or remove this one", path, different));
    return folder;
  }
  if (const auto written = write_file(path + "/scenario.lua", plan.source); !written)
    return tl::unexpected(fmt::format("{}/scenario.lua: {}", path, written.error()));
  if (const auto written = write_file(manifest, manifest_of(plan)); !written)
    return tl::unexpected(fmt::format("{}: {}", manifest, written.error()));
  return folder;
}

tl::expected<SweepRows, std::string> SweepFolder::read_rows() const { return rows_in(path_); }

SweepFolder::RowFile::RowFile(RowFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
SweepFolder::RowFile::~RowFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

tl::expected<SweepFolder::RowFile, std::string> SweepFolder::open_rows(unsigned worker) const {
  const std::string path = fmt::format("{}/rows/{}.rows", path_, worker);
  RowFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat status {};
  if (file.descriptor_ < 0 || ::fstat(file.descriptor_, &status) != 0) return tl::unexpected(of_system(path));
  // After a line that was cut off the next one begins anew.
  char last = '\n';
  if (status.st_size > 0 && ::pread(file.descriptor_, &last, 1, status.st_size - 1) == 1 && last != '\n' &&
      ::write(file.descriptor_, "\n", 1) != 1)
    return tl::unexpected(of_system(path));
  return file;
}

tl::expected<void, std::string> SweepFolder::RowFile::append(const SweepRow& row) {
  const std::string line = to_line(row);
  const ssize_t written = ::write(descriptor_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return {};
  return tl::unexpected(std::string(written < 0 ? std::strerror(errno) : "the disk is full"));
}

tl::expected<void, std::string> SweepFolder::write_tables(const SweepPlan& plan, const SweepRows& rows) const {
  const std::pair<const char*, std::string> tables[] = {{"results.csv", results_csv(plan, rows)},
                                                        {"summary.csv", summary_csv(plan, rows)},
                                                        {"differences.csv", differences_csv(plan, rows)}};
  for (const auto& [name, text] : tables) {
    if (const auto written = write_file(fmt::format("{}/{}", path_, name), text); !written)
      return tl::unexpected(fmt::format("{}/{}: {}", path_, name, written.error()));
  }
  return {};
}

tl::expected<SweepPlan, std::string> read_plan(const std::string& path) {
  const auto manifest = read_file(path + "/sweep.json");
  if (!manifest)
    return tl::unexpected(fmt::format("{}: this is no folder of a sweep (sweep.json: {})", path, manifest.error()));
  auto plan = parse_manifest(*manifest);
  if (!plan) return tl::unexpected(fmt::format("{}/sweep.json: {}", path, plan.error()));
  const auto source = read_file(path + "/scenario.lua");
  if (!source) return tl::unexpected(fmt::format("{}/scenario.lua: {}", path, source.error()));
  plan->source = *source;
  if (const std::string different = difference_from(*plan, *manifest); !different.empty())
    return tl::unexpected(fmt::format("{}: {}", path, different));
  return plan;
}

tl::expected<ReadSweep, std::string> read_sweep(const std::string& path) {
  auto plan = read_plan(path);
  if (!plan) return tl::unexpected(plan.error());
  auto rows = rows_in(path);
  if (!rows) return tl::unexpected(rows.error());
  return ReadSweep{std::move(*plan), std::move(*rows)};
}

}  // namespace wirelab
