#include "sim/wire/ipv4.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>

#include "sim/kernel/wide.hpp"

namespace wirelab::wire {

std::string to_string(Ipv4Address address) {
  const std::uint32_t v = address.value;
  return fmt::format("{}.{}.{}.{}", v >> 24, (v >> 16) & 255, (v >> 8) & 255, v & 255);
}

std::optional<Ipv4Address> parse_address(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned byte = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), byte);
    if (code != std::errc{} || byte > 255) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    value = (value << 8) | byte;
    if (part < 3) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return Ipv4Address{value};
}

// Adds words of 8 bytes in the machine's order: the one's complement sum is the same in either order but for a swap of
// bytes at the end (RFC 1071, section 2).
std::uint64_t checksum_add(Bytes bytes, std::uint64_t sum) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  WideUnsigned wide = sum;
  while (left >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    wide += word;
    at += 8;
    left -= 8;
  }
  if (left > 0) {
    std::uint8_t tail[8] = {};
    std::memcpy(tail, at, left);
    std::uint64_t word = 0;
    std::memcpy(&word, tail, 8);
    wide += word;
  }
  std::uint64_t folded = static_cast<std::uint64_t>(wide);
  const auto carry = static_cast<std::uint64_t>(wide >> 64);
  if (__builtin_add_overflow(folded, carry, &folded)) ++folded;
  return folded;
}

std::uint16_t checksum_finish(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  auto folded = static_cast<std::uint16_t>(sum);
  if constexpr (std::endian::native == std::endian::little)
    folded = static_cast<std::uint16_t>((folded >> 8) | (folded << 8));
  return static_cast<std::uint16_t>(~folded);
}

std::uint64_t pseudo_header_sum(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                std::size_t length) {
  std::uint8_t pseudo[12];
  store32(pseudo, source.value);
  store32(pseudo + 4, destination.value);
  pseudo[8] = 0;
  pseudo[9] = protocol;
  store16(pseudo + 10, static_cast<std::uint16_t>(length));
  return checksum_add(pseudo);
}

void encode(const Ipv4Header& header, std::uint8_t* out) {
  out[0] = 0x45;
  out[1] = 0;
  store16(out + 2, header.total_length);
  store16(out + 4, header.identification);
  store16(out + 6, header.dont_fragment ? 0x4000 : 0);
  out[8] = header.time_to_live;
  out[9] = header.protocol;
  store16(out + 10, 0);
  store32(out + 12, header.source.value);
  store32(out + 16, header.destination.value);
  store16(out + 10, checksum_finish(checksum_add({out, kIpv4HeaderSize})));
}

std::optional<Ipv4Header> decode_ipv4(Bytes packet) {
  if (packet.size() < kIpv4HeaderSize || packet[0] != 0x45) return std::nullopt;
  Ipv4Header header;
  header.total_length = load16(packet.data() + 2);
  header.identification = load16(packet.data() + 4);
  const std::uint16_t fragment = load16(packet.data() + 6);
  header.dont_fragment = (fragment & 0x4000) != 0;
  header.time_to_live = packet[8];
  header.protocol = packet[9];
  header.source.value = load32(packet.data() + 12);
  header.destination.value = load32(packet.data() + 16);
  if (header.total_length != packet.size() || (fragment & 0x3fff) != 0) return std::nullopt;
  if (checksum_finish(checksum_add(packet.first(kIpv4HeaderSize))) != 0) return std::nullopt;
  return header;
}

void mend_checksum(std::uint8_t* checksum, std::uint16_t before, std::uint16_t after) {
  // HC' = ~(~HC + ~m + m')
  std::uint32_t sum = static_cast<std::uint16_t>(~load16(checksum));
  sum += static_cast<std::uint16_t>(~before);
  sum += after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  store16(checksum, static_cast<std::uint16_t>(~sum));
}

bool decrement_time_to_live(std::uint8_t* packet) {
  if (packet[8] <= 1) return false;
  const std::uint16_t old_word = load16(packet + 8);
  --packet[8];
  mend_checksum(packet + 10, old_word, load16(packet + 8));
  return true;
}

}  // namespace wirelab::wire
