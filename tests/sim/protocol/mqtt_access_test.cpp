// Who is let in, and who may do what: users, access lists, and authentication in several steps.
#include "sim/protocol/mqtt/access_list.hpp"

#include <set>

#include "sim/kernel/random.hpp"
#include "tests/sim/protocol/broker_bench.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;

namespace {

using For = AccessRule::For;
using What = AccessRule::What;

Connect who(std::string_view client, std::string_view user = {}, std::string_view password = {}) {
  Connect packet;
  packet.client_id = client;
  if (!user.empty()) packet.user_name = user;
  if (!password.empty()) packet.password = wire::bytes_of(password);
  return packet;
}

// A method with a challenge: the client must say the text backwards.
class Backwards final : public Access {
 public:
  AuthenticationStep authenticate(std::string_view method, Bytes data, std::vector<std::uint8_t>& state) override {
    if (method != "backwards") return {ReasonCode::bad_authentication_method, {}, {}};
    if (state.empty()) {
      state.assign(data.begin(), data.end());
      return {ReasonCode::continue_authentication, {'a', 'b', 'c'}, {}};
    }
    if (std::string(data.begin(), data.end()) != "cba") return {ReasonCode::not_authorized, {}, {}};
    return {ReasonCode::success, {'o', 'k'}, std::string(state.begin(), state.end())};
  }
  bool may_publish(const Identity& identity, std::string_view topic) override { return topic == identity.user_name; }
};

Props step(std::string_view data, std::string_view method = "backwards") {
  return Props().text(Property::authentication_method, method).binary(Property::authentication_data, data);
}

}  // namespace

TEST_CASE("users need their password, and the anonymous are let in or not [MQTT-3.1.4-2, MQTT5-3.1.4-2]") {
  AccessList access;
  access.allow_anonymous = false;
  access.add_user("ann", "secret");
  Bench bench({}, &access);
  const auto answer = [&](Version version, const Connect& packet) {
    Peer peer(bench, version);
    peer.connect(packet);
    const Connack told = peer.get<Connack>();
    CHECK(peer.closed == (told.code != ConnectCode::accepted || is_failure(told.reason)));
    return version == Version::v5 ? static_cast<int>(told.reason) : static_cast<int>(told.code);
  };
  CHECK(answer(Version::v5, who("c", "ann", "secret")) == 0);
  CHECK(answer(Version::v5, who("c", "ann", "wrong")) == 0x86);
  CHECK(answer(Version::v5, who("c", "ann")) == 0x86);
  CHECK(answer(Version::v5, who("c", "bob", "secret")) == 0x86);
  CHECK(answer(Version::v5, who("c")) == 0x87);
  CHECK(answer(Version::v3_1_1, who("c", "ann", "secret")) == 0);
  CHECK(answer(Version::v3_1_1, who("c", "ann", "wrong")) == 4);
  CHECK(answer(Version::v3_1_1, who("c")) == 5);
}

TEST_CASE("an access list decides on messages and subscriptions, in the words of either version") {
  AccessList access;
  access.add_user("ann", "a");
  access.add_rule({For::anonymous, "", What::read, "public/#"});
  access.add_rule({For::user, "ann", What::readwrite, "rooms/+/set"});
  access.add_rule({For::user, "ann", What::deny, "rooms/secret/#"});
  access.add_rule({For::everybody, "", What::write, "from/%c/+"});
  access.add_rule({For::everybody, "", What::read, "to/%u"});
  Bench bench({}, &access);
  Peer ann(bench, Version::v5), guest(bench, Version::v5, "guest"), old(bench, Version::v3_1_1, "old");
  ann.connect(who("ann's", "ann", "a"));
  ann.get<Connack>();
  CHECK(ann.subscribe({{"rooms/#", kQos1}, {"rooms/secret/set"}, {"rooms/kitchen/set"}, {"public/x"}, {"to/ann"}}) ==
        std::vector<int>{1, 0x87, 0, 0x87, 0});
  CHECK(guest.subscribe({{"public/#"}, {"#"}, {"rooms/#"}, {"$share/g/rooms/#"}, {"to/ann"}}) ==
        std::vector<int>{0, 0, 0x87, 0x87, 0x87});
  CHECK(old.subscribe("rooms/#") == std::vector<int>{0x80});
  // What a subscription selects and its owner may not read is not delivered.
  const auto publish = [](Peer& peer, std::string_view topic) {
    peer.publish(topic, topic, kQos1, 1);
    return peer.get<Puback>().reason;
  };
  CHECK(publish(ann, "rooms/kitchen/set") == ReasonCode::success);
  CHECK(ann.payloads() == Texts{"rooms/kitchen/set"});
  CHECK(publish(ann, "rooms/secret/set") == ReasonCode::not_authorized);
  CHECK(publish(guest, "from/guest/x") == ReasonCode::success);
  CHECK(publish(guest, "from/ann/x") == ReasonCode::not_authorized);
  CHECK(publish(old, "rooms/kitchen/set") == ReasonCode::success);  // 3.1.1 cannot say no
  CHECK(guest.quiet());                                             // "#" has selected from/guest/x
  // A message of QoS 2 that is refused leaves nothing behind.
  guest.publish("rooms/kitchen/set", "", kQos2, 2);
  CHECK(guest.get<Pubrec>().reason == ReasonCode::not_authorized);
  guest.acknowledge(PacketType::pubrel, 2);
  CHECK(guest.get<Pubcomp>().reason == ReasonCode::packet_identifier_not_found);
}

