// What is read from the trace of asking and being told, against what the programs of the same run have counted themselves.
#include "sim/view/race.hpp"

#include <map>

#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;
using What = RaceMark::What;

namespace {

std::map<std::string, double> by_name(const std::vector<Metric>& metrics) {
  std::map<std::string, double> values;
  for (const Metric& metric : metrics) values[metric.name] = metric.value;
  return values;
}

}  // namespace

TEST_CASE("who asks and who is told: staleness, bytes and what was found are as the programs count them") {
  const auto run = finish_scenario(file_text("scenarios/http_vs_mqtt.lua"), "scenarios/http_vs_mqtt.lua", {});
  const auto counted = by_name(run.script->metrics());
  const TraceStore::Reader reader(*run.store);
  RunIndex index;
  index.read(reader, reader.last());
  Race race;
  while (!race.read(reader, index, reader.last(), 10'000)) {
  }
  constexpr std::int64_t kEnd = 1800'000'000'000;
  const double changes = 28;
  std::map<std::string, const Racer*> racers;
  for (const Racer* racer : race.racers()) racers[std::string(reader.name(racer->node))] = racer;
  CHECK(reader.name(race.racers()[0]->node).starts_with("poll"));
  CHECK(!race.racers()[1]->asks);
  for (const std::string name :
       {"poll", "poll_kept", "poll_etag", "poll_kept_etag", "long_poll", "qos0", "qos1", "qos2"}) {
    CAPTURE(name);
    REQUIRE(racers.contains(name));
    const Racer& racer = *racers.at(name);
    CHECK(racer.asks == !name.starts_with("qos"));
    CHECK(static_cast<double>(race.bytes_by(racer.node, kEnd)) / changes ==
          Approx(counted.at(name + "_ip") + counted.at(name + "_transport") + counted.at(name + "_payload")));
    // A program counts what it never learnt only when it learns of a later one: so a little at the end.
    CHECK(static_cast<double>(racer.stale_in_all(kEnd)) / 1e9 / 1800 * 100 ==
          Approx(counted.at(name + "_stale")).margin(0.2));
    CHECK(static_cast<double>(racer.count(racer.asks ? What::found_news : What::told_news, kEnd)) ==
          counted.at(name + "_seen"));
    if (!racer.asks) continue;
    CHECK(static_cast<double>(racer.count(What::found_nothing, kEnd) + racer.count(What::failed, kEnd)) ==
          counted.at(name + "_found_nothing"));
  }
}

TEST_CASE("what one knows is out of date from a change until it is learnt") {
  const auto run = finish_scenario(R"(
duration("40s")
local web, hub = cloud("cloud"), broker("hub")
device("source", { on = web }, function(self)
  local http = self:http()
  http:post("http://cloud/api/v1/devices", json.encode({ device_id = "a", type = "t" }))
  for i = 1, 3 do
    http:post("http://cloud/api/v1/data", '{"device_id":"a","readings":{"n":' .. i .. "}}")
    sleep(10)
  end
end)
device("asker", { on = web }, function(self)
  local http = self:http()
  sleep(4)
  while true do http:get("http://cloud/api/v1/data/latest?device_id=a") sleep(5) end
end)
)",
                                   "race.lua", {});
  const TraceStore::Reader reader(*run.store);
  RunIndex index;
  index.read(reader, reader.last());
  Race race;
  REQUIRE(race.read(reader, index, reader.last()));
  REQUIRE(race.racers().size() == 1);
  const Racer& asker = *race.racers()[0];
  const auto seconds = [](double s) { return static_cast<std::int64_t>(s * 1e9); };
  CHECK(asker.staleness(seconds(8)) == 0);  // asked at 4
  CHECK(static_cast<double>(asker.staleness(seconds(13))) / 1e9 ==
        Approx(3).margin(0.1));  // changed at 10, asked at 9 and 14
  CHECK(asker.staleness(seconds(15)) == 0);
  CHECK(static_cast<double>(asker.staleness(seconds(23))) / 1e9 == Approx(3).margin(0.1));
  CHECK(asker.count(What::found_news, seconds(40)) == 3);
  CHECK(asker.count(What::found_nothing, seconds(18)) == 1);  // at 9
}
