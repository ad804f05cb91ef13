// What scripts are offered, what is refused, and what the errors say.
#include <algorithm>
#include <regex>
#include <set>

#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

const char* const kWorld = "local hub = broker('hub')\nlocal home = router('home')\nlink(home, hub)\n";

std::string text_of_error(const std::string& source) { return error_of(source).text; }
bool mentions(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

// Runs a program on one device and gives its log lines.
std::vector<std::string> lines_of(const std::string& source, std::uint64_t seed = 1) {
  std::vector<std::string> lines;
  ScriptOptions options;
  options.seed = seed;
  options.log = [&](Instant, std::string_view, std::string_view text) { lines.emplace_back(text); };
  const auto script = begin_scenario(source, "test.lua", options, nullptr);
  const auto ran = script->run_until(Instant() + script->duration());
  if (!ran) FAIL(ran.error().text);
  return lines;
}

}  // namespace

TEST_CASE("the meta file documents exactly what the host offers") {
  const std::set<std::string> standard_tables{"math", "string", "table", "utf8"};
  const std::set<std::string> standard{"_VERSION", "assert", "error",        "getmetatable", "ipairs",   "next",
                                       "pairs",    "pcall",  "print",        "rawequal",     "rawget",   "rawlen",
                                       "rawset",   "select", "setmetatable", "tonumber",     "tostring", "type"};
  std::set<std::string> offered;
  for (const std::string& name : script_api_names()) {
    // Of Lua's own tables the language server knows what is in them; what is ours in them is documented too.
    if (name == "math.pow") offered.insert(name);
    if (standard.contains(name) || standard_tables.contains(name.substr(0, name.find('.')))) continue;
    offered.insert(name);
  }
  // The file's own names: functions, and fields of its classes. Locals stand for the class above them.
  std::set<std::string> documented;
  const std::string text = file_text("docs/lua/wirelab.lua");
  std::string cls;
  std::map<std::string, std::string> local_class;
  const std::set<std::string> objects{"node",       "link",     "metric",     "device", "client", "json",
                                      "tcp_socket", "listener", "udp_socket", "tap",    "traffic"};
  std::istringstream lines(text);
  std::string line;
  std::smatch m;
  while (std::getline(lines, line)) {
    if (std::regex_search(line, m, std::regex("^---@class (\\w+)"))) cls = m[1];
    if (std::regex_search(line, m, std::regex("^---@field (\\w+)")) && objects.contains(cls))
      documented.insert(cls + "." + m[1].str());
    if (std::regex_search(line, m, std::regex("^local (\\w+) = \\{\\}"))) local_class[m[1]] = cls;
    if (std::regex_search(line, m, std::regex("^function (\\w+)([:.])(\\w+)\\("))) {
      const std::string object = local_class.contains(m[1]) ? local_class[m[1]] : m[1].str();
      documented.insert(object + m[2].str() + m[3].str());
    } else if (std::regex_search(line, m, std::regex("^function (\\w+)\\("))) {
      documented.insert(m[1]);
    }
  }
  for (const std::string& name : offered) {
    INFO("offered but not documented: " << name);
    CHECK(documented.contains(name));
  }
  for (const std::string& name : documented) {
    INFO("documented but not offered: " << name);
    CHECK(offered.contains(name));
  }
}

TEST_CASE("there is no way out of the sandbox") {
  for (const char* name : {"io", "os", "require", "package", "debug", "load", "loadfile", "dofile", "collectgarbage",
                           "coroutine", "xpcall"}) {
    CHECK(lines_of(std::string("duration('1s') log(tostring(rawget(_G, '") + name + "')))") ==
          std::vector<std::string>{"nil"});
  }
  CHECK(lines_of("duration('1s') log(getmetatable(''), rawget(string, 'dump'), rawget(math, 'randomseed'))") ==
        std::vector<std::string>{"false nil nil"});
  mentions(text_of_error("local x = 2 ^ 3"),
           "test.lua:1: the operator ^ differs between machines: write math.pow(x, y)");
  CHECK(text_of_error("-- 2 ^ 3\nlocal s = '^' .. \"^\" .. [[^]] --[==[ ^ ]==]\nduration('1s')").empty());
  mentions(text_of_error("local x = '2' + 1"), "attempt to perform arithmetic on a string value");
  mentions(text_of_error("setmetatable({}, { __gc = function() end })"), "__gc is not offered");
  mentions(text_of_error("setmetatable({}, { __mode = 'k' })"), "__mode is not offered");
  mentions(text_of_error("string.format('%p', {})"), "%p shows an address");
  mentions(text_of_error("string.pack('i', 1)"), "has another size or order");
}

