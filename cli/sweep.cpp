// wirelab sweep and merge: a scenario under many settings and seeds, and its shards put together.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "lab/sweep/sweep.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

using Clock = std::chrono::steady_clock;

// A bar on a terminal; elsewhere a line now and then.
class SweepProgress {
 public:
  ~SweepProgress() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }
  void at(std::uint64_t done, std::uint64_t all, std::uint64_t done_now) {
    const auto now = Clock::now();
    const bool due = now - last_ >= (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10));
    if (!due) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double rate = static_cast<double>(done_now) / seconds;
    std::string text = fmt::format("{} of {} runs, {:.1f} a second", done, all, rate);
    if (rate > 0)
      text += fmt::format(
          ", {} left",
          format_duration(Duration::seconds(static_cast<std::int64_t>(static_cast<double>(all - done) / rate + 1))));
    if (!terminal_) {
      fmt::print(stderr, "{}\n", text);
      return;
    }
    constexpr std::size_t kBar = 24;
    const auto filled = static_cast<std::size_t>(all == 0 ? kBar : done * kBar / all);
    fmt::print(stderr, "\r\x1b[K[{}{}] {}", std::string(filled, '#'), std::string(kBar - filled, '.'), text);
    std::fflush(stderr);
    drawn_ = true;
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool drawn_ = false;
  Clock::time_point begin_ = Clock::now(), last_ = begin_;
};

struct SweepCommand {
  std::string scenario, until, shard = "1/1", out;
  std::vector<std::string> settings;
  std::uint64_t seeds = 10, first_seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
};

tl::expected<SweepPlan, CommandError> plan_of(const SweepCommand& command) {
  const auto input = load_setup({command.scenario, command.first_seed, "", {}, ""});
  if (!input) return tl::unexpected(input.error());
  SweepPlan plan;
  plan.scenario = std::filesystem::path(input->setup.path).filename().string();  // the same on every machine
  plan.source = input->setup.source;
  plan.first_seed = command.first_seed;
  plan.seeds = command.seeds;
  for (const std::string& setting : command.settings) {
    auto axis = parse_axis(setting);
    if (!axis) return tl::unexpected(CommandError{kBadInput, axis.error()});
    for (const SweepAxis& other : plan.axes) {
      if (other.name == axis->name)
        return tl::unexpected(CommandError{
            kBadInput, fmt::format("--set {}: {} is set twice; write its values in one list", setting, axis->name)});
    }
    plan.axes.push_back(std::move(*axis));
  }
  if (!command.until.empty()) {
    const auto until = parse_duration(command.until);
    if (!until) return tl::unexpected(CommandError{kBadInput, "--until: " + until.error()});
    plan.until = *until;
  }
  constexpr std::uint64_t kMostRuns = 10'000'000;
  if (plan.combinations() > kMostRuns || plan.runs() > kMostRuns)
    return tl::unexpected(CommandError{kBadInput, fmt::format("these are more than {} runs", kMostRuns)});
  return plan;
}

// "2/8": the second of eight.
tl::expected<std::pair<std::uint64_t, std::uint64_t>, CommandError> parse_shard(const std::string& text) {
  unsigned long long place = 0, all = 0;
  int read = 0;
  const bool whole = std::sscanf(text.c_str(), "%llu/%llu%n", &place, &all, &read) == 2 &&
                     static_cast<std::size_t>(read) == text.size();
  if (whole && place >= 1 && place <= all) return std::pair{std::uint64_t{place - 1}, std::uint64_t{all}};
  return tl::unexpected(
      CommandError{kBadInput, fmt::format("--shard {}: write I/N, as in --shard 2/8 for the second of eight", text)});
}

int run(const SweepCommand& command) {
  const auto plan = plan_of(command);
  if (!plan) return report(plan.error());
  const auto shard = parse_shard(command.shard);
  if (!shard) return report(shard.error());
  if (const auto good = check_plan(*plan); !good) return report({kBadInput, good.error()});
  SweepOptions options;
  options.jobs = command.jobs;
  std::tie(options.shard, options.shards) = *shard;
  const auto begin = Clock::now();
  tl::expected<SweepOutcome, std::string> outcome;
  {
    SweepProgress progress;
    options.progress = [&](std::uint64_t done, std::uint64_t all, std::uint64_t now) { progress.at(done, all, now); };
    outcome = run_sweep(*plan, command.out, options);
  }
  if (!outcome) return report({kBadInput, outcome.error()});
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  fmt::print("{} runs: {} settings with {} seeds{}, in {:.1f} s{}\n", outcome->runs, plan->combinations(), plan->seeds,
             options.shards == 1 ? std::string() : fmt::format(", shard {}", command.shard), seconds,
             outcome->already_there == 0 ? std::string()
                                         : fmt::format("; {} of them were there already", outcome->already_there));
  fmt::print("{0}/results.csv, {0}/summary.csv, {0}/differences.csv; sweep {1}\n", command.out, hash_of(*plan));
  if (outcome->failed == 0) return kDone;
  fmt::print(stderr, "{} of the runs failed; their errors are in {}/results.csv. The first: {}\n", outcome->failed,
             command.out, outcome->first_error);
  return kCheckFailed;
}

