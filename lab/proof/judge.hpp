// The rules of truth/README.md ("How to judge") applied to rows that are replayed: what is compared, and the verdicts.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lab/proof/truth.hpp"
#include "lab/proof/validate.hpp"

namespace wirelab {

inline double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

// Bytes or packets of a row, and how near they must be: rule 4.
struct Count {
  std::string name;
  double measured = 0;
  enum class Room { exact, tenth, repeats } room = Room::exact;
};

// The comparisons of one row, and the groups of rule 3.
class Judge {
 public:
  Judge(const Intervals& intervals, const ValidationOptions& options,
        const std::function<void(const std::string&)>& tell)
      : intervals_(intervals), options_(options), tell_(tell) {}

  /// Replays a row as often as wanted: run(seed) gives a result, of(result, repeats) its statistics, unfit(statistic, value) says
  /// whether it is not to be judged by it. Rows without intervals, or that are not asked for, are passed over.
  template <typename Run, typename Of, typename Unfit>
  void row(const std::string& point, const std::string& group, Run&& run, Of&& of, Unfit&& unfit,
           const std::vector<Count>& counts = {}) {
    const auto known = intervals_.find(point);
    if (!point.starts_with(options_.only)) return;
    if (known == intervals_.end()) {
      result_.without_intervals.push_back(point);
      return;
    }
    tell_(point);
    decltype(run(1)) pooled;
    std::map<std::string, std::vector<double>> single;
    for (int seed = 1; seed <= options_.repeats; ++seed) {
      auto result = run(static_cast<std::uint64_t>(seed));
      for (const auto& [name, value] : of(result, 1)) single[name].push_back(value);
      pooled.append(std::move(result));
    }
    const auto simulated = of(std::move(pooled), options_.repeats);
    for (const auto& [name, interval] : known->second) {
      const auto value = simulated.find(name);
      if (value != simulated.end()) compare(point, group, name, interval, value->second, single[name], unfit);
    }
    for (const Count& count : counts) compare(point, count, simulated.at(count.name), single[count.name]);
  }
  /// A row without intervals: run(seed) gives a result, of(result) its statistics, which are judged as the counts say.
  template <typename Run, typename Of>
  void counted(const std::string& point, const std::vector<Count>& counts, Run&& run, Of&& of) {
    if (!point.starts_with(options_.only)) return;
    tell_(point);
    std::map<std::string, std::vector<double>> single;
    for (int seed = 1; seed <= options_.repeats; ++seed) {
      for (const auto& [name, value] : of(run(static_cast<std::uint64_t>(seed)))) single[name].push_back(value);
    }
    for (const Count& count : counts) {
      double sum = 0;
      for (const double value : single[count.name]) sum += value;
      compare(point, count, sum / static_cast<double>(options_.repeats), single[count.name]);
    }
  }
  /// So many packets of a conversation, of `all`, are as they were measured.
  void equal(const std::string& point, std::size_t equal, std::size_t all) {
    const auto of = static_cast<double>(all), same = static_cast<double>(equal);
    Comparison c{point, "equal packets", of, of, of, same, same, same};
    c.pooled_fits = c.repeat_fits = equal == all;
    result_.comparisons.push_back(std::move(c));
  }
  /// Packets of one conversation in their order: run(seed) gives those of the simulation. All must be equal.
  template <typename Packet, typename Run>
  void conversation(const std::string& point, const std::vector<Packet>& measured, Run&& run) {
    if (!point.starts_with(options_.only)) return;
    tell_(point);
    const auto simulated = run(1);
    const auto end = std::mismatch(measured.begin(), measured.end(), simulated.begin(), simulated.end()).first;
    // More than were measured are as wrong as fewer.
    const std::size_t same = simulated.size() == measured.size() ? static_cast<std::size_t>(end - measured.begin()) : 0;
    equal(point, same, measured.size());
  }
  /// Values of one kind from several connections, against those of simulated ones: each must lie in their range, from the 0.5 % to
  /// the 99.5 % quantile, widened by a tenth.
  void range(const std::string& point, const std::string& statistic, const std::vector<double>& measured,
             std::vector<double> simulated) {
    if (measured.empty()) return;
    const auto mean = [](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += value;
      return values.empty() ? 0 : sum / static_cast<double>(values.size());
    };
    const auto [least, most] = std::minmax_element(measured.begin(), measured.end());
    Comparison c{point, statistic, mean(measured), *least, *most, mean(simulated)};
    std::sort(simulated.begin(), simulated.end());
    c.least = quantile(simulated, 0.005);
    c.most = quantile(simulated, 0.995);
    const double low = c.least - 0.1 * std::fabs(c.least), high = c.most + 0.1 * std::fabs(c.most);
    c.repeat_fits = c.pooled_fits = !simulated.empty() && *least >= low && *most <= high;
    result_.comparisons.push_back(std::move(c));
  }
  bool wants(const std::string& point) const { return point.starts_with(options_.only); }
  int repeats() const { return options_.repeats; }
  void tell(const std::string& point) const { tell_(point); }

