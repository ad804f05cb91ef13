#include "sim/view/tap.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/view/capture.hpp"
#include "sim/view/dissect.hpp"
#include "sim/wire/dns.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/tcp.hpp"
#include "sim/wire/tls.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab {
namespace {

using wire::Bytes;
using wire::HandshakeType;
using Seen = TapLine::Kind;

constexpr std::size_t kMostLines = 100'000;  // that are kept; all are counted
constexpr std::size_t kMostWaiting = 256;    // segments behind a gap; then the gap is given up, as a tap must

std::uint64_t end_key(wire::Ipv4Address address, std::uint16_t port) {
  return static_cast<std::uint64_t>(address.value) << 16 | port;
}

std::string end_text(wire::Ipv4Address address, std::uint16_t port) {
  return fmt::format("{}:{}", to_string(address), port);
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", printable_text(wire::bytes_of(text))); }

}  // namespace

std::string_view name_of(Seen kind) {
  constexpr std::string_view names[] = {"content", "credentials", "about", "hidden"};
  return names[static_cast<std::size_t>(kind)];
}

void Tap::add(std::int64_t at, const std::string& from, const std::string& to, Seen kind, std::string text) {
  ++counts_[static_cast<std::size_t>(kind)];
  if (lines_.size() < kMostLines) lines_.push_back({at, from, to, kind, std::move(text)});
}

void Tap::see_sealed(std::int64_t at, std::string_view from, std::string_view to, std::size_t bytes) {
  ++packets_;
  hidden_bytes_ += bytes;
  add(at, std::string(from), std::string(to), Seen::hidden, fmt::format("a frame of {} bytes (WPA2)", bytes));
}

void Tap::see_message(std::int64_t at, std::string_view from, std::string_view to, Bytes bytes) {
  ++packets_;
  add(at, std::string(from), std::string(to), Seen::content, in_quotes(wire::text_of(bytes)));
}

void Tap::see(std::int64_t at, Bytes packet) {
  ++packets_;
  const auto ip = wire::decode_ipv4(packet);
  if (!ip) return;
  const Bytes body = packet.subspan(wire::kIpv4HeaderSize);
  if (ip->protocol == wire::kTcp) see_segment(at, *ip, body);
  if (ip->protocol == wire::kUdp) see_datagram(at, *ip, body);
}

void Tap::see_datagram(std::int64_t at, const wire::Ipv4Header& ip, Bytes body) {
  const auto header = wire::decode_udp(body, ip.source, ip.destination);
  if (!header) return;
  const std::string from = end_text(ip.source, header->source_port);
  const std::string to = end_text(ip.destination, header->destination_port);
  const Bytes payload = body.subspan(wire::kUdpHeaderSize);
  if (header->source_port == wire::kDnsPort || header->destination_port == wire::kDnsPort) {
    if (const auto message = wire::decode_dns(payload)) {
      const std::string answer =
          message->answers.empty() ? std::string(name_of(message->code)) : to_string(message->answers[0].address);
      add(at, from, to, Seen::about,
          message->is_response ? fmt::format("{} is {}", message->name, answer)
                               : fmt::format("asks for the address of {}", message->name));
      return;
    }
  }
  const bool dhcp = header->destination_port == 67 || header->destination_port == 68;
  add(at, from, to, dhcp ? Seen::about : Seen::content,
      dhcp ? "DHCP" : fmt::format("UDP {}", in_quotes(wire::text_of(payload))));
}

void Tap::see_segment(std::int64_t at, const wire::Ipv4Header& ip, Bytes body) {
  const auto segment = wire::decode_tcp(body, ip.source, ip.destination);
  if (!segment) return;
  const wire::TcpHeader& header = segment->header;
  const FlowKey key{end_key(ip.source, header.source_port), end_key(ip.destination, header.destination_port)};
  Flow& flow = flows_[key];
  if (header.flags.syn || !flow.begun) {
    const std::uint32_t first = header.sequence + (header.flags.syn ? 1 : 0);
    if (flow.begun && flow.first == first) return;  // the SYN was sent twice
    flow = Flow{};
    flow.back = {key.second, key.first};
    flow.from = end_text(ip.source, header.source_port);
    flow.to = end_text(ip.destination, header.destination_port);
    flow.first = flow.next = first;
    flow.begun = true;
  }
  if (segment->payload.empty()) return;
  append(flow, header.sequence, segment->payload);
  read(at, flow);
}

void Tap::append(Flow& flow, std::uint32_t sequence, Bytes bytes) {
  const auto take = [&](std::uint32_t begin, Bytes part) {
    const auto known = static_cast<std::int32_t>(flow.next - begin);  // bytes of it that were seen before
    if (known < 0) return false;
    if (static_cast<std::size_t>(known) >= part.size()) return true;
    const Bytes fresh = part.subspan(static_cast<std::size_t>(known));
    flow.bytes.insert(flow.bytes.end(), fresh.begin(), fresh.end());
    flow.next += static_cast<std::uint32_t>(fresh.size());
    return true;
  };
  if (!take(sequence, bytes)) {
    flow.later[sequence].assign(bytes.begin(), bytes.end());
    // What never came over this link went another way, or was lost before it and its connection ended.
    if (flow.later.size() <= kMostWaiting) return;
    flow.next = flow.later.begin()->first;
    flow.bytes.clear();
    flow.protocol = Protocol::other;
  }
  // Sequence numbers wrap; those that wait lie within a window of `next`, so a search for any that fits is enough.
  for (auto at = flow.later.begin(); at != flow.later.end();) {
    if (take(at->first, at->second)) {
      flow.later.erase(at);
      at = flow.later.begin();
    } else {
      ++at;
    }
  }
}

// As one tells who knows no port numbers: by the first bytes.
void Tap::read(std::int64_t at, Flow& flow) {
  if (flow.protocol == Protocol::unknown && flow.bytes.size() >= 2) {
    const auto type = static_cast<mqtt::PacketType>(flow.bytes[0] >> 4);
    const bool first_of_mqtt = type == mqtt::PacketType::connect || type == mqtt::PacketType::connack;
    flow.protocol = flow.bytes[0] == 22 && flow.bytes[1] == 3     ? Protocol::tls
                    : first_of_mqtt && (flow.bytes[0] & 0xf) == 0 ? Protocol::mqtt
                                                                  : Protocol::other;
  }
  std::size_t used = 0;
  while (used < flow.bytes.size() && flow.protocol != Protocol::unknown) {
    const Bytes rest = Bytes(flow.bytes).subspan(used);
    std::size_t taken = rest.size();
    if (flow.protocol == Protocol::mqtt) {
      taken = read_mqtt(at, flow, rest);
    } else if (flow.protocol == Protocol::tls) {
      taken = read_record(at, flow, rest);
    } else {
      add(at, flow.from, flow.to, Seen::content, fmt::format("TCP {}", in_quotes(wire::text_of(rest))));
    }
    if (taken == 0) break;
    used += taken;
  }
  flow.bytes.erase(flow.bytes.begin(), flow.bytes.begin() + static_cast<std::ptrdiff_t>(used));
}

std::size_t Tap::read_mqtt(std::int64_t at, Flow& flow, Bytes bytes) {
  const auto header = mqtt::decode_fixed_header(bytes, flow.version);
  if (header && !header->has_value()) return 0;
  if (!header) return bytes.size();
  const std::size_t size = (*header)->size();
  if (size > bytes.size()) return 0;
  const auto packet = mqtt::decode(**header, bytes.first(size), flow.version);
  if (!packet) return size;
  const auto tell = [&](Seen kind, std::string text) { add(at, flow.from, flow.to, kind, std::move(text)); };
  if (const auto* connect = std::get_if<mqtt::Connect>(&*packet)) {
    if (connect->level == 5) {
      flow.version = mqtt::Version::v5;
      if (const auto answers = flows_.find(flow.back); answers != flows_.end()) answers->second.version = flow.version;
    }
    tell(Seen::about, fmt::format("CONNECT as {}", in_quotes(connect->client_id)));
    if (connect->user_name)
      tell(Seen::credentials,
           fmt::format("user name {}{}", in_quotes(*connect->user_name),
                       connect->password ? ", password " + in_quotes(wire::text_of(*connect->password)) : ""));
    if (connect->will)
      tell(Seen::content,
           fmt::format("will {} {}", connect->will->topic, in_quotes(wire::text_of(connect->will->payload))));
  } else if (const auto* publish = std::get_if<mqtt::Publish>(&*packet)) {
    tell(Seen::content, fmt::format("PUBLISH {} {}", publish->topic, in_quotes(wire::text_of(publish->payload))));
  } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&*packet)) {
    mqtt::FilterList filters = subscribe->filters;
    while (const auto request = filters.next()) tell(Seen::about, fmt::format("SUBSCRIBE {}", request->filter));
  }
  return size;
}

