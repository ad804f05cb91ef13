// What control packets and messages say, decoded from the bytes that crossed the network: for the views that show it.
#pragma once

#include <optional>
#include <string>

#include "gui/look.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::gui {

struct Content {
  std::string topic;
  std::string payload;  // as printable_text()
  std::size_t size = 0;
  int qos = 0;
  bool retain = false;
};

/// The control packet of these bytes, which it refers to; empty where they are not exactly one.
std::optional<mqtt::Packet> decoded(std::span<const std::uint8_t> bytes, mqtt::Version version);
/// The message that a broker keeps under this number, or the will that it has armed: from the PUBLISH or CONNECT that brought
/// it. Empty where that is not kept.
std::optional<Content> content_of(const Look& look, MessageId message);

}  // namespace wirelab::gui
