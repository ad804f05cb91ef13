// TLS and taps in whole worlds: what programs are told, what views can read, and what is said of wrong options.
#include "sim/view/run_index.hpp"
#include "sim/view/state.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Finished : FinishedScenario {
  std::vector<std::string> told;
};

Finished run_of(const std::string& source) {
  Finished run{finish_scenario("duration(\"1min\")\n" + source, "tls.lua"), {}};
  const TraceStore::Reader reader(*run.store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    if (reader.record(n).kind == Kind::logged) run.told.push_back(std::string(reader.text(reader.record(n).key)));
  }
  return run;
}

std::string complaint(const std::string& source) {
  const auto script = Script::load("duration(\"1min\")\n" + source, "tls.lua", {});
  return script ? "" : script.error().text;
}

}  // namespace

TEST_CASE("a client connects over TLS, or is told why not") {
  const auto answer = [](const std::string& server, const std::string& client) {
    return run_of("local hub = broker('hub', { tls = " + server + " })" +
                  "device('d', { on = hub }, function(self) local ok, why = self:mqtt({ reconnect = false, tls = " +
                  client + " }):connect(hub) log(ok and 'yes' or why) end)")
        .told.at(0);
  };
  CHECK(answer("true", "true") == "yes");
  CHECK(answer("true", "{ version = '1.2' }") == "yes");
  CHECK(answer("{ key = 'ec', version = '1.2' }", "{ version = '1.2' }") == "yes");
  CHECK(answer("{ version = '1.2' }", "true") == "the TLS handshake failed");
  CHECK(answer("{ authority = 'itself' }", "true") == "nobody trusted has signed the certificate");
  CHECK(answer("{ authority = 'itself' }", "{ authority = 'hub' }") == "yes");
  CHECK(answer("{ authority = 'itself' }", "{ verify = false }") == "yes");
  CHECK(answer("{ name = 'other' }", "true") == "the certificate is for another name");
  CHECK(answer("{ name = 'other' }", "{ name = 'other' }") == "yes");
  CHECK(answer("{ expires = '0s' }", "true") == "yes");  // within its last second
  CHECK(answer("false", "true") == "connection refused");
}

TEST_CASE("a plain client at a broker that only speaks TLS is refused; a certificate can expire while a world runs") {
  CHECK(run_of("local hub = broker('hub', { tls = { plain = false } })"
               "device('d', { on = hub }, function(self) local ok, why = self:mqtt({ reconnect = false }):connect(hub) "
               "log(why) end)")
            .told.at(0) == "connection refused");
  CHECK(run_of(
            "local hub = broker('hub', { tls = { expires = '10s' } })"
            "device('d', { on = hub }, function(self) for i = 1, 2 do local c = self:mqtt({ client_id = 'c' .. i, "
            "reconnect = false, tls = true }) local ok, why = c:connect(hub) log(ok and 'yes' or why) sleep('20s') end "
            "end)")
            .told == std::vector<std::string>{"yes", "the certificate has expired"});
}

TEST_CASE("an address is no name: it is not asked for, and no certificate has it") {
  const auto run = run_of(R"(
local hub = broker("hub", { address = "10.9.0.1", tls = true })
local d = device("d", { on = hub }, function(self)
  local ok, why = self:mqtt({ reconnect = false, tls = true }):connect("10.9.0.1")
  log(why)
  ok, why = self:mqtt({ client_id = "e", reconnect = false, tls = { name = "hub" } }):connect("10.9.0.1")
  log(ok and "yes" or why)
end)
local ear = tap(d.link)
at("59s", function()
  for _, line in ipairs(ear:lines()) do
    if line.text:find("Client Hello") then log(line.text) end
  end
end)
)");
  CHECK(run.told == std::vector<std::string>{"the certificate is for another name", "yes",
                                             "Client Hello: offers TLS 1.3, wants no server by name",
                                             "Client Hello: offers TLS 1.3, wants hub"});
}

