// wirelab run: a scenario, to its end, with a summary for people or an object for programs.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "cli/trace_files.hpp"
#include "lab/system/files.hpp"
#include "sim/kernel/units.hpp"
#include "sim/view/capture.hpp"
#include "sim/view/sequence.hpp"
#include "sim/view/tap.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kMostTapLines = 200;

struct RunCommand {
  RunOptions options;
  bool json = false;
  bool quiet = false;
  std::string trace, layers, pcap, pcap_link, sequence, tap_link;
};

std::string number(double value) {
  return value == std::floor(value) && std::fabs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                               : fmt::format("{:.6g}", value);
}

void print_json(const RunCommand& command, FinishedRun& run, const std::optional<Tap>& tap) {
  nlohmann::ordered_json json;
  json["scenario"] = command.options.scenario;
  json["seed"] = run.seed;
  json["simulated_seconds"] = run.script->world().now().in_seconds();
  json["events"] = run.script->world().executed();
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  for (const ParameterInfo& p : run.script->parameters()) parameters[p.name] = p.value;
  json["parameters"] = parameters;
  for (const Metric& metric : run.script->metrics()) json["metrics"][metric.name] = metric.value;
  json["digest"] = run.digest.everything;
  json["digest_order"] = run.digest.order;
  json["digest_wire"] = run.digest.wire;
  json["language"] = script_language();
  json["failures"] = run.script->failures();
  if (tap) {
    auto lines = nlohmann::ordered_json::array();
    for (const TapLine& line : tap->lines())
      lines.push_back(
          {{"at", line.at}, {"from", line.from}, {"to", line.to}, {"kind", name_of(line.kind)}, {"text", line.text}});
    json["tap"] = std::move(lines);
  }
  fmt::print("{}\n", json.dump(2));
}

void print_summary(FinishedRun& run) {
  World& world = run.script->world();
  fmt::print("\n{} simulated in {:.2f} s, {} events, seed {}\n", format_duration(world.now() - Instant()),
             run.wall_seconds, world.executed(), run.seed);
  const std::vector<Metric> metrics = run.script->metrics();
  std::size_t widest = 16;
  for (const ParameterInfo& p : run.script->parameters()) widest = std::max(widest, p.name.size());
  for (const Metric& metric : metrics) widest = std::max(widest, metric.name.size());
  for (const ParameterInfo& p : run.script->parameters())
    fmt::print("  {:<{}} {:>12} {:<12} {}\n", p.name, widest, p.value, p.unit, p.help);
  fmt::print("\n");
  const std::size_t room = std::max<std::size_t>(20, 80 - std::min<std::size_t>(80, widest + 30));
  for (const Metric& metric : metrics) {
    std::string definition = metric.definition;
    if (definition.size() > room && terminal_columns() <= 80) definition = definition.substr(0, room - 3) + "...";
    fmt::print("  {:<{}} {:>12} {:<12}  {}\n", metric.name, widest, number(metric.value), metric.unit, definition);
  }
  fmt::print("\ndigest {}\n", run.digest.everything);
}

// What was asked for beside the summary: files, and what a tap reads.
tl::expected<void, CommandError> write_files(const RunCommand& command, const FinishedRun& run,
                                             std::optional<Tap>& tap) {
  const auto failed = [](const std::string& path, const std::string& why) {
    return tl::unexpected(CommandError{kBadInput, fmt::format("{}: {}", path, why)});
  };
  if (run.store && run.store->dropped() > 0) {
    fmt::print(stderr, "note: the trace outgrew its memory; its first {} records are left out of the files\n",
               run.store->dropped());
  }
  if (!command.trace.empty()) {
    const TraceHeader header{command.options.scenario, run.seed, run.digest.everything, run.store->layers()};
    if (const auto done = write_trace(command.trace, *run.store, header); !done)
      return failed(command.trace, done.error());
  }
  if (command.pcap.empty() && command.sequence.empty() && command.tap_link.empty()) return {};
  const LoadedTrace trace = load_trace(*run.store, {command.options.scenario, run.seed, run.digest.everything});
  if (!command.pcap.empty()) {
    const auto listens = command.pcap_link.empty() ? std::string() : fmt::format(", --pcap-link {}", command.pcap_link);
    if (const auto done = write_pcap(command.pcap, trace, command.pcap_link); !done)
      return failed(command.pcap + listens, done.error());
  }
  if (!command.tap_link.empty()) {
    auto read = tap_of(trace, command.tap_link);
    if (!read) return tl::unexpected(CommandError{kBadInput, "--tap: " + read.error()});
    tap = std::move(*read);
  }
  if (!command.sequence.empty()) {
    const auto done = write_file(command.sequence, sequence_diagram(MessageIndex(trace)));
    if (!done) return failed(command.sequence, done.error());
  }
  return {};
}

