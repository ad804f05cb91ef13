// The client of 5.0, against the broker.
#include <set>

#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/access_list.hpp"
#include "tests/sim/protocol/direct_line.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

std::shared_ptr<const OptionsOf5> keeps_session(OptionsOf5 five = {}) {
  five.session_expiry = 1000;
  return std::make_shared<const OptionsOf5>(std::move(five));
}

}  // namespace

TEST_CASE("messages of every QoS go both ways, with their properties") {
  Bench bench;
  TestClient a(bench, "a"), b(bench, "b");
  a.connect();
  b.connect();
  b.subscribe("t", kQos2);
  const Props with = Props().text(Property::content_type, "text/plain").pair("k", "v");
  for (const Qos qos : {kQos0, kQos1, kQos2})
    CHECK(a.publish("t", "x", qos, false, with).result == PublishResult::sent);
  a.settle();
  CHECK(b.got == Texts{"x", "x", "x"});
  CHECK(a.published == 3);
  for (const auto& bytes : b.properties) CHECK(Properties(bytes) == Properties(with));
  CHECK(a.messages.in_use() == 0);
  CHECK(bench.broker.messages().in_use() == 0);
}

TEST_CASE("topic aliases are used both ways, as far as each side allows") {
  BrokerSettings settings;
  settings.max_topic_alias = 1;
  Bench bench(settings);
  OptionsOf5 five;
  five.topic_alias_maximum = 2;
  TestClient a(bench, "a");
  a.client.options().five = std::make_shared<const OptionsOf5>(five);
  a.connect();
  a.subscribe("#");
  const std::uint64_t before = bench.broker.counts().bytes_in;
  const std::string topic(100, 't');
  for (int i = 0; i < 10; ++i) a.publish(topic, "x", kQos0);
  a.publish("other", "y", kQos0);
  a.settle();
  CHECK(a.got.size() == 11);
  CHECK(bench.broker.counts().bytes_in - before < 250);  // the topic went once
}

TEST_CASE("the lesser of both limits of messages on their way counts [MQTT5-3.3.4-7, MQTT5-4.9.0-1]") {
  BrokerSettings settings;
  settings.receive_maximum = 3;
  Bench bench(settings);
  TestClient a(bench, "a");
  a.connect();
  for (int i = 0; i < 8; ++i) a.publish("t", "x", kQos2);
  CHECK(a.client.in_flight() == 3);
  CHECK(a.client.waiting() == 5);
  bench.after_seconds(1);
  CHECK(a.published == 8);
  CHECK(a.line->open());
}

TEST_CASE("a client that knows nothing of the session that the server has closes, and begins anew [MQTT5-3.2.2-4]") {
  Bench bench;
  TestClient a(bench, "a");
  a.client.options().five = keeps_session();
  a.client.options().clean_session = false;
  a.connect();
  CHECK(a.connacks == 1);
  a.client.vanish(LossReason::process_died);
  a.line->cut();
  a.connect();
  CHECK(a.connacks == 1);
  CHECK_FALSE(a.line->open());
  a.connect();
  CHECK(a.connacks == 2);
  CHECK_FALSE(a.session_present);
}

TEST_CASE("a client whose session the server has not discards its own [MQTT5-3.2.2-5]") {
  Bench bench;
  TestClient a(bench, "a");
  a.client.options().five = keeps_session();
  a.connect();
  a.publish("t", "x", kQos2);
  a.line->cut();
  CHECK(a.client.in_flight() == 1);
  bench.broker.crash();
  a.connect();
  CHECK(a.connacks == 2);
  CHECK(a.client.in_flight() == 0);
  CHECK(a.messages.in_use() == 0);
}