  Validation finish() {
    for (const auto& [name, group] : groups_) {
      const double mean = group.sum / group.weights;
      const double half = 1 / std::sqrt(group.weights);
      result_.groups.push_back({name, mean, half, std::fabs(mean) <= std::max(0.05, half)});
    }
    std::size_t judged = 0, outside = 0;
    bool good = true;
    for (const Comparison& c : result_.comparisons) {
      if (!c.judged) continue;
      ++judged;
      outside += c.pooled_fits ? 0 : 1;
      good = good && c.repeat_fits && !c.far;
    }
    for (const auto& group : result_.groups) good = good && group.fits;
    result_.passed = good && judged > 0 && outside * 50 <= judged;
    return std::move(result_);
  }

 private:
  struct Weighted {
    double sum = 0, weights = 0;
  };

  // Rule 4.
  void compare(const std::string& point, const Count& count, double value, std::vector<double>& repeats) {
    const double room = count.room == Count::Room::exact ? 0.051 : 0.1 * count.measured;  // written with one digit
    Comparison c{point, count.name, count.measured, count.measured, count.measured, value};
    std::sort(repeats.begin(), repeats.end());
    c.least = quantile(repeats, 0.005);
    c.most = quantile(repeats, 0.995);
    const bool by_repeats = count.room == Count::Room::repeats;
    c.repeat_fits = by_repeats ? c.measured >= c.least - room && c.measured <= c.most + room
                               : std::fabs(value - c.measured) <= room;
    c.pooled_fits = by_repeats || c.repeat_fits;
    result_.comparisons.push_back(std::move(c));
  }

  template <typename Unfit>
  void compare(const std::string& point, const std::string& group, const std::string& name, const Interval& interval,
               double value, std::vector<double>& repeats, Unfit&& unfit) {
    Comparison c{point, name, interval.value, interval.low, interval.high, value};
    std::sort(repeats.begin(), repeats.end());
    c.least = quantile(repeats, 0.005);
    c.most = quantile(repeats, 0.995);
    const bool fraction = name.starts_with("frac");
    const double room = fraction ? std::max(0.1 * c.measured, 0.005) : 0.1 * std::fabs(c.measured);
    c.pooled_fits = value >= c.low - room && value <= c.high + room;
    c.far = value > (c.high + room) * 1.5 || value * 1.5 < c.low - room;
    c.repeat_fits = c.measured >= c.least - room && c.measured <= c.most + room;
    c.judged = !unfit(name, value);
    if (!fraction && c.judged && c.measured > 0 && value > 0 && c.high > c.low && !group.empty()) {
      // As sure as the measurement is: the weight is one over the square of the interval's relative half width.
      const double half = std::max(std::log(c.high / std::max(c.low, 1e-9)) / 2, 0.005);
      groups_[group].sum += std::log(value / c.measured) / (half * half);
      groups_[group].weights += 1 / (half * half);
    }
    result_.comparisons.push_back(std::move(c));
  }

  const Intervals& intervals_;
  const ValidationOptions& options_;
  const std::function<void(const std::string&)>& tell_;
  Validation result_;
  std::map<std::string, Weighted> groups_;
};

}  // namespace wirelab
