#include "sim/wire/wifi.hpp"

#include <algorithm>

namespace wirelab::wifi {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(State::count_)> kStates{
    "off", "not connected", "scanning", "authenticating", "associating", "exchanging keys", "joined"};
struct FrameWords {
  std::string_view name;
  std::uint32_t bytes;
};
constexpr std::array<FrameWords, static_cast<std::size_t>(Frame::count_)> kFrames{{{"none", 0},
                                                                                   {"Authentication", 34},
                                                                                   {"Authentication answer", 34},
                                                                                   {"Association Request", 120},
                                                                                   {"Association Response", 110},
                                                                                   {"EAPOL key 1 of 4", 135},
                                                                                   {"EAPOL key 2 of 4", 157},
                                                                                   {"EAPOL key 3 of 4", 191},
                                                                                   {"EAPOL key 4 of 4", 135},
                                                                                   {"Deauthentication", 30}}};
constexpr std::array<std::string_view, static_cast<std::size_t>(Event::count_)> kEvents{
    "none",
    "looks for access points",
    "has looked for access points",
    "joins the network",
    "is not in the network any more",
    "does not get into the network",
    "goes over to another access point"};

template <typename Table, typename Enum>
auto look_up(const Table& table, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return table[index < table.size() ? index : 0];
}

}  // namespace

std::string_view name_of(State state) { return look_up(kStates, state); }
std::string_view name_of(Frame frame) { return look_up(kFrames, frame).name; }
std::uint32_t bytes_of(Frame frame) { return look_up(kFrames, frame).bytes; }
std::string_view name_of(Event event) { return look_up(kEvents, event); }

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::none: return "";
    case Reason::authentication_expired: return "the access point does not answer";
    case Reason::leaving: return "the station left, or was sent away";
    case Reason::class_3_from_stranger: return "the access point does not know the station";
    case Reason::handshake_timeout: return "4-way handshake timeout";
    case Reason::beacon_timeout: return "no beacon was heard for 6 s";
    case Reason::no_access_point: return "no access point found";
  }
  return "";
}

bool is_passphrase(std::string_view text) {
  return text.size() >= 8 && text.size() <= 63 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace wirelab::wifi
