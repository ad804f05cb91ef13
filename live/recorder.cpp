#include "live/recorder.hpp"

#include <algorithm>
#include <vector>

namespace wirelab::live {
namespace {

constexpr std::uint16_t kSegment = 65'495;  // as on Linux's loopback
constexpr std::uint8_t kWindowScale = 14;   // the largest (RFC 7323, section 2.3): no window is ever full
constexpr std::uint32_t kInitialSequence = 0;

wire::Ipv4Address address_of(const asio::ip::tcp::endpoint& end) {
  constexpr std::uint32_t kLoopback = 0x7f000001;
  return {end.address().is_v4() ? end.address().to_v4().to_uint() : kLoopback};
}

std::string name_of(const asio::ip::tcp::endpoint& end) {
  return end.address().to_string() + ":" + std::to_string(end.port());
}

std::int64_t packed(const Recorder::Line::End& end) {
  return (static_cast<std::int64_t>(end.address.value) << 16) | end.port;
}

}  // namespace

Recorder::Line Recorder::open(const asio::ip::tcp::endpoint& client, const asio::ip::tcp::endpoint& server, StreamId up,
                              StreamId down) {
  const CauseScope scope(trace_);
  trace_.set_cause(0);
  Line line;
  line.client.node = trace_.define(EntityKind::node, name_of(client));
  line.server.node = server_;
  const std::string there(trace_.names().text(line.client.node)), here(trace_.names().text(server_));
  line.client.entity = trace_.define(EntityKind::tcp, there + ">" + here, line.client.node);
  line.server.entity = trace_.define(EntityKind::tcp, here + ">" + there, server_);
  line.client.address = address_of(client);
  line.server.address = address_of(server);
  line.client.port = client.port();
  line.server.port = server.port();
  line.client.stream = up != 0 ? up : trace_.next_stream();
  line.server.stream = down != 0 ? down : trace_.next_stream();
  const auto opened = [&](const Line::End& from, const Line::End& to) {
    trace_.emit(Kind::stream_opened, from.entity, from.stream, std::uint16_t{0}, to.address.value, packed(from),
                packed(to));
  };
  opened(line.client, line.server);
  packet(line.client, line.server, {.syn = true}, {});
  opened(line.server, line.client);
  packet(line.server, line.client, {.syn = true, .ack = true}, {});
  packet(line.client, line.server, {.ack = true}, {});
  return line;
}

void Recorder::send(const Line& line, Line::End& from, const Line::End& to, wire::Bytes bytes) {
  for (; !bytes.empty() && !from.ended && !line.reset;) {
    const wire::Bytes part = bytes.first(std::min<std::size_t>(bytes.size(), kSegment));
    packet(from, to, {.psh = part.size() == bytes.size(), .ack = true}, part);
    from.sent += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void Recorder::end(const Line& line, Line::End& from, const Line::End& to) {
  if (from.ended || line.reset) return;
  packet(from, to, {.fin = true, .ack = true}, {});
  from.ended = true;
}

void Recorder::reset(Line& line, const Line::End& from, const Line::End& to) {
  if (line.reset || (line.client.ended && line.server.ended)) return;
  packet(from, to, {.rst = true, .ack = true}, {});
  line.reset = true;
}

void Recorder::packet(const Line::End& from, const Line::End& to, wire::TcpFlags flags, wire::Bytes payload) {
  // SYN and FIN count as a byte each (RFC 9293, section 3.4).
  const auto next = [](const Line::End& end, bool begun) {
    return kInitialSequence + static_cast<std::uint32_t>(end.sent) + (begun ? 1u : 0u) + (end.ended ? 1u : 0u);
  };
  wire::TcpHeader tcp;
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.sequence = next(from, !flags.syn);
  tcp.acknowledgement = flags.ack ? next(to, true) : 0;
  tcp.flags = flags;
  tcp.window = 65'535;
  if (flags.syn) {
    tcp.maximum_segment_size = kSegment;
    tcp.window_scale = kWindowScale;
  }
  wire::Ipv4Header ip;
  const std::size_t headers = wire::kIpv4HeaderSize + header_size(tcp);
  std::vector<std::uint8_t> bytes(headers + payload.size());
  std::copy(payload.begin(), payload.end(), bytes.begin() + static_cast<std::ptrdiff_t>(headers));
  ip.total_length = static_cast<std::uint16_t>(bytes.size());
  ip.identification = identification_++;
  ip.protocol = wire::kTcp;
  ip.source = from.address;
  ip.destination = to.address;
  encode(ip, bytes.data());
  encode(tcp, ip.source, ip.destination, bytes.data() + wire::kIpv4HeaderSize, payload.size());
  const BlobNumber blob = trace_.packet(bytes);
  trace_.emit_cause(Kind::packet_sent, from.node, from.stream, std::uint16_t{0}, blob,
                    static_cast<std::int64_t>(from.sent), static_cast<std::int64_t>(from.sent + payload.size()));
}

}  // namespace wirelab::live
