#include "lab/sweep/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/sweep/summary.hpp"

namespace wirelab {
namespace {

std::string cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// Nine digits: sums of a sweep stand outside of the digest, and their last bits are nobody's business.
std::string number(double value) { return std::isnan(value) ? std::string() : fmt::format("{:.9g}", value + 0.0); }

void append(std::string& line, std::string_view text) {
  if (!line.empty()) line += ',';
  line += text;
}

struct MetricName {
  std::string name, unit;
};

// In the order in which the runs have them, the first run's first.
std::vector<MetricName> metrics_of(const SweepRows& rows) {
  std::vector<MetricName> names;
  for (const auto& [run, row] : rows) {
    for (std::size_t i = 0; i < row.metrics.size(); ++i) {
      if (i < names.size() && names[i].name == row.metrics[i].name) continue;
      const bool known =
          std::any_of(names.begin(), names.end(), [&](const MetricName& m) { return m.name == row.metrics[i].name; });
      if (!known) names.push_back({row.metrics[i].name, row.metrics[i].unit});
    }
  }
  return names;
}

const double* value_of(const SweepRow& row, std::size_t place, const std::string& name) {
  if (place < row.metrics.size() && row.metrics[place].name == name) return &row.metrics[place].value;
  for (const auto& metric : row.metrics) {
    if (metric.name == name) return &metric.value;
  }
  return nullptr;
}

// Of the combination's runs that came to their end, in the order of the seeds; with the seed's place.
std::vector<std::pair<std::uint64_t, double>> values_of(const SweepPlan& plan, const SweepRows& rows,
                                                        std::uint64_t combination, std::size_t place,
                                                        const std::string& metric) {
  std::vector<std::pair<std::uint64_t, double>> values;
  const std::uint64_t first = combination * plan.seeds;
  for (auto row = rows.lower_bound(first); row != rows.end() && row->first < first + plan.seeds; ++row) {
    if (const double* value = value_of(row->second, place, metric)) values.emplace_back(row->first - first, *value);
  }
  return values;
}

}  // namespace

std::string results_csv(const SweepPlan& plan, const SweepRows& rows) {
  const std::vector<MetricName> metrics = metrics_of(rows);
  std::vector<std::string> parameters;
  for (const auto& [run, row] : rows) {
    for (const auto& [name, value] : row.parameters) {
      if (std::find(parameters.begin(), parameters.end(), name) == parameters.end()) parameters.push_back(name);
    }
  }
  std::string text = "run";
  for (const std::string& name : parameters) append(text, cell(name));
  append(text, "seed");
  for (const MetricName& metric : metrics) append(text, cell(metric.name));
  append(text, "error");
  append(text, "digest");
  text += '\n';
  for (const auto& [run, row] : rows) {
    std::string line = fmt::format("{}", run);
    for (const std::string& name : parameters) {
      const auto found = std::find_if(row.parameters.begin(), row.parameters.end(),
                                      [&](const auto& parameter) { return parameter.first == name; });
      append(line, found == row.parameters.end() ? std::string() : cell(found->second));
    }
    append(line, fmt::format("{}", plan.seed_of(run)));
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      // The shortest text that reads back.
      const double* const value = value_of(row, i, metrics[i].name);
      append(line, value == nullptr ? std::string() : fmt::format("{}", *value + 0.0));
    }
    append(line, cell(row.error));
    append(line, row.digest);
    text += line + '\n';
  }
  return text;
}

std::string summary_csv(const SweepPlan& plan, const SweepRows& rows) {
  const std::vector<MetricName> metrics = metrics_of(rows);
  std::string text;
  for (const SweepAxis& axis : plan.axes) append(text, cell(axis.name));
  append(text,
         "metric,unit,runs,mean,mean_low,mean_high,deviation,p5,p5_low,p5_high,p50,p50_low,p50_high,p95,p95_low,"
         "p95_high,least,most");
  text += '\n';
  for (std::uint64_t combination = 0; combination < plan.combinations(); ++combination) {
    std::string settings;
    for (const std::string& value : plan.values_of(combination)) append(settings, cell(value));
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      std::vector<double> values;
      for (const auto& [seed, value] : values_of(plan, rows, combination, i, metrics[i].name)) values.push_back(value);
      if (values.empty()) continue;
      const MeanOf mean = mean_of(values);
      std::sort(values.begin(), values.end());
      std::string line = settings;
      append(line, cell(metrics[i].name));
      append(line, cell(metrics[i].unit));
      append(line, fmt::format("{}", mean.count));
      for (const double value : {mean.mean, mean.interval.low, mean.interval.high}) append(line, number(value));
      append(line, values.size() < 2 ? std::string() : number(mean.deviation));
      for (const double q : {0.05, 0.5, 0.95}) {
        const QuantileOf quantile = quantile_of(values, q);
        for (const double value : {quantile.value, quantile.interval.low, quantile.interval.high})
          append(line, number(value));
      }
      append(line, number(values.front()));
      append(line, number(values.back()));
      text += line + '\n';
    }
  }
  return text;
}

std::string differences_csv(const SweepPlan& plan, const SweepRows& rows) {
  const std::vector<MetricName> metrics = metrics_of(rows);
  std::string text;
  for (const SweepAxis& axis : plan.axes) append(text, cell(axis.name));
  append(text, "axis,from,to,metric,unit,pairs,difference,difference_low,difference_high\n");
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
    std::uint64_t step = 1;
    for (std::size_t later = axis + 1; later < plan.axes.size(); ++later) step *= plan.axes[later].values.size();
    const std::uint64_t count = plan.axes[axis].values.size();
    for (std::uint64_t combination = 0; combination < plan.combinations(); ++combination) {
      const std::uint64_t place = combination / step % count;
      if (place == 0) continue;
      const std::uint64_t base = combination - place * step;
      std::string settings;
      const std::vector<std::string> values = plan.values_of(combination);
      for (const std::string& value : values) append(settings, cell(value));
      for (const std::string& value :
           {plan.axes[axis].name, plan.axes[axis].values.front(), plan.axes[axis].values[place]})
        append(settings, cell(value));
      for (std::size_t i = 0; i < metrics.size(); ++i) {
        const auto before = values_of(plan, rows, base, i, metrics[i].name);
        const auto after = values_of(plan, rows, combination, i, metrics[i].name);
        std::vector<double> differences;
        for (auto a = before.begin(), b = after.begin(); a != before.end() && b != after.end();) {
          if (a->first == b->first) {
            differences.push_back(b->second - a->second);
            ++a, ++b;
          } else {
            ++(a->first < b->first ? a : b);
          }
        }
        if (differences.empty()) continue;
        const MeanOf mean = mean_of(differences);
        std::string line = settings;
        append(line, cell(metrics[i].name));
        append(line, cell(metrics[i].unit));
        append(line, fmt::format("{}", mean.count));
        for (const double value : {mean.mean, mean.interval.low, mean.interval.high}) append(line, number(value));
        text += line + '\n';
      }
    }
  }
  return text;
}

}  // namespace wirelab
