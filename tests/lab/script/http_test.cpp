// HTTP over the simulated network, as scripts speak it.
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// What the program of one device logs; `more` stands before it at the top level.
std::vector<std::string> lines_of(const std::string& program, const std::string& more = "",
                                  const std::string& cloud = "{}") {
  std::vector<std::string> lines;
  ScriptOptions options;
  options.log = [&](Instant, std::string_view, std::string_view text) { lines.emplace_back(text); };
  const auto script = begin_scenario("duration('10min')\nlocal web = cloud('cloud', " + cloud +
                                         ")\nlocal home = router('home')\nlocal cable = link(home, web, { delay = "
                                         "'25ms', rate = '1Mbit/s' })\n" +
                                         more + "\ndevice('d', { on = home }, function(self)\n" + program + "\nend)",
                                     "test.lua", options, nullptr);
  const auto ran = script->run_until(Instant() + script->duration());
  if (!ran) FAIL(ran.error().text);
  return lines;
}

const std::string kRegister =
    "local h = self:http()\nh:post('http://cloud/api/v1/devices', json.encode({ device_id = 'd' }))\n";

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a device registers, posts and asks for the latest") {
  CHECK(lines_of(kRegister + R"(
local r = h:post('http://cloud/api/v1/data', json.encode({ device_id = 'd', readings = { t = 1 } }))
log(r.status, r.body)
r = h:get('http://cloud/api/v1/data/latest?device_id=d')
log(r.status, r.body, r.headers['content-type'], r.headers.date)
r = h:get('http://cloud/api/v1/data/latest?device_id=d', { headers = { ['If-None-Match'] = r.headers.etag } })
log(r.status, #r.body)
log(h:head('http://cloud/api/v1/devices').headers['content-length'])
log(h:get('http://CLOUD:80/api/v1/data/latest?device_id=e').status)
)") == Lines{"201 {\"status\":\"ok\",\"points_stored\":1}",
             "200 {\"t\":1} application/json; charset=utf-8 Wed, 02 Mar 2022 21:44:20 GMT", "304 0", "59", "404"});
}

TEST_CASE("a kept connection costs one round trip a request, another one each time costs two") {
  const auto took = [](const std::string& options) {
    return lines_of("local h = self:http(" + options + R"()
h:get('http://cloud/')
local begin = now()
for i = 1, 10 do h:get('http://cloud/') end
log(string.format('%.2f', (now() - begin) / 10)))");
  };
  CHECK(took("") == Lines{"0.05"});
  CHECK(took("{ keep_alive = false }") == Lines{"0.11"});
}

TEST_CASE("why a request has no answer is said") {
  CHECK(lines_of("log(self:http():get('http://nowhere/'))") == Lines{"nil name not resolved"});
  CHECK(lines_of("log(self:http():get('http://cloud:81/'))") == Lines{"nil connection refused"});
  CHECK(lines_of("log(self:http({ timeout = '3s' }):get('http://cloud/')) log(now())",
                 "at('1us', function() cable:cut() end)") == Lines{"nil timed out", "3.0"});
  // The server crashes while it works on the answer.
  CHECK(lines_of("log(self:http():get('http://cloud/'))", "at('1s', function() web:crash() end)",
                 "{ service_time = '5s' }") == Lines{"nil connection reset"});
  CHECK(lines_of("sleep('2s') log(self:http():get('http://cloud/'))", "at('1s', function() web:stop() end)") ==
        Lines{"nil connection refused"});
  CHECK(lines_of("sleep('2s') log(self:http():get('http://cloud/').status)",
                 "at('1s', function() web:stop() end) at('1500ms', function() web:restart() end)") == Lines{"404"});
}

