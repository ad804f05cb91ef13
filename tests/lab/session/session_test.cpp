// Sessions: interventions by hand, saving, replaying and forking.
#include "lab/session/session.hpp"

#include <chrono>

#include "sim/kernel/version.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

SessionSetup setup_of(const std::string& source, std::uint64_t seed = 3) {
  SessionSetup setup;
  setup.path = "test.lua";
  setup.source = source;
  setup.seed = seed;
  return setup;
}

std::unique_ptr<Session> begin(SessionSetup setup) {
  auto session = Session::begin(std::move(setup));
  if (!session) FAIL(session.error().text);
  return std::move(*session);
}

// To the end in pieces, as a window's thread does.
std::string finish(Session& session, std::uint64_t piece = 1000) {
  for (;;) {
    const auto done = session.run(session.end(), piece);
    if (!done) FAIL(done.error().text);
    if (*done) return session.world().trace().digest().everything;
  }
}

std::vector<std::string> logged(Session& session) {
  std::vector<std::string> lines;
  const TraceStore::Reader reader(*session.store());
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    const Record& r = reader.record(n);
    if (r.kind == Kind::logged) lines.emplace_back(reader.text(r.key));
  }
  return lines;
}

// The packet under way on the link's first direction that has any.
BlobNumber under_way(Session& session, const char* from, const char* to) {
  Network& network = session.world().network();
  const NodeIndex a = session.world().find_node(from);
  const Channel& channel = network.channel(network.link_between(a, session.world().find_node(to)), a);
  return channel.first_under_way() == kNoPacket ? 0 : network.packets()[channel.first_under_way()].blob;
}

const char* const kChat = R"(
  duration("20s")
  local hub, home = broker("hub"), router("home")
  link(home, hub, { delay = "25ms" })
  device("reader", { on = hub }, function(self)
    local c = self:mqtt()
    c.on_message = function(topic, payload) log(topic, payload, now()) end
    c.on_connect = function() c:subscribe("chat") end
    c:connect(hub)
    c:loop_forever()
  end)
  device("writer", { on = home }, function(self)
    local c = self:mqtt({ nodelay = true })
    c:connect(hub)
    sleep(1)
    for i = 1, 5 do c:publish("chat", tostring(i)) sleep(1) end
    c:loop_forever()
  end)
  device("silent", { on = home }, function() sleep("1h") end)
)";

}  // namespace

TEST_CASE("a session run in pieces has the digest of a run from the command line") {
  for (const char* const name : {"scenarios/temperature.lua", "scenarios/nightlight.lua", "scenarios/outage.lua"}) {
    CAPTURE(name);
    SessionSetup setup = setup_of(file_text(name));
    setup.path = name;
    const auto session = begin(setup);
    ScriptOptions options;
    options.seed = 3;
    const auto script = begin_scenario(file_text(name), name, options, nullptr);
    REQUIRE(script->run_until(Instant() + script->duration()));
    CHECK(finish(*session, 77) == script->world().trace().digest().everything);
  }
}

TEST_CASE("publishing and subscribing as somebody is as if their program had done it") {
  const auto session = begin(setup_of(kChat));
  REQUIRE(session->run(Instant() + Duration::seconds(10), 1'000'000));
  REQUIRE(session->intervene(PublishAs{"writer", "chat", "by hand", 1, false}));
  REQUIRE(session->intervene(SubscribeAs{"reader", "more/#", 0}));
  REQUIRE(session->intervene(PublishAs{"silent", "chat", "nobody", 0, false}));
  REQUIRE(session->run(Instant() + Duration::seconds(12), 1'000'000));
  REQUIRE(session->intervene(PublishAs{"writer", "more/x", "heard", 0, false}));
  REQUIRE(session->run(Instant() + Duration::seconds(14), 1'000'000));
  REQUIRE(session->intervene(UnsubscribeAs{"reader", "more/#"}));
  REQUIRE(session->run(Instant() + Duration::seconds(15), 1'000'000));
  REQUIRE(session->intervene(PublishAs{"writer", "more/x", "unheard", 0, false}));
  const std::string digest = finish(*session);
  std::string all;
  for (const std::string& line : logged(*session)) all += line.substr(0, line.rfind(' ')) + ";";
  CHECK(all ==
        "chat 1;chat 2;chat 3;chat 4;chat 5;there is no MQTT client here to publish or subscribe;chat by hand;more/x "
        "heard;");
  CHECK_FALSE(session->intervene(PublishAs{"hub", "a", "", 0, false}));
  CHECK_FALSE(session->intervene(PublishAs{"writer", "a/#", "", 0, false}));
  CHECK_FALSE(session->intervene(SubscribeAs{"reader", "a#", 0}));

  // The journal, written and read, replays all of it.
  const auto parsed = parse_journal(journal_text(session->journal()));
  REQUIRE(parsed);
  CHECK(parsed->program_version == kVersion);
  const auto again = Session::replay(session->setup(), parsed->entries, session->end());
  REQUIRE(again);
  CHECK((*again)->world().trace().digest().everything == digest);
}

