#include "sim/wire/mqtt_reasons.hpp"

#include <algorithm>
#include <array>

namespace wirelab::mqtt {
namespace {

using enum PacketType;

constexpr PacketSet kAnswers = set_of(puback, pubrec);
constexpr PacketSet kEnds = set_of(connack, disconnect);

constexpr std::array<ReasonRule, 43> kReasons{{
    {ReasonCode::success, "Success",
     set_of(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, auth, disconnect)},
    {ReasonCode::granted_qos1, "Granted QoS 1", set_of(suback)},
    {ReasonCode::granted_qos2, "Granted QoS 2", set_of(suback)},
    {ReasonCode::disconnect_with_will, "Disconnect with Will Message", set_of(disconnect)},
    {ReasonCode::no_matching_subscribers, "No matching subscribers", kAnswers},
    {ReasonCode::no_subscription_existed, "No subscription existed", set_of(unsuback)},
    {ReasonCode::continue_authentication, "Continue authentication", set_of(auth)},
    {ReasonCode::reauthenticate, "Re-authenticate", set_of(auth)},
    {ReasonCode::unspecified_error, "Unspecified error", kAnswers | kEnds | set_of(suback, unsuback)},
    {ReasonCode::malformed_packet, "Malformed Packet", kEnds},
    {ReasonCode::protocol_error, "Protocol Error", kEnds},
    {ReasonCode::implementation_specific_error, "Implementation specific error",
     kAnswers | kEnds | set_of(suback, unsuback)},
    {ReasonCode::unsupported_protocol_version, "Unsupported Protocol Version", set_of(connack)},
    {ReasonCode::client_identifier_not_valid, "Client Identifier not valid", set_of(connack)},
    {ReasonCode::bad_user_name_or_password, "Bad User Name or Password", set_of(connack)},
    {ReasonCode::not_authorized, "Not authorized", kAnswers | kEnds | set_of(suback, unsuback)},
    {ReasonCode::server_unavailable, "Server unavailable", set_of(connack)},
    {ReasonCode::server_busy, "Server busy", kEnds},
    {ReasonCode::banned, "Banned", set_of(connack)},
    {ReasonCode::server_shutting_down, "Server shutting down", set_of(disconnect)},
    {ReasonCode::bad_authentication_method, "Bad authentication method", kEnds},
    {ReasonCode::keep_alive_timeout, "Keep Alive timeout", set_of(disconnect)},
    {ReasonCode::session_taken_over, "Session taken over", set_of(disconnect)},
    {ReasonCode::topic_filter_invalid, "Topic Filter invalid", set_of(suback, unsuback, disconnect)},
    {ReasonCode::topic_name_invalid, "Topic Name invalid", kAnswers | kEnds},
    {ReasonCode::packet_identifier_in_use, "Packet Identifier in use", kAnswers | set_of(suback, unsuback)},
    {ReasonCode::packet_identifier_not_found, "Packet Identifier not found", set_of(pubrel, pubcomp)},
    {ReasonCode::receive_maximum_exceeded, "Receive Maximum exceeded", set_of(disconnect)},
    {ReasonCode::topic_alias_invalid, "Topic Alias invalid", set_of(disconnect)},
    {ReasonCode::packet_too_large, "Packet too large", kEnds},
    {ReasonCode::message_rate_too_high, "Message rate too high", set_of(disconnect)},
    {ReasonCode::quota_exceeded, "Quota exceeded", kAnswers | kEnds | set_of(suback)},
    {ReasonCode::administrative_action, "Administrative action", set_of(disconnect)},
    {ReasonCode::payload_format_invalid, "Payload format invalid", kAnswers | kEnds},
    {ReasonCode::retain_not_supported, "Retain not supported", kEnds},
    {ReasonCode::qos_not_supported, "QoS not supported", kEnds},
    {ReasonCode::use_another_server, "Use another server", kEnds},
    {ReasonCode::server_moved, "Server moved", kEnds},
    {ReasonCode::shared_subscriptions_not_supported, "Shared Subscriptions not supported", set_of(suback, disconnect)},
    {ReasonCode::connection_rate_exceeded, "Connection rate exceeded", kEnds},
    {ReasonCode::maximum_connect_time, "Maximum connect time", set_of(disconnect)},
    {ReasonCode::subscription_identifiers_not_supported, "Subscription Identifiers not supported",
     set_of(suback, disconnect)},
    {ReasonCode::wildcard_subscriptions_not_supported, "Wildcard Subscriptions not supported",
     set_of(suback, disconnect)},
}};

}  // namespace

std::span<const ReasonRule> reasons() { return kReasons; }

const ReasonRule* rule_of(ReasonCode code) {
  const auto found = std::lower_bound(kReasons.begin(), kReasons.end(), code,
                                      [](const ReasonRule& rule, ReasonCode wanted) { return rule.code < wanted; });
  return found != kReasons.end() && found->code == code ? &*found : nullptr;
}

bool may_carry(PacketType type, std::uint8_t code) {
  const ReasonRule* rule = rule_of(static_cast<ReasonCode>(code));
  return rule != nullptr && (rule->packets & set_of(type)) != 0;
}

std::string_view name_of(ReasonCode code, PacketType type) {
  if (code == ReasonCode::success && type == disconnect) return "Normal disconnection";
  if (code == ReasonCode::success && type == suback) return "Granted QoS 0";
  const ReasonRule* rule = rule_of(code);
  return rule != nullptr ? rule->name : "reserved";
}

}  // namespace wirelab::mqtt
