// Sessions of 5.0 at the broker: how they begin, expire and are taken over, and their wills.
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

Props expiry(std::uint32_t seconds) { return Props().number(Property::session_expiry_interval, seconds); }

Will will_of(std::string_view payload, Properties properties = {}) {
  return Will{"will", wire::bytes_of(payload), kQos0, false, properties};
}

}  // namespace

TEST_CASE("Clean Start begins anew, and without it a session goes on [MQTT5-3.1.2-4, MQTT5-3.1.2-5, MQTT5-3.1.2-6]") {
  Bench bench;
  {
    Peer first(bench, Version::v5, "c", false, expiry(100));
    CHECK_FALSE(first.connack.session_present);  // MQTT5-3.2.2-3
    first.subscribe("t");
  }
  {
    Peer second(bench, Version::v5, "c", false, expiry(100));
    CHECK(second.connack.session_present);  // MQTT5-3.2.2-2
    Peer(bench, Version::v5, "p").publish("t", "still subscribed");
    CHECK(second.payloads() == Texts{"still subscribed"});
  }
  Peer third(bench, Version::v5, "c", true, expiry(100));
  CHECK_FALSE(third.connack.session_present);
  Peer(bench, Version::v5, "p").publish("t", "nobody hears it");
  CHECK(third.quiet());
}

TEST_CASE("a session lives as long after its connection as its expiry interval says [MQTT5-3.1.2-23]") {
  const auto is_there_after = [](std::uint32_t interval, double seconds) {
    Bench bench;
    Peer(bench, Version::v5, "c", true, expiry(interval)).subscribe("t");
    bench.after_seconds(seconds);
    const std::size_t subscriptions = bench.broker.subscriptions();
    const bool present = Peer(bench, Version::v5, "c", false, expiry(interval)).connack.session_present;
    CHECK(subscriptions == (present ? 1 : 0));
    return present;
  };
  CHECK_FALSE(is_there_after(0, 0));
  CHECK(is_there_after(10, 9.9));
  CHECK_FALSE(is_there_after(10, 10.1));
  CHECK(is_there_after(0xffffffff, 1e9));  // never
}

TEST_CASE("a connection puts the session's expiry off, and the next one begins to count anew") {
  Bench bench;
  { Peer(bench, Version::v5, "c", true, expiry(10)); }
  bench.after_seconds(6);
  { CHECK(Peer(bench, Version::v5, "c", false, expiry(10)).connack.session_present); }
  bench.after_seconds(6);
  {
    Peer peer(bench, Version::v5, "c", false, expiry(10));
    CHECK(peer.connack.session_present);
    bench.after_seconds(60);
  }
  CHECK(Peer(bench, Version::v5, "c", false).connack.session_present);
  CHECK_FALSE(Peer(bench, Version::v5, "c", false).connack.session_present);  // the one before had an interval of 0
}

TEST_CASE("DISCONNECT may change the expiry interval, but not raise it from 0, which is an error and sends the will") {
  Bench bench;
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("will");
  Peer(bench, Version::v5, "c", true, expiry(5)).disconnect(ReasonCode::success, expiry(50));
  bench.after_seconds(20);
  CHECK(Peer(bench, Version::v5, "c", false, expiry(5)).connack.session_present);
  Peer(bench, Version::v5, "d", true, expiry(50)).disconnect(ReasonCode::success, expiry(0));
  CHECK_FALSE(Peer(bench, Version::v5, "d", false).connack.session_present);
  CHECK(watcher.quiet());
  Peer raises(bench, Version::v5, "e", true, {}, will_of("raised"));
  raises.disconnect(ReasonCode::success, expiry(50));
  CHECK(raises.dismissal() == ReasonCode::protocol_error);
  CHECK(watcher.payloads() == Texts{"raised"});
}

TEST_CASE("a client with the same identifier takes over, and the old one is told [MQTT5-3.1.4-3]") {
  Bench bench;
  Peer old(bench, Version::v5, "c"), oldest(bench, Version::v3_1_1, "d");
  Peer fresh(bench, Version::v5, "c");
  CHECK(old.dismissal() == ReasonCode::session_taken_over);
  CHECK_FALSE(fresh.connack.session_present);  // the old session ended with its connection
  Peer newest(bench, Version::v5, "d");
  CHECK(oldest.closed);
  CHECK(oldest.quiet());  // 3.1.1 has no word for it
}

TEST_CASE(
    "the will is sent when the connection ends otherwise than by DISCONNECT with reason 0 [MQTT5-3.1.2-8, "
    "MQTT5-3.1.2-10]") {
  Bench bench;
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("will");
  Peer(bench, Version::v5, "a", true, {}, will_of("cut")).cut();
  CHECK(watcher.payloads() == Texts{"cut"});
  Peer(bench, Version::v5, "b", true, {}, will_of("good bye")).disconnect();
  CHECK(watcher.payloads().empty());
  Peer(bench, Version::v5, "c", true, {}, will_of("on request")).disconnect(ReasonCode::disconnect_with_will);
  CHECK(watcher.payloads() == Texts{"on request"});  // MQTT5-3.14.4-3
  Peer(bench, Version::v5, "d", true, {}, will_of("an error")).disconnect(ReasonCode::unspecified_error);
  CHECK(watcher.payloads() == Texts{"an error"});
  Peer silent(bench, Version::v5);
  Connect packet;
  packet.client_id = "e";
  packet.keep_alive = 10;
  packet.will = will_of("silent");
  silent.connect(packet);
  bench.after_seconds(14.9);
  CHECK(watcher.quiet());
  bench.after_seconds(0.2);
  CHECK(watcher.payloads() == Texts{"silent"});
}

