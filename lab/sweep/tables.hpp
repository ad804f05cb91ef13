// A sweep's tables, as CSV (RFC 4180, lines ended by "\n"), made from the rows alone: sorted by run, so that they do not depend
// on who ran what when.
#pragma once

#include <string>

#include "lab/sweep/plan.hpp"
#include "lab/sweep/row.hpp"

namespace wirelab {

/// One row a run: run, the scenario's parameters, seed, metrics, error, digest. A metric that a run does not have is an empty
/// cell.
std::string results_csv(const SweepPlan& plan, const SweepRows& rows);
/// One row for each combination and metric: how many runs, mean with its 95 % interval, deviation, 5 %, 50 % and 95 % quantiles
/// with theirs, least and most.
std::string summary_csv(const SweepPlan& plan, const SweepRows& rows);
/// One row for each pair of settings that differ in one axis, the first of its values and another one, and metric: the mean of
/// the differences under the same seeds, with its interval. Only the header where no axis has two values.
std::string differences_csv(const SweepPlan& plan, const SweepRows& rows);

}  // namespace wirelab
