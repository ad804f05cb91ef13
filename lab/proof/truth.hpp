// The measurements of real software in truth/: CSV files read by the names of their columns, and the intervals that say how sure
// each statistic is.
#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace wirelab {

class CsvTable {
 public:
  /// The error names the file and the line.
  static tl::expected<CsvTable, std::string> read(const std::string& path);
  std::size_t rows() const { return rows_.size(); }
  bool has(const std::string& column) const { return columns_.contains(column); }
  /// The field as it stands; empty if there is no such column.
  const std::string& text(std::size_t row, const std::string& column) const;
  /// 0 of an empty field; "0x1f" is 31.
  double number(std::size_t row, const std::string& column) const;

 private:
  std::map<std::string, std::size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// The 95 % interval of a statistic.
struct Interval {
  double value = 0, low = 0, high = 0;
};
using Intervals = std::map<std::string, std::map<std::string, Interval>>;  // by point, then by statistic
tl::expected<Intervals, std::string> read_intervals(const std::string& folder);

/// As intervals.csv writes numbers in the names of points: 0.1, 50, 0.
std::string plain_number(double value);

}  // namespace wirelab
