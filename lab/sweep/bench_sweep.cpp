#include "lab/sweep/bench_sweep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "lab/sweep/sweep.hpp"

namespace wirelab {
namespace {

// Ten devices, ten minutes, a message every ten seconds over a home's lossy line.
constexpr const char* kScenario = R"(duration("10min")
local home, hub = router("home"), broker("hub")
link(home, hub, { delay = "20ms", rate = "10Mbit/s", loss = "1%" })
device("reader", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("#", { qos = 1 }) end
  client:connect(hub)
end)
for i = 1, 10 do
  device("sensor-" .. i, { on = home }, function(self)
    local client = self:mqtt()
    sleep(math.random() * 10)
    client:connect(hub)
    while true do
      client:publish("sensors/" .. i, self:read("temperature"), { qos = 1 })
      sleep(10)
    end
  end)
end
)";

}  // namespace

BenchTable bench_sweep(const BenchOptions& options, bool& failed) {
  BenchTable table;
  table.title = "sweep: short runs of ten devices and ten simulated minutes, each a world of its own";
  table.columns = {"runs", "s", "runs/s", "x one job"};
  SweepPlan plan;
  plan.scenario = "bench.lua";
  plan.source = kScenario;
  plan.seeds = options.quick ? 20 : 1000;
  double one = 0;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  for (const unsigned jobs : {1u, cores}) {
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("wirelab-bench-sweep-{}", getpid());
    const auto begin = std::chrono::steady_clock::now();
    SweepOptions sweep;
    sweep.jobs = jobs;
    const auto outcome = run_sweep(plan, folder.string(), sweep);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    if (!outcome || outcome->failed != 0) {
      failed = true;
      table.notes.push_back("FAILED: " + (outcome ? outcome->first_error : outcome.error()));
      return table;
    }
    const auto runs = static_cast<double>(outcome->runs);
    if (jobs == 1) one = seconds;
    table.rows.push_back(
        {fmt::format("{} job{}", jobs, jobs == 1 ? "" : "s"), {runs, seconds, runs / seconds, one / seconds}});
    if (cores == 1) break;
  }
  return table;
}

}  // namespace wirelab
