// WebSocket (RFC 6455) as bytes: the answer to its handshake, which is HTTP, and frames.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab::wire {

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string websocket_accept(std::string_view key);

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct FrameHeader {
  bool final = true;
  Opcode opcode = Opcode::binary;
  std::optional<std::uint32_t> mask;
  std::uint64_t length = 0;  // of the payload
  std::size_t size = 0;      // of this header
};
/// The header at the front; no value if more bytes are needed, an error in words where it is against RFC 6455, section 5.2.
tl::expected<std::optional<FrameHeader>, std::string_view> decode_frame_header(Bytes bytes);
/// Applies the mask, or takes it off again, from the `offset`th byte of the payload on.
void mask_bytes(std::uint32_t mask, std::uint64_t offset, std::span<std::uint8_t> bytes);
/// One whole frame. Clients mask, servers do not (5.1).
void encode_frame(Opcode opcode, Bytes payload, std::optional<std::uint32_t> mask, std::vector<std::uint8_t>& out);
/// What a payload of so many bytes takes up in a frame without a mask.
constexpr std::size_t websocket_size(std::size_t payload) {
  return payload + (payload < 126 ? 2 : payload < 65536 ? 4 : 10);
}

/// SHA-1 (RFC 3174), for the handshake, which hides nothing with it.
std::array<std::uint8_t, 20> sha1(Bytes bytes);
/// Base 64 with padding (RFC 4648, section 4).
std::string base64(Bytes bytes);

}  // namespace wirelab::wire
