// IPv4 (RFC 791) without options, the Internet checksum (RFC 1071) and addresses. Fragments are not made or reassembled:
// packets carry "don't fragment" as Linux's TCP does, and a router answers "fragmentation needed".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/wire/bytes.hpp"

namespace wirelab::wire {

struct Ipv4Address {
  std::uint32_t value = 0;
  auto operator<=>(const Ipv4Address&) const = default;
};

inline constexpr Ipv4Address kBroadcast{0xffffffff};  // of the network that one is in

std::string to_string(Ipv4Address address);
/// "10.0.0.1"; empty for anything else.
std::optional<Ipv4Address> parse_address(std::string_view text);

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;

inline constexpr std::size_t kIpv4HeaderSize = 20;

struct Ipv4Header {
  std::uint16_t total_length = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = true;
  std::uint8_t time_to_live = 64;
  std::uint8_t protocol = 0;
  Ipv4Address source;
  Ipv4Address destination;
};

/// Writes 20 bytes at `out`, checksum included.
void encode(const Ipv4Header& header, std::uint8_t* out);
/// The header of a whole packet; empty if it is malformed, a fragment, or its checksum is wrong.
std::optional<Ipv4Header> decode_ipv4(Bytes packet);
/// Mends a checksum in place after one 16-bit word that it covers has changed (RFC 1624, equation 3).
void mend_checksum(std::uint8_t* checksum, std::uint16_t before, std::uint16_t after);
/// Takes 1 from the time to live of an encoded header and mends its checksum (RFC 1624). False if it was 1 or less.
bool decrement_time_to_live(std::uint8_t* packet);

/// A one's complement sum that is not folded yet; parts of an even size can be added up.
std::uint64_t checksum_add(Bytes bytes, std::uint64_t sum = 0);
std::uint16_t checksum_finish(std::uint64_t sum);
/// The sum over the pseudo-header of TCP and UDP.
std::uint64_t pseudo_header_sum(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol, std::size_t length);

}  // namespace wirelab::wire
