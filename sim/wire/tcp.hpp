// TCP segments (RFC 9293) with the options that Linux uses: maximum segment size, window scale and timestamps (RFC 7323),
// selective acknowledgement (RFC 2018). Options are laid out as Linux lays them out, so sizes agree to the byte.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

inline constexpr std::size_t kTcpHeaderSize = 20;
inline constexpr std::size_t kTimestampsSize = 12;  // padded by two no-operation bytes

struct TcpFlags {
  bool fin = false, syn = false, rst = false, psh = false, ack = false;
};

struct SackBlock {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

struct TcpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  TcpFlags flags;
  std::uint16_t window = 0;
  std::uint16_t maximum_segment_size = 0;      // SYN only, 0: not there
  std::uint8_t window_scale = kNoWindowScale;  // SYN only
  bool sack_permitted = false;                 // SYN only
  bool has_timestamps = false;
  std::uint32_t timestamp = 0;
  std::uint32_t timestamp_echo = 0;
  std::uint8_t sack_count = 0;
  std::array<SackBlock, 4> sack;

  static constexpr std::uint8_t kNoWindowScale = 255;
};

/// Bytes of the header with its options, a multiple of 4.
std::size_t header_size(const TcpHeader& header);
/// Writes the header at `out`, before a payload that already stands there, checksum included.
void encode(const TcpHeader& header, Ipv4Address source, Ipv4Address destination, std::uint8_t* out,
            std::size_t payload_size);

struct TcpSegment {
  TcpHeader header;
  Bytes payload;
};
/// `bytes` is the payload of the IPv4 packet. Empty if malformed or the checksum is wrong.
std::optional<TcpSegment> decode_tcp(Bytes bytes, Ipv4Address source, Ipv4Address destination);

}  // namespace wirelab::wire