TEST_CASE("tables are gone through in the order of their keys") {
  const auto lines = lines_of(R"(
    duration("1s")
    local t = { b = 1, a = 2, [10] = 3, [2] = 4, [2.5] = 5, [true] = 6, zz = 7, [-1] = 8 }
    for k, v in pairs(t) do log(k, v) end
    for k in pairs(t) do t[k] = nil end
    log(next(t))
    log(next({ y = 1, x = 2 }, "x"))
  )");
  CHECK(lines ==
        std::vector<std::string>{"-1 8", "2 4", "2.5 5", "10 3", "a 2", "b 1", "zz 7", "true 6", "nil", "y 1"});
  mentions(text_of_error("for k in pairs({ [{}] = 1 }) do end"), "a table with a table as key has no order");
}

TEST_CASE("sorting is stable and addresses are never shown") {
  CHECK(lines_of(R"(
    duration("1s")
    local t = { { 3, "a" }, { 1, "b" }, { 3, "c" }, { 1, "d" } }
    table.sort(t, function(x, y) return x[1] < y[1] end)
    log(t[1][2] .. t[2][2] .. t[3][2] .. t[4][2])
    table.sort(t, function() return true end)
    log(tostring({}), tostring(print), string.format("%s %d", {}, 3))
  )") == std::vector<std::string>{"bdac", "table function table 3"});
}

TEST_CASE("json is written in one way and read back") {
  CHECK(lines_of(R"(
    duration("1s")
    log(json.encode({ z = 1, a = { 1, 2.5, "q\"\n" }, n = json.null, t = true, e = {} , f = 0.1, big = 1e300}))
    log(json.encode(json.decode('{"b":[1,2,{"c":null}],"a":1.5}')))
    log(json.decode("{nonsense"))
  )") == std::vector<std::string>{R"({"a":[1,2.5,"q\"\n"],"big":1e+300,"e":{},"f":0.1,"n":null,"t":true,"z":1})",
                                  R"({"a":1.5,"b":[1,2,{"c":null}]})", "nil not valid JSON"});
  mentions(text_of_error("json.encode({ 1, nil, 3 })"), "the list has a hole");
  mentions(text_of_error("json.encode({ 1, a = 2 })"), "either a list or has names");
  mentions(text_of_error("json.encode(0/0)"), "must be a finite number, not nan");
  mentions(text_of_error("local t = {} t.t = t json.encode(t)"), "nested more than 64 deep");
}