TEST_CASE("a connection that the server has closed meanwhile is opened anew") {
  // It is closed just when the next request is on its way: the same question is asked again.
  CHECK(lines_of("local h = self:http() h:get('http://cloud/') sleep('4990ms') local r, why = h:get('http://cloud/') "
                 "log(r and r.status or why)",
                 "", "{ idle_timeout = '5s' }") == Lines{"404"});
  CHECK(lines_of("local h = self:http() h:get('http://cloud/') sleep('20s') log(h:get('http://cloud/').status)", "",
                 "{ idle_timeout = '5s' }") == Lines{"404"});
}

TEST_CASE("what is stored survives a stop and not a crash") {
  const std::string ask = kRegister + "sleep('10s') log(h:get('http://cloud/api/v1/data/latest?device_id=d').body)";
  CHECK(lines_of(ask, "at('5s', function() web:stop() web:restart() end)") ==
        Lines{"{\"status\":\"error\",\"message\":\"No data yet\"}"});
  CHECK(lines_of(ask, "at('5s', function() web:crash() web:restart() end)") ==
        Lines{"{\"status\":\"error\",\"message\":\"Unknown device\"}"});
  CHECK(lines_of(ask, "at('5s', function() web:power_off() web:restart() end)") ==
        Lines{"{\"status\":\"error\",\"message\":\"Unknown device\"}"});
}

TEST_CASE("a long poll hears of a reading as soon as it has come") {
  const Lines lines =
      lines_of(kRegister + R"(
h:post('http://cloud/api/v1/data', json.encode({ device_id = 'd', readings = { t = 1 } }))
local tag = h:get('http://cloud/api/v1/data/latest?device_id=d').headers.etag
local r = h:get('http://cloud/api/v1/data/latest?device_id=d', { headers = { ['If-None-Match'] = tag, Prefer = 'wait=60' }, timeout = '2min' })
log(string.format('%.2f', now()), r.body))",
               "device('e', { on = home }, function(self) sleep('20s') self:http():post("
               "'http://cloud/api/v1/data', json.encode({ device_id = 'd', readings = { t = 2 } })) end)");
  CHECK(lines == Lines{"20.11 {\"t\":2}"});
}

TEST_CASE("runs with a web server have metrics of HTTP, and others have not") {
  const FinishedScenario with = finish_scenario(
      "duration('10s')\nlocal web = cloud('cloud')\ndevice('d', { on = web }, function(self) local h = self:http({ "
      "timeout "
      "= '1s' }) h:get('http://cloud/') h:get('http://cloud/') h:get('http://nowhere/') end)",
      "test.lua");
  CHECK(metric_of(*with.script, "http_requests") == 2);
  CHECK(metric_of(*with.script, "http_answers") == 2);
  CHECK(metric_of(*with.script, "http_unanswered") == 1);
  CHECK(metric_of(*with.script, "http_p50") > 0);
  const FinishedScenario without = finish_scenario("duration('1s')\nbroker('hub')", "test.lua");
  for (const Metric& metric : without.script->metrics()) CHECK(metric.name != "http_requests");
}

TEST_CASE("what is wrong with a request or a cloud is said") {
  const auto error = [](const std::string& program) {
    return error_of("local web = cloud('cloud')\ndevice('d', { on = web }, function(self) local h = self:http()\n" +
                    program + "\nend)")
        .text;
  };
  CHECK(error("h:get('https://cloud/')") ==
        "test.lua:3: \"https://cloud/\" asks for HTTPS, which is not there yet: write http://HOST/PATH, as "
        "http://cloud/api/v1/data");
  CHECK(error("h:post('http://cloud/', {})") == "test.lua:3: the body is a table: write json.encode(...) around it");
  CHECK(error("h:get('http://cloud/', { header = {} })").find("did you mean \"headers\"?") != std::string::npos);
  CHECK(error("h:get('http://cloud/', { headers = { ['a b'] = 'x' } })") ==
        "test.lua:3: \"a b\" and its value are no header field");
  CHECK(error("h:gett('http://cloud/')").find("did you mean \"get\"?") != std::string::npos);
  CHECK(error_of("cloud('cloud', { profile = 'apache' })").text.find("nginx") != std::string::npos);
}
