// What a window reads from a running trace, against the slow and plain way to know it.
#include <algorithm>
#include <map>
#include <set>

#include "lab/session/session.hpp"
#include "sim/kernel/random.hpp"
#include "sim/view/air_series.hpp"
#include "sim/view/metric_series.hpp"
#include "sim/view/run_index.hpp"
#include "sim/view/stream_series.hpp"
#include "sim/view/timeline.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

std::unique_ptr<Session> whole_run(const char* path) {
  SessionSetup setup;
  setup.path = path;
  setup.source = file_text(path);
  setup.seed = 2;
  auto session = Session::begin(std::move(setup));
  if (!session) FAIL(session.error().text);
  REQUIRE((*session)->run((*session)->end(), ~std::uint64_t{0}));
  return std::move(*session);
}

}  // namespace

TEST_CASE("the time line has the folded state wherever it is sent, in steps or at once") {
  const auto session = whole_run("tests/determinism/canary.lua");
  const TraceStore::Reader reader(*session->store());
  Timeline timeline(500);
  RandomStream random(4, "places", "test");
  for (int i = 0; i < 60; ++i) {
    const RecordNumber to = random.below(reader.last() + 1);
    CAPTURE(to);
    if (i % 3 == 0) {
      while (!timeline.seek(reader, to, 97)) {
      }
    } else {
      REQUIRE(timeline.seek(reader, to));
    }
    REQUIRE(timeline.at() == to);
    REQUIRE(timeline.state().values() == state_after(reader, to).values());
  }
}

TEST_CASE("the index knows what is under way, and between whom control packets went") {
  const auto session = whole_run("tests/determinism/canary.lua");
  const TraceStore::Reader reader(*session->store());
  RunIndex index;
  while (!index.read(reader, reader.last(), 1000)) {
  }
  // Flights, told from the plain records: transmitted, and neither arrived nor dropped yet.
  RandomStream random(5, "instants", "test");
  for (int i = 0; i < 200; ++i) {
    const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(index.last_at())));
    std::map<std::pair<EntityId, BlobNumber>, bool> plain;
    for (RecordNumber n = reader.first(); n <= reader.last() && reader.record(n).at <= at; ++n) {
      const Record& r = reader.record(n);
      if (r.kind == Kind::packet_transmitted && r.b >= at) plain[{r.entity, r.key}] = true;
      if (r.kind != Kind::packet_dropped) continue;
      if (static_cast<DropReason>(r.field) == DropReason::loss) {
        if (const auto known = plain.find({r.entity, r.key}); known != plain.end()) known->second = false;
      } else {
        plain.erase({r.entity, r.key});
      }
    }
    std::map<std::pair<EntityId, BlobNumber>, bool> found;
    index.under_way(at, [&](const Flight& f) { found[{f.channel, f.blob}] = true; });
    CAPTURE(at);
    // Only one that is lost by chance may be gone already: past the place where it is shown to vanish.
    for (const auto& [key, whole] : plain) REQUIRE((found.contains(key) || !whole));
    for (const auto& [key, yes] : found) REQUIRE(plain.contains(key));
  }
  // Every entity but a link belongs to a node, and every direction of a link joins two.
  for (const IndexedEntity& entity : index.entities()) {
    if (entity.kind != EntityKind::link && entity.kind != EntityKind::metric) CHECK(entity.node != 0);
  }
  for (const IndexedChannel& channel : index.channels()) {
    CHECK(std::string(reader.name(channel.from)) + ">" + std::string(reader.name(channel.to)) ==
          reader.name(channel.entity));
  }
  std::size_t sent = 0, received = 0;
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
    sent += reader.record(n).kind == Kind::mqtt_sent ? 1 : 0;
    received += reader.record(n).kind == Kind::mqtt_received ? 1 : 0;
  }
  CHECK(index.exchanges().size() == sent);
  std::size_t joined = 0;
  for (const Exchange& e : index.exchanges()) {
    joined += e.received != 0 ? 1 : 0;
    if (e.received != 0) CHECK(e.to_node != 0);
  }
  CHECK(joined == received);
  std::uint64_t packets = 0;
  for (const auto& part : index.activity(index.last_at() + 1, 300)) packets += part.packets;
  CHECK(packets == index.flights().size());
}

