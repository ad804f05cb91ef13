#include "lab/figure/figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/sweep/summary.hpp"
#include "sim/kernel/nearest.hpp"

namespace wirelab {
namespace {

constexpr const char* kColours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
constexpr std::size_t kMostLines = std::size(kColours);

std::string unknown(std::string_view kind, const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  std::string text = fmt::format("there is no {} \"{}\"", kind, name);
  if (const std::string_view near = nearest(name, views); !near.empty())
    return text + fmt::format(": did you mean \"{}\"?", near);
  text += "; there are:";
  for (const std::string& one : known) text += " " + one;
  return text;
}

// In gnuplot's double quotes.
std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += c == '\n' ? ' ' : c;
  }
  return all + '"';
}

std::string with_unit(const std::string& name, const std::string& unit) {
  return unit.empty() ? name : fmt::format("{} ({})", name, unit);
}

// What is drawn, taken out of the sweep: which combinations belong to which value of x and of by.
class Selection {
 public:
  Selection(const ReadSweep& sweep, const FigureRequest& request) : sweep_(sweep), request_(request) {}

  std::string check() {
    std::vector<std::string> names;
    for (const SweepAxis& axis : sweep_.plan.axes) names.push_back(axis.name);
    const auto place = [&](const std::string& name) {
      return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    for (const std::string* name : {&request_.x, &request_.by}) {
      if (!name->empty() && place(*name) == names.size()) return unknown("parameter", *name, names);
    }
    x_ = place(request_.x), by_ = place(request_.by);
    fixed_.resize(names.size());
    for (const auto& [name, value] : request_.where) {
      const std::size_t axis = place(name);
      if (axis == names.size()) return unknown("parameter", name, names);
      const auto& values = sweep_.plan.axes[axis].values;
      if (std::find(values.begin(), values.end(), value) == values.end())
        return unknown(fmt::format("value of {}", name), value, values);
      fixed_[axis].push_back(value);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      const SweepAxis& axis = sweep_.plan.axes[i];
      if (i == x_ || i == by_ || axis.values.size() == 1 || fixed_[i].size() == 1) continue;
      return fmt::format("\"{}\" has {} values: draw it with --by {}, or choose one with --where {}={}", axis.name,
                         axis.values.size(), axis.name, axis.name, axis.values.front());
    }
    return {};
  }

  std::vector<std::string> values_of(std::size_t axis) const {
    if (axis >= sweep_.plan.axes.size()) return {""};
    return fixed_[axis].empty() ? sweep_.plan.axes[axis].values : fixed_[axis];
  }
  std::vector<std::string> x_values() const { return values_of(x_); }
  std::vector<std::string> by_values() const { return values_of(by_); }

  // The metrics' values, summed, of each run that ended.
  std::vector<double> runs(const std::string& x, const std::string& by, const std::vector<std::string>& metrics) const {
    std::vector<double> values;
    for (const auto& [run, row] : sweep_.rows) {
      const std::vector<std::string> at = sweep_.plan.values_of(sweep_.plan.combination_of(run));
      bool fits = true;
      for (std::size_t i = 0; i < at.size(); ++i) {
        if (i == x_ && at[i] != x) fits = false;
        if (i == by_ && at[i] != by) fits = false;
        if (!fixed_[i].empty() && std::find(fixed_[i].begin(), fixed_[i].end(), at[i]) == fixed_[i].end()) fits = false;
      }
      if (!fits) continue;
      double sum = 0;
      std::size_t found = 0;
      for (const auto& metric : row.metrics) {
        if (std::find(metrics.begin(), metrics.end(), metric.name) == metrics.end()) continue;
        sum += metric.value;
        ++found;
      }
      if (found == metrics.size()) values.push_back(sum);
    }
    return values;
  }

 private:
  const ReadSweep& sweep_;
  const FigureRequest& request_;
  std::size_t x_ = 0, by_ = 0;
  std::vector<std::vector<std::string>> fixed_;
};

std::string caption(const ReadSweep& sweep, const FigureRequest& request) {
  const SweepPlan& plan = sweep.plan;
  std::string text = plan.scenario;
  for (const SweepAxis& axis : plan.axes) {
    if (axis.values.size() == 1) text += fmt::format(", {} {}", axis.name, axis.values.front());
  }
  for (const auto& [name, value] : request.where) text += fmt::format(", {} {}", name, value);
  text += plan.seeds == 1 ? fmt::format("; seed {}", plan.first_seed)
                          : fmt::format("; seeds {} to {}", plan.first_seed, plan.first_seed + plan.seeds - 1);
  const bool means = request.kind != FigureRequest::Kind::distribution;
  if (plan.seeds > 1) text += means ? "; 95 % intervals of means (t)" : "; 95 % bands (DKW)";
  return text + "; sweep " + hash_of(plan);
}

std::string preamble(const ReadSweep& sweep, const FigureRequest& request) {
  std::string script = "# Drawn by wirelab plot; gnuplot 5.4.\n";
  script +=
      "set encoding utf8\nset datafile separator tab\nset datafile missing '?'\nset border 3 linecolor '#555555'\n";
  script += "set tics nomirror textcolor '#333333'\nset grid ytics linecolor '#dddddd' linetype 1\n";
  script +=
      "set key top left outside horizontal noenhanced samplen 3 width 1\nset style fill transparent solid 0.18 "
      "noborder\n";
  if (!request.by.empty()) script += fmt::format("set key title {} left noenhanced\n", quoted(request.by));
  script += "set bmargin 6\n";
  script += fmt::format("set label 1 {} at screen 0.02,0.03 left noenhanced font ',8' textcolor '#666666'\n",
                        quoted(caption(sweep, request)));
  if (!request.title.empty()) script += fmt::format("set title {} noenhanced\n", quoted(request.title));
  if (request.log_x) script += "set logscale x\n";
  if (request.log_y) script += "set logscale y\n";
  return script;
}

std::string data_number(double value) { return std::isnan(value) ? "?" : fmt::format("{:.9g}", value + 0.0); }

// Words along the axis, aslant where they are too long to stand side by side.
std::string set_tics(const std::vector<std::string>& values) {
  constexpr std::size_t kLine = 64;  // letters
  std::size_t letters = 0;
  for (const std::string& value : values) letters += value.size() + 2;
  std::string tics = letters > kLine ? "set bmargin 9\nset xtics noenhanced rotate by -30 (" : "set xtics noenhanced (";
  for (std::size_t i = 0; i < values.size(); ++i)
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted(values[i]), i);
  return tics + ")\n";
}