TEST_CASE("limits end the run and no pcall catches them") {
  ScriptOptions small;
  small.limits = {10'000'000, std::size_t{16} << 20};
  const auto limit = [&](const std::string& source) {
    const ScriptError error = error_of(source, small);
    CHECK(error.limit);
    return error.text;
  };
  mentions(limit("while true do end"), "test.lua:1: the script has run 10 million instructions");
  mentions(limit("while true do pcall(function() while true do end end) end"), "10 million instructions");
  mentions(limit("device('d', {}, function() while true do pcall(error) end end)"), "10 million instructions");
  mentions(limit("local t = {} pcall(function() while true do t[#t + 1] = ('x'):rep(99999) .. #t end end)"),
           "more than 16 MiB of memory");
  mentions(error_of("local s = ('x'):rep(1e9)", small).text, "at most 16 MB are allowed");
  // Library calls that work long are counted as the script's own work.
  for (const char* const call :
       {"string.find(('a'):rep(40), ('a-'):rep(25) .. 'b')",
        "string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30))", "string.find(('('):rep(1e5), '%b()')",
        "table.move({}, 1, math.tointeger(1e15), 2)",
        "table.remove(setmetatable({}, { __len = function() return math.tointeger(1e15) end }), 1)",
        "table.concat(setmetatable({}, { __len = function() return math.tointeger(1e15) end }))",
        "local s = ('a'):rep(6000) while true do s:find('a*b') end",
        "local s = ('a'):rep(1e6) for i = 1, 1e7 do local x = s:upper() end",
        "for i = 1, 1e9 do string.rep('', 1e15) end"}) {
    CAPTURE(call);
    mentions(limit(call), "10 million instructions");
  }
  // At one instant, and with messages that wait.
  const std::string world = kWorld;
  mentions(error_of(world + "device('d', { on = home }, function() while true do sleep(0) end end)").text,
           "test.lua:4: programs were resumed a million times at one instant");
  mentions(error_of(world + "local d d = device('d', { on = home }, function() d:restart() end)").text,
           "programs were resumed a million times at one instant");
  mentions(limit(world + "device('d', { on = home }, function(self) local c = self:mqtt() c:connect(hub) "
                         "local s = ('x'):rep(1e6) while true do c:publish('t', s, { qos = 1 }) end end)"),
           "test.lua:4: the messages that wait take more than 16 MiB");
  // Garbage is not what a script holds.
  CHECK(error_of("local t = {} for i = 1, 40 do t[i % 8] = ('0123456789'):rep(1e5) .. i end", small).text.empty());
  CHECK(limit("local s = ('x'):rep(1e6) while true do s:find('y', 1, true) end").find("instructions") !=
        std::string::npos);
}

TEST_CASE("errors name the line, what is wrong and what to write") {
  const std::string world = kWorld;
  mentions(text_of_error(world + "link(home, hub, { dealy = '25ms' })"),
           "test.lua:4: unknown option \"dealy\" for link(home, hub): did you mean \"delay\"?");
  mentions(
      text_of_error(world + "link(home, hub, { delay = '25mss' })"),
      "test.lua:4: option \"delay\" of link(home, hub): unknown unit \"mss\" for a duration: did you mean \"25ms\"?");
  mentions(text_of_error(world + "link(home, hub, { loss = 2 })"), "write 0.02 or \"2%\"");
  mentions(text_of_error(world + "link(home, hub, { loss = {} })"),
           "must be a number or a text such as \"2%\", not a table");
  mentions(
      text_of_error(
          world + "device('d', { on = hub }, function(self) self:mqtt({ client_id = '', clean_session = false }) end)"),
      "an empty client_id needs clean_session = true [MQTT-3.1.3-7]");
  mentions(text_of_error(world + "link(home, 'hub')"), "the second end of link() must be a node, not a string");
  mentions(text_of_error(world + "router('home')"), "there is already a node \"home\"");
  mentions(text_of_error(world + "hub:crsh()"), "unknown name \"crsh\" for a node: did you mean \"crash\"?");
  mentions(text_of_error(world + "hub:crash()"), "acts on the running world: call it in at(time, function() ... end)");
  mentions(text_of_error("local p = param('qos', 5, { choices = { 0, 1, 2 } })"),
           "the parameter \"qos\" is 5; it must be one of: 0, 1, 2");
  mentions(text_of_error("metric('delivered')"), "is built in");
  mentions(text_of_error("at('1s', function() stat('delivred') end)"), "did you mean \"delivered\"?");
  mentions(text_of_error("sleep('1s')"), "belongs in a device's program");
  mentions(text_of_error("at('1s', function() router('x') end)"), "belongs at the top level");
  const auto program = [&](const std::string& body) {
    return text_of_error(world + "device('d', { on = home }, function(self) local c = self:mqtt() " + body + " end)");
  };
  mentions(program("c:connect(home)"), "test.lua:4: \"home\" is no broker");
  mentions(program("c:connect(hub) c:publish('a/#', 'x')"), "+ and # are for subscriptions only [MQTT-3.3.2-2]");
  mentions(program("c:connect(hub) c:publish('a', {})"), "write json.encode(...) around it");
  mentions(program("c:connect(hub) c:subscribe('a#')"), "is no topic filter");
  mentions(program("c:connect(hub) c:publish('a', 'x', { qos = 3 })"), "must be a whole number between 0 and 2, not 3");
  mentions(program("c.on_mesage = function() end"),
           "unknown field \"on_mesage\" for a client: did you mean \"on_message\"?");
  mentions(program("c.on_message = 5"), "on_message must be a function, not a number");
  mentions(program("c.on_connect = function() sleep(1) end c:connect(hub)"), "a callback must not");
  mentions(program("c:loop('1s')"), "loop() is for a client with loop = \"manual\"");
  mentions(program("self:mqtt({ keepalive = '1500ms' })"), "must be whole seconds");
  mentions(program("error({})"), "an error that is no text was raised");
  mentions(program("self:set('led', 0/0)"), "must be a finite number, not nan");
  ScriptOptions set;
  set.parameters["los"] = "1";
  mentions(error_of("param('loss', 0.5)", set).text, "there is no parameter \"los\": did you mean \"loss\"?");
  set.parameters = {{"loss", "much"}};
  mentions(error_of("param('loss', 0.5)", set).text, "--set loss=much: this parameter is a number");
  set.parameters = {{"loss", "5%"}};
  CHECK(error_of("local l = param('loss', 0.5) if l ~= 0.05 then error('it is ' .. l) end", set).text.empty());
}