TEST_CASE("a metric over time is at every instant what it was in a run that ended then") {
  const auto session = whole_run("scenarios/outage.lua");
  const TraceStore::Reader reader(*session->store());
  MetricSeries series;
  while (!series.read(reader, reader.last(), 1000)) {
  }
  const auto again = Session::begin(session->setup());
  REQUIRE(again);
  RandomStream random(7, "instants", "test");
  for (std::int64_t at = 0; at < session->end().ns(); at += static_cast<std::int64_t>(random.below(20'000'000'000))) {
    CAPTURE(at);
    REQUIRE((*again)->run(Instant::from_ns(at), ~std::uint64_t{0}));
    const std::vector<Metric> metrics = (*again)->script().metrics();
    REQUIRE(metrics.size() == series.all().size());
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      CAPTURE(metrics[i].name);
      REQUIRE(series.all()[i].name == metrics[i].name);
      REQUIRE(series.value_at(i, at) == metrics[i].value);
    }
  }
  // The shown samples of a quantile end near its value.
  for (std::size_t i = 0; i < series.all().size(); ++i) {
    const auto& points = series.all()[i].points;
    REQUIRE(std::is_sorted(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
  }
}

TEST_CASE("the tracks of timers say what the folded state says, and which of them went off") {
  const auto session = whole_run("tests/determinism/canary.lua");
  const TraceStore::Reader reader(*session->store());
  RunIndex index;
  index.read(reader, reader.last());
  Timeline timeline(500);
  RandomStream random(6, "instants", "test");
  for (int i = 0; i < 200; ++i) {
    const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(index.last_at())));
    CAPTURE(at);
    timeline.seek(reader, reader.at_or_after(at + 1) - 1);
    std::map<StateKey, std::int64_t> folded, tracked;
    for (const auto& [key, value] : timeline.state().values()) {
      if (is_timer(key.field)) folded[key] = value;
    }
    for (const IndexedEntity& entity : index.entities()) {
      for (const std::uint32_t place : index.timers().of(entity.entity)) {
        const TimerTrack& track = index.timers().track(place);
        const TimerChange* change = track.at(at);
        if (change != nullptr && change->deadline != 0)
          tracked[{track.entity, track.field, track.key}] = change->deadline;
      }
    }
    REQUIRE(tracked == folded);
  }
  std::size_t fired = 0, went_off = 0;
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n)
    fired += reader.record(n).kind == Kind::timer_fired ? 1 : 0;
  for (const IndexedEntity& entity : index.entities()) {
    for (const std::uint32_t place : index.timers().of(entity.entity)) {
      for (const TimerChange& change : index.timers().track(place).changes) went_off += change.fired ? 1 : 0;
    }
  }
  CHECK(fired > 100);
  CHECK(went_off == fired);
}

TEST_CASE("a packet taken apart covers its bytes, and its control packets are found") {
  std::map<std::string, int> seen;
  for (const char* const path : {"scenarios/qos.lua", "scenarios/names.lua", "scenarios/home.lua",
                                 "scenarios/sockets.lua", "scenarios/eavesdropper.lua"}) {
    CAPTURE(path);
    const auto session = whole_run(path);
    const TraceStore::Reader reader(*session->store());
    RunIndex index;
    index.read(reader, reader.last());
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind != Kind::packet_sent) continue;
      const IndexedPacket* packet = index.packet(r.key);
      REQUIRE(packet != nullptr);
      const auto bytes = reader.blob(r.key);
      std::vector<bool> covered(bytes.size());
      for (const DissectedField& field : dissect(bytes, index.part_of(*packet))) {
        REQUIRE(field.begin <= field.end);
        REQUIRE(field.end <= bytes.size());
        REQUIRE(field.name != "Malformed");
        CAPTURE(field.name);
        REQUIRE_FALSE(field.meaning.empty());
        REQUIRE(field.name != "Malformed packet");
        for (std::uint32_t i = field.begin; i < field.end; ++i) covered[i] = true;
        if (field.layer == FieldLayer::mqtt_header && field.name == "Packet type") ++seen[field.value];
        if (field.layer == FieldLayer::dhcp && field.name == "Message type") ++seen[field.value];
        if (field.layer == FieldLayer::dns && field.name == "Address") ++seen["DNS " + field.value];
        if (field.layer == FieldLayer::other && field.name == "Payload") ++seen["a plain payload"];
      }
      for (std::size_t i = 0; i < covered.size(); ++i) {
        CAPTURE(n, i);
        REQUIRE(covered[i]);
      }
    }
  }
  for (const char* const found :
       {"DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK", "DNS 203.0.113.10", "a plain payload"}) {
    CAPTURE(found);
    CHECK(seen[found] > 0);
  }
  for (const char* const type : {"CONNECT (1)", "CONNACK (2)", "PUBLISH (3)", "PUBACK (4)", "PUBREC (5)", "PUBREL (6)",
                                 "PUBCOMP (7)", "SUBSCRIBE (8)", "SUBACK (9)"}) {
    CAPTURE(type);
    CHECK(seen[type] > 0);
  }
}

