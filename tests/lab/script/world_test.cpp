// Whole worlds: the trace folds to the live state at any instant, runs repeat themselves, journals replay.
#include <algorithm>

#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

DigestTexts run_whole(Script& script) {
  const auto ran = script.run_until(Instant() + script.duration());
  if (!ran) FAIL(ran.error().text);
  return script.world().trace().digest();
}

}  // namespace

TEST_CASE("folding the trace gives the live world at a thousand random instants") {
  const std::string name = GENERATE(
      "tests/determinism/canary.lua", "scenarios/temperature.lua", "scenarios/nightlight.lua", "scenarios/outage.lua",
      "scenarios/qos.lua", "scenarios/links.lua", "scenarios/nat.lua", "scenarios/sockets.lua", "scenarios/names.lua",
      "scenarios/home.lua", "scenarios/wifi.lua", "scenarios/gateways.lua", "scenarios/mqtt5.lua",
      "scenarios/overload.lua");
  const std::uint64_t seed = GENERATE(1, 2);
  CAPTURE(name, seed);
  auto store = std::make_shared<TraceStore>();
  ScriptOptions options;
  options.seed = seed;
  const auto script = begin_scenario(file_text(name), name, options, store);
  World& world = script->world();
  RandomStream random(seed, "fold", "test");
  std::vector<Instant> instants;
  for (int i = 0; i < 1000; ++i) instants.push_back(Instant() + random.between(Duration(), script->duration()));
  std::sort(instants.begin(), instants.end());
  FoldedState folded;
  RecordNumber next = 1;
  for (const Instant at : instants) {
    const auto ran = script->run_until(at);
    if (!ran) FAIL(ran.error().text);
    const TraceStore::Reader reader(*store);
    for (; next <= reader.last(); ++next) {
      const Record& record = reader.record(next);
      CAPTURE(next, name_of(record.kind), reader.name(record.entity),
              name_of(static_cast<Field>(record.kind == Kind::state ? record.field : 0)), record.key, record.a,
              record.b);
      REQUIRE(folded.forward(record));
    }
    LiveState live;
    world.visit_state(live);
    if (folded.values() == live.values()) continue;
    for (const auto& [key, value] : live.values()) {
      CAPTURE(at.ns(), reader.name(key.entity), name_of(key.field), key.key);
      REQUIRE(folded.value(key.entity, key.field, key.key) == value);
    }
    for (const auto& [key, value] : folded.values()) {
      CAPTURE(at.ns(), reader.name(key.entity), name_of(key.field), key.key, value);
      REQUIRE(live.values().contains(key));
    }
  }
  // And back again, to nothing.
  const TraceStore::Reader reader(*store);
  bool whole = true;
  for (RecordNumber n = next - 1; n >= reader.first(); --n) whole = folded.backward(reader.record(n)) && whole;
  CHECK(whole);
  CHECK(folded.values().empty());
}

TEST_CASE("causes point backwards and lead to a beginning") {
  auto store = std::make_shared<TraceStore>();
  const auto script = begin_scenario(file_text("tests/determinism/canary.lua"), "canary.lua", {}, store);
  run_whole(*script);
  const TraceStore::Reader reader(*store);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    const Record& record = reader.record(n);
    REQUIRE(record.cause < n);
    if (record.cause != 0) REQUIRE(reader.record(record.cause).at <= record.at);
    // A packet that arrives was sent; what is delivered to a program was received.
    if (record.kind == Kind::message_delivered) REQUIRE(reader.record(record.cause).kind == Kind::mqtt_received);
  }
}

TEST_CASE("a run repeats itself in one process, with a store or without") {
  const std::string name = GENERATE("tests/determinism/canary.lua", "scenarios/temperature.lua", "scenarios/qos.lua");
  const std::string source = file_text(name);
  const auto digest = [&](std::uint64_t seed, bool stored, int pieces) {
    ScriptOptions options;
    options.seed = seed;
    const auto script =
        begin_scenario(source, name, options, stored ? std::make_shared<TraceStore>(std::size_t{1} << 20) : nullptr);
    for (int i = 1; i < pieces; ++i) REQUIRE(script->run_until(Instant() + script->duration() / pieces * i));
    return run_whole(*script);
  };
  const DigestTexts first = digest(7, false, 1);
  for (const DigestTexts& again : {digest(7, true, 1), digest(7, false, 13), digest(7, true, 100)}) {
    CHECK(first.everything == again.everything);
    CHECK(first.order == again.order);
    CHECK(first.wire == again.wire);
  }
  CHECK(digest(8, false, 1).everything != first.everything);
}

