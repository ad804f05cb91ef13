#include "lab/proof/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/proof/latency_experiment.hpp"
#include "lab/proof/truth.hpp"

namespace wirelab {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

// The statistics of intervals.csv, by their names.
std::map<std::string, double> statistics_of(LatencyResult result) {
  std::map<std::string, double> all;
  const auto quantiles = [&](std::vector<double>& values, const std::string& prefix) {
    std::sort(values.begin(), values.end());
    for (const int percent : {50, 90, 99})
      all[fmt::format("{}p{}_ms", prefix, percent)] = quantile(values, percent / 100.0);
  };
  quantiles(result.latency_ms, "");
  quantiles(result.ack_ms, "ack_");
  for (const int ms : {100, 300, 600, 1000, 2000}) {
    const auto above =
        result.latency_ms.end() - std::upper_bound(result.latency_ms.begin(), result.latency_ms.end(), ms);
    all[fmt::format("frac_gt_{}ms", ms)] =
        result.latency_ms.empty() ? 0 : static_cast<double>(above) / static_cast<double>(result.latency_ms.size());
  }
  return all;
}

LatencyExperiment experiment_of(const CsvTable& table, std::size_t row) {
  LatencyExperiment experiment;
  experiment.subscriber_behind_link = table.text(row, "subscriber_side") == "A";
  experiment.payload = static_cast<std::uint32_t>(table.number(row, "payload_B"));
  experiment.interval = Duration::microseconds(std::llround(table.number(row, "interval_ms") * 1000));
  experiment.nodelay = table.number(row, "nodelay") != 0;
  experiment.qos = static_cast<int>(table.number(row, "qos"));
  experiment.loss = table.number(row, "loss");
  experiment.pairs = static_cast<std::uint32_t>(std::max(table.number(row, "connections"), 1.0));
  experiment.messages = static_cast<std::uint32_t>(table.number(row, "sent")) / experiment.pairs;
  return experiment;
}

void judge(Comparison& c, bool fraction) {
  const double room = fraction ? std::max(0.1 * c.measured, 0.005) : 0.1 * std::fabs(c.measured);
  const double low = c.low - room;
  const double high = c.high + room;
  c.pooled_fits = c.simulated >= low && c.simulated <= high;
  c.far = c.simulated > high * 1.5 || c.simulated * 1.5 < low;
  const double spare = fraction ? std::max(0.1 * c.measured, 0.005) : 0.1 * c.measured;
  c.repeat_fits = c.measured >= c.least - spare && c.measured <= c.most + spare;
}

}  // namespace

