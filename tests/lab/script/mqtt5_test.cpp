// MQTT 5.0 as scripts use it, over the simulated network.
#include "sim/view/run_index.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// A world of a broker and one device that runs the text.
std::string world(const std::string& program, const std::string& broker_options = "{}") {
  return "duration('1min')\nlocal hub = broker('hub', " + broker_options +
         ")\nlocal n = metric('n', { unit = 'x', help = 'x' })\ndevice('d', { on = hub }, function(self)\n" + program +
         "\nend)";
}

double n_of(const std::string& program, const std::string& broker_options = "{}") {
  const FinishedScenario run = finish_scenario(world(program, broker_options), "five.lua");
  return metric_of(*run.script, "n");
}

}  // namespace

TEST_CASE("a script's message has its properties at the other end, over a stream that loses nothing [MQTT-4.2.0-1]") {
  CHECK(n_of(R"(
    local c = self:mqtt({ version = '5.0' })
    c.on_message = function(topic, payload, m)
      expect(topic == 't' and payload == 'x' and m.qos == 1 and not m.retain, 'the message')
      expect(m.utf8 == true and m.expiry == 60 and m.content_type == 'a/b', 'what it is')
      expect(m.response_topic == 'r' and m.correlation == '\0\1', 'where the answer goes')
      expect(m.identifiers[1] == 7 and #m.identifiers == 1, 'which subscription')
      expect(#m.user == 2 and m.user[1][1] == 'k' and m.user[1][2] == '1' and m.user[2][2] == '2', 'user properties')
      n:add(1)
    end
    c.on_connect = function() c:subscribe('t', { qos = 1, identifier = 7 }) end
    c:connect(hub)
    sleep('1s')
    c:publish('t', 'x', { qos = 1, utf8 = true, expiry = '1min', content_type = 'a/b', response_topic = 'r',
      correlation = '\0\1', user = { { 'k', '1' }, { 'k', '2' } } })
    sleep('1s'))") == 1);
}

TEST_CASE("subscription options do what they say") {
  CHECK(n_of(R"(
    local c, other = self:mqtt({ version = '5.0', client_id = 'c' }), self:mqtt({ version = '5.0', client_id = 'o' })
    local got = {}
    c.on_message = function(topic, payload, m) got[#got + 1] = topic .. (m.retain and '!' or '') end
    c:connect(hub)
    other:connect(hub)
    other:publish('kept', 'x', { retain = true, qos = 1 })
    sleep('1s')
    c:subscribe('kept', { retained = 'never' })
    c:subscribe('own', { no_local = true })
    c:subscribe('as/is', { retain_as_published = true })
    sleep('1s')
    c:publish('own', 'x')
    other:publish('own', 'x')
    other:publish('as/is', 'x', { retain = true })
    sleep('1s')
    expect(table.concat(got, ',') == 'own,as/is!', table.concat(got, ','))
    n:add(#got))") == 2);
}

TEST_CASE("what a broker refuses, a script is told in the words of its version") {
  const char* const with_users =
      "{ anonymous = false, users = { ann = 'secret' }, acl = { 'user ann', 'topic read a/#' } }";
  CHECK(n_of(R"(
    for version, words in pairs({ ['3.1.1'] = 'not authorized', ['5.0'] = 'Not authorized' }) do
      local c = self:mqtt({ version = version, reconnect = false })
      local connected, reason = c:connect(hub)
      if not connected and reason == words then n:add(1) else log(tostring(reason)) end
    end
    local c = self:mqtt({ version = '5.0', username = 'ann', password = 'secret' })
    c.on_subscribe = function(codes) n:add(codes[1] == 0x87 and 1 or 0) end
    expect(c:connect(hub), 'ann is let in')
    c:subscribe('b')
    sleep('1s'))",
             with_users) == 3);
}

TEST_CASE("a session of 5.0 is kept as long as the script says") {
  CHECK(n_of(R"(
    local c = self:mqtt({ version = '5.0', clean_session = false, session_expiry = '10s' })
    c.on_connect = function(present) n:add(present and 1 or 0) end
    for _, away in ipairs({ 5, 15, 5 }) do
      c:connect(hub)
      c:disconnect()
      sleep(away)
    end)") == 1);
}

TEST_CASE("what belongs to 5.0, or is out of range, is an error that says what to write") {
  const auto wrong = [](const std::string& program, const std::string& broker = "{}") {
    return error_of(world(program, broker)).text;
  };
  using Catch::Contains;
  CHECK_THAT(wrong("self:mqtt({ session_expiry = 5 })"), Contains("version = \"5.0\""));
  CHECK_THAT(wrong("self:mqtt({ version = '5' })"), Contains("5.0"));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0', session_expiry = 0.5 })"), Contains("whole seconds"));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0', user = { k = 'v' } }):publish('t')"), !Contains("crash"));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0', user = { 'k' } })"), Contains("list of pairs"));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0', will = { topic = 'w', delay = 1.5 } })"), Contains("whole seconds"));
  CHECK_THAT(wrong("self:mqtt({ will = { topic = 'w', delay = 1 } })"), Contains("5.0"));
  CHECK_THAT(wrong("self:mqtt():publish('t', 'x', { content_type = 'a' })"), Contains("version = \"5.0\""));
  CHECK_THAT(wrong("self:mqtt():subscribe('t', { no_local = true })"), Contains("version = \"5.0\""));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0' }):subscribe('$share/g', {})"), Contains("$share/GROUP/FILTER"));
  CHECK_THAT(wrong("self:mqtt({ version = '5.0' }):subscribe('$share/g/t', { no_local = true })"),
             Contains("no_local"));
  CHECK_THAT(wrong("", "{ max_keepalive = 70000 }"), Contains("max_keepalive"));
  CHECK_THAT(wrong("", "{ max_packet_size = 5 }"), Contains("at least 20"));
  CHECK_THAT(wrong("", "{ users = { 'ann' } }"), Contains("passwords by name"));
  CHECK_THAT(wrong("", "{ acl = { 'topc read a' } }"), Contains("did you mean \"topic\"?"));
  CHECK_THAT(wrong("", "{ acl = { 'topic read a#' } }"), Contains("no topic filter"));
  CHECK_THAT(wrong("", "{ acl = 'topic read a' }"), Contains("list of lines"));
  CHECK_THAT(wrong("", "{ max_inflght = 5 }"), Contains("did you mean \"max_inflight\"?"));
}

TEST_CASE("views read packets of 5.0: the sequence, the dissection, the tap") {
  const FinishedScenario run = finish_scenario(world(R"(
    local c = self:mqtt({ version = '5.0', session_expiry = 60 })
    c:connect(hub)
    c:publish('t', 'x', { qos = 1, content_type = 'text/plain', user = { { 'unit', 'C' } } })
    sleep('1s'))"),
                                               "five.lua");
  const TraceStore::Reader reader(*run.store);
  RunIndex index;
  index.read(reader, reader.last());
  std::string seen;
  for (RecordNumber number = reader.first(); number <= reader.last(); ++number) {
    const Record& r = reader.record(number);
    if (r.kind != Kind::packet_sent || r.key == 0) continue;
    const IndexedPacket packet{number, r.subject, r.a, r.b, r.at};
    for (const DissectedField& field : dissect(reader.blob(r.key), index.part_of(packet)))
      seen += field.name + "=" + field.value + "\n";
  }
  using Catch::Contains;
  CHECK_THAT(seen, Contains("Protocol level=5") && Contains("Session Expiry Interval=60"));
  CHECK_THAT(seen, Contains("Content Type=text/plain") && Contains("User Property=unit = C"));
  CHECK_THAT(seen, Contains("Reason code=0x10 No matching subscribers"));
  CHECK_THAT(seen, !Contains("Malformed"));
}

TEST_CASE("what a broker keeps over a stop and over a crash is what its options say") {
  // Retained messages that are there after a stop, and after a crash 25 s later.
  const auto kept = [](const std::string& options) {
    const FinishedScenario run =
        finish_scenario("duration('2min')\nlocal hub = broker('hub', " + options +
                            ")\nlocal stop, crash = metric('stop', { unit = 'x', help = 'x' }), metric('crash', { unit "
                            "= 'x', help = 'x' })\n"
                            "device('p', { on = hub }, function(self)\n"
                            "  local c = self:mqtt({ reconnect_max = '1s' }) c:connect(hub)\n"
                            "  c:publish('a', 'x', { qos = 1, retain = true }) sleep('20s')\n"
                            "  c:publish('b', 'x', { qos = 1, retain = true }) sleep('1min') end)\n"
                            "local function count(into) return function(self)\n"
                            "  local c = self:mqtt() c.on_message = function() into:add(1) end\n"
                            "  c.on_connect = function() c:subscribe('#') end\n"
                            "  sleep(into == stop and '15s' or '50s') c:connect(hub) sleep('2s') c:disconnect() end end\n"
                            "device('s', { on = hub }, count(stop))\ndevice('t', { on = hub }, count(crash))\n"
                            "at('10s', function() hub:stop() end) at('12s', function() hub:restart() end)\n"
                            "at('40s', function() hub:crash() end) at('42s', function() hub:restart() end)",
                        "kept.lua");
    const auto count = [&](const char* name) { return std::to_string(static_cast<int>(metric_of(*run.script, name))); };
    return count("stop") + " " + count("crash");
  };
  // What came after the stop is lost; what came in the last 5 s would be; all.
  CHECK(kept("{}") == "1 1");
  CHECK(kept("{ autosave_interval = '5s' }") == "1 2");
  CHECK(kept("{ persistence = false }") == "0 0");
}
