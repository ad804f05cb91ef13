// One end of a connection against the Linux kernel, packet by packet: it is given what the kernel's end was given, writes and
// arriving segments at their times, and must send every packet that the kernel sent, with its numbers, within 6 ms.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "sim/protocol/tcp/connection.hpp"

using namespace wirelab;

namespace {

constexpr std::uint32_t kOurs = 1000, kTheirs = 5000;  // initial sequence numbers
constexpr Duration kBefore = Duration::seconds(1);     // a timestamp of 0 would say nothing

struct Packet {
  double at = 0;
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::size_t length = 0;
};

struct Recording {
  Duration phase;
  bool cubic = true, opens = true;
  std::vector<Packet> sent;
  struct Event {
    double at = 0;
    std::size_t written = 0;  // bytes; else `came`
    wire::TcpHeader came;
    std::size_t payload = 0;
  };
  std::vector<Event> events;
};

Recording read_recording(const std::string& name) {
  Recording recording;
  std::ifstream file("tests/lab/proof/kernel/" + name + ".txt");
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, text;
    words >> kind;
    if (kind == "phase") {
      double ms = 0;
      words >> ms;
      recording.phase = Duration::microseconds(std::llround(ms * 1000));
    } else if (kind == "algorithm") {
      recording.cubic = (words >> text, text) == "cubic";
    } else if (kind == "side") {
      recording.opens = (words >> text, text) == "A";
    } else if (kind == "sent") {
      Packet& p = recording.sent.emplace_back();
      words >> p.at >> p.sequence >> p.acknowledgement >> p.length;
    } else if (kind == "written") {
      auto& event = recording.events.emplace_back();
      words >> event.at >> event.written;
    } else if (kind == "came") {
      auto& event = recording.events.emplace_back();
      wire::TcpHeader& h = event.came;
      std::uint32_t sequence = 0, acknowledgement = 0, flags = 0, window = 0, timestamp = 0, echo = 0;
      words >> event.at >> sequence >> acknowledgement >> event.payload >> std::hex >> flags >> std::dec >> window >>
          timestamp >> echo;
      h.sequence = kTheirs + sequence, h.acknowledgement = kOurs + acknowledgement;
      h.flags.syn = (flags & 2) != 0, h.flags.psh = (flags & 8) != 0, h.flags.ack = (flags & 16) != 0;
      h.window = static_cast<std::uint16_t>(window);
      h.has_timestamps = true, h.timestamp = timestamp + 1;
      h.timestamp_echo = h.flags.ack ? echo + static_cast<std::uint32_t>(kBefore.ns() / 1'000'000) : 0;
      if (h.flags.syn) h.maximum_segment_size = 1460, h.sack_permitted = true, h.window_scale = 10;
      for (; words >> text;) {
        const auto dash = text.find('-');
        h.sack[h.sack_count++] = {kOurs + static_cast<std::uint32_t>(std::stoul(text.substr(0, dash))),
                                  kOurs + static_cast<std::uint32_t>(std::stoul(text.substr(dash + 1)))};
      }
    }
  }
  return recording;
}

struct Output final : tcp::SegmentOutput {
  const EventQueue* events = nullptr;
  std::vector<Packet> sent;
  void send_segment(tcp::Connection&, const wire::TcpHeader& header, wire::Bytes first, wire::Bytes second,
                    std::uint64_t) override {
    sent.push_back({(events->now() - Instant() - kBefore).in_seconds(), header.sequence - kOurs,
                    header.flags.ack ? header.acknowledgement - kTheirs : 0, first.size() + second.size()});
  }
  void ended(tcp::Connection&) override {}
};

struct Reader final : tcp::User {
  std::size_t on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) override { return bytes.size(); }
};

std::vector<Packet> replay_end(const Recording& recording) {
  tcp::Settings settings;
  settings.timer_wheel = true;
  settings.tick_phase = recording.phase + Duration::milliseconds(2048) - kBefore;
  if (!recording.cubic) settings.congestion = &tcp::new_reno();
  EventQueue events;
  Tracer trace(events, nullptr);
  Output output;
  output.events = &events;
  tcp::Host host{events, trace, output};
  Reader reader;
  tcp::Connection connection(host, settings, trace.define(EntityKind::tcp, "end"), {wire::Ipv4Address{1}, 1},
                             {wire::Ipv4Address{2}, 2}, kOurs, 1460);
  const auto run_to = [&](double at) {
    events.run_until(Instant() + kBefore + Duration::nanoseconds(std::llround(at * 1e9)));
  };
  run_to(0);
  if (recording.opens) connection.connect(&reader);
  for (const auto& event : recording.events) {
    run_to(event.at);
    if (event.written > 0) {
      connection.write(std::vector<std::uint8_t>(event.written, 'x'));
      continue;
    }
    const std::vector<std::uint8_t> payload(event.payload, 'y');
    const wire::TcpSegment segment{event.came, payload};
    if (connection.state() == tcp::State::closed) {
      connection.accept(&reader, segment.header);
    } else {
      connection.receive(segment);
    }
  }
  return output.sent;
}

}  // namespace

TEST_CASE("one end sends what the Linux kernel's sends, packet by packet") {
  const auto [name, count] = GENERATE(table<std::string, std::size_t>({{"sender_bulk_newreno", 700},
                                                                       {"sender_bulk_newreno_full_queue", 840},
                                                                       {"sender_bulk_cubic", 700},
                                                                       {"client_qos2", 240},
                                                                       {"client_qos2_again", 250},
                                                                       {"server_qos2", 180}}));
  const Recording kernel = read_recording(name);
  const auto made = replay_end(kernel);
  const auto same = [](const Packet& theirs, const Packet& ours) {
    return theirs.sequence == ours.sequence && theirs.acknowledgement == ours.acknowledgement &&
           theirs.length == ours.length && std::fabs(theirs.at - ours.at) <= 0.006;
  };
  const auto end = std::mismatch(kernel.sent.begin(), kernel.sent.end(), made.begin(), made.end(), same);
  CAPTURE(name, end.first - kernel.sent.begin());
  if (end.first != kernel.sent.end()) UNSCOPED_INFO("theirs " << end.first->at << " s, sequence " << end.first->sequence);
  if (end.second != made.end()) UNSCOPED_INFO("ours   " << end.second->at << " s, sequence " << end.second->sequence);
  CHECK(kernel.sent.size() >= count);
  CHECK(end.first == kernel.sent.end());
}