TEST_CASE("misspelt names are told with the right ones, and errors of the library have their line") {
  mentions(text_of_error("\nroutr('home')"), "test.lua:2: there is no \"routr\": did you mean \"router\"?");
  mentions(text_of_error("json.encod({})"), "there is no json.encod: did you mean \"json.encode\"?");
  mentions(text_of_error("\nstring.find('a', '[')"), "test.lua:2: the pattern has a \"[\" without \"]\"");
  mentions(text_of_error("\nstring.format('%d', 1.5)"), "test.lua:2: bad argument #2 to 'string.format'");
  mentions(text_of_error("\nstring.pack('<i4', 'z')"), "test.lua:2: bad argument #2 to 'string.pack'");
  mentions(text_of_error("\nlocal a, b = nil, {} ('x'):rep(b)"), "test.lua:2:");
  const std::string world = kWorld;
  mentions(text_of_error(world + "device('d', { on = home }, function(self) self:read('temprature') end)"),
           "unknown sensor \"temprature\" for device \"d\": did you mean \"temperature\"?");
  mentions(text_of_error(world + "at(1, function() home:crash() end)"), "runs no program");
  mentions(text_of_error(world + "at('2min', function() end)"), "test.lua:4: this at() comes after the end of the run");
  mentions(text_of_error("local b = broker('b-c') local a = router('a') local ab = router('a-b') local c = router('c') "
                         "link(a, b) link(ab, c)"),
           "two links would be named \"a-b-c\"");
  mentions(text_of_error(world + "local r = router('r') link(r, home) link(home, r)"),
           "\"home\" and \"r\" are joined by a link already");
  mentions(text_of_error(world +
                         "device('d', { on = home }, function(self) self:mqtt({ client_id = ('x'):rep(70000) }) end)"),
           "the client_id is longer than 65,535 bytes");
  mentions(text_of_error(world + "device('d', { on = home }, function(self) self:mqtt({ client_id = '\xff' }) end)"),
           "the client_id is not valid UTF-8");
  // A long message of expect() is cut, not a fault of ours.
  CHECK(text_of_error("at(1, function() expect(false, ('x'):rep(70000)) end)").empty());
}

