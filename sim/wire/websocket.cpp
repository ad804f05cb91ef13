#include "sim/wire/websocket.hpp"

#include <algorithm>
#include <bit>

namespace wirelab::wire {
std::string websocket_accept(std::string_view key) {
  const std::string whole = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const auto digest = sha1(bytes_of(whole));
  return base64(digest);
}

tl::expected<std::optional<FrameHeader>, std::string_view> decode_frame_header(Bytes bytes) {
  if (bytes.size() < 2) return std::nullopt;
  FrameHeader header;
  header.final = (bytes[0] & 0x80) != 0;
  header.opcode = static_cast<Opcode>(bytes[0] & 0x0f);
  const auto code = static_cast<unsigned>(header.opcode);
  if ((bytes[0] & 0x70) != 0) return tl::make_unexpected("a reserved bit of a frame is set");
  if ((code > 2 && code < 8) || code > 10) return tl::make_unexpected("a frame has a reserved opcode");
  const bool masked = (bytes[1] & 0x80) != 0;
  const unsigned short_length = bytes[1] & 0x7f;
  const std::size_t extended = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  if (code >= 8 && (extended != 0 || !header.final))
    return tl::make_unexpected("a control frame is fragmented or longer than 125 bytes");
  header.size = 2 + extended + (masked ? 4 : 0);
  if (bytes.size() < header.size) return std::nullopt;
  header.length = short_length;
  if (extended != 0) {
    header.length = 0;
    for (std::size_t i = 0; i < extended; ++i) header.length = header.length << 8 | bytes[2 + i];
    if (header.length < (extended == 2 ? 126u : 65536u))
      return tl::make_unexpected("a frame's length has too many bytes");
    if (header.length >> 63 != 0) return tl::make_unexpected("a frame's length has its highest bit set");
  }
  if (masked) header.mask = load32(bytes.data() + 2 + extended);
  return header;
}

void mask_bytes(std::uint32_t mask, std::uint64_t offset, std::span<std::uint8_t> bytes) {
  for (std::uint8_t& b : bytes) b ^= static_cast<std::uint8_t>(mask >> (24 - 8 * (offset++ % 4)));
}

void encode_frame(Opcode opcode, Bytes payload, std::optional<std::uint32_t> mask, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(0x80 | static_cast<unsigned>(opcode)));
  const std::uint8_t bit = mask ? 0x80 : 0;
  if (payload.size() < 126) {
    writer.u8(static_cast<std::uint8_t>(bit | payload.size()));
  } else if (payload.size() < 65536) {
    writer.u8(bit | 126);
    writer.u16(static_cast<std::uint16_t>(payload.size()));
  } else {
    writer.u8(bit | 127);
    writer.u32(static_cast<std::uint32_t>(std::uint64_t{payload.size()} >> 32));
    writer.u32(static_cast<std::uint32_t>(payload.size()));
  }
  if (mask) writer.u32(*mask);
  const std::size_t at = out.size();
  writer.raw(payload);
  if (mask) mask_bytes(*mask, 0, std::span(out).subspan(at));
}

std::array<std::uint8_t, 20> sha1(Bytes bytes) {
  std::vector<std::uint8_t> message(bytes.begin(), bytes.end());
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  message.push_back(0x80);
  while (message.size() % 64 != 56) message.push_back(0);
  for (int shift = 56; shift >= 0; shift -= 8) message.push_back(static_cast<std::uint8_t>(bits >> shift));
  std::array<std::uint32_t, 5> h{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t t = 0; t < 16; ++t) w[t] = load32(message.data() + block + 4 * t);
    for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = h;
    for (std::size_t t = 0; t < 80; ++t) {
      const std::uint32_t f = t < 20   ? (b & c) | (~b & d)
                              : t < 40 ? b ^ c ^ d
                              : t < 60 ? (b & c) | (b & d) | (c & d)
                                       : b ^ c ^ d;
      const std::uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + f + e + w[t] + k;
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
  }
  std::array<std::uint8_t, 20> out{};
  for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

std::string base64(Bytes bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (k < left ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace wirelab::wire
