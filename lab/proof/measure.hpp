// What a benchmark measures with: processor time and memory of this process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wirelab {

/// Seconds of processor time that this thread has used.
double cpu_seconds();
/// Bytes of memory in use by the program: what the allocator has handed out, large blocks included.
std::size_t memory_in_use();

/// A table for people, the same rows as JSON for programs.
struct BenchTable {
  std::string title;
  std::vector<std::string> columns;
  struct Row {
    std::string name;
    std::vector<double> values;
  };
  std::vector<Row> rows;
  std::vector<std::string> notes;
};
std::string to_text(const BenchTable& table);
std::string to_json(const std::vector<BenchTable>& tables);

struct BenchOptions {
  bool quick = false;    // the smallest sizes only
  bool largest = false;  // with the largest sizes too
};
BenchTable bench_hold(const BenchOptions& options);
BenchTable bench_timer_churn(const BenchOptions& options);
/// Empty notes say that every message was delivered; otherwise `failed` is set.
BenchTable bench_star(const BenchOptions& options, bool& failed);
BenchTable bench_topics(const BenchOptions& options, bool& failed);
BenchTable bench_homes(const BenchOptions& options, bool& failed);

}  // namespace wirelab