Figure line_figure(const ReadSweep& sweep, const FigureRequest& request, const Selection& selection,
                   const std::string& y_label, const std::string& data_file) {
  Figure figure;
  const std::vector<std::string> xs = selection.x_values();
  const NumberedValues numbers = numbered(xs);
  std::vector<std::size_t> order(xs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (!numbers.numbers.empty())
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return numbers.numbers[a] < numbers.numbers[b]; });
  figure.script = preamble(sweep, request);
  figure.script += fmt::format("set xlabel {} noenhanced\nset ylabel {} noenhanced\n",
                               quoted(with_unit(request.x, numbers.unit)), quoted(y_label));
  if (numbers.numbers.empty()) figure.script += fmt::format("{}set xrange [-0.5:{}.5]\n", set_tics(xs), xs.size() - 1);
  std::string bands, lines;
  const std::vector<std::string> bys = selection.by_values();
  for (std::size_t line = 0; line < bys.size(); ++line) {
    figure.data += fmt::format("{}# {}{}\n# {}\tmean of {}\tlow\thigh\truns\n", line == 0 ? "" : "\n\n",
                               request.by.empty() ? "all" : request.by + " ", bys[line], request.x, request.y.front());
    for (const std::size_t i : order) {
      const MeanOf mean = mean_of(selection.runs(xs[i], bys[line], request.y));
      if (mean.count == 0) continue;
      const double x = numbers.numbers.empty() ? static_cast<double>(i) : numbers.numbers[i];
      figure.data += fmt::format("{}\t{}\t{}\t{}\t{}\n", data_number(x), data_number(mean.mean),
                                 data_number(mean.interval.low), data_number(mean.interval.high), mean.count);
    }
    const std::string source = fmt::format("'{}' index {}", data_file, line);
    const std::string colour = kColours[line % kMostLines];
    bands += fmt::format("  {} using 1:3:4 with filledcurves linecolor '{}' notitle, \\\n", source, colour);
    const std::string title = request.by.empty() ? "notitle" : "title " + quoted(bys[line]);
    lines += fmt::format("{}  {} using 1:2 with linespoints linewidth 2 dashtype {} pointtype {} linecolor '{}' {}",
                         line == 0 ? "" : ", \\\n", source, line % 4 + 1, line % 7 + 4, colour, title);
  }
  figure.script += "plot \\\n" + bands + lines + "\n";
  return figure;
}

Figure bar_figure(const ReadSweep& sweep, const FigureRequest& request, const Selection& selection,
                  const std::string& y_label, const std::string& data_file) {
  Figure figure;
  const std::vector<std::string> xs = selection.x_values();
  figure.data = "# " + request.x;
  for (const std::string& metric : request.y) figure.data += "\tup to " + metric;
  figure.data += "\tlow\thigh\truns\n";
  for (const std::string& x : xs) {
    figure.data += x;
    double sum = 0;
    for (const std::string& metric : request.y) {
      sum += mean_of(selection.runs(x, "", {metric})).mean;
      figure.data += "\t" + data_number(sum);
    }
    const MeanOf whole = mean_of(selection.runs(x, "", request.y));
    figure.data +=
        fmt::format("\t{}\t{}\t{}\n", data_number(whole.interval.low), data_number(whole.interval.high), whole.count);
  }
  figure.script = preamble(sweep, request);
  figure.script += fmt::format(
      "set xlabel {} noenhanced\nset ylabel {} noenhanced\nset boxwidth 0.6\nset style fill solid 0.9 noborder\n"
      "{}set xrange [-0.6:{}.6]\nset yrange [0:*]\n",
      quoted(request.x), quoted(y_label), set_tics(xs), xs.size() - 1);
  figure.script += "plot \\\n";
  // The highest first: the lower ones cover it.
  for (std::size_t i = request.y.size(); i-- > 0;) {
    figure.script +=
        fmt::format("  '{}' using 0:{} with boxes fillstyle pattern {} linecolor '{}' title {}, \\\n", data_file, i + 2,
                    i == 0 ? 3 : i % 4 + 3, kColours[i % kMostLines], quoted(request.y[i]));
  }
  const std::size_t top = request.y.size() + 1;
  figure.script +=
      fmt::format("  '{}' using 0:{}:{}:{} with yerrorbars pointtype 0 linewidth 1.5 linecolor '#000000' notitle\n",
                  data_file, top, top + 1, top + 2);
  return figure;
}