TEST_CASE("a journal replays to the same digest, also by way of its text") {
  const std::string source = file_text("scenarios/temperature.lua");
  Journal journal;
  journal.scenario = "scenarios/temperature.lua";
  journal.seed = 5;
  std::string digest;
  {
    ScriptOptions options;
    options.seed = 5;
    const auto script = begin_scenario(source, "t.lua", options, nullptr);
    World& world = script->world();
    const std::vector<std::pair<int, Intervention>> what{
        {20, CutLink{"home-cloud"}},
        {27, RestoreLink{"home-cloud"}},
        {60, SetImpairment{"home>cloud",
                           {LinkChange::of(LinkOption::delay, Duration::milliseconds(80)),
                            LinkChange::of(LinkOption::loss, 0.3)}}},
        {90, SetSensor{"sensor-001", "temperature", 99.5}},
        {120, Crash{"dashboard"}},
        {130, Restart{"dashboard"}},
        {200, PowerOff{"hub"}},
        {215, Restart{"hub"}},
        {300, Stop{"sensor-001"}},
        {310, Restart{"sensor-001"}}};
    for (const auto& [second, intervention] : what) {
      // Between two events, somewhere after the second: where a person happens to click.
      while (world.now() < Instant() + Duration::seconds(second)) REQUIRE(world.step(Instant::never()));
      REQUIRE(world.can_apply(intervention));
      world.intervene(intervention);
    }
    digest = run_whole(*script).everything;
    journal.entries = world.journal();
    CHECK(journal.entries.size() == what.size());
  }
  const auto parsed = parse_journal(journal_text(journal));
  REQUIRE(parsed);
  CHECK(parsed->seed == 5);
  CHECK(journal_text(*parsed) == journal_text(journal));
  ScriptOptions options;
  options.seed = parsed->seed;
  const auto script = begin_scenario(source, "t.lua", options, nullptr);
  script->world().replay(parsed->entries);
  CHECK(run_whole(*script).everything == digest);
  CHECK(script->world().journal().size() == journal.entries.size());
}

TEST_CASE("a wrong journal is an error with its line") {
  const std::string header = R"({"wirelab_journal":1,"scenario":"x","seed":1})"
                             "\n";
  const auto line_and_text = [](const std::string& text) {
    const auto parsed = parse_journal(text);
    REQUIRE_FALSE(parsed);
    return std::to_string(parsed.error().line) + ": " + parsed.error().what;
  };
  CHECK(line_and_text(header + R"({"at_ns":5,"do":"cutt","link":"a-b"})") ==
        "2: unknown intervention \"cutt\": did you mean \"cut\"?");
  CHECK(line_and_text(header + R"({"at_ns":5,"do":"cut"})") == "2: \"link\" is missing");
  CHECK(line_and_text(header + R"({"at_ns":-5,"do":"cut","link":"a-b"})") ==
        "2: \"at_ns\" must lie between 0 and 100 years in nanoseconds");
  CHECK(line_and_text(header + "nonsense") == "2: not a JSON object; a journal has one a line");
  CHECK(line_and_text(R"({"wirelab_journal":2})") == "1: journal format 2 is not known: this program reads format 1");
  CHECK(line_and_text(header + R"({"at_ns":9,"do":"cut","link":"a-b"})"
                               "\n"
                               R"({"at_ns":5,"do":"cut","link":"a-b"})") == "3: entries must be in order of time");
}