TEST_CASE("a crash of the broker ends TLS without a word, and clients come back by a whole handshake") {
  const auto run = run_of(R"(
local hub = broker("hub", { tls = true })
device("d", { on = hub, link = { delay = "10ms" } }, function(self)
  local c = self:mqtt({ tls = { resume = true } })
  c.on_message = function(topic, payload) log(payload) end
  c:connect(hub)
  for i = 1, 5 do
    c:subscribe("t")
    c:publish("t", "message " .. i, { qos = 1 })
    sleep("10s")
  end
end)
at("15s", function() hub:crash() end)
at("16s", function() hub:restart() end)
at("35s", function() hub:stop() end)
at("36s", function() hub:restart() end)
at("45s", function() hub:power_off() end)
at("46s", function() hub:restart() end)
)");
  CHECK(run.told.size() >= 4);
  const TraceStore::Reader reader(*run.store);
  int whole = 0, resumed = 0, alerts = 0;
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    const Record& r = reader.record(n);
    if (r.kind == Kind::tls_event) {
      whole += static_cast<tls::Event>(r.field) == tls::Event::secure ? 1 : 0;
      resumed += static_cast<tls::Event>(r.field) == tls::Event::resumed ? 1 : 0;
    }
    if (r.kind == Kind::tls_sent && r.field == tls::kAlert && r.at < 20'000'000'000) ++alerts;
  }
  CHECK(whole >= 6);    // both ends, at least three times
  CHECK(resumed == 0);  // a new process has another key for its tickets
  // The client answers the closed stream; the dead broker has said nothing.
  CHECK(alerts <= 1);
  // The true state of TLS is what the records say, here as everywhere.
  const FoldedState folded = state_after(reader, reader.last());
  struct Compare final : StateVisitor {
    const FoldedState* folded = nullptr;
    void value(EntityId entity, Field field, std::uint32_t key, std::int64_t value) override {
      CHECK(folded->value(entity, field, key) == value);
    }
  } compare;
  compare.folded = &folded;
  run.script->world().visit_state(compare);
}

TEST_CASE("views read control packets that TLS hides on the wire, and know where each record lies") {
  const auto run = run_of(R"(
local hub = broker("hub", { tls = true })
device("d", { on = hub, link = { delay = "10ms", loss = 0.05 } }, function(self)
  local c = self:mqtt({ tls = true, clean_session = false })
  c:connect(hub)
  c:publish("big", string.rep("0123456789", 4000), { qos = 1 })
  for i = 1, 20 do
    c:publish("t/" .. i, "message " .. i, { qos = 2 })
    sleep("1s")
  end
end)
)");
  const TraceStore::Reader reader(*run.store);
  RunIndex index;
  index.read(reader, reader.last());
  std::size_t read = 0;
  for (const Exchange& exchange : index.exchanges()) {
    const auto bytes = index.bytes_of(reader, exchange, reader.record(reader.last()).at);
    const auto header = mqtt::decode_fixed_header(bytes);
    REQUIRE(header);
    REQUIRE(*header);
    CHECK((*header)->size() == bytes.size());
    CHECK(exchange.end - exchange.begin > static_cast<std::int64_t>(bytes.size()));
    ++read;
  }
  CHECK(read > 80);
  // A message is followed over its hops though nothing of it is readable on the wire.
  for (const Metric& metric : run.script->metrics()) {
    if (metric.name == "accepted") CHECK(metric.value == 21);
  }
}

TEST_CASE("a tap in a script counts what it reads, and wrong options are told") {
  const auto run = run_of(R"(
local hub = broker("hub")
local d = device("d", { on = hub }, function(self)
  local c = self:mqtt({ username = "u", password = "p" })
  c:connect(hub)
  c:publish("t", "hello")
end)
local ear = tap(d.link)
at("59s", function()
  log(("%d %d %d %d"):format(ear.contents, ear.credentials, ear.abouts, ear.hidden))
  for _, line in ipairs(ear:lines()) do log(line.kind .. ": " .. line.text) end
end)
)");
  CHECK(run.told == std::vector<std::string>{"1 1 1 0", "about: CONNECT as \"d\"",
                                             "credentials: user name \"u\", password \"p\"",
                                             "content: PUBLISH t \"hello\""});
  const std::string world = "local h = broker('h') local r = router('r') local l = link(h, r) ";
  CHECK(complaint(world + "tap(l) tap(l)").find("there is a tap on this link already") != std::string::npos);
  CHECK(complaint(world + "tap(3)").find("what to listen on") != std::string::npos);
  CHECK(complaint("broker('h', { tls = 1 })").find("option \"tls\" of broker(\"h\") must be true or a table") !=
        std::string::npos);
  CHECK(complaint("broker('h', { tls = { kye = 'ec' } })").find("did you mean \"key\"?") != std::string::npos);
  CHECK(complaint("broker('h', { tls = { expires = '30000d' } })").find("at most 79 years") != std::string::npos);
  CHECK(complaint("broker('h', { tls = { name = ('x'):rep(65) } })").find("1 to 64 bytes") != std::string::npos);
}