TEST_CASE("patterns match as Lua's own do") {
  CHECK(lines_of(R"lua(
    for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do log(k, v) end
    log(("THE (quick) fox"):find("%((%a+)%)"))
    log(("hello"):match("()ll()"))
    log(("abc"):gsub("", "-"))
    log(("hello world"):gsub("o", { o = "0" }))
    log(("x^y"):find("^", 1, true))
    log((" trim "):match("^%s*(.-)%s*$") .. "|")
    log(("f(a(b)c)d"):match("%b()"))
    log(("THE (quick) fox"):gsub("%f[%a]%a+", string.lower))
    log(("abab"):match("(ab)%1"), ("abba"):match("(ab)%1"))
    log(("key = value"):gsub("(%w+)%s*=%s*(%w+)", "%2=%1 (%0)"))
    log(("a,b,,c"):gsub(",", ";", 2))
    log(("[x]"):match("^%[(.*)%]$"), ("a.b"):find(".", 1, true), ("aXb"):find("%u"))
    log(("0x1F"):match("^0[xX](%x+)$"), ("-12.5e3"):match("^[+-]?%d+%.?%d*"), ("]"):match("[]]"), ("a-z"):match("[a%-]+"))
    log(("abc"):find("b", -2), ("abc"):find("a", 2), ("abc"):find("", 4), ("abc"):find("", 5))
    log(0 / 0 .. "", tostring(0 / 0))
  )lua") == std::vector<std::string>{"a 1", "b 2", "5 11 quick", "3 5", "-a-b-c- 4", "hell0 w0rld 2", "2 2", "trim|",
                                     "(a(b)c)", "the (quick) fox 3", "ab nil", "value=key (key = value) 1", "a;b;,c 2",
                                     "x 2 2 2", "1F -12.5 ] a-", "2 nil 4 nil", "nan nan"});
}

TEST_CASE("nothing is lost for want of room while the connection lives") {
  // 30 messages of 300 kB at QoS 1 are more than TCP's send buffer, and one of 5 MB is more than any buffer.
  const auto lines = lines_of(std::string(kWorld) + R"(
    duration("5min")
    device("reader", { on = hub }, function(self)
      local c, n, bytes = self:mqtt(), 0, 0
      c.on_message = function(topic, payload) n = n + 1 bytes = bytes + #payload log(topic, n, bytes) end
      c.on_connect = function() c:subscribe("#", { qos = 1 }) end
      c:connect(hub)
      c:loop_forever()
    end)
    device("writer", { on = home }, function(self)
      local c = self:mqtt()
      c:connect(hub)
      sleep(1)
      for i = 1, 30 do c:publish("m", ("x"):rep(300000), { qos = 1 }) end
      c:publish("big", ("y"):rep(5000000), { qos = 1 })
    end)
    at("5min", function() log("lost", stat("lost"), "delivered", stat("delivered")) end)
  )");
  REQUIRE(lines.size() == 32);
  CHECK(lines[29] == "m 30 9000000");
  CHECK(lines[30] == "big 31 14000000");
  CHECK(lines[31] == "lost 0 delivered 31");
}