std::size_t Tap::read_record(std::int64_t at, const Flow& flow, Bytes bytes) {
  const auto header = wire::decode_tls_record(bytes);
  if (!header) return bytes.size() < wire::kTlsRecordHeader ? 0 : bytes.size();
  const std::size_t size = wire::kTlsRecordHeader + header->length;
  if (bytes.size() < size) return 0;
  const Bytes fragment = bytes.subspan(wire::kTlsRecordHeader, header->length);
  const auto tell = [&](Seen kind, std::string text) { add(at, flow.from, flow.to, kind, std::move(text)); };
  const auto message = header->type == wire::ContentType::handshake ? wire::decode_handshake(fragment) : std::nullopt;
  if (message && message->type == HandshakeType::client_hello) {
    if (const auto hello = wire::decode_client_hello(message->body))
      tell(Seen::about, fmt::format("Client Hello: offers {}, wants {}", name_of(hello->version),
                                    hello->server_name.empty() ? "no server by name" : hello->server_name));
  } else if (message && message->type == HandshakeType::server_hello) {
    if (const auto hello = wire::decode_server_hello(message->body))
      tell(Seen::about, fmt::format("Server Hello: {}{}", name_of(hello->version), hello->resumed ? ", resumed" : ""));
  } else if (message && message->type == HandshakeType::certificate) {
    if (const auto certificate = wire::decode_certificate_message(wire::TlsVersion::tls12, message->body))
      tell(Seen::about, fmt::format("certificate of {}, signed by {}, until {}", certificate->name, certificate->issuer,
                                    wire::date_of(certificate->until)));
  } else if (header->type == wire::ContentType::application_data) {
    hidden_bytes_ += fragment.size();
    tell(Seen::hidden, fmt::format("a record of {} bytes (TLS)", fragment.size()));
  }
  return size;
}

