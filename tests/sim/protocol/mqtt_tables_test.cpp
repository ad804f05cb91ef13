#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/in_flight.hpp"
#include "sim/protocol/mqtt/qos.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"
#include "sim/protocol/tcp/reassembly.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

// What MQTT 3.1.1 gives for every pair, written out again from sections 4.3, 4.4 and 3.1.2.4: "next/action" or "-".
template <typename Row>
std::string cell(const Row* row) {
  return row == nullptr
             ? "-"
             : std::to_string(static_cast<int>(row->next)) + "/" + std::to_string(static_cast<int>(row->action));
}

}  // namespace

TEST_CASE("every pair of state and event has exactly the row that the standard gives, or none") {
  // Sender. States: 0 none, 1 waits for PUBACK, 2 for PUBREC, 3 for PUBCOMP. Actions: 0 nothing, 1 PUBLISH, 2 PUBREL, 3 complete,
  // 4 PUBLISH again with DUP, 5 PUBREL again.
  const char* const send[4][7] = {
      // publish 1, publish 2, PUBACK, PUBREC, PUBCOMP, reconnected, PUBREC of 0x80 or above
      {"1/1", "2/1", "-", "0/2", "-", "-", "-"},
      {"-", "-", "0/3", "-", "-", "1/4", "-"},
      {"-", "-", "-", "3/2", "-", "2/4", "0/3"},
      {"-", "-", "-", "3/2", "0/3", "3/5", "-"},
  };
  for (int s = 0; s < 4; ++s) {
    for (int e = 0; e < 7; ++e) {
      CAPTURE(s, e);
      CHECK(cell(step(static_cast<SendState>(s), static_cast<SendEvent>(e))) == send[s][e]);
    }
  }
  // Receiver. Actions: 0 deliver, 1 deliver and PUBACK, 2 deliver and PUBREC, 3 PUBREC only, 4 PUBCOMP.
  const char* const receive[2][4] = {
      // QoS 0, QoS 1, QoS 2, PUBREL
      {"0/0", "0/1", "1/2", "0/4"},
      {"-", "1/1", "1/3", "0/4"},
  };
  for (int s = 0; s < 2; ++s) {
    for (int e = 0; e < 4; ++e) {
      CAPTURE(s, e);
      CHECK(cell(step(static_cast<ReceiveState>(s), static_cast<ReceiveEvent>(e))) == receive[s][e]);
    }
  }
  // Sessions. States: 0 none, 1 connected and clean, 2 connected and persistent, 3 stored. Actions: 0 create, 1 replace,
  // 2 resume, 3 store, 4 discard.
  const char* const session[4][4] = {
      // CONNECT clean, CONNECT persistent, connection ended, expired
      {"1/0", "2/0", "-", "-"},
      {"-", "-", "0/4", "-"},
      {"-", "-", "3/3", "-"},
      {"1/1", "2/2", "-", "0/4"},
  };
  for (int s = 0; s < 4; ++s) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(s, i);
      CHECK(cell(step(static_cast<SessionState>(s), static_cast<SessionInput>(i))) == session[s][i]);
    }
  }
  // The statement beside each row.
  const auto statement = [](auto state, auto event) { return step(state, event)->statement; };
  CHECK(statement(SendState::none, SendEvent::publish_qos1) == "MQTT-4.3.2-1");
  CHECK(statement(SendState::none, SendEvent::publish_qos2) == "MQTT-4.3.3-1");
  CHECK(statement(SendState::wait_pubrec, SendEvent::reconnected) == "MQTT-4.4.0-1");
  CHECK(statement(ReceiveState::none, ReceiveEvent::publish_qos1) == "MQTT-4.3.2-2");
  CHECK(statement(ReceiveState::none, ReceiveEvent::publish_qos2) == "MQTT-4.3.3-2");
  CHECK(statement(SessionState::none, SessionInput::connect_clean) == "MQTT-3.1.2-6");
  CHECK(statement(SessionState::stored, SessionInput::connect_persistent) == "MQTT-3.1.2-4");
}

