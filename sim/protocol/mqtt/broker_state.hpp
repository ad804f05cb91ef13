// What a broker keeps of each network connection and of each session: plain data, which broker*.cpp work on.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/kernel/event_queue.hpp"
#include "sim/protocol/mqtt/broker_settings.hpp"
#include "sim/protocol/mqtt/channel.hpp"
#include "sim/protocol/mqtt/fire_and_forget.hpp"
#include "sim/protocol/mqtt/held.hpp"
#include "sim/protocol/mqtt/in_flight.hpp"
#include "sim/protocol/mqtt/messages.hpp"
#include "sim/protocol/mqtt/qos.hpp"
#include "sim/protocol/mqtt/receive_window.hpp"
#include "sim/protocol/mqtt/topic_aliases.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"

namespace wirelab::mqtt {

/// Names a network connection at the broker.
using ConnectionIndex = std::uint32_t;
using SessionIndex = std::uint32_t;
inline constexpr std::uint32_t kNoIndex = 0xffffffff;

/// An enhanced authentication that is under way, or was successful.
struct Authentication {
  std::string method;
  std::vector<std::uint8_t> state;    // the exchange's own
  std::vector<std::uint8_t> connect;  // the CONNECT that waits for its success; empty once that has come
  bool again = false;                 // a client that is connected authenticates again
};

/// What only a connection of 5.0 has.
struct ConnectionOf5 {
  std::uint16_t receive_maximum = 65535;  // the client's
  std::uint32_t max_packet_size = 0xffffffff;
  bool problem_information = true;  // reason strings may go into packets of all kinds
  ReceiveWindow receive_window;
  TopicAliasesIn aliases_in;
  TopicAliasesOut aliases_out;
  std::unique_ptr<Authentication> authentication;
};

struct BrokerConnection {
  ByteChannel* channel = nullptr;
  SessionIndex session = kNoIndex;
  Version version = Version::v3_1_1;  // as CONNECT said
  PacketAssembler assembler;
  TimerId timer;
  bool is_within = false;  // the broker's own process
  StreamId stream_in = 0;
  FireAndForget qos0;
  std::unique_ptr<ConnectionOf5> five;
};

/// A message that waits for its turn.
struct Queued {
  MessageRef message;
  Qos qos;
  bool retain;
  IdentifiersRef identifiers;
};

struct Subscription {
  SubscriptionOptions options;
  NameId name = 0;  // of its filter in the trace
};

struct Session {
  std::string client;     // its identifier
  std::string user_name;  // empty: anonymous
  EntityId entity = 0;
  SessionState state = SessionState::none;
  ConnectionIndex connection = kNoIndex;
  bool is_within = false;        // as its connection is
  bool clean = false;            // it ends with its connection: `expiry` is 0
  std::uint16_t keep_alive = 0;  // seconds
  std::uint32_t expiry = 0;      // seconds after the end of its connection; 3.1.1: 0 or never, by clean session
  std::uint32_t will_delay = 0;  // seconds; not longer than `expiry`
  std::uint32_t will_expiry = kNeverExpires;  // the will's message expiry interval
  MessageRef will = kNoMessage;
  TimerId will_timer, expiry_timer;  // made when they are first needed
  InFlight in_flight;
  // Serial numbers of messages in flight: from and to which they have yet to be sent on this connection.
  std::uint64_t resend_from = 0, resend_to = 0;
  Ring<Queued> queue;
  std::uint64_t queued_bytes = 0;
  Instant queue_expires = Instant::never();  // no message in the queue expires earlier
  std::uint32_t filter_levels = 0;           // of all its filters together
  HeldMessages held;               // QoS 2 messages that wait to be passed on
  std::vector<PacketId> received;  // QoS 2 messages of the client's that wait for PUBREL, in order of their identifiers
  std::map<std::string, Subscription, std::less<>> subscriptions;  // by filter

  bool connected() const { return connection != kNoIndex; }
};

/// What a broker has counted since it began; $SYS and the table of `serve` show it.
struct BrokerCounts {
  std::uint64_t packets_in = 0, packets_out = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t publishes_in = 0, publishes_out = 0;
  std::uint64_t dropped = 0;
  std::uint64_t connections = 0;  // that were opened
};

}  // namespace wirelab::mqtt