void LinkTap::see(std::int64_t at, std::string_view direction, Bytes packet) {
  const std::size_t cut = direction.find('>');
  const std::string_view from = direction.substr(0, cut), to = direction.substr(cut + 1);
  if (sealed_names_.contains(from) && sealed_names_.contains(to)) {
    tap_.see_sealed(at, from, to, packet.size());
  } else {
    tap_.see(at, packet);
  }
}

void LinkTap::see_hop(std::int64_t at, std::string_view direction, Bytes bytes) {
  direction = direction.substr(0, direction.rfind(" ("));  // its kind stands behind it
  const std::size_t cut = direction.find('>');
  tap_.see_message(at, direction.substr(0, cut), direction.substr(cut + 1), bytes);
}

tl::expected<Tap, std::string> tap_of(const LoadedTrace& trace, std::string_view link) {
  auto directions = directions_of(trace, link, link.ends_with(')') ? EntityKind::hop : EntityKind::link);
  if (!directions) return tl::unexpected(directions.error());
  LinkTap tap(std::move(*directions));
  for (const Record& r : trace.records)
    tap.take(
        r, [&](EntityId id) -> std::string_view { return trace.names[id]; },
        [&](BlobNumber blob) { return blob <= trace.blobs.size() ? wire::bytes_of(trace.blobs[blob - 1]) : Bytes{}; });
  return tap.tap();
}

std::string to_text(const Tap& tap, std::size_t most_lines) {
  std::string text;
  std::size_t wide = 4;
  const std::size_t shown = std::min(tap.lines().size(), most_lines);
  for (std::size_t i = 0; i < shown; ++i) wide = std::max({wide, tap.lines()[i].from.size(), tap.lines()[i].to.size()});
  for (std::size_t i = 0; i < shown; ++i) {
    const TapLine& line = tap.lines()[i];
    text += fmt::format("{:>11.6f}  {:<{}} > {:<{}}  {:<11}  {}\n", static_cast<double>(line.at) / 1e9, line.from, wide,
                        line.to, wide, name_of(line.kind), line.text);
  }
  if (shown < tap.lines().size()) text += fmt::format("... and {} more\n", tap.lines().size() - shown);
  text += fmt::format(
      "{} packets: {} with readable content, {} with credentials, {} about what is said; {} hidden ({} bytes)\n",
      tap.packets(), tap.count(Seen::content), tap.count(Seen::credentials), tap.count(Seen::about),
      tap.count(Seen::hidden), tap.hidden_bytes());
  return text;
}

}  // namespace wirelab
