#include "sim/wire/dhcp.hpp"

#include <algorithm>

namespace wirelab::wire {
namespace {

constexpr std::size_t kFixedSize = 236;
constexpr std::size_t kLeastSize = 300;
constexpr std::uint32_t kMagic = 0x63825363;
enum Option : std::uint8_t {
  kPad = 0,
  kMask = 1,
  kRouter = 3,
  kNameServer = 6,
  kHostName = 12,
  kRequested = 50,
  kLease = 51,
  kType = 53,
  kServer = 54,
  kParameters = 55,
  kRenewal = 58,
  kRebinding = 59,
  kClient = 61,
  kEnd = 255
};

bool is_from_client(DhcpType type) {
  return type == DhcpType::discover || type == DhcpType::request || type == DhcpType::decline ||
         type == DhcpType::release;
}

}  // namespace

std::string_view name_of(DhcpType type) {
  constexpr std::array<std::string_view, 8> names{"none",        "DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST",
                                                  "DHCPDECLINE", "DHCPACK",      "DHCPNAK",   "DHCPRELEASE"};
  return names[static_cast<std::size_t>(type)];
}

void encode(const DhcpMessage& message, std::vector<std::uint8_t>& out) {
  const std::size_t begin = out.size();
  const bool from_client = is_from_client(message.type);
  Writer writer(out);
  writer.u8(from_client ? 1 : 2);
  writer.u8(1);  // Ethernet
  writer.u8(6);
  writer.u8(0);
  writer.u32(message.transaction);
  writer.u16(message.seconds);
  writer.u16(0);  // a client that can take unicast before it has an address does not ask for broadcast
  writer.u32(message.client_address.value);
  writer.u32(message.your_address.value);
  writer.u32(0);
  writer.u32(0);
  writer.raw(message.hardware);
  out.resize(begin + kFixedSize, 0);
  writer.u32(kMagic);
  const auto address = [&](Option option, Ipv4Address value) {
    if (value.value == 0) return;
    writer.u8(option);
    writer.u8(4);
    writer.u32(value.value);
  };
  const auto seconds = [&](Option option, std::uint32_t value) {
    writer.u8(option);
    writer.u8(4);
    writer.u32(value);
  };
  writer.u8(kType);
  writer.u8(1);
  writer.u8(static_cast<std::uint8_t>(message.type));
  address(kServer, message.server);
  address(kRequested, message.requested);
  if (message.lease != 0) {
    seconds(kLease, message.lease);
    seconds(kRenewal, message.lease / 2);
    seconds(kRebinding, static_cast<std::uint32_t>(std::uint64_t{message.lease} * 7 / 8));
  }
  address(kMask, message.mask);
  address(kRouter, message.router);
  address(kNameServer, message.name_server);
  if (from_client) {
    writer.u8(kClient);
    writer.u8(7);
    writer.u8(1);
    writer.raw(message.hardware);
    writer.u8(kParameters);
    writer.u8(3);
    for (const Option wanted : {kMask, kRouter, kNameServer}) writer.u8(wanted);
  }
  if (!message.host_name.empty()) {
    writer.u8(kHostName);
    writer.u8(static_cast<std::uint8_t>(message.host_name.size()));
    writer.raw(bytes_of(message.host_name));
  }
  writer.u8(kEnd);
  if (out.size() < begin + kLeastSize) out.resize(begin + kLeastSize, kPad);
}

std::optional<DhcpMessage> decode_dhcp(Bytes bytes) {
  if (bytes.size() < kFixedSize + 4 || bytes[1] != 1 || bytes[2] != 6) return std::nullopt;
  const std::uint8_t* const head = bytes.data();
  if (load32(head + kFixedSize) != kMagic) return std::nullopt;
  DhcpMessage message;
  message.transaction = load32(head + 4);
  message.seconds = load16(head + 8);
  message.client_address.value = load32(head + 12);
  message.your_address.value = load32(head + 16);
  std::copy_n(head + 28, 6, message.hardware.begin());
  Reader reader(bytes.subspan(kFixedSize + 4));
  while (!reader.empty()) {
    const std::uint8_t option = reader.u8();
    if (option == kPad) continue;
    if (option == kEnd) break;
    const Bytes value = reader.take(reader.u8());
    if (!reader.ok()) return std::nullopt;
    const auto address = [&](Ipv4Address& to) {
      if (value.size() >= 4) to.value = load32(value.data());
    };
    switch (option) {
      case kType:
        if (value.size() != 1 || value[0] > 7) return std::nullopt;
        message.type = static_cast<DhcpType>(value[0]);
        break;
      case kRequested: address(message.requested); break;
      case kServer: address(message.server); break;
      case kMask: address(message.mask); break;
      case kRouter: address(message.router); break;
      case kNameServer: address(message.name_server); break;
      case kLease:
        if (value.size() == 4) message.lease = load32(value.data());
        break;
      case kHostName: message.host_name = std::string(text_of(value)).substr(0, 63); break;
      default: break;
    }
  }
  if (message.type == DhcpType::none || (bytes[0] == 1) != is_from_client(message.type)) return std::nullopt;
  return message;
}

}  // namespace wirelab::wire
