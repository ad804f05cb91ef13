// Addresses by DHCP in whole worlds: given, renewed, lost with the lease, and again.
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// What a home with a lease of ten minutes comes to: "TIME ADDRESS" each time a sensor's address changes, polled each second.
std::string history(const std::string& events, int sensors = 1) {
  std::string source = R"(
duration("1h")
local internet = router("internet")
local home = nat("home", { on = internet, lease = "10min" })
local changes = ""
)";
  for (int i = 1; i <= sensors; ++i)
    source += "local s" + std::to_string(i) + " = device(\"s" + std::to_string(i) +
              "\", { on = home, address = \"dhcp\" })\n";
  source +=
      "local watch = device(\"watch\", { on = home }, function(self) while true do sleep(\"1h\") end end)\n" + events;
  const auto script = begin_scenario(source, "dhcp.lua", {}, nullptr);
  World& world = script->world();
  std::string all;
  wire::Ipv4Address last{1};
  for (int second = 0; second <= 3600; ++second) {
    if (const auto ran = script->run_until(Instant() + Duration::seconds(second)); !ran)
      return "error: " + ran.error().text;
    const wire::Ipv4Address now = world.network().node(world.find_node("s" + std::to_string(sensors))).address;
    if (now != last) all += std::to_string(second) + " " + to_string(now) + "|";
    last = now;
  }
  return all;
}

}  // namespace

TEST_CASE("an address is given and kept while it can be renewed") {
  CHECK(history("") == "0 0.0.0.0|1 192.168.1.100|");
  CHECK(history("", 3) == "0 0.0.0.0|1 192.168.1.102|");
  // Away between two renewals, or for less than what is left: nobody notices.
  CHECK(history("at(\"61s\", function() home:power_off() end) at(\"299s\", function() home:restart() end)") ==
        "0 0.0.0.0|1 192.168.1.100|");
  CHECK(history("at(\"61s\", function() home:power_off() end) at(\"9min\", function() home:restart() end)") ==
        "0 0.0.0.0|1 192.168.1.100|");
}

TEST_CASE("a lease that nobody renews ends, and the address comes back with the router") {
  const std::string gone =
      history("at(\"61s\", function() home:power_off() end) at(\"20min\", function() home:restart() end)");
  CAPTURE(gone);
  CHECK(gone.starts_with("0 0.0.0.0|1 192.168.1.100|601 0.0.0.0|12"));  // within the repetitions of 64 s
  CHECK(gone.find(" 192.168.1.100|", 41) != std::string::npos);
}

TEST_CASE("a device without power comes back to the same address") {
  CHECK(history("at(\"60s\", function() s1:power_off() end) at(\"70s\", function() s1:restart() end)") ==
        "0 0.0.0.0|1 192.168.1.100|60 0.0.0.0|71 192.168.1.100|");
}

TEST_CASE("an empty pool gives nothing, and asking without a server is an error") {
  const std::string source = R"(
duration("10min")
local internet = router("internet")
local home = nat("home", { on = internet })
for i = 1, 152 do device("s" .. i, { on = home, address = "dhcp" }) end
)";
  const auto script = begin_scenario(source, "pool.lua", {}, nullptr);
  REQUIRE(script->run_until(Instant() + script->duration()));
  const Network& network = script->world().network();
  int with = 0;
  for (int i = 1; i <= 152; ++i)
    with += network.node(script->world().find_node("s" + std::to_string(i))).address.value != 0 ? 1 : 0;
  CHECK(with == 151);
  CHECK(error_of("local r = router(\"r\")\ndevice(\"d\", { on = r, address = \"dhcp\" })")
            .text.find("no nat() leads out") != std::string::npos);
}

TEST_CASE("losing the address ends connections at once, and nothing is said to the peer") {
  const std::string source = R"(
duration("1h")
local internet = router("internet")
local hub = broker("hub")
link(hub, internet)
local home = nat("home", { on = internet, lease = "2min" })
local gone, back = metric("gone"), metric("back")
device("sensor", { on = home, address = "dhcp" }, function(self)
  self:wait_address()
  local c = self:mqtt({ keepalive = 600 })
  c.on_disconnect = function() gone:set(now()) end
  c.on_connect = function() back:set(now()) end
  c:connect(hub)
  c:loop_forever()
end)
at("10s", function() home:power_off() end)
at("10min", function() home:restart() end)
)";
  const auto script = begin_scenario(source, "lost.lua", {}, nullptr);
  REQUIRE(script->run_until(Instant() + Duration::seconds(599)));
  CHECK(metric_of(*script, "gone") == Approx(120).margin(1));
  REQUIRE(script->run_until(Instant() + script->duration()));
  CHECK(metric_of(*script, "back") > 600);
}

TEST_CASE("addresses that nodes have by description are not given away") {
  const std::string source = R"(
local internet = router("internet")
local home = nat("home", { on = internet })
device("fixed", { on = home, address = "192.168.1.100" })
device("asking", { on = home, address = "dhcp" })
)";
  const auto script = begin_scenario(source, "taken.lua", {}, nullptr);
  REQUIRE(script->run_until(Instant() + Duration::seconds(10)));
  const Network& network = script->world().network();
  CHECK(to_string(network.node(script->world().find_node("fixed")).address) == "192.168.1.100");
  CHECK(to_string(network.node(script->world().find_node("asking")).address) == "192.168.1.101");
  CHECK(error_of("local r = router(\"r\")\nlocal n = nat(\"n\", { on = r })\ndevice(\"d\", { on = n, address = "
                 "\"192.168.1.1\" })")
            .text.find("have the same address") != std::string::npos);
  CHECK(error_of("local r = router(\"r\")\nlocal n = nat(\"n\", { on = r })\nlocal d = device(\"d\", { on = n, address "
                 "= \"dhcp\" })\n"
                 "dns(\"ns\", { on = r, names = { d = d } })")
            .text.find("no fixed address") != std::string::npos);
}

TEST_CASE("a network behind two translations reaches the Internet, though both use the same addresses") {
  const std::string source = R"(
local internet = router("internet")
local hub = broker("hub")
link(hub, internet)
local outer = nat("outer", { on = internet })
local inner = nat("inner", { on = outer })
local connected = metric("connected_at")
device("sensor", { on = inner, address = "dhcp" }, function(self)
  self:wait_address()
  local c = self:mqtt()
  if c:connect(hub) then connected:set(1) end
end)
)";
  const auto script = begin_scenario(source, "nested.lua", {}, nullptr);
  REQUIRE(script->run_until(Instant() + Duration::seconds(30)));
  CHECK(metric_of(*script, "connected_at") == 1);
}
