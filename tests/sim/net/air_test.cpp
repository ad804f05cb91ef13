// The shared air against what is known of the distributed coordination function: one sender's throughput, and the share of
// collisions among many (Bianchi, "Performance analysis of the IEEE 802.11 distributed coordination function", 2000).
#include "sim/net/air.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "sim/net/network.hpp"

using namespace wirelab;

namespace {

struct Nobody : AirUser {
  void received(StationIndex, std::uint16_t, bool) override { ++frames; }
  void received_from_stranger(StationIndex) override { ++strangers; }
  int frames = 0, strangers = 0;
};

// An access point and stations that always have something to send.
struct Room {
  Room(std::uint64_t seed, int stations, double dbm, double fading)
      : store(std::make_shared<TraceStore>()), trace(events, store), network(events, trace, seed) {
    point = network.add_node("point");
    network.set_bridge(point);
    air = std::make_unique<Air>(network.channel_host(), seed, network.node(point).entity, nobody);
    air->set_fading(fading);
    ChannelSettings settings;
    settings.rate = 0;
    settings.delay = {};
    settings.queue_packets = 1'000'000;
    for (int i = 0; i < stations; ++i) {
      const NodeIndex node = network.add_node("station" + std::to_string(i));
      const LinkIndex link = network.add_station_link(node, point, settings);
      for (const NodeIndex end : {node, point}) network.channel(link, end).set_up(true);
      const StationIndex in_air =
          air->add_station(network.node(node).entity, network.channel(link, node), network.channel(link, point));
      air->set_signal(in_air, dbm);
      air->set_joined(in_air, true, false);
      network.attach(node, link);
      nodes.push_back(node);
    }
  }
  void offer(NodeIndex node, int count, std::uint32_t size) {
    for (int i = 0; i < count; ++i) {
      const PacketIndex packet = network.packets().take(size);
      std::fill_n(network.packets()[packet].bytes(), size, std::uint8_t{0});
      network.send_ip(node, packet, wire::kUdp, network.node(point).address);
    }
  }
  std::size_t count(Kind kind, std::uint16_t field = 0) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::size_t found = 0;
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n)
      found += reader.record(n).kind == kind && (field == 0 || reader.record(n).field == field) ? 1 : 0;
    return found;
  }
  EventQueue events;
  std::shared_ptr<TraceStore> store;
  Tracer trace;
  Network network;
  Nobody nobody;
  NodeIndex point = 0;
  std::unique_ptr<Air> air;
  std::vector<NodeIndex> nodes;
};

// Bianchi's two equations, for a window of 16 that doubles up to 1024: the probability that an attempt collides.
double collisions_of(int stations) {
  constexpr double kWindow = 16, kDoublings = 6;
  double low = 0, high = 0.9999;
  for (int i = 0; i < 200; ++i) {
    const double p = (low + high) / 2;
    const double tau =
        2 * (1 - 2 * p) / ((1 - 2 * p) * (kWindow + 1) + p * kWindow * (1 - std::pow(2 * p, kDoublings)));
    (1 - std::pow(1 - tau, stations - 1) > p ? low : high) = p;
  }
  return low;
}

}  // namespace

TEST_CASE("one station alone sends as fast as the standard lets it") {
  Room room(1, 1, -40, 0);
  room.offer(room.nodes[0], 4000, 1500);
  room.events.run_until(Instant() + Duration::seconds(1));
  const auto sent = static_cast<double>(room.count(Kind::packet_transmitted));
  // DIFS, 7.5 slots in the mean, the frame at 65 Mbit/s, SIFS, the acknowledgement.
  const double cycle = 28 + 7.5 * 9 + (36 + 4 * std::ceil((16 + 8 * 1538 + 6) / 260.0) + 6) + 10 + 50;
  CHECK(sent == Approx(1e6 / cycle).epsilon(0.02));
}