TEST_CASE("a broker that stops publishes the wills, and a program may restart from a callback") {
  CHECK(lines_of(std::string(kWorld) + R"(
    device("watcher", { on = home }, function(self)
      local c = self:mqtt({ reconnect = false })
      c.on_message = function(topic, payload) log(topic, payload) end
      c.on_connect = function() c:subscribe("status/#") end
      c:connect(hub)
      c:loop_forever()
    end)
    device("d", { on = home }, function(self)
      local c = self:mqtt({ will = { topic = "status/d", payload = "gone" } })
      c:connect(hub)
      c:loop_forever()
    end)
    at("10s", function() hub:stop() end)
  )") == std::vector<std::string>{"status/d gone"});
  CHECK(lines_of(std::string(kWorld) + R"(
    local n, d = 0, nil
    d = device("d", { on = home }, function(self)
      n = n + 1
      local c = self:mqtt()
      c.on_message = function() if n < 3 then d:restart() end end
      c.on_connect = function() c:subscribe("a") c:publish("a", "x") end
      c:connect(hub)
      log("run", n)
      c:loop_forever()
    end)
  )") == std::vector<std::string>{"run 1", "run 2", "run 3"});
  // connect() hears of a disconnect() by somebody else.
  CHECK(lines_of(std::string(kWorld) + R"(
    local shared
    device("a", { on = home, link = { delay = "25ms" } }, function(self)
      shared = self:mqtt()
      log("connect", shared:connect(hub))
    end)
    device("b", { on = home }, function() sleep("5ms") shared:disconnect() end)
  )") == std::vector<std::string>{"connect nil disconnected meanwhile"});
}

TEST_CASE("publishing without a connection: QoS 0 is refused, QoS 1 and 2 wait [MQTT-7.1.1-1, MQTT-7.1.2-1]") {
  const auto lines = lines_of(std::string(kWorld) + R"(
    duration("1min")
    device("listener", { on = hub }, function(self)
      local c = self:mqtt()
      c.on_connect = function() c:subscribe("#", { qos = 2 }) end
      c.on_message = function(topic, payload, m) log(topic, payload, m.qos) end
      c:connect(hub)
      c:loop_forever()
    end)
    device("d", { on = home }, function(self)
      local c = self:mqtt({ clean_session = false })
      sleep("1s")
      log(c:publish("a", "0"))
      log(c:publish("a", "1", { qos = 1 }))
      log(c:publish("a", "2", { qos = 2 }))
      log(c:subscribe("x"))
      log(c:connect(hub))
      sleep("1s")
    end)
  )");
  CHECK(lines == std::vector<std::string>{"nil not connected", "queued", "queued", "nil not connected", "true", "a 1 1",
                                          "a 2 2"});
}

TEST_CASE("a refused or failed connection is told, and the background goes on trying") {
  const auto lines = lines_of(std::string(kWorld) + R"(
    duration("40s")
    device("d", { on = home }, function(self)
      local c = self:mqtt()
      c.on_connect = function(present) log("up", now() > 11) end
      c.on_disconnect = function(expected) log("down", expected) end
      sleep("1s")
      log(c:connect(hub))
      sleep("25s")
      c:disconnect()
      sleep("8s")
      log(c:is_connected())
    end)
    at("500ms", function() hub:stop() end)
    at("11s", function() hub:restart() end)
    at("20s", function() hub:crash() hub:restart() end)
  )");
  CHECK(lines ==
        std::vector<std::string>{"nil connection refused", "up true", "down false", "up true", "down true", "false"});
}

TEST_CASE("by hand, nothing is served while the program sleeps") {
  const auto run = [&](const std::string& loop, const std::string& body) {
    return lines_of(std::string(kWorld) + R"(
      duration("2min")
      device("pub", { on = home }, function(self)
        local c = self:mqtt()
        sleep("2s")
        c:connect(hub)
        for i = 1, 3 do c:publish("a", i) sleep("1s") end
      end)
      device("sub", { on = home }, function(self)
        local c = self:mqtt({ keepalive = 10, loop = ")" +
                    loop + R"(", reconnect = false })
        c.on_message = function(topic, payload) log("got " .. payload .. " at " .. math.floor(now())) end
        c.on_disconnect = function() log("lost at " .. math.floor(now())) end
        c:connect(hub)
        c:subscribe("a")
        )" + body + R"(
      end)
    )");
  };
  CHECK(run("background", "sleep('60s')") == std::vector<std::string>{"got 1 at 2", "got 2 at 3", "got 3 at 4"});
  CHECK(run("manual", "c:loop('1s') sleep('8s') c:loop('1s') sleep('5s') c:loop()") ==
        std::vector<std::string>{"got 1 at 9", "got 2 at 9", "got 3 at 9"});
  // A sleep longer than one and a half times the keep alive: the broker has closed, which shows when it is served again.
  CHECK(run("manual", "c:loop('1s') sleep('30s') c:loop('1s')") ==
        std::vector<std::string>{"got 1 at 31", "got 2 at 31", "got 3 at 31", "lost at 31"});
}

TEST_CASE("a will fires after a crash, after the keep alive of a cut cable, and not after DISCONNECT") {
  const auto run = [&](const std::string& deed) {
    return lines_of(std::string(kWorld) + R"(
      duration("3min")
      device("watch", { on = hub }, function(self)
        local c = self:mqtt()
        c.on_connect = function() c:subscribe("gone") end
        c.on_message = function(topic, payload) log(payload .. " at " .. math.floor(now())) end
        c:connect(hub) c:loop_forever()
      end)
      local d = device("d", { on = home }, function(self)
        local c = self:mqtt({ keepalive = 20, will = { topic = "gone", payload = "d is gone", qos = 1 } })
        c:connect(hub) c:loop_forever()
      end)
      at("30s", function() )" +
                    deed + " end)");
  };
  CHECK(run("d:crash()") == std::vector<std::string>{"d is gone at 30"});
  CHECK(run("d:stop()").empty());
  // Its last packet was the PINGREQ at 20 s; 1.5 times 20 s later it is gone.
  CHECK(run("d.link:cut()") == std::vector<std::string>{"d is gone at 50"});
  CHECK(run("d:power_off()") == std::vector<std::string>{"d is gone at 50"});
}

TEST_CASE("sessions: what comes back after a reconnection") {
  const auto run = [&](const std::string& clean, const std::string& qos) {
    return lines_of(std::string(kWorld) + R"(
      duration("1min")
      device("pub", { on = home }, function(self)
        local c = self:mqtt()
        c:connect(hub)
        c:publish("r", "kept", { retain = true })
        sleep("10s")
        for i = 1, 5 do c:publish("a", i, { qos = )" +
                    qos + R"( }) sleep("1s") end
      end)
      device("sub", { on = home }, function(self)
        local c = self:mqtt({ clean_session = )" +
                    clean + R"( })
        local got = 0
        c.on_connect = function(present) if not present then c:subscribe("+", { qos = 2 }) end log(present) end
        c.on_message = function(topic, payload, m) got = got + 1 if topic == "r" then log("retained", m.retain) end end
        sleep("1s")
        c:connect(hub)
        sleep("5s")
        c:disconnect()
        sleep("20s")
        c:connect(hub)
        sleep("5s")
        log(got)
      end)
    )");
  };
  using Lines = std::vector<std::string>;
  CHECK(run("true", "1") == Lines{"false", "retained true", "false", "retained true", "2"});
  CHECK(run("false", "0") == Lines{"false", "retained true", "true", "1"});
  CHECK(run("false", "1") == Lines{"false", "retained true", "true", "6"});
  CHECK(run("false", "2") == Lines{"false", "retained true", "true", "6"});
}

TEST_CASE("a second client with the same id takes over, and each message has the lower QoS of the two") {
  CHECK(lines_of(std::string(kWorld) + R"(
    duration("20s")
    device("first", { on = home }, function(self)
      local c = self:mqtt({ client_id = "same", reconnect = false })
      c.on_disconnect = function(expected) log("first is out", expected) end
      c:connect(hub) c:loop_forever()
    end)
    device("second", { on = home }, function(self)
      local c = self:mqtt({ client_id = "same" })
      sleep("5s")
      log(c:connect(hub))
    end)
  )") == std::vector<std::string>{"first is out false", "true"});
  const auto lines = lines_of(std::string(kWorld) + R"(
    duration("20s")
    for granted = 0, 2 do
      device("s" .. granted, { on = home }, function(self)
        local c = self:mqtt()
        c.on_connect = function() c:subscribe("q/+", { qos = granted }) end
        c.on_message = function(topic, payload, m) log(payload .. granted .. m.qos) end
        c:connect(hub) c:loop_forever()
      end)
    end
    device("p", { on = home }, function(self)
      local c = self:mqtt()
      c:connect(hub)
      sleep("2s")
      for qos = 0, 2 do c:publish("q/x", qos, { qos = qos }) sleep("1s") end
    end)
  )");
  std::set<std::string> got(lines.begin(), lines.end());
  CHECK(got == std::set<std::string>{"000", "010", "020", "100", "111", "121", "200", "211", "222"});
}

TEST_CASE("random draws differ by device and not by what others do") {
  const auto draws = [](bool other) {
    return lines_of(
        std::string("duration('5s')\n") +
        (other ? "device('a', {}, function() for i = 1, 9 do math.random() sleep('100ms') end end)\n" : "") +
        "device('b', {}, function() sleep('500ms') log(math.random(1000000)) end)\ndevice('c', {}, function() "
        "sleep('500ms') log(math.random(1000000)) end)");
  };
  CHECK(draws(true) == draws(false));
  CHECK(draws(true)[0] != draws(true)[1]);
}
