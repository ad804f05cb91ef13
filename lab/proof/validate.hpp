// Holds the simulator against measurements of real software: replays every row of truth/, and judges them by the rules of
// truth/README.md ("How to judge").
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace wirelab {

struct ValidationOptions {
  std::string folder = "truth";
  int repeats = 20;  // of each row's experiment, with other seeds
  std::string only;  // rows whose point begins so; empty: all
};

/// One statistic of one row.
struct Comparison {
  std::string point, statistic;
  double measured = 0, low = 0, high = 0;  // with its 95 % interval
  double simulated = 0;                    // of all repeats together
  double least = 0, most = 0;              // of single repeats: their 0.5 % and 99.5 % quantiles
  bool pooled_fits = false;                // rule 2: in the interval widened by 10 %
  bool repeat_fits = false;                // rule 1: the measurement lies among the repeats, widened by 10 %
  bool far = false;                        // rule 2: outside by more than 1.5 times
  bool judged =
      true;  // false: not by this statistic (rule 5), or a row that is metastable and within its range (rule 6)
};

struct Validation {
  std::vector<Comparison> comparisons;
  struct Group {
    std::string name;
    double mean = 0;  // weighted mean of ln(simulated / measured)
    double half = 0;  // of its own 95 % interval
    bool fits = false;
  };
  std::vector<Group> groups;                   // rule 3
  std::vector<std::string> without_intervals;  // rows that could not be judged
  bool passed = false;
};

/// `tell` is called with each point before it is replayed. The error says what is wrong with the files.
tl::expected<Validation, std::string> validate(const ValidationOptions& options,
                                               const std::function<void(const std::string&)>& tell);
std::string to_text(const Validation& validation);

}  // namespace wirelab