tl::expected<Validation, std::string> validate(const ValidationOptions& options,
                                               const std::function<void(const std::string&)>& tell) {
  const auto intervals = read_intervals(options.folder);
  if (!intervals) return tl::unexpected(intervals.error());
  const auto table = CsvTable::read(options.folder + "/latency.csv");
  if (!table) return tl::unexpected(table.error());
  for (const char* const needed :
       {"client", "subscriber_side", "payload_B", "interval_ms", "nodelay", "qos", "loss", "connections", "sent"}) {
    if (!table->has(needed))
      return tl::unexpected(fmt::format("{}/latency.csv: there is no column \"{}\"", options.folder, needed));
  }
  Validation all;
  struct Weighted {
    double sum = 0, weights = 0;
  };
  std::map<std::string, Weighted> groups;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const auto field = [&](const char* column) { return plain_number(table->number(row, column)); };
    const std::string point =
        fmt::format("latency/{}/{}/{}/{}/{}/{}/{}", table->text(row, "client"), table->text(row, "subscriber_side"),
                    field("payload_B"), field("interval_ms"), field("nodelay"), field("qos"), field("loss"));
    const auto known = intervals->find(point);
    if (!point.starts_with(options.only) || known == intervals->end()) continue;
    if (table->text(row, "client") != "libmosquitto") {
      all.not_replayed.push_back(point + ": there is no profile of this client yet");
      continue;
    }
    tell(point);
    const LatencyExperiment experiment = experiment_of(*table, row);
    if (experiment.messages == 0 || experiment.payload < 4)
      return tl::unexpected(fmt::format("{}/latency.csv: {}: a payload of 4 bytes and a message at least are needed",
                                        options.folder, point));
    LatencyResult pooled;
    std::map<std::string, std::vector<double>> single;
    for (int seed = 1; seed <= options.repeats; ++seed) {
      LatencyResult result = run_latency(experiment, static_cast<std::uint64_t>(seed));
      pooled.latency_ms.insert(pooled.latency_ms.end(), result.latency_ms.begin(), result.latency_ms.end());
      pooled.ack_ms.insert(pooled.ack_ms.end(), result.ack_ms.begin(), result.ack_ms.end());
      for (const auto& [name, value] : statistics_of(std::move(result))) single[name].push_back(value);
    }
    const auto simulated = statistics_of(std::move(pooled));
    for (const auto& [name, interval] : known->second) {
      const auto value = simulated.find(name);
      if (value == simulated.end()) continue;
      Comparison c{point, name, interval.value, interval.low, interval.high, value->second};
      std::vector<double>& repeats = single[name];
      std::sort(repeats.begin(), repeats.end());
      c.least = quantile(repeats, 0.005);
      c.most = quantile(repeats, 0.995);
      const bool fraction = name.starts_with("frac");
      judge(c, fraction);
      // Rule 5: at 10 % loss and a message a second the 90 % quantile of QoS 0 and 1 falls into a gap, from 26 to 280 ms.
      if (name == "p90_ms" && experiment.loss == 0.1 && experiment.interval == Duration::seconds(1) &&
          experiment.qos < 2)
        c.judged = false;
      // Rule 6: this row settles at one of several phases.
      if (point == "latency/libmosquitto/A/100/50/0/1/0" && name == "p50_ms" && c.simulated >= 80 && c.simulated <= 137)
        c.judged = false;
      if (!fraction && c.judged && c.measured > 0 && c.simulated > 0 && c.high > c.low) {
        // As sure as the measurement is: the weight is one over the square of the interval's relative half width.
        const double half = std::max(std::log(c.high / std::max(c.low, 1e-9)) / 2, 0.005);
        const std::string group = fmt::format("every {} ms, loss {}, {}", field("interval_ms"), field("loss"),
                                              experiment.nodelay ? "TCP_NODELAY" : "Nagle");
        groups[group].sum += std::log(c.simulated / c.measured) / (half * half);
        groups[group].weights += 1 / (half * half);
      }
      all.comparisons.push_back(std::move(c));
    }
  }
  for (const auto& [name, group] : groups) {
    const double mean = group.sum / group.weights;
    const double half = 1 / std::sqrt(group.weights);
    all.groups.push_back({name, mean, half, std::fabs(mean) <= std::max(0.05, half)});
  }
  std::size_t judged = 0, outside = 0;
  bool good = true;
  for (const Comparison& c : all.comparisons) {
    if (!c.judged) continue;
    ++judged;
    outside += c.pooled_fits ? 0 : 1;
    good = good && c.repeat_fits && !c.far;
  }
  for (const auto& group : all.groups) good = good && group.fits;
  all.passed = good && judged > 0 && outside * 50 <= judged && all.not_replayed.empty();
  return all;
}

std::string to_text(const Validation& validation) {
  std::string text =
      fmt::format("{:<42} {:<14} {:>9} {:>9} {:>6}\n", "row", "statistic", "measured", "simulated", "ratio");
  std::size_t judged = 0, outside = 0, missed = 0, far = 0;
  for (const Comparison& c : validation.comparisons) {
    std::string verdict;
    if (!c.judged) verdict = " not judged";
    if (c.judged && !c.pooled_fits) verdict += " outside";
    if (c.judged && c.far) verdict += ", far";
    if (c.judged && !c.repeat_fits) verdict += " not among the repeats";
    const int digits = c.statistic.starts_with("frac") ? 4 : 1;
    const std::string ratio = c.measured > 0 ? fmt::format("{:.3f}", c.simulated / c.measured) : "-";
    text += fmt::format("{:<42} {:<14} {:>9.{}f} {:>9.{}f} {:>6}{}\n", c.point.substr(c.point.find('/') + 1),
                        c.statistic, c.measured, digits, c.simulated, digits, ratio, verdict);
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
  for (const std::string& row : validation.not_replayed) text += fmt::format("not replayed: {}\n", row);
  text += fmt::format(
      "\n{} statistics judged: {} outside of their intervals (2 % may be), {} of these far, {} not among the "
      "repeats\n{}\n",
      judged, outside, far, missed, validation.passed ? "passed" : "not passed");
  return text;
}

}  // namespace wirelab
