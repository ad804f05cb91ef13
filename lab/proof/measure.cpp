#include "lab/proof/measure.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace wirelab {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::size_t memory_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

namespace {

std::string number(double value) {
  if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.1f} k", value / 1e3);
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::string to_text(const BenchTable& table) {
  std::string text = table.title + "\n";
  std::size_t first = 4;
  for (const auto& row : table.rows) first = std::max(first, row.name.size());
  text += fmt::format("  {:<{}}", "", first);
  for (const auto& column : table.columns)
    text += fmt::format("  {:>{}}", column, std::max<std::size_t>(column.size(), 9));
  text += '\n';
  for (const auto& row : table.rows) {
    text += fmt::format("  {:<{}}", row.name, first);
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      text += fmt::format("  {:>{}}", number(row.values[i]), std::max<std::size_t>(table.columns[i].size(), 9));
    }
    text += '\n';
  }
  for (const auto& note : table.notes) text += "  " + note + "\n";
  return text;
}

std::string to_json(const std::vector<BenchTable>& tables) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const BenchTable& table : tables) {
    nlohmann::ordered_json entry;
    entry["title"] = table.title;
    for (const auto& row : table.rows) {
      nlohmann::ordered_json cells;
      cells["name"] = row.name;
      for (std::size_t i = 0; i < row.values.size(); ++i) cells[table.columns[i]] = row.values[i];
      entry["rows"].push_back(cells);
    }
    entry["notes"] = table.notes;
    json.push_back(entry);
  }
  return json.dump(2) + "\n";
}

}  // namespace wirelab
