// What a person or a scenario does to a running world, as plain data. The types are listed once, in the variant; the journal
// writes and reads them, the world applies them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/net/link.hpp"

namespace wirelab {

/// The cable is cut, both ways: what is under way is lost, and neither end is told.
struct CutLink {
  std::string link;
};
struct RestoreLink {
  std::string link;
};
/// Both directions, or the one named ("home>hub"), get new settings; what is not named keeps its value.
struct SetImpairment {
  std::string link;
  std::vector<LinkChange> changes;
};
/// The plug is pulled: nothing is sent any more, peers are not told, memory is gone.
struct PowerOff {
  std::string node;
};
/// The process dies; its operating system closes the connections. Its memory is gone.
struct Crash {
  std::string node;
};
/// The program is asked to end: a client sends DISCONNECT, a broker closes its connections and keeps its stored sessions.
struct Stop {
  std::string node;
};
/// Power on, and the program starts from its beginning; one that runs is stopped first.
struct Restart {
  std::string node;
};
struct SetSensor {
  std::string node;
  std::string sensor;
  double value = 0;
};

/// One packet, named by the number of its bytes in the trace, that waits for a link or is under way on it ("home>hub", or either
/// direction). Nothing happens if it is not there.
struct DropPacket {
  std::string link;
  std::uint32_t packet = 0;
};
struct DelayPacket {
  std::string link;
  std::uint32_t packet = 0;
  Duration by;
};
struct DuplicatePacket {
  std::string link;
  std::uint32_t packet = 0;
};
/// As the MQTT client of a device's program, whatever that does meanwhile.
struct PublishAs {
  std::string node;
  std::string topic;
  std::string payload;  // UTF-8
  std::uint8_t qos = 0;
  bool retain = false;
};
struct SubscribeAs {
  std::string node;
  std::string filter;
  std::uint8_t qos = 0;
};
struct UnsubscribeAs {
  std::string node;
  std::string filter;
};

/// A translating router loses its table, as when it is overloaded or restarts: connections through it find out by themselves.
struct ForgetBindings {
  std::string node;
};

/// A name server answers every question with "server failure", or is well again.
struct FailNames {
  std::string node;
  bool fails = true;
};

/// A station or an access point is carried to another place, in metres.
struct MoveNode {
  std::string node;
  double x = 0, y = 0;
};

/// The access point sends the station away; it may come back.
struct Deauthenticate {
  std::string node;
};

/// A program outside of the simulation opens a connection from this node (outside.hpp), to a port of another. Connections are
/// numbered by who writes the journal, each number used once.
struct OutsideConnect {
  std::string node;
  std::string to;
  std::uint16_t port = 0;
  std::uint32_t connection = 0;
};
/// What it sends.
struct OutsideSend {
  std::uint32_t connection = 0;
  std::vector<std::uint8_t> bytes;
};
/// It closes its connection, or resets it.
struct OutsideEnd {
  std::uint32_t connection = 0;
  bool reset = false;
};
/// It takes what arrives, or leaves it in the receive buffer.
struct OutsideRead {
  std::uint32_t connection = 0;
  bool reads = true;
};

using Intervention =
    std::variant<CutLink, RestoreLink, SetImpairment, PowerOff, Crash, Stop, Restart, SetSensor, DropPacket,
                 DelayPacket, DuplicatePacket, PublishAs, SubscribeAs, UnsubscribeAs, ForgetBindings, FailNames,
                 MoveNode, Deauthenticate, OutsideConnect, OutsideSend, OutsideEnd, OutsideRead>;

/// "cut", "restore" ... as the journal writes it.
std::string_view name_of(const Intervention& intervention);

}  // namespace wirelab
