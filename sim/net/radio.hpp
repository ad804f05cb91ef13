// How well a Wi-Fi station is heard: distance to signal strength, signal strength to rate, and rate to lost frames. 802.11n at 2.4
// GHz, 20 MHz wide, one antenna, long guard interval.
//
// Signal strength follows ITU-R P.1238 for a home (20 log f + 28 log d - 28, in dB with f in MHz and d in metres). Each frame is
// received a little better or worse than that (fading: a normal deviate, 3 dB by default). A rate's sensitivity is where one frame
// of 4096 bytes in ten is lost (IEEE 802.11-2020, table 19-18), 10 dB better than the standard asks for, as data sheets of
// microcontrollers say (ESP32: -92 dBm at MCS 0); a dB more or less makes errors ten times rarer or more frequent.
#pragma once

#include <array>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::radio {

struct Rate {
  std::uint32_t bits_per_symbol;  // of 4 us
  double sensitivity_dbm;
};
/// MCS 0 to 7: 6.5 to 65 Mbit/s.
inline constexpr std::array<Rate, 8> kRates{
    {{26, -92}, {52, -89}, {78, -87}, {104, -84}, {156, -80}, {208, -76}, {234, -75}, {260, -74}}};
inline constexpr double kUnheard = -200;  // dBm: as of who is switched off

/// Received power in dBm; less than a metre counts as one. `walls`: what stands between takes so many dB.
double received_power(double transmit_dbm, double metres, double walls_db);
/// At how many metres so much is received where nothing stands between; at least one.
double distance_of(double transmit_dbm, double received_dbm);
/// The fastest rate that leaves a margin for fading; the slowest where none does.
std::size_t best_rate(double dbm);
/// The probability that a frame of so many bytes is not received at a rate.
double frame_error(std::size_t rate, double dbm, std::uint32_t bytes);
/// Air time of a data frame of so many bytes, headers and check sum included: preamble, whole symbols, signal extension.
Duration data_time(std::size_t rate, std::uint32_t bytes);
/// Of a management frame, at 6 Mbit/s.
Duration management_time(std::uint32_t bytes);

// IEEE 802.11-2020, clause 10.3 and table 19-25, for 2.4 GHz.
inline constexpr Duration kSlot = Duration::microseconds(9);
inline constexpr Duration kSifs = Duration::microseconds(10);
inline constexpr Duration kDifs = Duration::microseconds(28);
inline constexpr Duration kAck = Duration::microseconds(50);  // 14 bytes at 6 Mbit/s, with its signal extension
inline constexpr std::uint32_t kLeastWindow = 15, kMostWindow = 1023;
inline constexpr std::uint32_t kRetryLimit = 7;
/// MAC header with QoS, LLC and SNAP, check sum; and what CCMP adds (header and MIC).
inline constexpr std::uint32_t kFrameOverhead = 26 + 8 + 4, kEncryptionOverhead = 8 + 8;

}  // namespace wirelab::radio
