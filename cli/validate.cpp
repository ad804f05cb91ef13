// wirelab validate: the simulator against measurements of real software.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/proof/validate.hpp"

namespace wirelab {

void add_validate(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ValidationOptions>();
  options->folder.clear();
  CLI::App* sub =
      app.add_subcommand("validate", "Compare the simulator with measurements of real software, row by row");
  sub->add_option("DIR", options->folder, "A folder with files of the names and columns of truth/ (default: truth/)");
  sub->add_option("--repeats", options->repeats, "How often each experiment is repeated, with other seeds (default 20)")
      ->check(CLI::Range(1, 10000));
  sub->add_option("--only", options->only, "Only rows whose name begins so, as in latency/libmosquitto/B/100/1000");
  sub->footer(
      "Exits 1 where a row is out of tolerance.\nExamples:\n  wirelab validate\n  wirelab validate --repeats 200 "
      "--only latency/libmosquitto/A\n");
  sub->callback([options, &chosen] {
    chosen = [options] {
      if (options->folder.empty())
        options->folder = (std::filesystem::path(scenario_folder()).parent_path() / "truth").string();
      const bool terminal = isatty(STDERR_FILENO) != 0;
      const auto result = validate(*options, [&](const std::string& point) {
        if (terminal) fmt::print(stderr, "\r\x1b[K{}", point);
      });
      if (terminal) fmt::print(stderr, "\r\x1b[K");
      if (!result) return report({kBadInput, result.error()});
      if (result->comparisons.empty() && result->without_intervals.empty())
        return report({kBadInput, fmt::format("--only {}: no row begins so", options->only)});
      fmt::print("{}", to_text(*result));
      return result->passed ? kDone : kCheckFailed;
    };
  });
}

}  // namespace wirelab
