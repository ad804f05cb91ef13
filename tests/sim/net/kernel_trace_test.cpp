// TCP against conversations of the Linux kernel over a lossy link, packet by packet: the simulator gets the same writes and loses
// the same packets, and must send every packet that the kernel sent, with its numbers, flags and SACK blocks, within 5 ms.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/net/transport.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/tcp.hpp"

using namespace wirelab;

namespace {

struct KernelPacket {
  double at = 0;
  char sender = 'A';
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::size_t length = 0;
  unsigned flags = 0;
  bool lost = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sacks;
  bool same_content(const KernelPacket& other) const {
    return sender == other.sender && sequence == other.sequence && acknowledgement == other.acknowledgement &&
           length == other.length && flags == other.flags && sacks == other.sacks;
  }
};

std::string text_of(const KernelPacket& p) {
  std::ostringstream out;
  out << p.at << " " << p.sender << " seq " << p.sequence << " ack " << p.acknowledgement << " len " << p.length
      << " flags " << std::hex << p.flags << std::dec;
  for (const auto& [begin, end] : p.sacks) out << " sack " << begin << "-" << end;
  return out.str();
}

struct KernelTrace {
  Duration phase;
  std::vector<std::pair<double, std::size_t>> writes;
  std::vector<KernelPacket> packets;
};

KernelTrace read_trace(const std::string& name) {
  KernelTrace trace;
  std::ifstream file("tests/sim/net/kernel/" + name + ".txt");
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "phase") {
      double ms = 0;
      words >> ms;
      trace.phase = Duration::microseconds(std::llround(ms * 1000));
    } else if (kind == "write") {
      auto& write = trace.writes.emplace_back();
      words >> write.first >> write.second;
    } else if (kind == "packet") {
      KernelPacket& p = trace.packets.emplace_back();
      words >> p.at >> p.sender >> p.sequence >> p.acknowledgement >> p.length >> std::hex >> p.flags >> std::dec;
      for (std::string word; words >> word;) {
        if (word == "lost") {
          p.lost = true;
        } else {
          const std::size_t dash = word.find('-');
          p.sacks.emplace_back(std::stoul(word.substr(0, dash)), std::stoul(word.substr(dash + 1)));
        }
      }
    }
  }
  return trace;
}

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
          CHECK(self->channel->drop_packet(newest));
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
  std::vector<KernelPacket> packets;
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
      KernelPacket p;
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

std::vector<KernelPacket> simulated(const KernelTrace& kernel, unsigned first_byte) {
  tcp::Settings tcp;
  tcp.timer_wheel = true;
  tcp.tick_phase = kernel.phase;
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
  for (const KernelPacket& p : kernel.packets) {
    const int from = p.sender == 'A' ? 0 : 1;
    if (p.lost) droppers[from].lost.insert(sent[from]);
    ++sent[from];
  }
  for (int from = 0; from < 2; ++from) {
    droppers[from].network = &network;
    droppers[from].events = &events;
    droppers[from].channel = &network.channel(0, from == 0 ? near : far);
    droppers[from].channel->set_listener(&droppers[from]);
  }
  Server server;
  server.events = &events;
  server.wake = events.make_timer(Server::answer, &server);
  Client client;
  transport.listen(
      far, 1883, [&](tcp::Connection&) { return &server; }, tcp);
  transport.connect(near, {network.node(far).address, 1883}, &client, tcp);
  unsigned type = 0x10;
  for (const auto& [at, bytes] : kernel.writes) {
    events.run_until(Instant() + Duration::nanoseconds(std::llround(at * 1e9)));
    for (int i = 0; client.connection == nullptr && i < 1000; ++i)
      events.run_until(events.now() + Duration::microseconds(100));
    REQUIRE(client.connection != nullptr);
    std::vector<std::uint8_t> packet(bytes, 'x');
    packet[0] = static_cast<std::uint8_t>(type), packet[1] = static_cast<std::uint8_t>(bytes - 2);
    client.connection->write(packet);
    type = first_byte;
  }
  events.run_until(Instant() + Duration::seconds(static_cast<std::int64_t>(kernel.packets.back().at) + 1));
  trace.flush();
  return recorder.packets;
}

}  // namespace

TEST_CASE("lossy conversations are the Linux kernel's, packet by packet") {
  const auto [name, first_byte] = GENERATE(table<std::string, unsigned>({{"publisher_qos0", 0x30},
                                                                         {"publisher_qos0_slow", 0x30},
                                                                         {"publisher_qos1", 0x32},
                                                                         {"publisher_qos1_stalls", 0x32}}));
  const KernelTrace kernel = read_trace(name);
  const auto made = simulated(kernel, first_byte);
  CAPTURE(name);
  // The recording may go on with the end of the connection, which was not part of the experiment.
  std::size_t compared = 0;
  for (; compared < std::min(kernel.packets.size(), made.size()); ++compared) {
    const KernelPacket& theirs = kernel.packets[compared];
    const KernelPacket& ours = made[compared];
    if ((theirs.flags & 1) != 0) break;
    CAPTURE(compared, text_of(theirs), text_of(ours));
    REQUIRE(ours.same_content(theirs));
    REQUIRE(std::fabs(ours.at - theirs.at) < 0.005);
  }
  CHECK(compared >= 200);
}
