// wirelab torture: random worlds against what MQTT promises.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "cli/trace_files.hpp"
#include "lab/proof/torture/torture.hpp"

namespace wirelab {
namespace {

tl::expected<void, std::string> write_files(const torture::TortureOptions& options, const std::string& trace,
                                            const std::string& pcap) {
  torture::Plan plan = torture::make_plan(options.first_seed);
  plan.broker.mutation = options.mutation;
  const auto store = std::make_shared<TraceStore>();
  const auto played = torture::play(plan, options.without, store);
  const TraceHeader header{"torture", options.first_seed, played->digest, kAllLayers};
  if (!trace.empty()) {
    if (const auto done = write_trace(trace, *store, header); !done)
      return tl::unexpected(fmt::format("{}: {}", trace, done.error()));
  }
  if (pcap.empty()) return {};
  if (const auto done = write_pcap(pcap, load_trace(*store, header), ""); !done)
    return tl::unexpected(fmt::format("{}: {}", pcap, done.error()));
  return {};
}

}  // namespace

void add_torture(CLI::App& app, Chosen& chosen) {
  struct Command {
    torture::TortureOptions options;
    std::string mutation = "none", steps, devices, trace, pcap;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("torture", "Random worlds against what MQTT promises");
  sub->add_option("--seeds", command->options.seeds, "How many worlds (default 200)")
      ->check(CLI::Range(1ull, 1'000'000'000ull));
  sub->add_option("--minutes", command->options.minutes, "End after so many minutes, whatever is left")
      ->check(CLI::Range(0.01, 100'000.0));
  sub->add_option("--first", command->options.first_seed, "The first seed (default 1)");
  sub->add_option("--jobs", command->options.jobs, "How many at a time (default: one a processor)")
      ->check(CLI::Range(1, 256));
  std::vector<std::string> names{"none"};
  for (const mqtt::MutationInfo& info : mqtt::kMutations) names.emplace_back(info.name);
  sub->add_option("--mutation", command->mutation, "Break a rule of the broker on purpose (docs/torture.md lists them)")
      ->check(CLI::IsMember(names));
  sub->add_option("--without-steps", command->steps, "Leave out steps of the plan, as 3-5,9");
  sub->add_option("--without-devices", command->devices, "Leave out devices of the plan");
  sub->add_flag("--calm-links", command->options.without.calm_links, "Links without loss, jitter or limits");
  sub->add_option("--trace", command->trace, "With --seeds 1: write every record of the run, a JSON object a line");
  sub->add_option("--pcap", command->pcap, "With --seeds 1: write a capture (pcapng) that Wireshark opens");
  sub->footer(
      "Exits 1 where a promise was broken, with the smallest world found that breaks it and the command that plays it "
      "again.\nExamples:\n  wirelab torture --seeds 1000\n  wirelab torture --mutation forgets-wills\n");
  sub->callback([command, names, sub, &chosen] {
    chosen = [command, names, sub] {
      torture::TortureOptions& options = command->options;
      options.mutation =
          static_cast<mqtt::Mutation>(std::find(names.begin(), names.end(), command->mutation) - names.begin());
      if (!torture::read_places(command->steps, options.without.steps) ||
          !torture::read_places(command->devices, options.without.devices))
        return report({kBadInput, "--without-steps and --without-devices take places as 3-5,9"});
      if (!command->trace.empty() || !command->pcap.empty()) {
        if (options.seeds != 1) return report({kBadInput, "--trace and --pcap are of one world: add --seeds 1"});
        options.shrink = false;
        const auto written = write_files(options, command->trace, command->pcap);
        if (!written) return report({kBadInput, written.error()});
      }
      if (options.minutes > 0 && sub->count("--seeds") == 0) options.seeds = ~0ull >> 1;
      const bool terminal = isatty(STDERR_FILENO) != 0;
      const torture::TortureResult result = torture::torture(options, [&](std::uint64_t done) {
        if (terminal) fmt::print(stderr, "\r\x1b[K{} worlds", done);
      });
      if (terminal) fmt::print(stderr, "\r\x1b[K");
      if (!result.failed) {
        fmt::print("{} worlds, {} events: every promise was kept\n", result.seeds, result.events);
        return kDone;
      }
      fmt::print("seed {} breaks a promise:\n", result.failed_seed);
      for (const torture::Failure& failure : result.failures)
        fmt::print("  {:>9.3f} s  {}\n", static_cast<double>(failure.at.ns()) / 1e9, failure.what);
      fmt::print("\nThe smallest world that was found to do so:\n");
      torture::Plan plan = torture::make_plan(result.failed_seed);
      for (const std::string& line : describe(plan, result.without)) fmt::print("  {}\n", line);
      fmt::print("\nAgain: {}\n", torture::command_of(result.failed_seed, options.mutation, result.without));
      return kCheckFailed;
    };
  });
}

}  // namespace wirelab
