#include "sim/wire/icmp.hpp"

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

void encode(const IcmpMessage& message, std::vector<std::uint8_t>& out) {
  const std::size_t begin = out.size();
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(message.type));
  writer.u8(message.code);
  writer.u16(0);
  const bool echo = message.type == IcmpType::echo || message.type == IcmpType::echo_reply;
  writer.u16(echo ? message.identifier : std::uint16_t{0});
  writer.u16(echo ? message.sequence : message.next_mtu);
  writer.raw(message.body);
  const Bytes whole = Bytes(out).subspan(begin);
  store16(out.data() + begin + 2, checksum_finish(checksum_add(whole)));
}

std::optional<IcmpMessage> decode_icmp(Bytes bytes) {
  if (bytes.size() < 8 || checksum_finish(checksum_add(bytes)) != 0) return std::nullopt;
  IcmpMessage message;
  message.type = static_cast<IcmpType>(bytes[0]);
  message.code = bytes[1];
  switch (message.type) {
    case IcmpType::echo:
    case IcmpType::echo_reply:
      message.identifier = load16(bytes.data() + 4);
      message.sequence = load16(bytes.data() + 6);
      break;
    case IcmpType::unreachable:
    case IcmpType::time_exceeded: message.next_mtu = load16(bytes.data() + 6); break;
    default: return std::nullopt;
  }
  message.body = bytes.subspan(8);
  return message;
}

}  // namespace wirelab::wire
