// Wi-Fi in whole worlds: who gets into a network, why not, who is thrown out, who comes back, and what becomes of connections.
#include <map>

#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

constexpr const char* kHome = R"(
duration("3min")
local internet = router("internet")
local hub = broker("hub", { address = "203.0.113.10" })
link(hub, internet)
local home = nat("home", { on = internet })
local ap = access_point("ap", { on = home, ssid = "HomeNetwork", password = "secretpass123" })
)";

// "1.304 sensor joins the network" ...: what stations did, in seconds; `more` stands behind the home's description.
std::vector<std::string> events_of(const std::string& more, std::uint64_t seed = 1) {
  auto store = std::make_shared<TraceStore>();
  ScriptOptions options;
  options.seed = seed;
  const auto script = begin_scenario(kHome + more, "wifi.lua", options, store);
  REQUIRE(script->run_until(Instant() + script->duration()));
  std::vector<std::string> told;
  const TraceStore::Reader reader(*store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    const Record& r = reader.record(n);
    if (r.kind == Kind::logged) told.push_back(std::string(reader.text(r.key)));
    if (r.kind != Kind::wifi_event) continue;
    const auto event = static_cast<wifi::Event>(r.field);
    if (event == wifi::Event::scan_began || event == wifi::Event::scan_ended) continue;
    std::string line = std::to_string(r.at / 1'000'000'000) + " " + std::string(reader.name(r.entity)) + " " +
                       std::string(name_of(event));
    if (r.a != 0) line += ": " + std::string(name_of(static_cast<wifi::Reason>(r.a)));
    told.push_back(line);
  }
  return told;
}

using Lines = std::vector<std::string>;

std::string sensor(const std::string& wifi, const std::string& program = "") {
  return "local s = device(\"sensor\", { wifi = { " + wifi + " }, address = \"dhcp\" }" +
         (program.empty() ? ")\n" : ", function(self)\n" + program + "\nend)\n");
}
const std::string kRight = "ssid = \"HomeNetwork\", password = \"secretpass123\", at = { 5, 0 }";

std::string complaint(const std::string& more) {
  const auto script = Script::load(kHome + more, "wifi.lua", {});
  return script ? "" : script.error().text;
}

const std::string kPublishes =
    "local c = self:mqtt() c:connect(hub) while true do c:publish(\"t\", \"1\", { qos = 1 }) sleep(2) end";

}  // namespace

TEST_CASE("a station with the passphrase gets in and has an address; one with a wrong one waits for a time-out") {
  CHECK(events_of(sensor(kRight, "log(self:wait_address())")) == Lines{"1 sensor joins the network", "192.168.1.100"});
  const Lines wrong = events_of(sensor("ssid = \"HomeNetwork\", password = \"not the one\", at = { 5, 0 }"));
  // 1.3 s of scanning, then 100 ms and three times a second: the access point alone knows, and says nothing.
  REQUIRE(wrong.size() > 3);
  CHECK(wrong[0] == "4 sensor does not get into the network: 4-way handshake timeout");
  for (const std::string& line : wrong) CHECK(line.ends_with("4-way handshake timeout"));
  CHECK(wrong.size() < 10);  // it waits longer each time
  CHECK(events_of(sensor("ssid = \"Neighbour\", password = \"secretpass123\"")).front() ==
        "1 sensor does not get into the network: no access point found");
  CHECK(events_of(sensor("ssid = \"HomeNetwork\", password = \"secretpass123\", at = { 5000, 0 }")).front() ==
        "1 sensor does not get into the network: no access point found");
}

TEST_CASE("out of range, a restart and a deauthentication end a connection in their own time") {
  const std::string station = sensor(kRight);
  CHECK(events_of(station + "at(60, function() s:move(5000, 0) end) at(100, function() s:move(5, 0) end)") ==
        Lines{"1 sensor joins the network", "66 sensor is not in the network any more: no beacon was heard for 6 s",
              "68 sensor does not get into the network: no access point found",
              "71 sensor does not get into the network: no access point found",
              "78 sensor does not get into the network: no access point found",
              "88 sensor does not get into the network: no access point found", "108 sensor joins the network"});
  CHECK(events_of(station + "at(60, function() s:move(5000, 0) end) at(65, function() s:move(5, 0) end)") ==
        Lines{"1 sensor joins the network"});
  CHECK(events_of(station + "at(60, function() s:deauthenticate() end)") ==
        Lines{"1 sensor joins the network",
              "60 sensor is not in the network any more: the station left, or was sent away",
              "62 sensor joins the network"});
  CHECK(events_of(station + "at(60, function() ap:power_off() end) at(90, function() ap:restart() end)").at(1) ==
        "66 sensor is not in the network any more: no beacon was heard for 6 s");
  // Back within six seconds, it knows nobody: the first data frame is answered with deauthentication.
  const Lines restarted = events_of(
      sensor(kRight, "self:wait_address() local u = self:udp() while true do u:sendto(\"x\", hub, 9) sleep(5) end") +
      "at(62, function() ap:power_off() end) at(64, function() ap:restart() end)");
  REQUIRE(restarted.size() == 3);
  CHECK(restarted[1].ends_with("is not in the network any more: the access point does not know the station"));
  CHECK(restarted[2].ends_with("joins the network"));
}

