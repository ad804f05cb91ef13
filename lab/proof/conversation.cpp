#include "lab/proof/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "sim/net/transport.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab {
namespace {

// Drops the nth packets of one direction as they enter the link.
struct Dropper final : PacketListener {
  Network* network = nullptr;
  EventQueue* events = nullptr;
  Channel* channel = nullptr;
  std::set<int> lost;
  int count = 0;
  void on_transmit(const Channel&, std::span<const std::uint8_t>) override {
    if (!lost.contains(count++)) return;
    events->schedule(
        events->now(),
        [](void* target, std::uint64_t) {
          auto* self = static_cast<Dropper*>(target);
          BlobNumber newest = 0;
          for (PacketIndex p = self->channel->first_under_way(); p != kNoPacket; p = self->network->packets()[p].next)
            newest = std::max(newest, self->network->packets()[p].blob);
          self->channel->drop_packet(newest);
        },
        this);
  }
};

// CONNACK for CONNECT, and PUBACK for what says so in its first byte; a little later, as a process does.
struct Server final : tcp::User {
  EventQueue* events = nullptr;
  tcp::Connection* connection = nullptr;
  TimerId wake;
  std::vector<std::uint8_t> unread;
  int answers = 0;
  void on_connected(tcp::Connection& c) override { connection = &c; }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override {
    unread.insert(unread.end(), bytes.begin(), bytes.end());
    while (unread.size() >= 2 && unread.size() >= 2u + unread[1]) {
      const unsigned type = unread[0] >> 4;
      if (type == 1 || (unread[0] & 6) != 0) ++answers;
      unread.erase(unread.begin(), unread.begin() + 2 + unread[1]);
    }
    if (answers > 0 && events->due(wake) == Instant::never())
      events->arm(wake, events->now() + Duration::microseconds(60));
    return bytes.size();
  }
  static void answer(void* target, std::uint64_t) {
    auto* self = static_cast<Server*>(target);
    const std::uint8_t four[4] = {};
    for (; self->answers > 0; --self->answers) self->connection->write(four);
  }
};

struct Client final : tcp::User {
  tcp::Connection* connection = nullptr;
  void on_connected(tcp::Connection& c) override { connection = &c; }
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override { return bytes.size(); }
};

// The packets that the simulator sends.
struct Recorder final : Sink {
  EntityId client = 0;
  std::vector<ConversationPacket> packets;
  std::optional<std::uint32_t> first[2];
  void consume(const TracePart& part) override {
    for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
      const Record& r = part.chunk.record[i];
      if (r.kind != Kind::packet_sent) continue;
      const auto bytes = part.chunk.blob(r.key - part.chunk.first_blob);
      const auto ip = wire::decode_ipv4(bytes);
      const auto segment =
          wire::decode_tcp(wire::Bytes(bytes).subspan(wire::kIpv4HeaderSize), ip->source, ip->destination);
      const wire::TcpHeader& h = segment->header;
      const int from = r.entity == client ? 0 : 1;
      if (h.flags.syn && !first[from]) first[from] = h.sequence;
      ConversationPacket p;
      p.at = static_cast<double>(r.at) / 1e9;
      p.sender = from == 0 ? 'A' : 'B';
      p.sequence = h.sequence - *first[from];
      p.acknowledgement = h.flags.ack ? h.acknowledgement - first[1 - from].value_or(0) : 0;
      p.length = segment->payload.size();
      p.flags = (h.flags.fin ? 1u : 0u) | (h.flags.syn ? 2u : 0u) | (h.flags.psh ? 8u : 0u) | (h.flags.ack ? 16u : 0u);
      for (int k = 0; k < h.sack_count; ++k)
        p.sacks.emplace_back(h.sack[k].begin - *first[1 - from], h.sack[k].end - *first[1 - from]);
      packets.push_back(std::move(p));
    }
  }
};

}  // namespace

bool ConversationPacket::same_content(const ConversationPacket& other) const {
  const bool same_flags = flags == 0 || other.flags == 0 || flags == other.flags;
  return sender == other.sender && sequence == other.sequence && acknowledgement == other.acknowledgement &&
         length == other.length && same_flags && sacks == other.sacks;
}

std::string text_of(const ConversationPacket& packet) {
  std::string text = fmt::format("{:.4f} s, {}: seq {} ack {} len {} flags {:02x}", packet.at, packet.sender,
                                 packet.sequence, packet.acknowledgement, packet.length, packet.flags);
  for (const auto& [begin, end] : packet.sacks) text += fmt::format(" sack {}-{}", begin, end);
  return text;
}

std::vector<ConversationPacket> replay(const Conversation& recorded) {
  tcp::Settings tcp;
  tcp.timer_wheel = true;
  tcp.tick_phase = recorded.phase;
  EventQueue events;
  Tracer trace(events, nullptr);
  Network network(events, trace, 1);
  Transport transport(events, trace, network, 1);
  const NodeIndex near = network.add_node("client"), far = network.add_node("server");
  ChannelSettings link;
  link.delay = Duration::microseconds(25'090);  // with what the measured link's own work took
  link.rate = 1'000'000;
  link.queue_packets = 100;
  network.add_link(near, far, link, link);
  Recorder recorder;
  recorder.client = network.node(near).entity;
  trace.add_sink(&recorder);
  Dropper droppers[2];
  int sent[2] = {};
  for (const ConversationPacket& p : recorded.packets) {
    const int from = p.sender == 'A' ? 0 : 1;
    if (p.lost) droppers[from].lost.insert(sent[from]);
    ++sent[from];
  }
  for (int from = 0; from < 2; ++from) {
    droppers[from].network = &network;
    droppers[from].events = &events;
    droppers[from].channel = &network.channel(0, from == 0 ? near : far);
    droppers[from].channel->add_listener(droppers[from]);
  }
  Server server;
  server.events = &events;
  server.wake = events.make_timer(Server::answer, &server);
  Client client;
  transport.listen(
      far, 1883, [&](tcp::Connection&) { return &server; }, tcp);
  transport.connect(near, {network.node(far).address, 1883}, &client, tcp);
  unsigned type = 0x10;
  for (const auto& [at, bytes] : recorded.writes) {
    events.run_until(Instant() + Duration::nanoseconds(std::llround(at * 1e9)));
    for (int i = 0; client.connection == nullptr && i < 20'000; ++i)
      events.run_until(events.now() + Duration::microseconds(100));
    if (client.connection == nullptr) break;
    std::vector<std::uint8_t> packet(bytes, 'x');
    packet[0] = static_cast<std::uint8_t>(type), packet[1] = static_cast<std::uint8_t>(bytes - 2);
    client.connection->write(packet);
    type = recorded.publish;
  }
  events.run_until(Instant() + Duration::seconds(static_cast<std::int64_t>(recorded.packets.back().at) + 1));
  trace.flush();
  return recorder.packets;
}

std::size_t equal_packets(const Conversation& recorded, const std::vector<ConversationPacket>& made, double tolerance) {
  const auto end = std::mismatch(recorded.packets.begin(), recorded.packets.end(), made.begin(), made.end(),
                                 [&](const ConversationPacket& theirs, const ConversationPacket& ours) {
                                   return ours.same_content(theirs) && std::fabs(ours.at - theirs.at) <= tolerance;
                                 });
  return static_cast<std::size_t>(end.first - recorded.packets.begin());
}

}  // namespace wirelab
