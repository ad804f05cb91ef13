// How the trace's records of control packets name them in 16 bits: byte 0, and in the upper half 5 on a connection of 5.0.
#pragma once

#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

constexpr std::uint16_t trace_word(std::uint8_t first_byte, Version version) {
  return static_cast<std::uint16_t>(first_byte | (version == Version::v5 ? 5u << 8 : 0u));
}
constexpr std::uint8_t first_byte_of(std::uint16_t word) { return static_cast<std::uint8_t>(word); }
constexpr PacketType packet_type_of(std::uint16_t word) { return static_cast<PacketType>(first_byte_of(word) >> 4); }
/// How to decode what a record of the word tells of.
constexpr Version version_of(std::uint16_t word) { return word >> 8 == 5 ? Version::v5 : Version::v3_1_1; }

}  // namespace wirelab::mqtt
