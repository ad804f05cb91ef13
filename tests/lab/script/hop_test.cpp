// Serial lines and radios in whole worlds: what programs read and send, what becomes of it when things are cut, and what is said
// of wrong declarations.
#include <map>

#include "sim/view/tap.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

using Lines = std::vector<std::string>;

Lines logged(const std::string& source, std::uint64_t seed = 1) {
  ScriptOptions options;
  options.seed = seed;
  const auto run = finish_scenario("duration(\"1min\")\n" + source, "hops.lua", options);
  Lines told;
  const TraceStore::Reader reader(*run.store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    if (reader.record(n).kind == Kind::logged) told.push_back(std::string(reader.text(reader.record(n).key)));
  }
  return told;
}

std::string complaint(const std::string& source) {
  const auto script = Script::load("duration(\"1min\")\n" + source, "hops.lua", {});
  return script ? "" : script.error().text;
}

}  // namespace

TEST_CASE("a program reads lines, counts of bytes, and what there is at a time-out") {
  CHECK(logged(R"(
local a = device("a", function(self)
  local port = self:serial()
  log("wrote " .. port:write("hello\nworld") )
  sleep("1s")
  port:write("!\n" .. string.rep("x", 20))
end)
local b = device("b", function(self)
  local port = self:serial(a)
  log(port:readline())
  log(port:readline({ timeout = "200ms" }))
  log(port:read(2))
  log(#port:read(100, { timeout = "100ms" }))
  log(string.format("%.3f %d", now(), port:in_waiting()))
  local e = port:errors()
  log(e.parity + e.framing + e.overrun)
end)
serial(a, b, { baud = 9600 })
)") == Lines{"wrote 11", "hello\n", "world", "!\n", "20", "1.102 0", "0"});
}

TEST_CASE("a port that is set to another speed reads what is sent from then on") {
  CHECK(logged(R"(
local a = device("a", function(self)
  local port = self:serial()
  port:write("UUU")
  sleep("1s")
  port:write("UUU")
end)
local b = device("b", function(self)
  local port = self:serial()
  sleep("500ms")
  log(port:read(100, { timeout = "1ms" }) == "UUU", port:errors().framing > 0)
  port:configure({ baud = 9600 })
  port:discard()
  log(port:read(3))
end)
serial(a, b, { baud = 9600, second = { baud = 19200 } })
)") == Lines{"false true", "UUU"});
}

TEST_CASE("more than fits into a buffer is written as it empties") {
  const Lines told = logged(R"(
local a = device("a", function(self)
  local port = self:serial()
  log(port:write(string.rep("0123456789", 1000)))
  log(string.format("%.2f", now()))
end)
local total = 0
local b = device("b", function(self)
  local port = self:serial()
  while true do
    local got = port:read(1000, { timeout = "2s" })
    if got == "" then break end
    total = total + #got
  end
  log(total)
end)
serial(a, b, { baud = 115200 })
)");
  // 10,000 bytes at 11,520 a second; the last 4096, at most, wait in the buffer, and are let in when half of it is free.
  REQUIRE(told.size() == 3);
  CHECK(told[0] == "10000");
  CHECK(std::stod(told[1]) > 0.5);
  CHECK(std::stod(told[1]) < 0.72);
  CHECK(told[2] == "10000");
}

TEST_CASE("devices and their gateway talk by radio, and what is cut is noticed") {
  for (const std::string kind : {"ble", "ieee802154"}) {
    CAPTURE(kind);
    const Lines told = logged(R"(
local gateway, one, two
gateway = device("gateway", function(self)
  local radio = self:radio()
  while true do
    local text, from = radio:receive()
    log(from .. " says " .. text)
    if text == "hello" then radio:send("welcome", from == "one" and one or two) end
  end
end)
one = device("one", function(self)
  local radio = self:radio()
  radio:wait_connected()
  log(radio:send("hello"))
  log((radio:receive()))
  sleep("20s")
  local ok, why = radio:send("still here?")
  log("sent: " .. tostring(ok) .. " " .. tostring(why))
  sleep("20s")
  log(radio:is_connected())
  log(radio:send("back"))
  log(select(2, radio:send(string.rep("x", 600))))
end)
two = device("two")
local air = )" + kind + R"((gateway, { one, two })
at("15s", function() air:cut(one) end)
at("30s", function() air:restore(one) end)
)");
    const bool ble = kind == "ble";
    const std::string longest = ble ? "20" : "116";
    CHECK(told == Lines{"one says hello", "true", "welcome",
                        std::string("sent: nil ") + (ble ? "not connected" : "no answer"), "true", "one says back",
                        "true", "message too long: 600 bytes, and " + longest + " fit"});
  }
}

TEST_CASE("noise on a serial line and losses of a radio change while they run") {
  const Lines told = logged(R"(
local a = device("a", function(self)
  local port, radio = self:serial(), self:radio()
  radio:wait_connected()
  for i = 1, 3 do
    port:write(string.rep("x", 100))
    log("sent " .. tostring(radio:send("hello")))
    sleep("10s")
  end
end)
local b = device("b", function(self)
  local port = self:serial()
  while true do
    local bytes = port:read(100, { timeout = "3s" })
    if #bytes > 0 then log(bytes == string.rep("x", 100) and "as written" or "garbled") end
  end
end)
local line, air = serial(a, b, { format = "8N1" }), ieee802154(b, a)
at("5s", function() line:impair({ bit_errors = 0.2 }) air:impair({ loss = 1 }) end)
at("18s", function() line:impair({ bit_errors = 0 }) air:impair({ loss = 0 }, a) end)
)");
  CHECK(std::count(told.begin(), told.end(), "as written") == 2);
  CHECK(std::count(told.begin(), told.end(), "garbled") >= 1);
  CHECK(std::count(told.begin(), told.end(), "sent true") == 2);
  CHECK(std::count(told.begin(), told.end(), "sent nil") == 1);
}

TEST_CASE("without power nothing crosses, and a program that starts again has its port and radio again") {
  const Lines told = logged(R"(
local gateway = device("gateway", function(self)
  local radio = self:radio()
  while true do log((radio:receive())) end
end)
local sensor = device("sensor", function(self)
  local radio = self:radio()
  radio:wait_connected()
  radio:send(string.format("at %.0f", now()))
  self:serial():write("on\n")
end)
local display = device("display", function(self)
  while true do log("display: " .. self:serial():readline()) end
end)
ble(gateway, sensor)
serial(sensor, display)
at("10s", function() sensor:power_off() end)
at("20s", function() sensor:restart() end)
at("30s", function() gateway:power_off() end)
at("31s", function() gateway:restart() end)
at("40s", function() sensor:restart() end)
)");
  REQUIRE(told.size() == 6);
  CHECK(told[0] == "at 0");
  CHECK(told[1] == "display: on\n");
  CHECK(told[2] == "at 20");
  CHECK(told[4] == "at 40");
}

TEST_CASE("what is wrong with a hop is said") {
  const std::string two = "local a, b = device(\"a\"), device(\"b\")\n";
  CHECK(complaint(two + "serial(a, a)").find("serial() joins \"a\" to itself") != std::string::npos);
  CHECK(complaint(two + "serial(a, b, { format = \"8X1\" })").find("as in \"8N1\" or \"7E2\", not \"8X1\"") !=
        std::string::npos);
  CHECK(complaint(two + "serial(a, b, { boud = 9600 })").find("did you mean \"baud\"") != std::string::npos);
  CHECK(complaint(two + "serial(a, b) serial(b, a)").find("joined by serial already") != std::string::npos);
  CHECK(complaint(two + "ble(a, b, { interval = \"8ms\" })").find("a multiple of 1.25ms") != std::string::npos);
  CHECK(complaint(two + "ble(a, {})").find("needs at least one device") != std::string::npos);
  CHECK(complaint(two + "ieee802154(a, { b, b })").find("names \"b\" twice") != std::string::npos);
  CHECK(complaint(two + "ble(a, b) ble(b, a)").find("joined by ble already") != std::string::npos);
  const auto fails = [&](const std::string& program) {
    return error_of("duration(\"1s\")\n" + two + "device(\"c\", function(self) " + program + " end)").text;
  };
  CHECK(fails("self:serial()").find("\"c\" has no serial port: declare a line with serial(c, other)") !=
        std::string::npos);
  CHECK(fails("self:radio()").find("\"c\" has no radio") != std::string::npos);
}

TEST_CASE("a hop is cut by its name, as the journal writes it") {
  const auto script = begin_scenario(R"(
duration("1min")
local a, b = device("a-1"), device("b")
link(a, b)
serial(a, b)
ble(a, b)
)",
                                     "hops.lua", {}, nullptr);
  World& world = script->world();
  for (const char* const name : {"a-1-b (serial)", "b-a-1 (ble)", "a-1-b"}) {
    CAPTURE(name);
    CHECK(world.can_apply(CutLink{name}));
    CHECK(world.can_apply(RestoreLink{name}));
  }
  CHECK_FALSE(world.can_apply(CutLink{"a-1-b (802.15.4)"}));
  CHECK(world.can_apply(SetImpairment{"a-1-b (ble)", {LinkChange::of(LinkOption::loss, 0.5)}}));
  CHECK(world.can_apply(SetImpairment{"a-1-b (serial)", {LinkChange::of(LinkOption::corrupt, 0.5)}}));
  const auto other = world.can_apply(SetImpairment{"a-1-b (serial)", {LinkChange::of(LinkOption::loss, 0.5)}});
  REQUIRE_FALSE(other);
  CHECK(other.error().find("\"corrupt\", the share of turned bits") != std::string::npos);
  // The link of packets keeps what it has; the hop has none of it.
  CHECK(world.can_apply(DropPacket{"a-1-b", 1}));
  const auto refused = world.can_apply(DropPacket{"a-1-b (ble)", 1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find("carries no IP packets") != std::string::npos);
  const auto connected = [&] { return world.hops().radios(world.find_node("b")).front().hop->connected(1); };
  const auto run_to = [&](int seconds) { REQUIRE(script->run_until(Instant() + Duration::seconds(seconds))); };
  run_to(2);
  CHECK(connected());
  world.apply(CutLink{"a-1-b (serial)"});
  run_to(10);
  CHECK(connected());
  world.apply(CutLink{"a-1-b (ble)"});
  run_to(20);
  CHECK_FALSE(connected());
  world.apply(RestoreLink{"b-a-1 (ble)"});
  run_to(25);
  CHECK(connected());
}

TEST_CASE("a tap on a hop reads what crosses it, from a saved trace, too") {
  const auto run = finish_scenario(R"(
duration("1min")
local meter = device("meter", function(self)
  local line = self:serial()
  line:write("21.5\n")
  sleep("30s")
  line:write("22.0\n")
end)
local gateway = device("gateway", function(self) while true do self:serial():readline() end end)
serial(meter, gateway)
)",
                                   "hops.lua", {});
  std::string saved = trace_header_line({"hops", 1, ""});
  const TraceStore::Reader reader(*run.store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) saved += trace_line(reader, n);
  saved += trace_end_line(reader.last());
  const auto loaded = parse_trace(saved);
  REQUIRE(loaded);
  const auto tap = tap_of(*loaded, "meter-gateway (serial)");
  REQUIRE(tap);
  REQUIRE(tap->lines().size() == 2);
  CHECK(tap->lines()[0].from == "meter");
  CHECK(tap->lines()[0].to == "gateway");
  CHECK(tap->lines()[0].kind == TapLine::Kind::content);
  CHECK(tap->lines()[0].text == "\"21.5.\"");
  CHECK(tap->lines()[1].text == "\"22.0.\"");
  CHECK(tap_of(*loaded, "meter-gatway (serial)").error().find("did you mean \"meter-gateway (serial)\"") !=
        std::string::npos);
}
