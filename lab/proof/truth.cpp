#include "lab/proof/truth.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lab/system/files.hpp"

namespace wirelab {
namespace {

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (;;) {
    const std::size_t cut = line.find(',');
    fields.emplace_back(line.substr(0, cut));
    if (cut == std::string_view::npos) return fields;
    line.remove_prefix(cut + 1);
  }
}

bool is_number(std::string_view field) {
  double value = 0;
  const auto end = std::from_chars(field.data(), field.data() + field.size(), value);
  return (end.ec == std::errc() && end.ptr == field.data() + field.size()) || field.starts_with("0x");
}

}  // namespace

tl::expected<CsvTable, std::string> CsvTable::read(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(fmt::format("{}: {}", path, text.error()));
  CsvTable table;
  std::string_view rest = *text;
  std::vector<int> lines;  // of the rows
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    std::vector<std::string> fields = fields_of(line);
    if (number == 1) {
      for (std::size_t i = 0; i < fields.size(); ++i) table.columns_[fields[i]] = i;
      continue;
    }
    if (fields.size() != table.columns_.size())
      return tl::unexpected(fmt::format("{}:{}: {} fields, but the first line names {} columns", path, number,
                                        fields.size(), table.columns_.size()));
    table.rows_.push_back(std::move(fields));
    lines.push_back(number);
  }
  if (table.columns_.empty()) return tl::unexpected(path + ": is empty; the first line names the columns");
  // Where most cells of a column are numbers, one that is none is a mistake.
  for (const auto& [name, column] : table.columns_) {
    std::size_t filled = 0, numbers = 0, other = 0;
    for (std::size_t i = 0; i < table.rows_.size(); ++i) {
      const std::string& field = table.rows_[i][column];
      if (field.empty()) continue;
      ++filled;
      if (is_number(field)) {
        ++numbers;
      } else {
        other = i;
      }
    }
    if (numbers == filled || 2 * numbers <= filled) continue;
    return tl::unexpected(fmt::format("{}:{}: \"{}\" in column \"{}\" is no number", path, lines[other],
                                      table.rows_[other][column], name));
  }
  return table;
}

const std::string& CsvTable::text(std::size_t row, const std::string& column) const {
  static const std::string none;
  const auto found = columns_.find(column);
  return found == columns_.end() ? none : rows_[row][found->second];
}

double CsvTable::number(std::size_t row, const std::string& column) const {
  const std::string& field = text(row, column);
  double value = 0;
  if (field.starts_with("0x")) {
    unsigned whole = 0;
    std::from_chars(field.data() + 2, field.data() + field.size(), whole, 16);
    return whole;
  }
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

tl::expected<Intervals, std::string> read_intervals(const std::string& folder) {
  const auto table = CsvTable::read(folder + "/intervals.csv");
  if (!table) return tl::unexpected(table.error());
  for (const char* const needed : {"point", "statistic", "value", "lo95", "hi95"}) {
    if (!table->has(needed))
      return tl::unexpected(fmt::format("{}/intervals.csv: there is no column \"{}\"", folder, needed));
  }
  Intervals all;
  for (std::size_t i = 0; i < table->rows(); ++i)
    all[table->text(i, "point")][table->text(i, "statistic")] = {table->number(i, "value"), table->number(i, "lo95"),
                                                                 table->number(i, "hi95")};
  return all;
}

std::string plain_number(double value) { return fmt::format("{:g}", value); }

}  // namespace wirelab