TEST_CASE("a session that goes on sends again what was in flight, once each [MQTT5-4.4.0-1, MQTT5-4.3.3-1]") {
  Bench bench;
  TestClient a(bench, "a"), b(bench, "b");
  a.client.options().five = keeps_session();
  a.connect();
  b.connect();
  b.subscribe("t", kQos2);
  a.publish("t", "x", kQos2);
  bench.after(Duration::microseconds(1500));  // the PUBREC is under way
  a.line->cut();
  a.connect();
  CHECK(a.session_present);
  CHECK(a.published == 1);
  CHECK(b.got == Texts{"x"});
}

TEST_CASE("what the server does not offer is not sent [MQTT5-3.2.2-11, MQTT5-3.2.2-14, MQTT5-3.2.2-15]") {
  BrokerSettings settings;
  settings.maximum_qos = kQos1;
  settings.retain_available = false;
  settings.max_packet_size = 100;
  Bench bench(settings);
  TestClient a(bench, "a");
  a.connect();
  CHECK(a.publish("t", "x", kQos2).result == PublishResult::refused_not_allowed);
  CHECK(a.publish("t", "x", kQos1, true).result == PublishResult::refused_not_allowed);
  CHECK(a.publish("t", std::string(200, 'x'), kQos0).result == PublishResult::refused_not_allowed);
  a.publish("t", std::string(200, 'x'), kQos1);
  CHECK(a.refused == std::vector<ReasonCode>{ReasonCode::packet_too_large});
  CHECK(a.publish("t", "x", kQos1).result == PublishResult::sent);
  a.settle();
  CHECK(a.line->open());
  CHECK(a.messages.in_use() == 0);
}

TEST_CASE("the server's keep alive counts, and its name for the client stays") {
  BrokerSettings settings;
  settings.max_keep_alive = 10;
  Bench bench(settings);
  TestClient a(bench, "");
  a.client.options().five = keeps_session();
  a.connect();
  CHECK(a.client.client_id() == "auto-1");
  bench.after_seconds(100);  // it pings in time
  CHECK(a.line->open());
  a.line->cut();
  a.connect();
  CHECK(a.session_present);
  CHECK(bench.broker.sessions() == 1);
}

TEST_CASE("the reasons of a refusal, of a lost message and of the end are told") {
  AccessList access;
  access.add_rule({AccessRule::For::anonymous, "", AccessRule::What::readwrite, "open/#"});
  Bench bench({}, &access);
  TestClient a(bench, "a"), again(bench, "a");
  a.connect();
  a.publish("closed", "x", kQos1);
  a.publish("closed", "x", kQos2);
  a.settle();
  CHECK(a.refused == std::vector<ReasonCode>{ReasonCode::not_authorized, ReasonCode::not_authorized});
  CHECK(a.published == 0);
  CHECK(a.messages.in_use() == 0);
  a.subscribe("closed");
  CHECK(a.codes == std::vector<int>{0x87});
  const std::string_view filter = "open/x";
  a.client.unsubscribe({&filter, 1});
  a.settle();
  CHECK(a.codes == std::vector<int>{0x11});
  again.connect();
  CHECK(a.client.last_reason() == ReasonCode::session_taken_over);
  CHECK(a.ended == 1);
  access.allow_anonymous = false;
  TestClient stranger(bench, "s");
  stranger.connect();
  CHECK(stranger.client.last_reason() == ReasonCode::not_authorized);
}

TEST_CASE("a client that authenticates in several steps is let in") {
  struct Echo final : Access {
    AuthenticationStep authenticate(std::string_view, Bytes data, std::vector<std::uint8_t>& state) override {
      if (state.empty()) {
        state.push_back(1);
        return {ReasonCode::continue_authentication, {'?'}, {}};
      }
      return {data.size() == 1 && data[0] == '!' ? ReasonCode::success : ReasonCode::not_authorized, {}, {}};
    }
  } access;
  Bench bench({}, &access);
  for (const bool right : {true, false}) {
    OptionsOf5 five;
    five.authentication_method = "echo";
    TestClient a(bench, "a");
    a.client.options().five = std::make_shared<const OptionsOf5>(five);
    a.answer = right ? "!" : "?";
    a.connect();
    a.settle();
    CHECK(a.line->open() == right);
    CHECK(a.client.last_reason() == (right ? ReasonCode::success : ReasonCode::not_authorized));
  }
}