Figure distribution_figure(const ReadSweep& sweep, const FigureRequest& request, const Selection& selection,
                           const std::string& y_label, const std::string& data_file) {
  Figure figure;
  figure.script = preamble(sweep, request);
  figure.script +=
      fmt::format("set xlabel {} noenhanced\nset ylabel \"share of runs\"\nset yrange [0:1.02]\n", quoted(y_label));
  const std::vector<std::string> bys = selection.by_values();
  std::string bands, lines;
  for (std::size_t line = 0; line < bys.size(); ++line) {
    std::vector<double> values = selection.runs("", bys[line], request.y);
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    // P(sup |F_n - F| > e) <= 2 exp(-2 n e^2) (P. Massart, 1990)
    const double half = std::sqrt(std::log(2 / 0.05) / (2 * n));
    figure.data += fmt::format("{}# {}{}\n# {}\tshare of runs\tlow\thigh\n", line == 0 ? "" : "\n\n",
                               request.by.empty() ? "all" : request.by + " ", bys[line], request.y.front());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double share = static_cast<double>(i + 1) / n;
      // A step has two corners, so that the band has them, too.
      for (const double height : {static_cast<double>(i) / n, share})
        figure.data +=
            fmt::format("{}\t{}\t{}\t{}\n", data_number(values[i]), data_number(height),
                        data_number(std::max(0.0, height - half)), data_number(std::min(1.0, height + half)));
    }
    const std::string source = fmt::format("'{}' index {}", data_file, line);
    const std::string colour = kColours[line % kMostLines];
    bands += fmt::format("  {} using 1:3:4 with filledcurves linecolor '{}' notitle, \\\n", source, colour);
    lines +=
        fmt::format("{}  {} using 1:2 with lines linewidth 2 dashtype {} linecolor '{}' {}", line == 0 ? "" : ", \\\n",
                    source, line % 4 + 1, colour, request.by.empty() ? "notitle" : "title " + quoted(bys[line]));
  }
  figure.script += "plot \\\n" + bands + lines + "\n";
  return figure;
}

}  // namespace

tl::expected<Figure, std::string> make_figure(const ReadSweep& sweep, const FigureRequest& request,
                                              const std::string& data_file) {
  if (sweep.rows.size() != sweep.plan.runs())
    return tl::unexpected(fmt::format("the sweep is not finished: {} of {} runs are missing; start it again",
                                      sweep.plan.runs() - sweep.rows.size(), sweep.plan.runs()));
  Selection selection(sweep, request);
  if (const std::string wrong = selection.check(); !wrong.empty()) return tl::unexpected(wrong);
  std::map<std::string, std::string> units;
  std::vector<std::string> names;
  for (const auto& [run, row] : sweep.rows) {
    for (const auto& metric : row.metrics) {
      if (units.emplace(metric.name, metric.unit).second) names.push_back(metric.name);
    }
  }
  for (const std::string& metric : request.y) {
    if (!units.contains(metric)) return tl::unexpected(unknown("metric", metric, names));
    if (units[metric] != units[request.y.front()])
      return tl::unexpected(fmt::format("\"{}\" is in {}, \"{}\" in {}: they cannot be stacked", request.y.front(),
                                        units[request.y.front()], metric, units[metric]));
  }
  if (selection.by_values().size() > kMostLines)
    return tl::unexpected(
        fmt::format("\"{}\" has {} values: nobody tells so many lines apart; choose some with --where", request.by,
                    selection.by_values().size()));
  const std::string unit = units[request.y.front()];
  switch (request.kind) {
    case FigureRequest::Kind::line:
      return line_figure(sweep, request, selection, with_unit(request.y.front(), unit), data_file);
    case FigureRequest::Kind::bars:
      return bar_figure(sweep, request, selection, request.y.size() == 1 ? with_unit(request.y.front(), unit) : unit,
                        data_file);
    case FigureRequest::Kind::distribution: break;
  }
  return distribution_figure(sweep, request, selection, with_unit(request.y.front(), unit), data_file);
}

}  // namespace wirelab
