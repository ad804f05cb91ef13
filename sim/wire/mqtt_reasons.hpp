// The reason codes of MQTT 5.0 (OASIS standard, 7 March 2019, section 2.4): one table of names and of the packets that may carry
// each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace wirelab::mqtt {

enum class PacketType : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth  // 5.0 only
};

/// A set of packet types, a bit each.
using PacketSet = std::uint16_t;
constexpr PacketSet set_of(PacketType type) { return static_cast<PacketSet>(1u << static_cast<unsigned>(type)); }
template <typename... Types>
constexpr PacketSet set_of(PacketType first, Types... rest) {
  return static_cast<PacketSet>((set_of(first) | ... | set_of(rest)));
}

enum class ReasonCode : std::uint8_t {
  success = 0x00,  // also: normal disconnection, granted QoS 0
  granted_qos1 = 0x01,
  granted_qos2 = 0x02,
  disconnect_with_will = 0x04,
  no_matching_subscribers = 0x10,
  no_subscription_existed = 0x11,
  continue_authentication = 0x18,
  reauthenticate = 0x19,
  unspecified_error = 0x80,
  malformed_packet = 0x81,
  protocol_error = 0x82,
  implementation_specific_error = 0x83,
  unsupported_protocol_version = 0x84,
  client_identifier_not_valid = 0x85,
  bad_user_name_or_password = 0x86,
  not_authorized = 0x87,
  server_unavailable = 0x88,
  server_busy = 0x89,
  banned = 0x8a,
  server_shutting_down = 0x8b,
  bad_authentication_method = 0x8c,
  keep_alive_timeout = 0x8d,
  session_taken_over = 0x8e,
  topic_filter_invalid = 0x8f,
  topic_name_invalid = 0x90,
  packet_identifier_in_use = 0x91,
  packet_identifier_not_found = 0x92,
  receive_maximum_exceeded = 0x93,
  topic_alias_invalid = 0x94,
  packet_too_large = 0x95,
  message_rate_too_high = 0x96,
  quota_exceeded = 0x97,
  administrative_action = 0x98,
  payload_format_invalid = 0x99,
  retain_not_supported = 0x9a,
  qos_not_supported = 0x9b,
  use_another_server = 0x9c,
  server_moved = 0x9d,
  shared_subscriptions_not_supported = 0x9e,
  connection_rate_exceeded = 0x9f,
  maximum_connect_time = 0xa0,
  subscription_identifiers_not_supported = 0xa1,
  wildcard_subscriptions_not_supported = 0xa2
};

struct ReasonRule {
  ReasonCode code;
  std::string_view name;  // as the standard writes it
  PacketSet packets;      // that may carry it
};
std::span<const ReasonRule> reasons();
/// nullptr if the standard knows no such code.
const ReasonRule* rule_of(ReasonCode code);
/// Whether the packet may carry the code.
bool may_carry(PacketType type, std::uint8_t code);
/// 0x80 and above: something failed.
constexpr bool is_failure(ReasonCode code) { return static_cast<std::uint8_t>(code) >= 0x80; }
/// By the packet where code 0 has several names: "Granted QoS 0" in SUBACK, "Normal disconnection" in DISCONNECT.
std::string_view name_of(ReasonCode code, PacketType type);

}  // namespace wirelab::mqtt
