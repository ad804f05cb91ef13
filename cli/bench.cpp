// wirelab bench: how fast it is, beside a baseline measured in the same run.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "lab/proof/measure.hpp"

namespace wirelab {

void add_bench(CLI::App& app, Chosen& chosen) {
  struct Command {
    std::string name;
    bool json = false;
    BenchOptions options;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("bench", "Measure how fast it is");
  sub->add_option("NAME", command->name, "kernel or star (default: both)")->check(CLI::IsMember({"kernel", "star"}));
  sub->add_flag("--json", command->json, "Print JSON instead of tables");
  sub->add_flag("--quick", command->options.quick, "The smallest sizes only, in a second or two");
  sub->footer("Examples:\n  wirelab bench kernel\n  wirelab bench star --json\n");
  sub->callback([command, &chosen] {
    chosen = [command] {
      std::vector<BenchTable> tables;
      bool failed = false;
      command->options.largest = !command->options.quick;
      const auto show = [&](BenchTable table) {
        if (!command->json) fmt::print("{}\n", to_text(table));
        std::fflush(stdout);
        tables.push_back(std::move(table));
      };
      if (command->name != "star") {
        show(bench_hold(command->options));
        show(bench_timer_churn(command->options));
      }
      if (command->name != "kernel") show(bench_star(command->options, failed));
      if (command->json) fmt::print("{}", to_json(tables));
      return failed ? kCheckFailed : kDone;
    };
  });
}

}  // namespace wirelab