TEST_CASE("the topic tree agrees with matching filter by filter") {
  const std::uint64_t seed = GENERATE(range(1, 7));
  CAPTURE(seed);
  RandomStream random(seed, "topics", "test");
  const auto level = [&](bool wild) -> std::string {
    static const char* words[] = {"a", "b", "", "$SYS", "floor3", "c"};
    if (wild && random.below(4) == 0) return "+";
    return words[random.below(6)];
  };
  const auto path = [&](bool wild) {
    std::string text = level(wild);
    for (std::uint64_t n = random.below(4); n > 0; --n) text += "/" + level(wild);
    if (wild && random.below(4) == 0) text += "/#";
    if (wild && random.below(20) == 0) text = "#";
    return text;
  };
  TopicTree tree;
  std::map<std::pair<std::string, SubscriberId>, Qos> model;
  for (int round = 0; round < 4000; ++round) {
    const auto subscriber = static_cast<SubscriberId>(random.below(12));
    const std::string filter = path(true);
    if (filter.empty()) continue;
    REQUIRE(is_valid_filter(filter));
    if (random.below(3) > 0) {
      const auto qos = static_cast<Qos>(random.below(3));
      REQUIRE(tree.subscribe(filter, subscriber, {qos}) == !model.contains({filter, subscriber}));
      model[{filter, subscriber}] = qos;
    } else {
      REQUIRE(tree.unsubscribe(filter, subscriber) == (model.erase({filter, subscriber}) > 0));
    }
    REQUIRE(tree.subscriptions() == model.size());
    const std::string topic = path(false);
    if (topic.empty()) continue;
    std::map<SubscriberId, Qos> expected;
    for (const auto& [key, qos] : model) {
      if (!matches(key.first, topic)) continue;
      const auto [at, is_new] = expected.try_emplace(key.second, qos);
      if (!is_new) at->second = std::max(at->second, qos);
    }
    std::map<SubscriberId, Qos> found;
    SubscriberId last = 0;
    for (const Match& match : tree.match(topic).own) {
      REQUIRE((found.empty() || match.subscriber > last));
      last = match.subscriber;
      found[match.subscriber] = match.qos;
    }
    CAPTURE(topic);
    REQUIRE(found == expected);
  }
}

TEST_CASE("no packet identifier is in use twice, however the numbers go round") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  RandomStream random(seed, "ids", "test");
  InFlight window(100);
  std::set<PacketId> used;
  for (int round = 0; round < 20000; ++round) {
    if (used.size() < 100 && random.below(2) == 0) {
      const PacketId id = window.add(kNoMessage, Qos::at_least_once, false).packet_id;
      REQUIRE(id >= 1);
      REQUIRE(id <= 100);
      REQUIRE(used.insert(id).second);
    } else if (!used.empty()) {
      auto pick = used.begin();
      std::advance(pick, static_cast<std::ptrdiff_t>(random.below(
                             std::min<std::size_t>(used.size(), random.below(10) == 0 ? used.size() : 2))));
      const std::uint32_t place = window.find(*pick);
      REQUIRE(place < window.size());
      REQUIRE(window[place].packet_id == *pick);
      window.remove(place);
      used.erase(pick);
    }
    REQUIRE(window.size() == used.size());
    const auto other = static_cast<PacketId>(random.below(120));
    REQUIRE((window.find(other) < window.size()) == used.contains(other));
  }
}

TEST_CASE("early segments are put together, whatever their order and overlap") {
  const std::uint64_t seed = GENERATE(1, 2, 3, 4);
  RandomStream random(seed, "reassembly", "test");
  std::vector<std::uint8_t> whole(2000);
  for (auto& b : whole) b = static_cast<std::uint8_t>(random.bits());
  tcp::Reassembly early;
  std::uint64_t next = 0;
  while (next < whole.size()) {
    const std::uint64_t begin = random.below(whole.size());
    const std::uint64_t size = std::min<std::uint64_t>(random.below(200) + 1, whole.size() - begin);
    early.insert(begin, std::span(whole).subspan(begin, size));
    std::uint64_t last_end = 0;
    std::size_t held = 0;
    for (const auto& piece : early.pieces()) {
      REQUIRE((last_end == 0 || piece.begin > last_end));
      REQUIRE(
          std::equal(piece.bytes.begin(), piece.bytes.end(), whole.begin() + static_cast<std::ptrdiff_t>(piece.begin)));
      last_end = piece.end();
      held += piece.bytes.size();
    }
    REQUIRE(held == early.bytes());
    std::vector<std::uint8_t> out;
    while (early.take(next, out)) {
      REQUIRE(std::equal(out.begin(), out.end(), whole.begin() + static_cast<std::ptrdiff_t>(next)));
      next += out.size();
    }
  }
}