TEST_CASE("one packet can be dropped, delayed or doubled while it is under way") {
  const auto run_with = [](auto&& act) {
    const auto session = begin(setup_of(kChat));
    // Message 3 is on its way from home to the hub.
    while (session->now() < Instant() + Duration::seconds(3) || under_way(*session, "home", "hub") == 0)
      REQUIRE(session->run(session->end(), 1));
    act(*session, under_way(*session, "home", "hub"));
    const std::string digest = finish(*session);
    const auto parsed = parse_journal(journal_text(session->journal()));
    REQUIRE(parsed);
    CHECK(parsed->program_version == kVersion);
    const auto again = Session::replay(session->setup(), parsed->entries, session->end());
    REQUIRE(again);
    CHECK((*again)->world().trace().digest().everything == digest);
    std::vector<double> times;
    for (const std::string& line : logged(*session)) times.push_back(std::stod(line.substr(line.rfind(' '))));
    REQUIRE(times.size() == 5);
    const TraceStore::Reader reader(*session->store());
    std::size_t dropped = 0, resent = 0;
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      dropped += reader.record(n).kind == Kind::packet_dropped ? 1 : 0;
      resent += reader.record(n).kind == Kind::retransmission ? 1 : 0;
    }
    // The folded trace is the live world after it, too.
    FoldedState folded = state_after(reader, reader.last());
    struct Live final : StateVisitor {
      FoldedState* folded;
      void value(EntityId entity, Field field, std::uint32_t key, std::int64_t value) override {
        CHECK(folded->value(entity, field, key) == value);
      }
    } live;
    live.folded = &folded;
    session->world().visit_state(live);
    return std::tuple{times[2] - times[1] - 1.0, dropped, resent};
  };
  const auto [late_alone, dropped_alone, resent_alone] = run_with([](Session&, BlobNumber) {});
  CHECK(late_alone < 0.001);
  CHECK(dropped_alone + resent_alone == 0);
  const auto [late_dropped, dropped, resent] = run_with([](Session& s, BlobNumber packet) {
    REQUIRE(s.intervene(DropPacket{"home>hub", packet}));
  });
  CHECK(dropped == 1);
  CHECK(resent >= 1);
  CHECK(late_dropped > 0.15);  // a time-out later
  const auto [late_delayed, lost, resent_for_delay] = run_with([](Session& s, BlobNumber packet) {
    REQUIRE(s.intervene(DelayPacket{"home-hub", packet, Duration::milliseconds(100)}));
  });
  CHECK(lost == 0);
  CHECK(resent_for_delay == 0);
  CHECK(late_delayed > 0.099);
  CHECK(late_delayed < 0.101);
  const auto [late_doubled, lost_doubled, resent_doubled] = run_with([](Session& s, BlobNumber packet) {
    REQUIRE(s.intervene(DuplicatePacket{"home>hub", packet}));
  });
  CHECK(late_doubled < 0.001);  // TCP knows a duplicate
  CHECK(lost_doubled + resent_doubled == 0);
}

TEST_CASE("a fork shares the past and keeps both branches") {
  const auto session = begin(setup_of(file_text("scenarios/temperature.lua")));
  const auto at = [](int second) { return Instant() + Duration::seconds(second); };
  REQUIRE(session->run(at(30), 1'000'000));
  REQUIRE(session->intervene(SetSensor{"sensor-001", "temperature", 80}));
  REQUIRE(session->run(at(60), 1'000'000));
  const std::string before = session->world().trace().digest().everything;
  auto fork = session->fork(at(60));
  REQUIRE(fork);
  CHECK((*fork)->now() == at(60));
  CHECK((*fork)->world().trace().digest().everything == before);
  CHECK((*fork)->world().journal().size() == 1);
  // An earlier fork leaves later interventions out.
  auto early = session->fork(at(20));
  REQUIRE(early);
  CHECK((*early)->world().journal().empty());
  REQUIRE((*fork)->intervene(CutLink{"home-cloud"}));
  const std::string one = finish(*session);
  const std::string other = finish(**fork);
  const std::string third = finish(**early);
  CHECK(one != other);
  CHECK(one != third);
  CHECK(finish(*begin(setup_of(file_text("scenarios/temperature.lua")))) == third);
}

TEST_CASE("a fork that nobody waits for any more is given up, and leaves the run as it was") {
  const auto session = begin(setup_of(file_text("scenarios/qos.lua")));
  REQUIRE(session->run(Instant() + Duration::seconds(30), ~std::uint64_t{0}));
  const std::string before = session->world().trace().digest().everything;
  std::atomic<bool> stop = true;
  const auto given_up = session->fork(session->now(), &stop);
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().text == "given up");
  stop = false;
  const auto forked = session->fork(session->now(), &stop);
  REQUIRE(forked);
  CHECK((*forked)->world().trace().digest().everything == before);
  CHECK(session->world().trace().digest().everything == before);
}