TEST_CASE("a name with wildcards or levels in it opens no pattern") {
  AccessList access;
  access.add_rule({For::everybody, "", What::readwrite, "from/%c"});
  CHECK(access.may_publish({"a", ""}, "from/a"));
  CHECK_FALSE(access.may_publish({"+", ""}, "from/a"));
  CHECK_FALSE(access.may_publish({"#", ""}, "from/a"));
  CHECK_FALSE(access.may_publish({"a/b", ""}, "from/a/b"));
}

TEST_CASE("a will that its client may not publish is not published") {
  AccessList access;
  access.add_rule({For::anonymous, "", What::read, "#"});
  Bench bench({}, &access);
  Peer watcher(bench, Version::v5, "w");
  watcher.subscribe("#");
  Peer(bench, Version::v5, "c", true, {}, Will{"will", {}, kQos1, false, {}}).cut();
  CHECK(watcher.quiet());
}

TEST_CASE("overlap and cover of filters agree with the topics that they select") {
  const std::uint64_t seed = GENERATE(1, 2, 3, 4, 5);
  CAPTURE(seed);
  RandomStream random(seed, "filters", "test");
  const Texts levels{"a", "b", "", "$s"};
  Texts topics;  // all of up to three levels, with one level that no filter has
  const Texts all{"a", "b", "", "$s", "z"};
  for (const auto& x : all) {
    topics.push_back(x);
    for (const auto& y : all) {
      topics.push_back(x + "/" + y);
      for (const auto& z : all) topics.push_back(x + "/" + y + "/" + z);
    }
  }
  const auto filter = [&] {
    std::string text;
    const std::uint64_t depth = random.below(3);
    for (std::uint64_t i = 0; i <= depth; ++i) {
      const std::uint64_t draw = random.below(7);
      if (i > 0) text += '/';
      if (draw == 6) return text + "#";
      text += draw >= 4 ? "+" : levels[draw];
    }
    return text.empty() ? std::string("a") : text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string a = filter(), b = filter();
    bool both = false, all_of_b = true;
    for (const std::string& topic : topics) {
      if (topic.empty()) continue;
      both |= matches(a, topic) && matches(b, topic);
      all_of_b &= !matches(b, topic) || matches(a, topic);
    }
    CAPTURE(a, b);
    CHECK(overlap(a, b) == both);
    // "/#" would select the empty topic, which there is none of: that case need not be seen.
    CHECK((covers(a, b) == all_of_b || b == "/#"));
  }
}

TEST_CASE("authentication in several steps [MQTT5-4.12.0-2, MQTT5-4.12.0-5, MQTT5-3.1.2-30]") {
  Backwards access;
  Bench bench({}, &access);
  const auto begin = [&](Peer& peer, std::string_view method = "backwards") {
    Connect packet = who("c");
    const Props properties = step("ann", method);
    packet.properties = properties;
    peer.connect(packet);
  };
  Peer client(bench, Version::v5);
  begin(client);
  const Auth challenge = client.get<Auth>();
  CHECK(challenge.reason == ReasonCode::continue_authentication);
  CHECK(challenge.properties.text(Property::authentication_method) == "backwards");
  client.auth(ReasonCode::continue_authentication, step("cba"));
  const Connack in = client.get<Connack>();
  CHECK(in.reason == ReasonCode::success);
  CHECK(in.properties.text(Property::authentication_method) == "backwards");
  CHECK(in.properties.binary(Property::authentication_data)->size() == 2);
  // It is known by the name that the exchange has shown.
  client.publish("ann", "", kQos1, 1);
  CHECK(client.get<Puback>().reason == ReasonCode::no_matching_subscribers);
  // Once more, while it is connected [MQTT5-4.12.1-1].
  client.auth(ReasonCode::reauthenticate, step("ann"));
  CHECK(client.get<Auth>().reason == ReasonCode::continue_authentication);
  client.publish("ann", "", kQos1, 2);  // it goes on meanwhile
  client.get<Puback>();
  client.auth(ReasonCode::continue_authentication, step("cba"));
  CHECK(client.get<Auth>().reason == ReasonCode::success);
  client.auth(ReasonCode::reauthenticate, step("ann", "another"));
  CHECK(client.dismissal() == ReasonCode::protocol_error);

  Peer wrong(bench, Version::v5);
  begin(wrong);
  wrong.get<Auth>();
  wrong.auth(ReasonCode::continue_authentication, step("abc"));
  CHECK(wrong.get<Connack>().reason == ReasonCode::not_authorized);  // MQTT5-4.12.0-4
  CHECK(wrong.closed);
  Peer unknown(bench, Version::v5);
  begin(unknown, "another");
  CHECK(unknown.get<Connack>().reason == ReasonCode::bad_authentication_method);  // MQTT5-4.12.0-1
  Peer hasty(bench, Version::v5);
  begin(hasty);
  hasty.get<Auth>();
  hasty.publish("t", "");
  CHECK(hasty.closed);
  Peer uncalled(bench, Version::v5, "u");
  uncalled.auth(ReasonCode::reauthenticate, step(""));
  CHECK(uncalled.dismissal() == ReasonCode::protocol_error);  // MQTT5-4.12.0-7
  // Without anybody who knows a method there is none.
  Bench alone;
  Peer client_of_it(alone, Version::v5);
  begin(client_of_it);
  CHECK(client_of_it.get<Connack>().reason == ReasonCode::bad_authentication_method);
}