int merge(const std::vector<std::string>& folders, const std::string& out) {
  std::optional<ReadSweep> all;
  for (const std::string& folder : folders) {
    auto one = read_sweep(folder);
    if (!one) return report({kBadInput, one.error()});
    if (!all) {
      all = std::move(*one);
      continue;
    }
    if (const std::string different = difference_from(all->plan, manifest_of(one->plan)); !different.empty())
      return report({kBadInput, fmt::format("{} and {} are not of one sweep: {}", folders[0], folder, different)});
    all->rows.merge(one->rows);
  }
  if (all->rows.size() != all->plan.runs())
    return report({kBadInput, fmt::format("{} of {} runs are missing: finish the shards, or name all of them",
                                          all->plan.runs() - all->rows.size(), all->plan.runs())});
  auto folder = SweepFolder::open(out, all->plan);
  if (!folder) return report({kBadInput, folder.error()});
  auto file = folder->open_rows(0);
  if (!file) return report({kBadInput, file.error()});
  const auto there = folder->read_rows();
  if (!there) return report({kBadInput, there.error()});
  for (const auto& [run, row] : all->rows) {
    if (there->contains(run)) continue;
    if (const auto kept = file->append(row); !kept)
      return report({kBadInput, fmt::format("{}: {}", out, kept.error())});
  }
  if (const auto written = folder->write_tables(all->plan, all->rows); !written)
    return report({kBadInput, written.error()});
  fmt::print("{} runs; {}/results.csv, summary.csv, differences.csv; sweep {}\n", all->rows.size(), out,
             hash_of(all->plan));
  return kDone;
}

}  // namespace

void add_sweep(CLI::App& app, Chosen& chosen) {
  auto command = std::make_shared<SweepCommand>();
  CLI::App* sub = app.add_subcommand("sweep", "Run a scenario with every combination of settings, under many seeds");
  sub->add_option("SCENARIO", command->scenario, "A .lua file, or the name of one in scenarios/")->required();
  sub->add_option("--set", command->settings, "The values of a parameter: NAME=V1,V2,...; may be repeated")->take_all();
  sub->add_option("--seeds", command->seeds, "How many seeds each combination has (default 10)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  sub->add_option("--first-seed", command->first_seed, "The first of them (default 1)")->check(whole_number());
  sub->add_option("--until", command->until, "End at this simulated time instead of the scenario's duration");
  sub->add_option("--jobs", command->jobs, "How many runs at a time (default: the processor's cores)")
      ->check(CLI::Range(1u, 1024u));
  sub->add_option("--shard", command->shard, "Only a part of the runs: I/N, for N machines; see merge");
  sub->add_option("--out", command->out, "The folder of the results; begun before, it goes on")->required();
  sub->footer(
      "Killed at any moment and started again, it goes on. Exits 1 where a run failed; its error is in the table.\n"
      "Examples:\n"
      "  wirelab sweep qos --set loss=0,2%,5%,10% --seeds 30 --out qos_loss\n"
      "  wirelab sweep qos --set loss=0,5% --seeds 100 --shard 1/2 --out shard1\n");
  sub->callback([command, &chosen] { chosen = [command] { return run(*command); }; });
}

void add_merge(CLI::App& app, Chosen& chosen) {
  struct Command {
    std::vector<std::string> folders;
    std::string out;
  };
  auto command = std::make_shared<Command>();
  CLI::App* sub = app.add_subcommand("merge", "Put the shards of a sweep together");
  sub->add_option("DIR", command->folders, "The folders of all shards")->required();
  sub->add_option("--out", command->out, "The folder of the whole")->required();
  sub->footer("Example:\n  wirelab merge shard1 shard2 --out whole\n");
  sub->callback([command, &chosen] { chosen = [command] { return merge(command->folders, command->out); }; });
}

}  // namespace wirelab
