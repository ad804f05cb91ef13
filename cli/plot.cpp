// wirelab plot: a figure of a sweep.
#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/figure/figure.hpp"

namespace wirelab {
namespace {

struct PlotCommand {
  std::string folder, kind, log, out, y;
  std::vector<std::string> where;
  FigureRequest request;
};

tl::expected<FigureRequest, std::string> request_of(const PlotCommand& command, const SweepPlan& plan) {
  FigureRequest request = command.request;
  for (std::size_t at = 0; at <= command.y.size();) {
    const std::size_t comma = std::min(command.y.find(',', at), command.y.size());
    request.y.push_back(command.y.substr(at, comma - at));
    at = comma + 1;
  }
  for (const std::string& text : command.where) {
    const auto axis = parse_axis(text);
    if (!axis) return tl::unexpected("--where" + axis.error().substr(std::string_view("--set").size()));
    for (const std::string& value : axis->values) request.where.emplace_back(axis->name, value);
  }
  using Kind = FigureRequest::Kind;
  if (command.kind == "distribution") {
    if (!request.x.empty())
      return tl::unexpected(std::string("a distribution has its metric on the x axis: leave --x out"));
    request.kind = Kind::distribution;
  } else if (request.x.empty()) {
    return tl::unexpected(std::string("--x: name the parameter that goes along the x axis"));
  } else if (command.kind.empty()) {
    // Stacked metrics, and words along the axis, are bars.
    for (const SweepAxis& axis : plan.axes) {
      if (axis.name == request.x && numbered(axis.values).numbers.empty() && request.by.empty())
        request.kind = Kind::bars;
    }
    if (request.y.size() > 1) request.kind = Kind::bars;
  } else {
    request.kind = command.kind == "bars" ? Kind::bars : Kind::line;
  }
  if (request.kind == Kind::bars && !request.by.empty())
    return tl::unexpected(std::string("bars are stacked by metric: --y A,B,C; --by is for lines and distributions"));
  if (request.kind != Kind::bars && request.y.size() > 1)
    return tl::unexpected(std::string("several metrics are drawn as --kind bars only"));
  request.log_x = command.log.find('x') != std::string::npos;
  request.log_y = command.log.find('y') != std::string::npos;
  return request;
}

int run(const PlotCommand& command) {
  const auto sweep = read_sweep(command.folder);
  if (!sweep) return report({kBadInput, sweep.error()});
  const auto request = request_of(command, sweep->plan);
  if (!request) return report({kBadInput, request.error()});
  const std::string stem = std::filesystem::path(command.out).stem().string();
  const auto figure = make_figure(*sweep, *request, stem + ".dat");
  if (!figure) return report({kBadInput, figure.error()});
  if (const auto drawn = draw_figure(*figure, command.out); !drawn) return report({kBadInput, drawn.error()});
  fmt::print("{}; beside it {}.dat and {}.gp\n", command.out, stem, stem);
  return kDone;
}

}  // namespace

void add_plot(CLI::App& app, Chosen& chosen) {
  auto command = std::make_shared<PlotCommand>();
  CLI::App* sub = app.add_subcommand("plot", "Draw a figure of a sweep, with intervals, units and a caption");
  sub->add_option("DIR", command->folder, "The folder of a sweep")->required();
  sub->add_option("--x", command->request.x, "The parameter along the x axis");
  sub->add_option("--y", command->y, "A metric; of bars several, stacked: A,B,C")->required();
  sub->add_option("--by", command->request.by, "A parameter: a line for each of its values");
  sub->add_option("--where", command->where, "Only these values of a parameter: NAME=VALUE; may be repeated")
      ->take_all();
  sub->add_option("--kind", command->kind, "line (mean and band), bars, or distribution (of the runs)")
      ->check(CLI::IsMember({"line", "bars", "distribution"}));
  sub->add_option("--log", command->log, "Logarithmic axes: x, y or xy")->check(CLI::IsMember({"x", "y", "xy"}));
  sub->add_option("--title", command->request.title, "A title above it");
  sub->add_option("--out", command->out, "The figure: FILE.svg, FILE.pdf or FILE.png")->required();
  sub->footer(
      "Examples:\n"
      "  wirelab plot qos_loss --x loss --y latency_p95 --out latency.svg\n"
      "  wirelab plot qos_loss --x qos --y ip,transport,payload --where loss=0 --out bytes.pdf\n"
      "  wirelab plot qos_loss --kind distribution --y latency_mean --by loss --out distribution.png\n");
  sub->callback([command, &chosen] { chosen = [command] { return run(*command); }; });
}

}  // namespace wirelab