TEST_CASE("what programs outside do is in the journal, and a session replays without them") {
  struct Program final : OutsideUser {
    std::vector<std::uint8_t> got;
    std::vector<std::string> told;
    void on_open(std::uint32_t) override { told.emplace_back("open"); }
    void on_bytes(std::uint32_t, wire::Bytes bytes) override { got.insert(got.end(), bytes.begin(), bytes.end()); }
    void on_peer_closed(std::uint32_t) override { told.emplace_back("peer closed"); }
    void on_ended(std::uint32_t, OutsideEnding ending) override { told.emplace_back(name_of(ending)); }
  };
  const std::string source = R"(
    duration("30s")
    local hub, home = broker("hub"), router("home")
    link(home, hub, { delay = "50ms", loss = "1%" })
    link(device("laptop"), home)
    device("sensor", { on = hub }, function(self)
      local c = self:mqtt()
      c:connect(hub)
      while true do c:publish("t", "21", { qos = 1 }) sleep("1s") end
    end))";
  const auto run_to = [](Session& session, std::int64_t ms) {
    REQUIRE(session.run(Instant() + Duration::milliseconds(ms), ~std::uint64_t{0}));
  };
  auto session = begin(setup_of(source));
  Program program;
  session->world().outside().set_user(&program);
  const auto act = [&](const Intervention& what) {
    const auto done = session->intervene(what);
    if (!done) FAIL(done.error());
  };
  const auto send = [&](std::uint32_t connection, auto&& encode_into) {
    std::vector<std::uint8_t> bytes;
    encode_into(bytes);
    act(OutsideSend{connection, bytes});
  };
  run_to(*session, 500);
  act(OutsideConnect{"laptop", "hub", 1883, 1});
  mqtt::Connect connect;
  connect.client_id = "real";
  send(1, [&](auto& bytes) { encode(connect, bytes); });  // waits for the handshake
  run_to(*session, 2000);
  REQUIRE(program.told == std::vector<std::string>{"open"});
  CHECK(program.got == std::vector<std::uint8_t>{0x20, 2, 0, 0});
  const mqtt::FilterRequest filter{"t", mqtt::Qos::at_most_once};
  send(1, [&](auto& bytes) { mqtt::encode_subscribe(1, {&filter, 1}, bytes); });
  run_to(*session, 6000);
  CHECK(program.got.size() >= 4 + 5 + 3 * 7);
  // What it does not read stays in the receive buffer, and is there when it reads again.
  act(OutsideRead{1, false});
  const std::size_t before = program.got.size();
  run_to(*session, 10'000);
  CHECK(program.got.size() == before);
  act(OutsideRead{1, true});
  CHECK(program.got.size() >= before + 3 * 7);
  act(OutsideEnd{1, false});
  run_to(*session, 12'000);
  CHECK(program.told.back() == "peer closed");
  // A port where nobody listens, and a node without power.
  act(OutsideConnect{"laptop", "hub", 99, 2});
  run_to(*session, 14'000);
  CHECK(program.told.back() == "refused");
  act(OutsideConnect{"laptop", "hub", 1883, 3});
  run_to(*session, 16'000);
  act(PowerOff{"laptop"});
  CHECK(program.told.back() == "its node has no power");
  CHECK_FALSE(session->intervene(OutsideConnect{"laptop", "hub", 1883, 4}));
  const std::string digest = finish(*session);

  const auto parsed = parse_journal(journal_text(session->journal()));
  if (!parsed) FAIL(parsed.error().what);
  CHECK(parsed->entries.size() == session->journal().entries.size());
  auto again = Session::replay(setup_of(source), parsed->entries, session->end());
  if (!again) FAIL(again.error().text);
  CHECK((*again)->world().trace().digest().everything == digest);
  session->world().outside().set_user(nullptr);
}

TEST_CASE("what is wrong with an entry of somebody outside is said") {
  const auto error = [](const std::string& entry) {
    const std::string header = R"({"wirelab_journal":1,"scenario":"test.lua","seed":1})";
    const auto parsed = parse_journal(header + "\n{\"at_ns\":5," + entry + "}\n");
    return parsed ? std::string() : parsed.error().what;
  };
  CHECK(error(R"("do":"outside_send","connection":1,"hex":"10ff")") == "");
  CHECK(error(R"("do":"outside_send","connection":1,"hex":"1")") == "\"hex\" must have two digits a byte");
  CHECK(error(R"("do":"outside_send","connection":1,"hex":"xy")") ==
        "\"hex\" must be pairs of the digits 0 to 9 and a to f");
  CHECK(error(R"("do":"outside_connect","node":"a","to":"b","port":70000,"connection":1)") ==
        "\"port\" is 70000; it must lie between 1 and 65535");
  CHECK(error(R"("do":"outside_end")") == "\"connection\" is missing");
}
