#include "lab/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "lab/script/script.hpp"

namespace wirelab {
namespace {

tl::expected<std::unique_ptr<Script>, ScriptError> load(const SweepPlan& plan, std::uint64_t seed,
                                                        std::map<std::string, std::string> parameters) {
  ScriptOptions options;
  options.seed = seed;
  options.parameters = std::move(parameters);
  return Script::load(plan.source, plan.scenario, std::move(options));
}

SweepRow failed(SweepRow row, const std::string& error) {
  row.error = error;
  return row;
}

// What the threads share.
struct Work {
  const SweepPlan& plan;
  std::vector<std::uint64_t> todo;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;
  SweepRows rows;
  std::uint64_t done = 0;
  unsigned running = 0;
  std::string error;  // of writing
};

void work(Work& shared, SweepFolder::RowFile file) {
  std::unique_lock lock(shared.mutex);
  while (shared.next < shared.todo.size() && shared.error.empty()) {
    const std::uint64_t run = shared.todo[shared.next++];
    lock.unlock();
    SweepRow row = run_one(shared.plan, run);
    const auto kept = file.append(row);
    lock.lock();
    if (!kept) shared.error = kept.error();
    shared.rows.try_emplace(run, std::move(row));
    ++shared.done;
    shared.changed.notify_all();
  }
  --shared.running;
  shared.changed.notify_all();
}

}  // namespace

SweepRow run_one(const SweepPlan& plan, std::uint64_t run) {
  SweepRow row;
  row.run = run;
  std::map<std::string, std::string> parameters;
  const std::vector<std::string> values = plan.values_of(plan.combination_of(run));
  for (std::size_t i = 0; i < values.size(); ++i) parameters[plan.axes[i].name] = values[i];
  for (const auto& [name, value] : parameters) row.parameters.emplace_back(name, value);
  const auto script = load(plan, plan.seed_of(run), parameters);
  if (!script) return failed(std::move(row), script.error().text);
  row.parameters.clear();
  for (const ParameterInfo& parameter : (*script)->parameters())
    row.parameters.emplace_back(parameter.name, parameter.value);
  if (const auto begun = (*script)->begin(nullptr); !begun) return failed(std::move(row), begun.error().text);
  const Instant end = Instant() + plan.until.value_or((*script)->duration());
  if (const auto ran = (*script)->run_until(end); !ran) return failed(std::move(row), ran.error().text);
  for (const Metric& metric : (*script)->metrics())
    row.metrics.push_back({metric.name, metric.unit, metric.definition, metric.value});
  const std::vector<std::string>& failures = (*script)->failures();
  if (!failures.empty()) {
    row.error = failures.front();
    if (failures.size() > 1) row.error += fmt::format(" (and {} more)", failures.size() - 1);
  }
  row.digest = (*script)->world().trace().digest().everything;
  return row;
}

tl::expected<void, std::string> check_plan(const SweepPlan& plan) {
  if (const auto script = load(plan, plan.first_seed, {}); !script) return tl::unexpected(script.error().text);
  for (const SweepAxis& axis : plan.axes) {
    for (const std::string& value : axis.values) {
      if (const auto script = load(plan, plan.first_seed, {{axis.name, value}}); !script)
        return tl::unexpected(script.error().text);
    }
  }
  return {};
}

tl::expected<SweepOutcome, std::string> run_sweep(const SweepPlan& plan, const std::string& path,
                                                  const SweepOptions& options) {
  auto folder = SweepFolder::open(path, plan);
  if (!folder) return tl::unexpected(folder.error());
  auto there = folder->read_rows();
  if (!there) return tl::unexpected(there.error());

  Work shared{plan, {}, {}, {}, 0, std::move(*there), 0, 0, {}};
  SweepOutcome outcome;
  for (std::uint64_t run = options.shard; run < plan.runs(); run += options.shards) {
    ++outcome.runs;
    if (!shared.rows.contains(run)) shared.todo.push_back(run);
  }
  outcome.already_there = outcome.runs - shared.todo.size();
  const auto jobs = static_cast<unsigned>(std::min<std::size_t>(options.jobs, shared.todo.size()));
  std::vector<SweepFolder::RowFile> files;
  for (unsigned i = 0; i < jobs; ++i) {
    auto file = folder->open_rows(i);
    if (!file) return tl::unexpected(file.error());
    files.push_back(std::move(*file));
  }
  shared.running = jobs;
  std::vector<std::thread> threads;
  for (SweepFolder::RowFile& file : files) threads.emplace_back(work, std::ref(shared), std::move(file));
  {
    std::unique_lock lock(shared.mutex);
    while (shared.running > 0) {
      shared.changed.wait_for(lock, std::chrono::milliseconds(200));
      if (!options.progress) continue;
      const std::uint64_t done = shared.done;
      lock.unlock();
      options.progress(outcome.already_there + done, outcome.runs, done);
      lock.lock();
    }
  }
  for (std::thread& thread : threads) thread.join();
  if (!shared.error.empty()) return tl::unexpected(fmt::format("{}/rows: {}", path, shared.error));
  for (const auto& [run, row] : shared.rows) {
    if (row.error.empty()) continue;
    if (outcome.failed++ == 0) outcome.first_error = row.error;
  }
  if (const auto written = folder->write_tables(plan, shared.rows); !written) return tl::unexpected(written.error());
  return outcome;
}

}  // namespace wirelab