// Random clients of all versions over lines that break: what MQTT promises, from what was sent and what was received.
TEST_CASE("over lines that break, QoS 1 arrives at least once and QoS 2 exactly once, in order") {
  const std::uint64_t seed = GENERATE(range(1, 121));
  CAPTURE(seed);
  RandomStream random(seed, "world", "test");
  BrokerSettings settings;
  settings.max_queued = 0;
  settings.max_in_flight = static_cast<std::uint16_t>(1 + random.below(10));
  settings.receive_maximum = static_cast<std::uint16_t>(1 + random.below(10));
  settings.manners.deliver_at_release = random.below(2) == 0;
  Bench bench(settings);
  const auto version = [&] { return random.below(2) == 0 ? Version::v5 : Version::v3_1_1; };
  const auto make = [&](const char* name) {
    auto made = std::make_unique<TestClient>(bench, name, version());
    OptionsOf5 five;
    five.receive_maximum = static_cast<std::uint16_t>(1 + random.below(8));
    five.topic_alias_maximum = static_cast<std::uint16_t>(random.below(3));
    made->client.options().clean_session = false;
    made->client.options().five = keeps_session(five);
    made->connect();
    return made;
  };
  const auto publisher = make("p"), subscriber = make("s");
  const Qos granted = static_cast<Qos>(random.below(3));
  subscriber->subscribe("t/#", granted);
  struct Sent {
    std::string payload;
    Qos qos;
  };
  std::vector<Sent> sent;
  for (int i = 0; i < 60; ++i) {
    const Qos qos = static_cast<Qos>(random.below(3));
    const std::string payload = std::to_string(i);
    const auto result = publisher->publish("t/" + std::to_string(random.below(3)), payload, qos);
    if (result.result == PublishResult::sent || result.result == PublishResult::queued) sent.push_back({payload, qos});
    bench.after(Duration::microseconds(static_cast<std::int64_t>(random.below(3000))));
    for (TestClient* client : {publisher.get(), subscriber.get()}) {
      if (random.below(12) == 0) client->line->cut();
      if (!client->line->open() && random.below(3) == 0) {
        client->old_lines.push_back(std::move(client->line));
        client->line = std::make_unique<DirectLine>(bench, client->client);
      }
    }
  }
  for (TestClient* client : {publisher.get(), subscriber.get()}) {
    if (!client->line->open()) client->connect();
  }
  bench.after_seconds(2);
  std::map<std::string, int> times;
  for (const std::string& payload : subscriber->got) ++times[payload];
  for (const Sent& message : sent) {
    const Qos qos = std::min(message.qos, granted);
    CAPTURE(message.payload, static_cast<int>(qos), times[message.payload]);
    if (message.qos != kQos0 && qos == kQos1) CHECK(times[message.payload] >= 1);
    if (qos == kQos2) CHECK(times[message.payload] == 1);
    if (qos == kQos0 && message.qos != kQos1) CHECK(times[message.payload] <= 1);
  }
  // First deliveries are in order, QoS by QoS.
  for (const Qos qos : {kQos1, kQos2}) {
    int last = -1;
    std::set<std::string> seen;
    for (const std::string& payload : subscriber->got) {
      const auto of = std::find_if(sent.begin(), sent.end(), [&](const Sent& s) { return s.payload == payload; });
      REQUIRE(of != sent.end());  // no message from nowhere
      if (of->qos != qos || granted == kQos0 || !seen.insert(payload).second) continue;
      CHECK(std::stoi(payload) > last);
      last = std::stoi(payload);
    }
  }
  CHECK(publisher->client.in_flight() == 0);
  CHECK(bench.broker.messages().in_use() == 0);
  CHECK(publisher->messages.in_use() == 0);
}
