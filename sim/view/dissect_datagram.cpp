#include "sim/view/dissect_datagram.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/wire/dhcp.hpp"
#include "sim/wire/dns.hpp"
#include "sim/wire/icmp.hpp"
#include "sim/wire/udp.hpp"

namespace wirelab {
namespace {

using wire::Bytes;

// Adds fields of one layer; places count from `base` in the packet.
struct Adder {
  std::vector<DissectedField>& fields;
  Bytes packet;
  std::size_t base;
  FieldLayer layer;

  void operator()(std::string_view name, std::string value, std::size_t begin, std::size_t end,
                  std::string_view meaning = {}) const {
    const std::size_t last = std::min(base + end, packet.size());
    fields.push_back({layer, std::string(name), std::move(value), static_cast<std::uint32_t>(base + begin),
                      static_cast<std::uint32_t>(last), meaning});
  }
  std::uint8_t u8(std::size_t at) const { return packet[base + at]; }
  std::uint16_t u16(std::size_t at) const { return wire::load16(packet.data() + base + at); }
  std::uint32_t u32(std::size_t at) const { return wire::load32(packet.data() + base + at); }
  std::size_t size() const { return packet.size() - base; }
  std::string address(std::size_t at) const { return to_string(wire::Ipv4Address{u32(at)}); }
};

std::string bytes_text(std::size_t count) { return fmt::format("{} byte{}", count, count == 1 ? "" : "s"); }

// Behind a name: labels with their lengths, ended by a zero or by a pointer of two bytes (RFC 1035, section 4.1.4).
std::size_t after_name(const Adder& at, std::size_t begin) {
  while (begin < at.size()) {
    const std::uint8_t length = at.u8(begin);
    if (length == 0) return begin + 1;
    if (length >= 0xc0) return begin + 2;
    begin += 1u + length;
  }
  return at.size();
}

void dns(const Adder& add, const wire::DnsMessage& message) {
  add("Identification", fmt::format("{:#06x}", message.id), 0, 2, "Ties an answer to its question (RFC 1035, 4.1.1).");
  add("Flags (DNS)",
      message.is_response
          ? fmt::format("answer: {}{}", name_of(message.code), message.authoritative ? ", authoritative" : "")
          : "question",
      2, 4, "Question or answer, whether the server may ask others, and whether it went well (RFC 1035, 4.1.1).");
  add("Records",
      fmt::format("{} question, {} answers, {} authorities, {} more", add.u16(4), add.u16(6), add.u16(8), add.u16(10)),
      4, 12, "How many of each follow.");
  const std::size_t type = after_name(add, 12);
  add("Name", message.name, 12, type, "Labels with their lengths in front, ended by a zero (RFC 1035, 4.1.2).");
  add("Type, class",
      message.type == wire::kDnsTypeA ? "A (an IPv4 address), Internet" : fmt::format("{}", message.type), type,
      type + 4, "What is asked for: A is an address, and the class is always the Internet (RFC 1035, 3.2).");
  std::size_t at = type + 4;
  for (int i = 0; at + 12 <= add.size(); ++i) {
    const std::size_t fixed = after_name(add, at);
    if (fixed + 10 > add.size()) break;
    const std::size_t length = add.u16(fixed + 8);
    add("Answer's name", "the same, by a pointer", at, fixed,
        "Names are written once and pointed to (RFC 1035, 4.1.4).");
    add("Answer's type, class", add.u16(fixed) == wire::kDnsTypeA ? "A, Internet" : fmt::format("{}", add.u16(fixed)),
        fixed, fixed + 4, "As of a question (RFC 1035, 3.2).");
    add("Time to live (DNS)", fmt::format("{} s", add.u32(fixed + 4)), fixed + 4, fixed + 8,
        "So long the answer may be kept and given again (RFC 1035, 3.2.1).");
    add("Length", bytes_text(length), fixed + 8, fixed + 10, "Of what follows (RFC 1035, 3.2.1).");
    const bool address = length == 4 && fixed + 14 <= add.size();
    add("Address", address ? add.address(fixed + 10) : bytes_text(length), fixed + 10, fixed + 10 + length,
        "The address that the name stands for, four bytes (RFC 1035, 3.4.1).");
    at = fixed + 10 + length;
  }
  if (at < add.size())
    add("Rest", bytes_text(add.size() - at), at, add.size(), "Records of other sections (RFC 1035, 4.1).");
}

struct DhcpOption {
  std::uint8_t code;
  std::string_view name;
  bool is_address;
};
constexpr DhcpOption kDhcpOptions[] = {{1, "Subnet mask", true},          {3, "Router", true},
                                       {6, "Name server", true},          {12, "Host name", false},
                                       {50, "Requested address", true},   {51, "Lease time", false},
                                       {53, "Message type", false},       {54, "Server identifier", true},
                                       {55, "Parameter list", false},     {58, "Renewal time (T1)", false},
                                       {59, "Rebinding time (T2)", false}};

std::string option_value(const Adder& add, const wire::DhcpMessage& message, std::uint8_t code, bool is_address,
                         std::size_t at, std::size_t length) {
  if (code == 53) return std::string(name_of(message.type));
  if (is_address && length == 4) return add.address(at);
  if ((code == 51 || code == 58 || code == 59) && length == 4) return fmt::format("{} s", add.u32(at));
  if (code == 12) return message.host_name;
  return bytes_text(length);
}

void dhcp(const Adder& add, const wire::DhcpMessage& message) {
  add("Operation", add.u8(0) == 1 ? "request (1)" : "reply (2)", 0, 1,
      "Of the client, or of the server (RFC 2131, 2).");
  add("Hardware type, length, hops", fmt::format("{}, {}, {}", add.u8(1), add.u8(2), add.u8(3)), 1, 4,
      "1 is Ethernet, whose addresses have six bytes; hops count relays (RFC 2131, 2).");
  add("Transaction", fmt::format("{:#010x}", message.transaction), 4, 8, "The client's number: answers carry it back.");
  add("Seconds", fmt::format("{}", message.seconds), 8, 10, "Since the client began to ask.");
  add("Flags (DHCP)", add.u16(10) != 0 ? "answer by broadcast" : "0", 10, 12,
      "A client without an address may be unable to take an answer that is sent to it alone (RFC 2131, 4.1).");
  add("Client address", add.address(12), 12, 16, "Of a client that has one and renews it.");
  add("Your address", add.address(16), 16, 20, "What the server offers, or gives.");
  add("Next server, relay", fmt::format("{}, {}", add.address(20), add.address(24)), 20, 28,
      "For starting over the network, and for a relay between two networks (RFC 2131, 2).");
  std::string hardware;
  for (const std::uint8_t b : message.hardware) hardware += fmt::format("{}{:02x}", hardware.empty() ? "" : ":", b);
  add("Client hardware", hardware, 28, 44, "By this the server knows who asks, before there is an address.");
  add("Server name, file", "of BOOTP, not used", 44, 236, "Empty since options say it better (RFC 2131, 2).");
  add("Magic cookie", fmt::format("{:#010x}", add.u32(236)), 236, 240, "Options follow (RFC 2131, 3).");
  std::size_t at = 240;
  while (at + 1 < add.size() && add.u8(at) != 255 && add.u8(at) != 0) {
    const std::uint8_t code = add.u8(at);
    const std::size_t length = add.u8(at + 1);
    if (at + 2 + length > add.size()) break;
    const auto known = std::find_if(std::begin(kDhcpOptions), std::end(kDhcpOptions),
                                    [&](const DhcpOption& o) { return o.code == code; });
    const bool found = known != std::end(kDhcpOptions);
    add(found ? known->name : std::string_view("Option"),
        fmt::format("{}{}", found ? "" : fmt::format("{}: ", code),
                    option_value(add, message, code, found && known->is_address, at + 2, length)),
        at, at + 2 + length, "An option: its number, its length, and what it says (RFC 2132).");
    at += 2 + length;
  }
  if (at < add.size())
    add("End, padding", bytes_text(add.size() - at), at, add.size(), "255 ends the options (RFC 2132, 3.2).");
}

void udp(Bytes packet, const wire::UdpHeader& header, std::vector<DissectedField>& fields) {
  const Adder add{fields, packet, wire::kIpv4HeaderSize, FieldLayer::udp};
  add("Source port", fmt::format("{}", header.source_port), 0, 2, "Where an answer is to go (RFC 768).");
  add("Destination port", fmt::format("{}", header.destination_port), 2, 4, "Who is meant on that host (RFC 768).");
  add("Length", bytes_text(add.u16(4)), 4, 6, "Header and payload (RFC 768).");
  add("Checksum", fmt::format("{:#06x}", add.u16(6)), 6, 8,
      "Over header, payload and both addresses; 0 says that there is none (RFC 768).");
  const std::size_t at = wire::kIpv4HeaderSize + wire::kUdpHeaderSize;
  const Bytes payload = packet.subspan(at);
  const auto uses = [&](std::uint16_t port) { return header.source_port == port || header.destination_port == port; };
  if (uses(wire::kDnsPort)) {
    if (const auto message = wire::decode_dns(payload)) return dns({fields, packet, at, FieldLayer::dns}, *message);
  }
  if (uses(wire::kDhcpServerPort)) {
    if (const auto message = wire::decode_dhcp(payload)) return dhcp({fields, packet, at, FieldLayer::dhcp}, *message);
  }
  if (!payload.empty())
    Adder{fields, packet, at, FieldLayer::other}("Payload", printable_text(payload), 0, payload.size(),
                                                 "The application's own bytes: a datagram is a whole (RFC 768).");
}

void icmp(Bytes packet, const wire::IcmpMessage& message, std::vector<DissectedField>& fields) {
  const Adder add{fields, packet, wire::kIpv4HeaderSize, FieldLayer::icmp};
  const char* type = message.type == wire::IcmpType::echo            ? "echo request (8)"
                     : message.type == wire::IcmpType::echo_reply    ? "echo reply (0)"
                     : message.type == wire::IcmpType::time_exceeded ? "time exceeded (11)"
                                                                     : "destination unreachable (3)";
  add("Type (ICMP)", type, 0, 1, "What is told: RFC 792.");
  constexpr std::string_view unreachable[] = {"network", "host", "protocol", "port",
                                              "too big, and not to be fragmented"};
  const bool known = message.type == wire::IcmpType::unreachable && message.code < std::size(unreachable);
  add("Code", known ? fmt::format("{} ({})", message.code, unreachable[message.code]) : fmt::format("{}", message.code),
      1, 2, "Which of the cases of its type (RFC 792).");
  add("Checksum", fmt::format("{:#06x}", add.u16(2)), 2, 4, "Over the whole message.");
  const bool echo = message.type == wire::IcmpType::echo || message.type == wire::IcmpType::echo_reply;
  if (echo) {
    add("Identifier", fmt::format("{}", message.identifier), 4, 6,
        "Tells one asker's requests from another's (RFC 792).");
    add("Sequence", fmt::format("{}", message.sequence), 6, 8, "Counts requests; an answer carries it back (RFC 792).");
  } else {
    add("Next MTU", fmt::format("{}", message.next_mtu), 4, 8,
        "What the next link can take, where it was too big (RFC 1191).");
  }
  if (add.size() > 8)
    add(echo ? "Data" : "The packet that drew it", bytes_text(add.size() - 8), 8, add.size(),
        echo ? "Comes back as it was sent (RFC 792)."
             : "Its IP header and the first eight bytes behind: whose it was (RFC 792).");
}

}  // namespace

bool dissect_datagram(Bytes packet, const wire::Ipv4Header& ip, std::vector<DissectedField>& fields) {
  const Bytes body = packet.subspan(wire::kIpv4HeaderSize);
  if (ip.protocol == wire::kUdp) {
    const auto header = wire::decode_udp(body, ip.source, ip.destination);
    if (header) udp(packet, *header, fields);
    return header.has_value();
  }
  if (ip.protocol == wire::kIcmp) {
    const auto message = wire::decode_icmp(body);
    if (message) icmp(packet, *message, fields);
    return message.has_value();
  }
  return false;
}

}  // namespace wirelab
