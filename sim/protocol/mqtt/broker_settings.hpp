// What can be set of a broker, each with its default and its name in mosquitto.conf where that has one.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "sim/kernel/time.hpp"
#include "sim/protocol/mqtt/manners.hpp"
#include "sim/protocol/mqtt/mutation.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// Which message is lost where a session's queue is full.
enum class DropPolicy : std::uint8_t { newest, oldest };

/// A session expiry interval that means "never" (5.0, section 3.1.2.11.2).
inline constexpr std::uint32_t kNeverExpires = 0xffffffff;

struct BrokerSettings {
  // What waits for one session.
  std::uint16_t max_in_flight = 20;    // QoS 1 and 2 messages on their way; 0: not limited; max_inflight_messages
  std::uint32_t max_queued = 1000;     // messages beyond those; 0: not limited; max_queued_messages
  std::uint64_t max_queued_bytes = 0;  // of them; 0: not limited; max_queued_bytes
  DropPolicy drop = DropPolicy::newest;
  bool queue_qos0 = false;                               // keep QoS 0 messages for stored sessions; queue_qos0_messages
  std::uint32_t longest_session_expiry = kNeverExpires;  // seconds; persistent_client_expiration
  // What one client may do.
  std::size_t max_packet_size = kMaximumRemainingLength + 5;  // bytes; max_packet_size
  std::uint16_t receive_maximum = 65535;  // QoS 1 and 2 messages of a client's that are not answered yet
  std::uint16_t max_topic_alias = 10;     // max_topic_alias
  std::uint16_t max_keep_alive = 0;       // seconds; 0: clients may do without; max_keepalive
  std::uint16_t max_topic_levels = 200;
  std::uint32_t max_subscriptions = 0;  // of one session; 0: not limited
  std::uint32_t max_filter_levels = 0;  // of all its filters together; 0: not limited
  Qos maximum_qos = Qos::exactly_once;  // max_qos
  bool retain_available = true;         // retain_available
  bool wildcard_subscriptions = true;
  bool subscription_identifiers = true;
  bool shared_subscriptions = true;
  bool check_payload_format = true;
  // All of them.
  std::uint32_t max_connections = 0;                 // 0: not limited; max_connections
  std::uint32_t max_sessions = 0;                    // with and without a connection; 0: not limited
  std::uint32_t max_retained = 0;                    // messages; 0: not limited
  // Bytes of messages and subscriptions, and as many of packets that have come in part; 0: not limited; memory_limit
  std::uint64_t memory_limit = 0;
  Duration connect_timeout = Duration::seconds(30);  // from the opening of a connection to its CONNECT
  Duration sys_interval;                             // of the topics under $SYS; 0: there are none; sys_interval
  std::string response_information;                  // for clients that ask for it; empty: none
  // What survives its process; its owner sees to it.
  bool persistence = true;             // sessions and retained messages are kept when it ends; persistence
  Duration autosave_interval;          // and so often while it runs, for a crash; 0: not; autosave_interval
  BrokerManners manners;               // what single programs do otherwise
  Mutation mutation = Mutation::none;  // a rule that is broken, for tests
};

}  // namespace wirelab::mqtt
