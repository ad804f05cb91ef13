#include "tests/fuzz/targets.hpp"

#include <array>
#include <memory>
#include <vector>

#include "sim/kernel/check.hpp"
#include "sim/protocol/mqtt/access_list.hpp"
#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/mqtt/client.hpp"
#include "sim/protocol/websocket/acceptor.hpp"

namespace wirelab::fuzz {
namespace {

using namespace mqtt;

// Reads everything that a packet refers to.
std::size_t touch(const Packet& packet) {
  std::size_t sum = 0;
  const auto bytes = [&](Bytes part) {
    for (const std::uint8_t b : part) sum += b;
  };
  const auto text = [&](std::string_view part) { bytes(wire::bytes_of(part)); };
  const auto properties = [&](const Properties& all) {
    all.for_each([&](const PropertyValue& value) {
      check(rule_of(value.id) != nullptr, "a property that was read is known");
      bytes(value.bytes);
      bytes(value.second);
      sum += value.number;
    });
  };
  std::visit(
      [&](const auto& p) {
        if constexpr (requires { p.properties; }) properties(p.properties);
        if constexpr (requires { p.topic; }) text(p.topic);
        if constexpr (requires { p.payload; }) bytes(p.payload);
        if constexpr (requires { p.codes; }) bytes(p.codes);
        if constexpr (requires { p.client_id; }) {
          text(p.client_id);
          if (p.user_name) text(*p.user_name);
          if (p.password) bytes(*p.password);
          if (p.will) {
            text(p.will->topic);
            bytes(p.will->payload);
            properties(p.will->properties);
          }
        }
        if constexpr (requires { p.filters; }) {
          FilterList filters = p.filters;
          while (const auto request = filters.next()) text(request->filter);
        }
      },
      packet);
  return sum;
}

struct Wire final : ByteChannel {
  std::uint64_t written = 0;
  bool closed = false, full = false;
  StreamPlace place() const override { return {1, written}; }
  std::uint64_t acknowledged() const override { return written; }
  bool is_open() const override { return !closed; }
  bool has_room(std::size_t) const override { return !full; }
  void write(Bytes bytes) override { written += bytes.size(); }
  void close() override { closed = true; }
};

// A method whose every step may go on, succeed or fail, as the client's bytes say.
struct Moody final : Access {
  AccessList list;
  AuthenticationStep authenticate(std::string_view method, Bytes data, std::vector<std::uint8_t>& state) override {
    if (method.empty()) return {ReasonCode::bad_authentication_method, {}, {}};
    state.push_back(1);
    const int mood = data.empty() ? 0 : data[0] % 3;
    return {mood == 0   ? ReasonCode::success
            : mood == 1 ? ReasonCode::continue_authentication
                        : ReasonCode::not_authorized,
            {},
            {}};
  }
  bool may_subscribe(const Identity& who, std::string_view filter) override { return list.may_subscribe(who, filter); }
  bool may_publish(const Identity& who, std::string_view topic) override { return list.may_publish(who, topic); }
};

struct Somebody final : ClientUser {
  std::size_t heard = 0;
  void on_connack(Client&, const Connack& packet) override { heard += touch(Packet(packet)); }
  void on_disconnected(Client&, bool) override {}
  void on_message(Client&, const Publish& message) override { heard += touch(Packet(message)); }
};

struct Page final : websocket::AcceptorUser {
  std::size_t sent = 0, content = 0;
  bool ended = false;
  void send_frames(wire::Bytes bytes) override { sent += bytes.size(); }
  void on_websocket() override {}
  void on_content(wire::Bytes bytes) override { content += bytes.size(); }
  void on_websocket_end() override { ended = true; }
};

}  // namespace

void packets(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  const Version version = static_cast<Version>(3 + input[0] % 3);
  for (Bytes rest = input.subspan(1); !rest.empty();) {
    const auto header = decode_fixed_header(rest, version);
    if (!header || !header->has_value() || (*header)->size() > rest.size()) return;
    const Bytes whole = rest.first((*header)->size());
    const auto packet = decode(**header, whole, version);
    if (packet) {
      check(first_byte(*packet) == whole[0] || (*header)->type != PacketType::publish, "byte 0 is what it was");
      touch(*packet);
      // What is written again is read as the same.
      if (const auto* publish = std::get_if<Publish>(&*packet)) {
        std::vector<std::uint8_t> again;
        encode(*publish, again, version);
        // Below 5.0 a remaining length may have more bytes than it needs.
        check(again.size() != whole.size() || std::equal(again.begin(), again.end(), whole.begin()),
              "a PUBLISH has one form");
      }
    } else {
      check(!packet.error().statement.empty() && is_failure(packet.error().reason), "an error says what it offends");
    }
    rest = rest.subspan(whole.size());
  }
}

// Each step is a byte: its upper two bits name a connection, the others what happens to it: 0 opens it anew, 1 cuts it, 2 to 5
// let time go by, 6 its peer reads nothing more, 7 the broker stops or crashes; all others: so many of the bytes that follow
// come in.
void broker(std::span<const std::uint8_t> input) {
  EventQueue events;
  Tracer trace(events);
  BrokerSettings settings;
  settings.max_packet_size = 4096;
  settings.max_in_flight = 2;
  settings.max_queued = 5;
  settings.receive_maximum = 3;
  settings.max_topic_levels = 8;
  settings.max_subscriptions = 10;
  settings.sys_interval = Duration::seconds(30'000);
  settings.manners.deliver_at_release = input.size() % 2 == 0;
  Moody access;
  access.list.add_rule({AccessRule::For::anonymous, "", AccessRule::What::readwrite, "#"});
  access.list.add_rule({AccessRule::For::anonymous, "", AccessRule::What::deny, "no/+"});
  Broker broker(events, trace, trace.define(EntityKind::broker, "broker"), settings, &access);
  broker.start();
  struct Peer {
    Wire wire;
    ConnectionIndex index = 0;
    std::uint64_t sent = 0;
  };
  std::array<std::unique_ptr<Peer>, 4> peers;
  const auto cut = [&](std::unique_ptr<Peer>& peer) {
    if (peer != nullptr && !peer->wire.closed) {
      peer->wire.closed = true;
      broker.closed(peer->index);
    }
    peer.reset();
  };
  for (std::size_t at = 0; at < input.size();) {
    std::unique_ptr<Peer>& peer = peers[input[at] >> 6];
    const unsigned what = input[at++] & 63u;
    if (what == 0) {
      cut(peer);
      peer = std::make_unique<Peer>();
      peer->index = broker.opened(&peer->wire);
    } else if (what == 1) {
      cut(peer);
    } else if (what < 6) {
      constexpr std::int64_t kSeconds[] = {1, 20, 100, 100'000};
      events.run_until(events.now() + Duration::seconds(kSeconds[what - 2]));
    } else if (what == 6) {
      if (peer != nullptr) peer->wire.full = true;
    } else if (what == 7) {
      for (auto& one : peers) cut(one);
      at % 2 == 0 ? broker.stop() : broker.crash();
      broker.start();
    } else {
      const Bytes part = input.subspan(at, std::min<std::size_t>(what, input.size() - at));
      at += part.size();
      if (peer == nullptr || peer->wire.closed) continue;
      broker.receive(peer->index, part, 2, {peer->sent, peer->sent + part.size()});
      peer->sent += part.size();
    }
  }
  for (auto& peer : peers) cut(peer);
  broker.crash();
  check(broker.sessions() == 0 && broker.connected() == 0, "nobody is left");
  check(broker.subscriptions() == 0 && broker.retained() == 0, "nothing is left");
  check(broker.messages().in_use() == 0, "no message is left");
}

// Each step is a byte: 0 opens a connection anew, 1 cuts it, 2 to 5 let time go by, 6 subscribes, 7 to 9 publish at QoS 0 to 2,
// 10 disconnects; all others: so many of the bytes that follow come in. The first byte says which version.
void client(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  EventQueue events;
  Tracer trace(events);
  MessagePool messages;
  {
    Somebody user;
    Wire wire;
    wire.closed = true;
    Client client(events, trace, trace.define(EntityKind::mqtt_client, "client"), messages, user);
    client.options().client_id = "c";
    client.options().version = static_cast<Version>(3 + input[0] % 3);
    client.options().clean_session = input[0] >= 128;
    client.options().max_in_flight = 2;
    if (client.options().version == Version::v5) {
      OptionsOf5 five;
      five.receive_maximum = 3;
      five.topic_alias_maximum = 2;
      client.options().five = std::make_shared<const OptionsOf5>(five);
    }
    std::uint64_t received = 0;
    const auto cut = [&] {
      if (!wire.closed) client.closed();
      wire.closed = true;
    };
    for (std::size_t at = 1; at < input.size();) {
      const unsigned what = input[at++];
      if (what == 0) {
        cut();
        client.closed();
        wire = Wire{};
        client.opened(&wire);
        received = 0;
      } else if (what == 1) {
        cut();
      } else if (what < 6) {
        constexpr std::int64_t kSeconds[] = {1, 20, 100, 100'000};
        events.run_until(events.now() + Duration::seconds(kSeconds[what - 2]));
      } else if (what == 6) {
        const FilterRequest request{"a/#", Qos::exactly_once};
        client.subscribe({&request, 1});
      } else if (what < 10) {
        client.publish("a/b", wire::bytes_of("x"), static_cast<Qos>(what - 7), false);
      } else if (what == 10) {
        client.disconnect();
      } else {
        const Bytes part = input.subspan(at, std::min<std::size_t>(what, input.size() - at));
        at += part.size();
        if (wire.closed) continue;
        client.receive(part, 2, {received, received + part.size()});
        received += part.size();
      }
    }
    cut();
    client.vanish(LossReason::process_died);
  }
  check(messages.in_use() == 0, "no message is left");
}

void saved(std::span<const std::uint8_t> input) {
  const auto state = decode_saved_broker(input);
  if (!state) {
    check(!state.error().empty(), "an error says what it is");
    return;
  }
  EventQueue events;
  Tracer trace(events);
  Broker broker(events, trace, trace.define(EntityKind::broker, "broker"), {});
  broker.restore(*state, Duration::seconds(5));
  broker.start();
  Wire wire;
  const ConnectionIndex index = broker.opened(&wire);
  const std::uint8_t hello[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 60, 0, 1, 'c'};
  broker.receive(index, hello, 2, {0, sizeof hello});
  check(decode_saved_broker(encode(broker.saved())).has_value(), "what it saves can be read");
  events.run_until(events.now() + Duration::seconds(100));
  broker.closed(index);
  broker.crash();
  check(broker.messages().in_use() == 0, "no message is left");
}

void websocket(std::span<const std::uint8_t> input) {
  Page page;
  websocket::Acceptor acceptor(page);
  // The first byte says how long the pieces are.
  const std::size_t piece = input.empty() ? 1 : 1 + input[0];
  for (std::size_t at = 1; at < input.size() && !page.ended; at += piece)
    acceptor.receive(input.subspan(at, std::min(piece, input.size() - at)));
  check(page.content <= input.size(), "content comes from what came in");
  acceptor.write(input);
  acceptor.close();
}

}  // namespace wirelab::fuzz
