// What control packets and messages say, decoded from the bytes that crossed the network: for the views that show it.
#pragma once

#include <optional>
#include <string>

#include "gui/look.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::gui {

struct Content {
  std::string topic;
  std::string payload;  // as printable(), at most 90 bytes of it
  std::size_t size = 0;
  int qos = 0;
  bool retain = false;
};

/// The control packet of these bytes; empty where they are not exactly one.
std::optional<mqtt::Packet> decoded(std::span<const std::uint8_t> bytes);
/// The message that a broker keeps under this number, or the will that it has armed: from the PUBLISH or CONNECT that brought
/// it. Empty where that is not kept, or took several packets.
std::optional<Content> content_of(const Look& look, MessageId message);
/// The beginning of a payload: UTF-8 as it is, of anything else what can be printed.
std::string printable(wire::Bytes payload, std::size_t most = 90);

}  // namespace wirelab::gui
