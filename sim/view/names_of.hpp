// How views name what the trace holds by numbers: what a packet is, in the words that Wireshark uses.
#pragma once

#include <string>

#include "sim/trace/store.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab {

/// "TCP 10.0.0.2:32768 > 10.0.0.3:1883 [PSH, ACK] Seq=1 Ack=1 Len=36", "ICMP echo request" ... of an IPv4 packet.
std::string describe_packet(wire::Bytes packet);
/// The same in a few words: "SYN", "ACK", "36 bytes", "RST".
std::string describe_packet_short(wire::Bytes packet);
/// The control packet at the front of the bytes: "PUBLISH sensors/temperature (QoS 1, id 3)".
std::string describe_mqtt(wire::Bytes bytes, mqtt::Version version);

}  // namespace wirelab
