// Brokers joined by bridges, and brokers that take time over what comes, over the simulated network.
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// Two brokers a cut link apart, a listener and a speaker at each.
double heard(const std::string& bridge, const std::string& speak, const std::string& filter,
             const std::string& more = "") {
  const FinishedScenario run =
      finish_scenario("duration('2min')\nlocal cloud = broker('cloud')\nlocal edge = broker('edge', { bridges = { " +
                          bridge + R"( } })
local cable = link(edge, cloud, { delay = '20ms' })
local n = metric('n', { unit = 'x', help = 'x' })
local function listener(name, at)
  device(name, { on = at }, function(self)
    local c = self:mqtt({ version = '5.0' })
    c.on_message = function(topic, payload, m) n:add(1); log(name .. ' ' .. topic .. ' ' .. payload) end
    c.on_connect = function() c:subscribe(')" +
                          filter + R"(', { qos = 2 }) end
    c:connect(at)
    c:loop_forever()
  end)
end
local function speaker(name, at, program)
  device(name, { on = at }, function(self)
    local c = self:mqtt({ version = '5.0' })
    c:connect(at)
    sleep('2s')
    program(c)
    sleep('90s')
  end)
end
)" + speak + "\n" + more,
                      "bridge.lua");
  return metric_of(*run.script, "n");
}

const std::string kAtCloud = "listener('l', cloud)\n";
const std::string kBoth = "listener('l', cloud) listener('m', edge)\n";

}  // namespace

TEST_CASE("a broker that connects to another one is a client there and a client here [MQTT-7.0.0-1]") {
  const std::string speak =
      "speaker('s', edge, function(c) for q = 0, 2 do c:publish('a/b', 'x', { qos = q }) end end)";
  CHECK(heard("{ to = cloud, topics = { 'a/# out 2' } }", kAtCloud + speak, "a/b") == 3);
  CHECK(heard("{ to = cloud, topics = { 'other/# out 2' } }", kAtCloud + speak, "a/b") == 0);
  CHECK(heard("{ to = cloud, topics = { 'a/# in 2' } }", kAtCloud + speak, "a/b") == 0);
  // The other way.
  CHECK(heard("{ to = cloud, topics = { 'a/# in 2' } }",
              "listener('l', edge) speaker('s', cloud, function(c) c:publish('a/b', 'x', { qos = 2 }) end)",
              "a/b") == 1);
  // Prefixes are taken off and put on.
  CHECK(heard("{ to = cloud, topics = { '# out 1 a/ plant7/' } }", kAtCloud + speak, "plant7/b") == 3);
}

TEST_CASE("a message that goes both ways comes once to each") {
  const std::string speak = "speaker('s', edge, function(c) c:publish('a/b', 'x', { qos = 1 }) end)";
  CHECK(heard("{ to = cloud, topics = { '# both 2' } }", kBoth + speak, "a/#") == 2);
  // A broker of 3.1.1 sends it back, once.
  CHECK(heard("{ to = cloud, topics = { '# both 2' }, version = '3.1.1' }", kBoth + speak, "a/#") == 3);
}

TEST_CASE("a bridge keeps RETAIN, and what is published while the other broker is away follows at QoS 1") {
  const std::string speak = "speaker('s', edge, function(c) c:publish('a/b', 'x', { qos = 1, retain = true }) end)";
  const std::string late =
      "device('late', { on = cloud }, function(self) sleep('60s') local c = self:mqtt() c.on_message = function(t, p, "
      "m) "
      "expect(m.retain, 'RETAIN') n:add(10) end c:connect(cloud) c:subscribe('a/#') c:loop_forever() end)";
  CHECK(heard("{ to = cloud, topics = { '# out 1' } }", kAtCloud + speak, "a/#", late) == 11);
  // The cable is cut when it is published, and mended half a minute later.
  const std::string outage = "at('1s', function() cable:cut() end) at('30s', function() cable:restore() end)";
  CHECK(heard("{ to = cloud, topics = { '# out 1' }, keepalive = 5 }", kAtCloud + speak, "a/#", outage) == 1);
  // Either broker starts again.
  const std::string restart =
      "at('1s', function() cloud:stop() end) at('20s', function() cloud:restart() end) at('40s', function() "
      "edge:crash() "
      "end) at('45s', function() edge:restart() end)";
  CHECK(heard("{ to = cloud, topics = { '# out 1' } }",
              "listener('l', cloud)\nspeaker('s', edge, function(c) c:publish('a/1', 'x', { qos = 1 }) sleep('58s') "
              "c:publish('a/2', 'x', { qos = 1 }) end)",
              "a/#", restart) == 2);
}

