#include "lab/proof/validate.hpp"

#include <fmt/format.h>

#include "lab/proof/replays.hpp"

namespace wirelab {

tl::expected<Validation, std::string> validate(const ValidationOptions& options,
                                               const std::function<void(const std::string&)>& tell) {
  const auto intervals = read_intervals(options.folder);
  if (!intervals) return tl::unexpected(intervals.error());
  Judge judge(*intervals, options, tell);
  for (Replay* const part : {replay_latencies, replay_connects, replay_bulks, replay_wires, replay_outages,
                             replay_pollings, replay_stalls}) {
    if (const auto done = part(options.folder, judge); !done) return tl::unexpected(done.error());
  }
  return judge.finish();
}

std::string to_text(const Validation& validation) {
  std::string text =
      fmt::format("{:<48} {:<24} {:>9} {:>9} {:>6}\n", "row", "statistic", "measured", "simulated", "ratio");
  std::size_t judged = 0, outside = 0, missed = 0, far = 0;
  for (const Comparison& c : validation.comparisons) {
    std::string verdict;
    if (!c.judged) verdict = " not judged";
    if (c.judged && !c.pooled_fits) verdict += " outside";
    if (c.judged && c.far) verdict += ", far";
    if (c.judged && !c.repeat_fits) verdict += " not among the repeats";
    const bool seconds = c.statistic.ends_with("_s") || c.statistic.starts_with("gap");
    const int digits = c.statistic.starts_with("frac") ? 4 : seconds ? 3 : 1;
    const std::string ratio = c.measured > 0 ? fmt::format("{:.3f}", c.simulated / c.measured) : "-";
    text += fmt::format("{:<48} {:<24} {:>9.{}f} {:>9.{}f} {:>6}{}\n", c.point, c.statistic, c.measured, digits,
                        c.simulated, digits, ratio, verdict);
    if (!c.judged) continue;
    ++judged;
    outside += c.pooled_fits ? 0 : 1;
    missed += c.repeat_fits ? 0 : 1;
    far += c.far ? 1 : 0;
  }
  text += "\ngroups, mean of ln(simulated / measured)\n";
  for (const auto& group : validation.groups)
    text +=
        fmt::format("  {:<40} {:+.3f} +- {:.3f}{}\n", group.name, group.mean, group.half, group.fits ? "" : " outside");
  if (!validation.without_intervals.empty())
    text += fmt::format("\n{} rows have no line in intervals.csv and were passed over, as {}\n",
                        validation.without_intervals.size(), validation.without_intervals.front());
  text += fmt::format(
      "\n{} statistics judged: {} outside of their intervals (2 % may be), {} of these far, {} not among the "
      "repeats\n{}\n",
      judged, outside, far, missed, validation.passed ? "passed" : "not passed");
  return text;
}

}  // namespace wirelab
