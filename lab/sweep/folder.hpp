// A sweep's folder: sweep.json (the plan), scenario.lua (as it was run), rows/ (a file for each worker: finished runs, a line
// each, only ever appended to), and the tables, which are written once all runs are there. So a sweep may be killed at any
// instant: what was finished is kept, a line that was cut off is passed over, and the next start runs what is missing.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "lab/sweep/plan.hpp"
#include "lab/sweep/row.hpp"

namespace wirelab {

class SweepFolder {
 public:
  /// Makes the folder where there is none, and takes it for this process. The error says what is in the way: another sweep,
  /// another plan.
  static tl::expected<SweepFolder, std::string> open(const std::string& path, const SweepPlan& plan);
  SweepFolder(SweepFolder&&) noexcept;
  SweepFolder& operator=(SweepFolder&&) = delete;
  ~SweepFolder();

  /// All whole rows.
  tl::expected<SweepRows, std::string> read_rows() const;
  /// A worker's file, to be appended to: a line goes into it by one write, so that at most the last one can be cut off.
  class RowFile {
   public:
    RowFile(RowFile&& other) noexcept;
    RowFile& operator=(RowFile&&) = delete;
    ~RowFile();
    tl::expected<void, std::string> append(const SweepRow& row);

   private:
    friend class SweepFolder;
    explicit RowFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
  };
  tl::expected<RowFile, std::string> open_rows(unsigned worker) const;
  /// results.csv, summary.csv and differences.csv, each whole or not at all.
  tl::expected<void, std::string> write_tables(const SweepPlan& plan, const SweepRows& rows) const;

 private:
  SweepFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

/// The plan of a folder, its scenario's source included, and its rows, for who only reads it.
struct ReadSweep {
  SweepPlan plan;
  SweepRows rows;
};
tl::expected<ReadSweep, std::string> read_sweep(const std::string& path);
/// The plan alone.
tl::expected<SweepPlan, std::string> read_plan(const std::string& path);

}  // namespace wirelab