TEST_CASE("losing the network aborts connections, going over to another access point does not") {
  const std::string program =
      "local c = self:mqtt({ keepalive = 600 }) c.on_disconnect = function() log(\"gone\") end "
      "c.on_connect = function() log(\"there\") end self:wait_address() c:connect(hub) c:loop_forever()";
  CHECK(events_of(sensor(kRight, program) + "at(60, function() s:deauthenticate() end) at(61, function() "
                                            "s:move(5, 1) end)") ==
        Lines{"1 sensor joins the network", "there",
              "60 sensor is not in the network any more: the station left, or was sent away", "gone",
              "62 sensor joins the network", "there"});
  const std::string attic =
      "access_point(\"attic\", { on = home, ssid = \"HomeNetwork\", password = \"secretpass123\", at = { 500, 0 } })\n";
  CHECK(events_of(attic + sensor(kRight, program) + "at(60, function() s:move(490, 0) end)") ==
        Lines{"1 sensor joins the network", "there",
              "66 sensor is not in the network any more: no beacon was heard for 6 s", "gone",
              "68 sensor joins the network", "there"});
  // Still heard, though weakly, it looks around every ten seconds and goes over; the program notices nothing.
  CHECK(events_of(attic + sensor(kRight, program) + "at(60, function() s:move(360, 0) end)") ==
        Lines{"1 sensor joins the network", "there", "70 sensor goes over to another access point",
              "70 sensor joins the network"});
}

TEST_CASE("the course's manager connects, stays connected and says how it stands") {
  const std::string manager = R"(
local wifi = self:wifi()
log(wifi:status())
log(tostring(wifi:connect("HomeNetwork", "short")), select(2, wifi:connect("HomeNetwork", "short")))
log(select(2, wifi:connect("Elsewhere", "secretpass123")))
log(select(2, wifi:connect("HomeNetwork", "secretpass124")))
log(select(2, wifi:connect("HomeNetwork", "secretpass124", { timeout = 2 })))
log(tostring(wifi:ensure_connected("HomeNetwork", "secretpass123")), now() < 13)
log(wifi:status())
log(tostring(wifi:ensure_connected("HomeNetwork", "secretpass123")))
local heard = wifi:scan()
log(#heard, heard[1].ssid, heard[1].encrypted, heard[1].signal < -30 and heard[1].signal > -45)
local info = wifi:info()
log(info.connected, info.state, info.ip)
wifi:disconnect()
log(wifi:status())
)";
  Lines logged;
  for (const std::string& line : events_of(sensor("at = { 5, 0 }", manager))) {
    if (line.find("sensor ") == std::string::npos) logged.push_back(line);
  }
  CHECK(logged == Lines{"WiFi: Disconnected", "false a WPA2 passphrase has 8 to 63 characters", "no access point found",
                        "4-way handshake timeout", "timed out", "true true",
                        "WiFi: Connected to 'HomeNetwork' (192.168.1.100)", "true", "1 HomeNetwork true true",
                        "true joined 192.168.1.100", "WiFi: Disconnected"});
}

TEST_CASE("what is wrong with a description of Wi-Fi is said with its place") {
  for (const auto& [source, said] : std::map<std::string, std::string>{
           {"access_point(\"x\", { on = home, ssid = \"S\", password = \"short\" })", "WPA2 takes 8 to 63"},
           {"access_point(\"x\", { ssid = \"S\" })", "needs \"on\""},
           {"access_point(\"x\", { on = home })", "needs \"ssid\""},
           {"access_point(\"x\", { on = home, ssid = \"S\", at = 5 })", "such as { 3, 4.5 }"},
           {"access_point(\"x\", { on = home, ssid = \"S\", power = 99 })", "between -10 and 30"},
           {"device(\"d\", { on = home, wifi = {} })", "not by both"},
           {"device(\"d\", { wifi = { sssid = \"S\" } })", "did you mean \"ssid\""},
           {"device(\"d\", { wifi = \"S\" })", "is a table such as"}}) {
    CAPTURE(source);
    const std::string error = complaint(source);
    INFO(error);
    CHECK(error.find(said) != std::string::npos);
    CHECK(error.starts_with("wifi.lua:"));
  }
}