TEST_CASE("one direction of a connection over time is what the state and the packets say") {
  for (const char* const path : {"scenarios/small_stack.lua", "scenarios/qos.lua"}) {
    const auto session = whole_run(path);
    const TraceStore::Reader reader(*session->store());
    RunIndex index;
    index.read(reader, reader.last());
    int ends = 0;
    RandomStream random(8, "instants", "test");
    for (const IndexedEntity& e : index.entities()) {
      if (e.kind != EntityKind::tcp || ++ends > 6) continue;
      CAPTURE(path, e.entity);
      // Read in pieces, as a window does.
      StreamSeries series(e.entity);
      while (!series.read(reader, reader.last(), 777)) {
      }
      std::size_t sent = 0, lost = 0;
      std::set<BlobNumber> of_stream;
      for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
        const Record& r = reader.record(n);
        const Stream* stream = r.kind == Kind::packet_sent ? index.stream(r.subject) : nullptr;
        if (stream != nullptr && stream->sender == e.entity && r.b > r.a) ++sent, of_stream.insert(r.key);
        if (r.kind == Kind::packet_dropped && of_stream.contains(r.key)) ++lost;
      }
      CHECK(series.segments().size() == sent);
      CHECK(static_cast<std::size_t>(std::count_if(series.segments().begin(), series.segments().end(),
                                                   [](const SentSegment& s) { return s.lost_at != 0; })) == lost);
      for (std::uint64_t i = 0; i < 40; ++i) {
        const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(session->end().ns())));
        CAPTURE(at);
        const FoldedState state = state_after(reader, reader.at_or_after(at + 1) - 1);
        CHECK(series.value_at(StreamSeries::acknowledged, at) == state.value(e.entity, Field::tcp_snd_una));
        CHECK(series.value_at(StreamSeries::peer_window, at) == state.value(e.entity, Field::tcp_snd_wnd));
        CHECK(series.value_at(StreamSeries::congestion_window, at) == state.value(e.entity, Field::tcp_cwnd));
        CHECK(series.value_at(StreamSeries::time_out, at) == state.value(e.entity, Field::tcp_rto));
      }
    }
    CHECK(ends > 1);
  }
}

TEST_CASE("the air's use over time is the sum that the state holds") {
  const auto session = whole_run("scenarios/wifi.lua");
  const TraceStore::Reader reader(*session->store());
  RunIndex index;
  index.read(reader, reader.last());
  AirSeries air;
  while (!air.read(reader, reader.last(), 777)) {
  }
  const FoldedState state = state_after(reader, reader.last());
  int points = 0;
  for (const IndexedEntity& e : index.entities()) {
    if (e.kind != EntityKind::access_point) continue;
    // To behind the end, since the last frame may still be in the air.
    const std::int64_t whole = (session->end().ns() / AirSeries::kStep + 10) * AirSeries::kStep;
    const double busy = air.share(e.entity, 0, whole) * static_cast<double>(whole);
    CHECK(busy == Approx(static_cast<double>(state.value(e.entity, Field::air_time))).epsilon(1e-9));
    CHECK(busy > 0);
    CHECK(state.value(e.entity, Field::wifi_power) != 0);
    ++points;
  }
  CHECK(points > 0);
  CHECK(air.share(0, 0, 1'000'000'000) == 0);
}
