// What radios draw, against calculation by hand; and what is counted on links, over Wi-Fi too.
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// One datagram of 100 bytes with its headers leaves at 20 s by LTE-M's 375 kbit/s: 800 bits take 2,133,334 ns.
constexpr const char* kOneDatagram = R"(
duration("60s")
local tower = router("tower")
local server = device("server", { on = tower })
device("meter", { on = tower, radio = RADIO, link = { preset = "lte-m", jitter = 0 } }, function(self)
  local socket = self:udp()
  sleep(20)
  socket:sendto(string.rep("x", 72), server, 9)
end)
)";

std::string with_radio(const std::string& radio) {
  std::string text = kOneDatagram;
  return text.replace(text.find("RADIO"), 5, radio);
}

double energy_of(const std::string& source) {
  const FinishedScenario run = finish_scenario(source, "energy.lua");
  return metric_of(*run.script, "energy");
}

constexpr double kTransmits = 0.002133334;  // s

// The server answers with ICMP "port unreachable": 56 bytes arrive by 300 kbit/s after 1,493,334 ns.
constexpr double kReceives = 0.001493334;

std::string home(const std::string& program, const std::string& more = "") {
  return R"(
duration("20s")
local hub = broker("hub")
local home = router("home")
local cable = link(hub, home)
local ap = access_point("ap", { on = home, ssid = "Net", password = "secretpass123" })
local node = device("sensor", { wifi = { ssid = "Net", password = "secretpass123", at = { 5, 0 } }, radio = "esp32" }, function(self)
)" + program +
         "\nend)\n" + more;
}

}  // namespace

TEST_CASE("a datagram by LTE-M costs what powers and times say") {
  // Its answer is there 80 ms later; the radio stays awake for 10 s from then.
  const double awake = 0.08 + 10 + kReceives;
  const double idle = awake - kReceives;  // between, and after
  const double sleep = 60 - awake - kTransmits;
  const double expected = 500 * kTransmits + 90 * kReceives + 5.719 * idle + 3 * sleep;
  CHECK(energy_of(with_radio("\"lte-m\"")) == Approx(expected).epsilon(1e-4));
}

TEST_CASE("powers and the time awake can be set") {
  const std::string radio = "{ model = \"lte-m\", transmit = 1000, receive = 0, idle = 10, sleep = 1, tail = \"2s\" }";
  const double idle = 0.08 + 2;
  const double expected = 1000 * kTransmits + 10 * idle + 1 * (60 - idle - kTransmits - kReceives);
  CHECK(energy_of(with_radio(radio)) == Approx(expected).epsilon(1e-4));
}

TEST_CASE("a Wi-Fi radio listens, sends and sleeps; without power it draws nothing; the trace tells the same") {
  std::vector<std::string> lines;
  ScriptOptions options;
  options.log = [&](Instant, std::string_view, std::string_view text) { lines.emplace_back(text); };
  const FinishedScenario run = finish_scenario(home(R"(
  local function tell()
    local energy, times = self:energy()
    local sum = 0
    for _, seconds in pairs(times) do sum = sum + seconds end
    log(math.abs(sum - now()) < 1e-6, times.transmit > 0, times.receive > times.transmit,
        math.abs(energy - (594 * times.transmit + 321.75 * (times.receive + times.idle) + 66 * times.sleep + 0.003 * times.off)) < 1e-6)
  end
  local c = self:mqtt()
  self:wait_address()
  c:connect(hub)
  sleep(5)
  tell()
  c:disconnect()
  self:wifi():disconnect()
  sleep(5)
  tell()
  local _, before = self:energy()
  sleep(1)
  local _, after = self:energy()
  log(after.sleep - before.sleep)
)",
                                                    "at(\"15s\", function() node:power_off() end)\n"),
                                               "wifi.lua", options);
  CHECK(lines == std::vector<std::string>{"true true true true", "true true true true", "1.0"});
  const World& world = run.script->world();
  const RadioMeter& meter = *world.energy().meter(world.find_node("sensor"));
  CHECK(meter.state() == RadioState::off);
  CHECK(meter.time_in(RadioState::off) == Duration::seconds(5));
  CHECK(metric_of(*run.script, "energy") == Approx(meter.millijoules()).epsilon(1e-12));
  CHECK(metric_of(*run.script, "transmitting") == Approx(meter.time_in(RadioState::transmit).in_seconds()));
}

TEST_CASE("links count by layer what crosses them, and nodes what they send and receive over Wi-Fi") {
  std::vector<std::string> lines;
  ScriptOptions options;
  options.log = [&](Instant, std::string_view, std::string_view text) { lines.emplace_back(text); };
  finish_scenario(R"(
duration("30s")
local tower = router("tower")
local server = device("server", { on = tower })
local meter = device("meter", { on = tower }, function(self)
  local socket = self:udp()
  for i = 1, 3 do socket:sendto(string.rep("x", 72), server, 9) end
end)
local seen = traffic(meter)
local cable = traffic(server.link)
at("29s", function()
  log(seen.packets_up, seen.packets_down, seen.bytes_up, seen.payload_up, seen.ip, seen.transport, seen.packets)
  log(cable.packets_up, cable.packets_down, cable.bytes == seen.bytes)
end)
)",
                  "traffic.lua", options);
  CHECK(lines == std::vector<std::string>{"3 3 300 216 120 48 6", "3 3 true"});

  lines.clear();
  finish_scenario(home("sleep(5) local c = self:mqtt() c:connect(hub) c:publish('t', 'secret')", R"(
local heard, read = traffic(node), tap(node)
at("19s", function()
  log(heard.payload_up > 20, heard.packets == read.packets, read.contents, read.hidden == read.packets)
end)
)"),
                  "wifi.lua", options);
  CHECK(lines == std::vector<std::string>{"true true 0 true"});
}

TEST_CASE("a radio where it does not belong, and what a wrong one is told") {
  CHECK(error_of("device(\"d\", { radio = \"esp32\" })").text ==
        "test.lua:1: radio \"esp32\" of device(\"d\") needs the option \"wifi\"");
  CHECK(error_of("device(\"d\", { radio = \"esp23\" })").text.find("did you mean \"esp32\"?") != std::string::npos);
  CHECK(error_of("device(\"d\", { radio = { transmit = 3 } })").text.find("needs a model") != std::string::npos);
  CHECK(error_of("device(\"d\", { radio = { model = \"lte-m\", transmit = -3 } })").text.find("from 0 to") !=
        std::string::npos);
  CHECK(error_of("device(\"d\", function(self) self:energy() end)").text.find("without the option radio") !=
        std::string::npos);
}
