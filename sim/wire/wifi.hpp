// The words of Wi-Fi: what a station does, which management frames it exchanges, and why it is not in a network any more.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wirelab::wifi {

enum class State : std::uint8_t { off, idle, scanning, authenticating, associating, handshake, joined, count_ };
std::string_view name_of(State state);

/// Management frames and the keys' frames (EAPOL), in the order in which a station joins.
enum class Frame : std::uint16_t {
  none,
  authentication,
  authentication_answer,
  association,
  association_answer,
  key_1,
  key_2,
  key_3,
  key_4,
  deauthentication,
  count_
};
std::string_view name_of(Frame frame);
/// One of the four of the handshake that makes the keys of WPA2.
constexpr bool is_key(Frame frame) { return frame >= Frame::key_1 && frame <= Frame::key_4; }
/// Bytes on the air: typical ones of a WPA2 network (open system authentication, CCMP, one RSN element).
std::uint32_t bytes_of(Frame frame);

enum class Event : std::uint16_t { none, scan_began, scan_ended, joined, left, failed, roams, count_ };
std::string_view name_of(Event event);

/// Reason codes of IEEE 802.11-2020, table 9-49, and those that drivers add from 200 on (as ESP-IDF numbers them).
enum class Reason : std::uint16_t {
  none = 0,
  authentication_expired = 2,
  leaving = 3,
  class_3_from_stranger = 7,
  handshake_timeout = 15,
  beacon_timeout = 200,
  no_access_point = 201,
};
std::string_view name_of(Reason reason);

enum class Timer : std::uint8_t { step, beacon, key, roam, count_ };

/// Whether WPA2 takes it: 8 to 63 characters of ASCII (IEEE 802.11-2020, annex J.4). Empty for an open network.
bool is_passphrase(std::string_view text);

}  // namespace wirelab::wifi