TEST_CASE("what is wrong with a bridge is said") {
  const auto error = [](const std::string& bridge) {
    return error_of("local hub = broker('hub')\nbroker('edge', { bridges = { " + bridge + " } })").text;
  };
  CHECK(error("{ to = hub, topics = { 'a/# sideways' } }") ==
        "test.lua:2: topic 1 of bridge 1 of broker(\"edge\"): \"sideways\" is no direction: out, in or both");
  CHECK(error("{ to = hub, topics = { 'a/#/b' } }") ==
        "test.lua:2: topic 1 of bridge 1 of broker(\"edge\"): \"a/#/b\" is no topic filter with a prefix before it");
  CHECK(error("{ to = hub }") ==
        "test.lua:2: bridge 1 of broker(\"edge\") needs topics, as topics = { \"sensors/# out 1\" }");
  CHECK(error("{ topics = { '#' } }") == "test.lua:2: bridge 1 of broker(\"edge\") needs another broker, as to = hub");
  CHECK(error("{ to = hub, topics = { '#' }, keepalife = 5 }").find("did you mean \"keepalive\"?") !=
        std::string::npos);
  CHECK(error("{ to = 'nobody', topics = { '#' } }").find("which is no other broker") != std::string::npos);
}

TEST_CASE("a broker with a finite inbox makes its clients wait, and loses nothing") {
  const auto run = [](const std::string& options) {
    const FinishedScenario done = finish_scenario("duration('1min')\nlocal hub = broker('hub', { " + options + R"( })
local n = metric('n', { unit = 'x', help = 'x' })
local last = metric('last', { unit = 's', help = 'x' })
device('l', { on = hub }, function(self)
  local c = self:mqtt()
  c.on_message = function() n:add(1) last:set(now()) end
  c:connect(hub) c:subscribe('t', { qos = 1 }) c:loop_forever()
end)
for i = 1, 5 do
  device('s' .. i, { on = hub }, function(self)
    local c = self:mqtt({ max_inflight = 100 })
    c:connect(hub)
    sleep('2s')
    for k = 1, 40 do c:publish('t', string.rep('x', 1000), { qos = 1 }) end
    sleep('50s')
  end)
end)",
                                                  "inbox.lua");
    return std::pair(metric_of(*done.script, "n"), metric_of(*done.script, "last"));
  };
  CHECK(run("max_inflight = 1000").first == 200);
  CHECK(run("max_inflight = 1000").second < 2.2);
  // 200 messages and their 200 acknowledgements at 20 ms each take 8 s, however long the inbox is.
  for (const char* inbox : {"", ", inbox = 1", ", inbox = 10"}) {
    const auto [n, last] = run(std::string("max_inflight = 1000, service_time = '20ms'") + inbox);
    CAPTURE(inbox);
    CHECK(n == 200);
    CHECK(last > 2 + 200 * 0.02);
    CHECK(last < 2 + 400 * 0.02 + 0.5);
  }
}

TEST_CASE("a bridge survives topics that fit none of its names, and a newcomer with its own identifier") {
  // "#" selects the level above, which has no name behind the prefix; and a name may be nothing but the prefix.
  CHECK(heard("{ to = cloud, topics = { '# out 1 a/ b/' } }",
              "listener('l', cloud) speaker('s', edge, function(c) c:publish('a', 'x', { qos = 1 }) c:publish('a/c', "
              "'x', { "
              "qos = 1 }) end)",
              "#") == 1);
  CHECK(heard("{ to = cloud, topics = { '# out 1 a/' } }",
              "listener('l', cloud) speaker('s', edge, function(c) c:publish('a/', 'x', { qos = 1 }) c:publish('a/c', "
              "'x', { "
              "qos = 1 }) end)",
              "#") == 1);
  // Its session at its own broker is taken over, and it comes back.
  CHECK(heard("{ to = cloud, topics = { '# out 1' }, name = 'twin' }",
              kAtCloud + "speaker('s', edge, function(c) sleep('20s') c:publish('a/b', 'x', { qos = 1 }) end)\n"
                         "device('thief', { on = edge }, function(self) local c = self:mqtt({ client_id = 'twin', "
                         "reconnect = false }) "
                         "sleep('5s') c:connect(edge) sleep('3s') c:disconnect() end)",
              "a/b") == 1);
  // Its own broker lets it do what a stranger may not.
  CHECK(heard("{ to = cloud, topics = { '# out 1' } } }, users = { ann = 'secret' }, anonymous = false, acl = { 'user "
              "ann', "
              "'topic write a/#'",
              "listener('l', cloud) device('s', { on = edge }, function(self) local c = self:mqtt({ username = 'ann', "
              "password = 'secret' }) sleep('5s') c:connect(edge) c:publish('a/b', 'x', { qos = 1 }) c:publish('b/b', "
              "'x', { qos = 1 }) end)",
              "#") == 1);
}
