#include "sim/wire/pcapng.hpp"

namespace wirelab::wire {
namespace {

// The format takes the writer's byte order; ours is always little-endian.
void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value & 255);
  out += static_cast<char>(value >> 8);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value));
  put16(out, static_cast<std::uint16_t>(value >> 16));
}
void pad(std::string& out) {
  while (out.size() % 4 != 0) out += '\0';
}
void put_option(std::string& out, std::uint16_t code, std::string_view value) {
  value = value.substr(0, 65535);
  put16(out, code);
  put16(out, static_cast<std::uint16_t>(value.size()));
  out += value;
  pad(out);
}

std::string block(std::uint32_t type, std::string_view body) {
  std::string out;
  const auto length = static_cast<std::uint32_t>(12 + body.size());
  put32(out, type);
  put32(out, length);
  out += body;
  put32(out, length);
  return out;
}

constexpr std::uint16_t kComment = 1;
constexpr std::uint32_t kLinkTypeRaw = 101;

}  // namespace

std::string pcapng_header(std::string_view application, std::string_view interface_name) {
  std::string section;
  put32(section, 0x1a2b3c4d);
  put16(section, 1);
  put16(section, 0);
  put32(section, 0xffffffff);  // section length: not given
  put32(section, 0xffffffff);
  put_option(section, 4, application);
  put_option(section, 0, {});
  std::string interface;
  put16(interface, kLinkTypeRaw);
  put16(interface, 0);
  put32(interface, 0);  // no limit on the length
  put_option(interface, 2, interface_name);
  put_option(interface, 9, std::string_view("\x09", 1));  // stamps count nanoseconds
  put_option(interface, 0, {});
  return block(0x0a0d0d0a, section) + block(1, interface);
}

std::string pcapng_tls_keys(std::string_view key_log) {
  constexpr std::uint32_t kTlsKeyLog = 0x544c534b;
  std::string body;
  put32(body, kTlsKeyLog);
  put32(body, static_cast<std::uint32_t>(key_log.size()));
  body += key_log;
  pad(body);
  return block(10, body);
}

std::string pcapng_packet(std::int64_t at_ns, Bytes packet, std::string_view comment) {
  std::string body;
  const auto stamp = static_cast<std::uint64_t>(at_ns);
  put32(body, 0);
  put32(body, static_cast<std::uint32_t>(stamp >> 32));
  put32(body, static_cast<std::uint32_t>(stamp));
  put32(body, static_cast<std::uint32_t>(packet.size()));
  put32(body, static_cast<std::uint32_t>(packet.size()));
  body += text_of(packet);
  pad(body);
  if (!comment.empty()) {
    put_option(body, kComment, comment);
    put_option(body, 0, {});
  }
  return block(6, body);
}

}  // namespace wirelab::wire
