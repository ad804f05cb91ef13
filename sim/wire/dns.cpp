#include "sim/wire/dns.hpp"

#include <algorithm>
#include <array>

namespace wirelab::wire {
namespace {

constexpr std::uint16_t kClassInternet = 1;
constexpr std::size_t kHeaderSize = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Reads a name at `at`, which moves behind it. Pointers lead backwards only, so there is an end.
std::optional<std::string> read_name(Bytes message, std::size_t& at) {
  std::string name;
  std::size_t place = at;
  std::size_t limit = message.size();  // a pointer must lead before the place where the present run of labels began
  bool jumped = false;
  while (true) {
    if (place >= message.size()) return std::nullopt;
    const std::uint8_t length = message[place];
    if (length == 0) {
      if (!jumped) at = place + 1;
      return name;
    }
    if ((length & 0xc0) == 0xc0) {
      if (place + 1 >= message.size()) return std::nullopt;
      const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | message[place + 1];
      if (!jumped) at = place + 2;
      if (target >= std::min(limit, place)) return std::nullopt;
      jumped = true;
      limit = place = target;
      continue;
    }
    if (length > 63 || place + 1 + length > message.size() || name.size() + length + 1 > 254) return std::nullopt;
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < length; ++i) name += lower(static_cast<char>(message[place + 1 + i]));
    place += 1u + length;
  }
}

}  // namespace

std::string_view name_of(DnsCode code) {
  constexpr std::array<std::string_view, 6> names{"no error",     "format error",    "server failure",
                                                  "no such name", "not implemented", "refused"};
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "unknown code";
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      if (label == 0 || label > 63 || name[i - 1] == '-') return false;
      label = 0;
      continue;
    }
    const char c = lower(name[i]);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && label > 0);
    if (!plain) return false;
    ++label;
  }
  return true;
}

void encode(const DnsMessage& message, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  writer.u16(message.id);
  writer.u8(static_cast<std::uint8_t>((message.is_response ? 0x80 : 0) | (message.authoritative ? 0x04 : 0) |
                                      (message.recursion_desired ? 0x01 : 0)));
  writer.u8(static_cast<std::uint8_t>((message.recursion_available ? 0x80 : 0) | static_cast<int>(message.code)));
  writer.u16(1);
  writer.u16(static_cast<std::uint16_t>(message.answers.size()));
  writer.u16(0);
  writer.u16(0);
  std::string_view rest = message.name;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    writer.u8(static_cast<std::uint8_t>(dot));
    writer.raw(bytes_of(rest.substr(0, dot)));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  writer.u8(0);
  writer.u16(message.type);
  writer.u16(kClassInternet);
  for (const DnsAddress& answer : message.answers) {
    writer.u16(static_cast<std::uint16_t>(0xc000 | kHeaderSize));  // the name of the question
    writer.u16(kDnsTypeA);
    writer.u16(kClassInternet);
    writer.u32(answer.time_to_live);
    writer.u16(4);
    writer.u32(answer.address.value);
  }
}

std::optional<DnsMessage> decode_dns(Bytes bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  const std::uint8_t* const head = bytes.data();
  DnsMessage message;
  message.id = load16(head);
  message.is_response = (head[2] & 0x80) != 0;
  message.authoritative = (head[2] & 0x04) != 0;
  message.recursion_desired = (head[2] & 0x01) != 0;
  message.recursion_available = (head[3] & 0x80) != 0;
  message.code = static_cast<DnsCode>(head[3] & 0x0f);
  if (load16(head + 4) != 1) return std::nullopt;
  std::size_t at = kHeaderSize;
  auto name = read_name(bytes, at);
  if (!name || at + 4 > bytes.size()) return std::nullopt;
  message.name = std::move(*name);
  message.type = load16(head + at);
  at += 4;
  const std::uint16_t answers = load16(head + 6);
  for (std::uint16_t i = 0; i < answers; ++i) {
    if (!read_name(bytes, at) || at + 10 > bytes.size()) return std::nullopt;
    const std::uint16_t type = load16(head + at);
    const std::uint32_t time_to_live = load32(head + at + 4);
    const std::uint16_t length = load16(head + at + 8);
    at += 10;
    if (at + length > bytes.size()) return std::nullopt;
    if (type == kDnsTypeA && length == 4) message.answers.push_back({time_to_live, {load32(head + at)}});
    at += length;
  }
  return message;
}

}  // namespace wirelab::wire
