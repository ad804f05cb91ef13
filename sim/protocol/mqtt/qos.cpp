#include "sim/protocol/mqtt/qos.hpp"

namespace wirelab::mqtt {
namespace {

// Rows are found by a dense index, made at compile time; it also proves that no pair has two rows.
template <std::size_t States, std::size_t Events, typename Row, std::size_t N, typename EventOf>
consteval std::array<std::uint8_t, States * Events> index_of(const std::array<Row, N>& table, EventOf event_of) {
  std::array<std::uint8_t, States * Events> index{};
  for (std::size_t i = 0; i < N; ++i) {
    auto& cell =
        index[static_cast<std::size_t>(table[i].state) * Events + static_cast<std::size_t>(event_of(table[i]))];
    if (cell != 0) throw "a pair of state and event has two rows";
    cell = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}

constexpr auto kSendIndex = index_of<4, 7>(kSendTable, [](const SendRow& row) { return row.event; });
constexpr auto kReceiveIndex = index_of<2, 4>(kReceiveTable, [](const ReceiveRow& row) { return row.event; });
constexpr auto kSessionIndex = index_of<4, 4>(kSessionTable, [](const SessionRow& row) { return row.input; });

}  // namespace

const SendRow* step(SendState state, SendEvent event) {
  const std::uint8_t row = kSendIndex[static_cast<std::size_t>(state) * 7 + static_cast<std::size_t>(event)];
  return row == 0 ? nullptr : &kSendTable[row - 1];
}

const ReceiveRow* step(ReceiveState state, ReceiveEvent event) {
  const std::uint8_t row = kReceiveIndex[static_cast<std::size_t>(state) * 4 + static_cast<std::size_t>(event)];
  return row == 0 ? nullptr : &kReceiveTable[row - 1];
}

const SessionRow* step(SessionState state, SessionInput input) {
  const std::uint8_t row = kSessionIndex[static_cast<std::size_t>(state) * 4 + static_cast<std::size_t>(input)];
  return row == 0 ? nullptr : &kSessionTable[row - 1];
}

std::string_view name_of(SendState state) {
  constexpr std::array<std::string_view, 4> names{"none", "waits for PUBACK", "waits for PUBREC", "waits for PUBCOMP"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(SendEvent event) {
  constexpr std::array<std::string_view, 7> names{"publish at QoS 1", "publish at QoS 2", "PUBACK",         "PUBREC",
                                                  "PUBCOMP",          "reconnected",      "PUBREC, refused"};
  return names[static_cast<std::size_t>(event)];
}

std::string_view name_of(SessionState state) {
  constexpr std::array<std::string_view, 4> names{"none", "connected, clean", "connected, persistent", "stored"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(ReceiveAction action) {
  constexpr std::array<std::string_view, 5> names{"deliver", "deliver, PUBACK", "deliver, PUBREC", "only PUBREC",
                                                  "PUBCOMP"};
  return names[static_cast<std::size_t>(action)];
}

std::string_view name_of(SessionInput input) {
  constexpr std::array<std::string_view, 4> names{"CONNECT, clean session 1", "CONNECT, clean session 0",
                                                  "the connection ends", "its expiry is over"};
  return names[static_cast<std::size_t>(input)];
}

std::string_view name_of(SessionAction action) {
  constexpr std::array<std::string_view, 5> names{"create", "replace", "resume", "store", "discard"};
  return names[static_cast<std::size_t>(action)];
}

}  // namespace wirelab::mqtt