TEST_CASE("a connection goes along to another access point, and sends by it") {
  const std::string source = R"(
duration("2min")
local internet = router("internet")
local hub = broker("hub")
link(internet, hub, { delay = "5ms" })
local home = nat("home", { on = internet })
access_point("hall", { on = home, ssid = "S", password = "passphrase", at = { 0, 0 }, power = 6 })
access_point("attic", { on = home, ssid = "S", password = "passphrase", at = { 60, 0 }, power = 6 })
local phone = device("phone", { wifi = { ssid = "S", password = "passphrase", at = { 2, 0 } }, address = "dhcp" }, function(self)
  local client = self:mqtt({ keepalive = 20 })
  client:connect(hub)
  while true do client:publish("t", "1", { qos = 1 }) sleep("1s") end
end)
for i = 0, 40 do at(20 + i, function() phone:move(2 + 1.45 * i, 0) end) end
at("119s", function()
  expect(stat("connections") == 1, "it connects once")
  expect(stat("accepted") >= 100, "and its messages arrive")
end)
)";
  const auto script = begin_scenario(source, "wifi.lua", {}, nullptr);
  REQUIRE(script->run_until(Instant() + script->duration()));
  CHECK(script->failures().empty());
}

TEST_CASE("an access point that restarts sends nobody away in words: its stations find out, and come back") {
  const std::string source = kHome + sensor(kRight, kPublishes);
  const auto script = begin_scenario(source, "wifi.lua", {}, nullptr);
  World& world = script->world();
  const auto joined = [&] { return world.wifi().signal(world.find_node("sensor")).has_value(); };
  REQUIRE(script->run_until(Instant() + Duration::seconds(20)));
  REQUIRE(joined());
  world.intervene(Restart{"ap"});
  CHECK(world.network().node(world.find_node("ap")).up);
  bool was_away = false;
  for (int ms = 20'000; ms <= 40'000; ms += 100) {
    REQUIRE(script->run_until(Instant() + Duration::milliseconds(ms)));
    was_away = was_away || !joined();
  }
  CHECK(was_away);
  CHECK(joined());
}

TEST_CASE("what is done to a station's link may be in a journal, though the link is not made yet") {
  const std::string source = kHome + sensor(kRight, kPublishes);
  const auto script = begin_scenario(source, "wifi.lua", {}, nullptr);
  World& world = script->world();
  const CutLink cut{"sensor-ap"};
  CHECK_FALSE(world.can_apply(cut));
  CHECK(world.may_become_possible(cut));
  CHECK_FALSE(world.may_become_possible(CutLink{"sensor-hub"}));
  world.replay({{Instant() + Duration::milliseconds(1), std::nullopt, cut},
                {Instant() + Duration::seconds(20), std::nullopt, cut}});
  REQUIRE(script->run_until(Instant() + Duration::seconds(30)));
  CHECK(world.not_replayed() == 1);
  CHECK(world.journal().size() == 1);
}

TEST_CASE("what is done to stations and access points by hand is replayed from the journal") {
  const std::string source = kHome + sensor(kRight, kPublishes);
  const auto script = begin_scenario(source, "wifi.lua", {}, nullptr);
  World& world = script->world();
  REQUIRE(script->run_until(Instant() + Duration::seconds(20)));
  CHECK_FALSE(world.can_apply(MoveNode{"home", 1, 1}));
  CHECK_FALSE(world.can_apply(Deauthenticate{"ap"}));
  CHECK_FALSE(world.can_apply(MoveNode{"sensor", 1e9, 0}));
  world.intervene(MoveNode{"sensor", 150, 3.25});
  REQUIRE(script->run_until(Instant() + Duration::seconds(40)));
  world.intervene(Deauthenticate{"sensor"});
  REQUIRE(script->run_until(Instant() + script->duration()));
  Journal journal;
  journal.entries = world.journal();
  const auto read = parse_journal(journal_text(journal));
  if (!read) FAIL(read.error().what);
  const auto again = begin_scenario(source, "wifi.lua", {}, nullptr);
  again->world().replay(read->entries);
  REQUIRE(again->run_until(Instant() + again->duration()));
  CHECK(again->world().trace().digest().everything == world.trace().digest().everything);
}
