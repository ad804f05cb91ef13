// wirelab journey, diff and metrics: looking at runs.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "sim/view/difference.hpp"
#include "sim/view/journey.hpp"

namespace wirelab {

void add_journey(CLI::App& app, Chosen& chosen) {
  struct Command {
    RunOptions options;
    std::string topic;
    std::uint32_t nth = 1;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("journey", "Tell the life of one message, cause by cause");
  sub->add_option("RUN", command->options.scenario, "A trace file, or a scenario with the options of run")->required();
  sub->add_option("--topic", command->topic, "A message to this topic");
  sub->add_option("--nth", command->nth, "The nth one of them, from 1")->check(CLI::Range(1u, 4'000'000'000u));
  add_run_options(*sub, command->options);
  sub->footer(
      "Examples:\n"
      "  wirelab journey temperature --topic sensors/temperature --nth 5\n"
      "  wirelab run qos --trace run.jsonl; wirelab journey run.jsonl --nth 12\n");
  sub->callback([command, &chosen] {
    chosen = [command] {
      const auto trace = load_run(command->options);
      if (!trace) return report(trace.error());
      const auto text = tell_journey(MessageIndex(*trace), command->topic, command->nth);
      if (!text) return report({kBadInput, text.error()});
      fmt::print("{}", *text);
      return kDone;
    };
  });
}

void add_diff(CLI::App& app, Chosen& chosen) {
  struct Command {
    RunOptions first, second;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("diff", "Show the first record at which two runs part; exits 1 if they do");
  sub->add_option("RUN", command->first.scenario, "A trace file or a scenario")->required();
  sub->add_option("RUN2", command->second.scenario, "Another")->required();
  sub->add_option("--seed", command->first.seed, "Seed of the first, if it is a scenario")->check(whole_number());
  sub->add_option("--seed2", command->second.seed, "Seed of the second (default: that of the first)")
      ->check(whole_number());
  sub->add_option("--until", command->first.until, "End both at this simulated time");
  sub->add_option("--set", command->first.settings, "A parameter of the first: NAME=VALUE")->take_all();
  sub->add_option("--set2", command->second.settings, "A parameter of the second (default: those of the first)")
      ->take_all();
  sub->add_option("--journal", command->first.journal, "Apply this journal to the first");
  sub->add_option("--journal2", command->second.journal, "Apply this journal to the second");
  sub->footer(
      "Examples:\n"
      "  wirelab diff a.jsonl b.jsonl\n"
      "  wirelab diff temperature temperature --seed 7 --seed2 8\n");
  sub->callback([command, &chosen] {
    chosen = [command] {
      // What is said of the first holds for the second too, where that is a scenario.
      if (!is_trace_file(command->second.scenario)) {
        if (!command->second.seed) command->second.seed = command->first.seed;
        if (command->second.settings.empty()) command->second.settings = command->first.settings;
        command->second.until = command->first.until;
      }
      const auto first = load_run(command->first);
      if (!first) return report(first.error());
      const auto second = load_run(command->second);
      if (!second) return report(second.error());
      const Difference difference = first_difference(*first, *second);
      fmt::print("{}", difference.text);
      return difference.same ? kDone : kCheckFailed;
    };
  });
}

void add_metrics(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* sub = app.add_subcommand("metrics", "List a scenario's metrics with unit and definition");
  sub->add_option("SCENARIO", options->scenario, "A .lua file, or the name of one in scenarios/")->required();
  sub->footer("Example:\n  wirelab metrics temperature\n");
  sub->callback([options, &chosen] {
    chosen = [options] {
      options->until = "0s";
      const auto run = run_scenario(*options, std::nullopt, nullptr);
      if (!run) return report(run.error());
      const std::vector<Metric> metrics = run->script->metrics();
      std::size_t widest = 16;
      for (const Metric& metric : metrics) widest = std::max(widest, metric.name.size());
      for (const Metric& metric : metrics)
        fmt::print("{:<{}} {:<12} {}\n", metric.name, widest, metric.unit, metric.definition);
      return kDone;
    };
  });
}

}  // namespace wirelab