int run_it(const RunCommand& command) {
  const bool store =
      !command.trace.empty() || !command.pcap.empty() || !command.sequence.empty() || !command.tap_link.empty();
  if (!command.pcap_link.empty() && command.pcap.empty())
    return report({kBadInput, "--pcap-link chooses where --pcap FILE listens: give both"});
  const std::string* const outputs[] = {&command.trace, &command.pcap, &command.sequence};
  for (std::size_t i = 0; i < std::size(outputs); ++i) {
    std::error_code ignored;
    if (outputs[i]->empty()) continue;
    if (std::filesystem::equivalent(*outputs[i], command.options.scenario, ignored))
      return report({kBadInput, *outputs[i] + " is the scenario itself: choose another file to write"});
    for (std::size_t k = 0; k < i; ++k) {
      if (*outputs[i] == *outputs[k] && !std::filesystem::is_character_file(*outputs[i], ignored))
        return report({kBadInput, *outputs[i] + " is to be written twice: choose two files"});
    }
  }
  LayerMask layers = kAllLayers;
  if (!command.layers.empty()) {
    if (command.trace.empty() || !command.pcap.empty() || !command.sequence.empty())
      return report({kBadInput, "--layers chooses what --trace FILE keeps; captures and diagrams need everything"});
    const auto parsed = parse_layers(command.layers);
    if (!parsed) return report({kBadInput, "--layers: " + parsed.error()});
    layers = *parsed;
  }
  LogFunction log;
  if (!command.quiet && !command.json) {
    log = [](Instant at, std::string_view device, std::string_view text) {
      fmt::print("{:>12.6f}  {}{}{}\n", at.in_seconds(), device, device.empty() ? "" : ": ", text);
    };
  }
  auto run = run_scenario(command.options, store ? std::optional(layers) : std::nullopt, log);
  if (!run) return report(run.error());
  std::optional<Tap> tap;
  if (const auto written = write_files(command, *run, tap); !written) return report(written.error());
  if (command.json) {
    print_json(command, *run, tap);
  } else {
    print_summary(*run);
    if (tap) fmt::print("\nwho listens on {} reads\n{}", command.tap_link, to_text(*tap, kMostTapLines));
  }
  std::fflush(stdout);
  for (const std::string& failure : run->script->failures()) fmt::print(stderr, "expected: {}\n", failure);
  return run->script->failures().empty() ? kDone : kCheckFailed;
}

}  // namespace

void add_run(CLI::App& app, Chosen& chosen) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* sub = app.add_subcommand("run", "Run a scenario to its end and print what came of it");
  sub->add_option("SCENARIO", command->options.scenario, "A .lua file, or the name of one in scenarios/")->required();
  add_run_options(*sub, command->options);
  sub->add_flag("--json", command->json, "Print one JSON object instead of the summary");
  sub->add_flag("--quiet", command->quiet, "Do not print the programs' log lines");
  sub->add_option("--trace", command->trace, "Write every record of the run, a JSON object a line");
  sub->add_option("--layers", command->layers,
                  "Keep only these in the trace: link,tcp,mqtt,program (what the world is made of is always kept)");
  sub->add_option("--pcap", command->pcap, "Write a capture (pcapng) that Wireshark opens");
  sub->add_option("--pcap-link", command->pcap_link, "Capture on this link (home-hub) or direction (home>hub) only");
  sub->add_option("--tap", command->tap_link,
                  "Tell what somebody reads who listens on this link (home-hub) or direction (home>hub)");
  sub->add_option("--sequence", command->sequence, "Write a Mermaid sequence diagram");
  sub->footer(
      "Examples:\n"
      "  wirelab run scenarios/temperature.lua --seed 7\n"
      "  wirelab run temperature --set loss=10% --until 2min --pcap run.pcapng\n"
      "  wirelab run qos --trace run.jsonl --layers mqtt,program\n"
      "  wirelab run eavesdropper --tap home-hub\n"
      "  wirelab run qos --json | jq .metrics.delivered\n");
  sub->callback([command, &chosen] { chosen = [command] { return run_it(*command); }; });
}

}  // namespace wirelab