TEST_CASE("among many stations as many attempts collide as Bianchi's model says") {
  for (const int stations : {2, 5, 10, 20}) {
    CAPTURE(stations);
    Room room(2, stations, -40, 0);
    for (const NodeIndex node : room.nodes) room.offer(node, 3000, 500);
    room.events.run_until(Instant() + Duration::seconds(3));
    const auto collided =
        static_cast<double>(room.count(Kind::frame_lost, static_cast<std::uint16_t>(FrameFailure::collision)));
    const auto sent = static_cast<double>(room.count(Kind::packet_transmitted));
    REQUIRE(sent > 1000);
    CHECK(collided / (collided + sent) == Approx(collisions_of(stations)).epsilon(0.08));
    // Everybody gets a like share: none less than half of the mean.
    std::vector<std::size_t> shares(room.nodes.size());
    const TraceStore::Reader reader(*room.store);
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind != Kind::packet_transmitted) continue;
      for (std::size_t i = 0; i < shares.size(); ++i)
        shares[i] += reader.name(r.entity) == "station" + std::to_string(i) + ">point" ? 1 : 0;
    }
    for (const std::size_t share : shares) CHECK(static_cast<double>(share) > sent / stations / 2);
  }
}

TEST_CASE("a poor signal costs air time and delay first, and packets last") {
  double slowest = 0;
  for (const double dbm : {-50.0, -75.0, -85.0, -91.0, -94.0}) {
    CAPTURE(dbm);
    Room room(3, 1, dbm, 3);
    room.offer(room.nodes[0], 300, 1000);
    room.events.run_until(Instant() + Duration::seconds(30));
    const double busy = static_cast<double>(room.air->busy_time()) / 300;
    CHECK(busy > slowest);
    slowest = busy;
    const std::size_t lost = room.count(Kind::packet_dropped, static_cast<std::uint16_t>(DropReason::no_answer));
    if (dbm >= -85) CHECK(lost == 0);
    if (dbm <= -94) CHECK(lost > 3);
  }
}

TEST_CASE("the errors of frames are where their sensitivity says, and signals weaken as ITU-R P.1238 says") {
  for (std::size_t rate = 0; rate < radio::kRates.size(); ++rate) {
    const double at = radio::kRates[rate].sensitivity_dbm;
    CHECK(radio::frame_error(rate, at, 4096) == Approx(0.1));
    CHECK(radio::frame_error(rate, at + 1, 4096) == Approx(0.01));
    CHECK(radio::frame_error(rate, at, 512) == Approx(1 - std::pow(0.9, 0.125)));
    CHECK(radio::best_rate(at + 5) >= rate);
    CHECK(radio::best_rate(at + 4.9) < std::max<std::size_t>(rate, 1));
  }
  CHECK(radio::received_power(20, 1, 0) == Approx(20 - (20 * std::log10(2437) - 28)));
  for (const double dbm : {-40.0, -75.0, -92.0})
    CHECK(radio::received_power(20, radio::distance_of(20, dbm), 0) == Approx(dbm));
  CHECK(radio::distance_of(20, 19) == 1);
  CHECK(radio::received_power(20, 10, 6) == Approx(20 - (20 * std::log10(2437) + 28 - 28) - 6));
  // 1500 bytes at MCS 7: 36 us of preamble, 48 symbols of 4 us for 12022 bits, 6 us of extension.
  CHECK(radio::data_time(7, 1500) == Duration::microseconds(36 + 4 * 47 + 6));
}

TEST_CASE("who has not joined is told so, and without power nobody answers") {
  Room room(4, 1, -50, 0);
  room.air->set_joined(0, false, false);
  room.offer(room.nodes[0], 1, 100);
  room.events.run_until(Instant() + Duration::seconds(1));
  CHECK(room.nobody.strangers == 1);
  CHECK(room.count(Kind::packet_dropped, static_cast<std::uint16_t>(DropReason::not_joined)) == 1);
  room.air->set_up(false);
  room.offer(room.nodes[0], 1, 100);
  room.air->send_management(0, 1, 30, true);
  room.events.run_until(Instant() + Duration::seconds(2));
  CHECK(room.count(Kind::packet_dropped, static_cast<std::uint16_t>(DropReason::no_answer)) == 1);
  CHECK(room.count(Kind::frame_lost, static_cast<std::uint16_t>(FrameFailure::no_answer)) == 16);  // eight of each
  CHECK(room.nobody.frames == 0);
}