TEST_CASE(
    "a will's delay is the lesser of its own and the session's expiry, and a new connection in time prevents it "
    "[MQTT5-3.1.3-9]") {
  const auto delayed = [](std::string_view payload, std::uint32_t seconds, std::uint32_t session, auto&& then) {
    Bench bench;
    Peer watcher(bench, Version::v5, "w");
    watcher.subscribe("will");
    const Props of_will = Props().number(Property::will_delay_interval, seconds);
    Peer(bench, Version::v5, "c", true, expiry(session), will_of(payload, of_will)).cut();
    then(bench);
    return watcher.payloads();
  };
  const auto wait = [](double seconds) { return [seconds](Bench& bench) { bench.after_seconds(seconds); }; };
  CHECK(delayed("x", 5, 100, wait(4.9)).empty());
  CHECK(delayed("x", 5, 100, wait(5.1)) == Texts{"x"});
  CHECK(delayed("x", 50, 3, wait(2.9)).empty());
  CHECK(delayed("x", 50, 3, wait(3.1)) == Texts{"x"});
  CHECK(delayed("x", 5, 0, wait(0)) == Texts{"x"});
  CHECK(delayed("x", 5, 100, [](Bench& bench) {
          bench.after_seconds(4);
          Peer again(bench, Version::v5, "c", false, expiry(100));
          bench.after_seconds(100);
          again.disconnect();
        }).empty());
  // Clean Start ends the old session, and its will is sent then.
  CHECK(delayed("x", 5, 100, [](Bench& bench) { Peer(bench, Version::v5, "c", true); }) == Texts{"x"});
}

TEST_CASE("at takeover the old will is sent, unless the session goes on and its delay is above 0") {
  const auto taken_over = [](bool clean_start, std::uint32_t delay) {
    Bench bench;
    Peer watcher(bench, Version::v5, "w");
    watcher.subscribe("will");
    const Props of_will = Props().number(Property::will_delay_interval, delay);
    Peer old(bench, Version::v5, "c", true, expiry(100), will_of("x", of_will));
    Peer fresh(bench, Version::v5, "c", clean_start, expiry(100));
    bench.after_seconds(60);
    return watcher.payloads().size();
  };
  CHECK(taken_over(false, 5) == 0);
  CHECK(taken_over(false, 0) == 1);
  CHECK(taken_over(true, 5) == 1);
  CHECK(taken_over(true, 0) == 1);
}

TEST_CASE(
    "a will is retained or not, has its properties, and begins to expire when it is sent [MQTT5-3.1.2-14, "
    "MQTT5-3.1.2-15]") {
  Bench bench;
  const Props of_will = Props()
                            .number(Property::will_delay_interval, 5)
                            .number(Property::message_expiry_interval, 7)
                            .text(Property::content_type, "text/plain");
  Will will = will_of("x", of_will);
  will.retain = true;
  Peer(bench, Version::v5, "c", true, expiry(100), will).cut();
  bench.after_seconds(10);
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("will");
  const Publish got = watcher.get<Publish>();
  CHECK(got.retain);
  CHECK(got.properties.text(Property::content_type) == "text/plain");
  CHECK(got.properties.number(Property::message_expiry_interval) == 2u);  // 10 s have gone: 5 to its sending, 5 since
  CHECK_FALSE(got.properties.number(Property::will_delay_interval));
}

TEST_CASE("a broker that shuts down says so, and sends the wills first") {
  Bench bench;
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("will");
  Peer client(bench, Version::v5, "c", true, {}, will_of("x"));
  bench.broker.stop();
  CHECK(watcher.get<Publish>().topic == "will");
  CHECK(watcher.dismissal() == ReasonCode::server_shutting_down);
  CHECK(client.dismissal() == ReasonCode::server_shutting_down);
}

TEST_CASE("QoS 1 messages in flight go again on the next connection, and only there [MQTT5-4.4.0-1]") {
  Bench bench;
  Peer publisher(bench, Version::v5, "p");
  {
    Peer subscriber(bench, Version::v5, "s", true, expiry(100));
    subscriber.subscribe("t", kQos1);
    publisher.publish("t", "a", kQos1, 1);
    CHECK_FALSE(subscriber.get<Publish>().dup);
    bench.after_seconds(60);
    CHECK(subscriber.quiet());
  }
  Peer subscriber(bench, Version::v5, "s", false, expiry(100));
  const Publish again = subscriber.get<Publish>();
  CHECK(again.dup);  // MQTT5-3.3.1-1
  subscriber.acknowledge(PacketType::puback, again.packet_id);
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("a broker that crashes publishes no will, whether or not its session would have outlived it") {
  Bench bench;
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("will");
  Peer ends(bench, Version::v5, "c", true, {}, will_of("x")),
      stays(bench, Version::v5, "d", true, expiry(9), will_of("y"));
  const std::uint64_t before = bench.broker.counts().publishes_out;
  for (Peer* peer : {&watcher, &ends, &stays}) peer->closed = true;
  bench.broker.crash();
  CHECK(bench.broker.counts().publishes_out == before);
  CHECK(bench.broker.counts().dropped == 0);  // nothing was handed on to anybody either
}
