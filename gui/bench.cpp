#include "gui/bench.hpp"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <chrono>

#include "gui/application.hpp"
#include "gui/offscreen.hpp"

namespace wirelab::gui {
namespace {

// Devices behind one router that publish 100 bytes every `period`, each over its own link of this delay.
std::string star(int devices, const char* period, const char* delay, const char* qos, const char* length) {
  return fmt::format(R"(
    duration("{4}")
    local hub, home = broker("hub"), router("home")
    link(home, hub, {{ delay = "1ms", rate = "1Gbit/s" }})
    device("reader", {{ on = hub }}, function(self)
      local c = self:mqtt()
      c.on_connect = function() c:subscribe("#") end
      c:connect(hub)
      c:loop_forever()
    end)
    for i = 1, {0} do
      device("sensor-" .. i, {{ on = home, link = {{ delay = "{2}" }} }}, function(self)
        local c = self:mqtt({{ nodelay = true, keepalive = 600, connect_timeout = "60s" }})
        sleep(math.random() * 10)
        c:connect(hub)
        while true do c:publish("t/" .. i, ("x"):rep(100), {{ qos = {3} }}) sleep("{1}") end
      end)
    end)",
                     devices, period, delay, qos, length);
}

tl::expected<std::unique_ptr<Session>, std::string> begin(const std::string& source) {
  SessionSetup setup;
  setup.path = "bench.lua";
  setup.source = source;
  auto session = Session::begin(std::move(setup));
  if (!session) return tl::unexpected(session.error().text);
  return std::move(*session);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

tl::expected<BenchTable, std::string> bench_gui(const BenchOptions& options) {
  BenchTable table;
  table.title = "front end at 1440 x 900, drawn by the processor";
  table.columns = {"median ms", "worst ms"};
  const int devices = options.quick ? 50 : 1000;
  ImGui::CreateContext();
  auto screen = Offscreen::create(1440, 900);
  if (!screen) return tl::unexpected(screen.error());
  {
    auto session = begin(star(devices, "500ms", "1300ms", "0", "40s"));
    if (!session) return tl::unexpected(session.error());
    Application application(dark_theme(), 1);
    application.open(std::move(*session), "bench");
    application.playback()->run_to(Instant() + Duration::seconds(30));
    application.playback()->wait();
    const auto draw = [&] { screen->draw([&] { application.frame(); }, 0x141A22); };
    do draw();
    while (application.is_moving());
    std::size_t under_way = 0;
    {
      const TraceStore::Reader reader(*application.playback()->store());
      RunIndex index;
      index.read(reader, reader.last());
      index.under_way(Duration::seconds(30).ns(), [&](const Flight&) { ++under_way; });
    }
    std::vector<double> build, whole;
    for (int i = 0; i < 60; ++i) {
      const auto began = std::chrono::steady_clock::now();
      double built = 0;
      screen->draw(
          [&] {
            const auto inside = std::chrono::steady_clock::now();
            application.frame();
            built = milliseconds_since(inside);
          },
          0x141A22);
      build.push_back(built);
      whole.push_back(milliseconds_since(began));
    }
    std::vector<double> unfilled;
    screen->set_filling(false);
    for (int i = 0; i < 60; ++i) {
      const auto began = std::chrono::steady_clock::now();
      draw();
      unfilled.push_back(milliseconds_since(began));
    }
    screen->set_filling(true);
    table.rows.push_back({"frame built", {median(build), *std::max_element(build.begin(), build.end())}});
    table.rows.push_back(
        {"frame, besides filling", {median(unfilled), *std::max_element(unfilled.begin(), unfilled.end())}});
    table.rows.push_back({"frame built and drawn", {median(whole), *std::max_element(whole.begin(), whole.end())}});
    table.notes.push_back(fmt::format("{} devices, {} packets under way, {} vertices", devices, under_way,
                                      ImGui::GetDrawData()->TotalVtxCount));
  }
  // Ten minutes by each of the two qualities of service that most devices use, and all that they publish is read by one.
  for (const char* const qos : {"0", "1"}) {
    auto session = begin(star(devices, "10s", "20ms", qos, options.quick ? "1min" : "10min"));
    if (!session) return tl::unexpected(session.error());
    const Instant end = (*session)->end();
    const auto began = std::chrono::steady_clock::now();
    if (const auto ran = (*session)->run(end, ~std::uint64_t{0}); !ran) return tl::unexpected(ran.error().text);
    const double ran_ms = milliseconds_since(began);
    const auto forking = std::chrono::steady_clock::now();
    const auto fork = (*session)->fork(end);  // both branches are kept
    if (!fork) return tl::unexpected(fork.error().text);
    const double fork_ms = milliseconds_since(forking);
    const TraceStore::Reader reader(*(*session)->store());
    Timeline timeline;
    timeline.seek(reader, reader.last());
    std::vector<double> seeks;
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto at = static_cast<std::int64_t>((i * 7919 % 1000) * static_cast<std::uint64_t>(end.ns()) / 1000);
      const auto seeking = std::chrono::steady_clock::now();
      timeline.seek(reader, reader.at_or_after(at));
      seeks.push_back(milliseconds_since(seeking));
    }
    const auto row = [&](const char* name, double usual, double worst) {
      table.rows.push_back({fmt::format("{}, QoS {}", name, qos), {usual, worst}});
    };
    row("another instant", median(seeks), *std::max_element(seeks.begin(), seeks.end()));
    row("the whole run", ran_ms, ran_ms);
    row("forked at its end", fork_ms, fork_ms);
    table.notes.push_back(fmt::format("{} records in the long run of QoS {}", reader.last(), qos));
  }
  { const auto gone = std::move(*screen); }
  ImGui::DestroyContext();
  return table;
}

}  // namespace wirelab::gui