TEST_CASE("a link follows its profile, and begins it again") {
  const auto script = begin_scenario(R"(
duration("100s")
local hub, home = broker("hub"), router("home")
local l = link(home, hub, { delay = "10ms" })
l:profile({ { lasts = "10s" }, { lasts = "5s", delay = "300ms", loss = "20%" }, { lasts = "5s", cut = true } }, { begins = "3s" })
)",
                                     "profile.lua", {}, nullptr);
  World& world = script->world();
  const Channel& channel = world.network().channel(0, world.network().ends(0).a);
  const auto check_at = [&](int second, std::int64_t delay_ms, double loss, bool up) {
    CAPTURE(second);
    world.run_until(Instant() + Duration::seconds(second));
    CHECK(channel.settings().delay == Duration::milliseconds(delay_ms));
    CHECK(channel.settings().loss == loss);
    CHECK(channel.up() == up);
  };
  for (const int round : {0, 20, 40}) {
    check_at(round + 4, 10, 0, true);
    check_at(round + 14, 300, 0.2, true);
    check_at(round + 19, 10, 0, false);
  }
}

TEST_CASE("a journal keeps every setting of a link, and refuses what is out of range") {
  Journal journal;
  journal.scenario = "x.lua";
  SetImpairment what{"a-b", {}};
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::count_); ++i) {
    const auto option = static_cast<LinkOption>(i);
    what.changes.push_back(info_of(option).unit == LinkUnit::ratio
                               ? LinkChange::of(option, 0.25)
                               : LinkChange{option, std::max<std::int64_t>(info_of(option).least, 1)});
  }
  journal.entries.push_back({Instant() + Duration::seconds(1), std::nullopt, what, 0});
  const auto parsed = parse_journal(journal_text(journal));
  REQUIRE(parsed);
  CHECK(std::get<SetImpairment>(parsed->entries.at(0).what).changes == what.changes);
  const auto refused = [](const std::string& settings) {
    const auto read = parse_journal(
        "{\"wirelab_journal\":1,\"scenario\":\"x\",\"seed\":1}\n{\"at_ns\":1,\"do\":\"impair\",\"link\":\"a-b\"," +
        settings + "}\n");
    return read ? std::string() : read.error().what;
  };
  CHECK(refused("\"loss\":0.5").empty());
  CHECK(refused("\"loss\":1.5").find("between 0 and 1") != std::string::npos);
  CHECK(refused("\"dealy_ns\":5").find("did you mean \"delay_ns\"") != std::string::npos);
  CHECK(refused("\"distribution\":\"normla\"").find("uniform, normal, pareto") != std::string::npos);
  CHECK(refused("\"mtu\":1").find("out of range") != std::string::npos);
}

TEST_CASE("a translating router is declared with its outer side, and one is enough") {
  const auto error = [](const std::string& body) {
    return error_of("local internet = router(\"internet\")\n" + body).text;
  };
  CHECK(error("nat(\"home\", { on = internet })").empty());
  CHECK(error("nat(\"home\")").find("test.lua:2: nat(\"home\") needs \"on\"") == 0);
  CHECK(error("nat(\"home\", { on = internet, forgotten = \"rset\" })").find("did you mean \"reset\"") !=
        std::string::npos);
  CHECK(error("nat(\"home\", { on = internet, tcp_timeout = 0 })").find("at least 1s") != std::string::npos);
  CHECK(error("local a, b = nat(\"a\", { on = internet }), nat(\"b\", { on = internet })\nlink(a, b)")
            .find("both lead out of the same network") != std::string::npos);
  CHECK(error("local a, r = nat(\"a\", { on = internet }), router(\"r\")\nlink(a, r)\nlink(r, internet)")
            .find("both sides of \"a\" are the same network") != std::string::npos);
  // The same address in two homes is well; twice in one it is not.
  const std::string homes = "local a, b = nat(\"a\", { on = internet }), nat(\"b\", { on = internet })\n";
  CHECK(
      error(homes +
            "device(\"x\", { on = a, address = \"192.168.1.9\" }) device(\"y\", { on = b, address = \"192.168.1.9\" })")
          .empty());
  CHECK(
      error(homes +
            "device(\"x\", { on = a, address = \"192.168.1.9\" }) device(\"y\", { on = a, address = \"192.168.1.9\" })")
          .find("have the same address 192.168.1.9") != std::string::npos);
  CHECK(error("at(1, function() internet:forget_bindings() end)").find("translates no addresses") != std::string::npos);
}
