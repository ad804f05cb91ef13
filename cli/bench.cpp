// wirelab bench: how fast it is, beside a baseline measured in the same run.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/proof/measure.hpp"
#include "lab/sweep/bench_sweep.hpp"
#ifdef WIRELAB_HAS_GUI
#include "gui/bench.hpp"
#endif
#ifdef WIRELAB_HAS_LIVE
#include "live/bench_serve.hpp"
#endif

namespace wirelab {

void add_bench(CLI::App& app, Chosen& chosen) {
  struct Command {
    std::string name;
    bool json = false;
    BenchOptions options;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("bench", "Measure how fast it is");
  sub->add_option("NAME", command->name, "kernel, topics, star, homes, sweep, serve or gui (default: all)")
      ->check(CLI::IsMember({"kernel", "topics", "star", "homes", "sweep", "serve", "gui"}));
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
      const auto wanted = [&](const char* name) { return command->name.empty() || command->name == name; };
      if (wanted("kernel")) {
        show(bench_hold(command->options));
        show(bench_timer_churn(command->options));
      }
      if (wanted("topics")) show(bench_topics(command->options, failed));
      if (wanted("star")) show(bench_star(command->options, failed));
      if (wanted("homes")) show(bench_homes(command->options, failed));
      if (wanted("sweep")) show(bench_sweep(command->options, failed));
#ifdef WIRELAB_HAS_LIVE
      if (wanted("serve")) show(live::bench_serve(command->options, failed));
#else
      if (command->name == "serve") return report({kBadInput, "this program was built without serve"});
#endif
#ifdef WIRELAB_HAS_GUI
      if (wanted("gui")) {
        auto table = gui::bench_gui(command->options);
        if (!table) return report({kBadInput, "bench gui: " + table.error()});
        show(std::move(*table));
      }
#else
      if (command->name == "gui") return report({kBadInput, "this program was built without the front end"});
#endif
      if (command->json) fmt::print("{}", to_json(tables));
      return failed ? kCheckFailed : kDone;
    };
  });
}

}  // namespace wirelab
