// What of a broker survives its process: sessions that outlive their connections, with subscriptions and messages, and what is
// retained. As plain values, and as bytes for a file. Not kept are connections, their wills, and sessions that end with
// their connection.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sim/protocol/mqtt/qos.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"

namespace wirelab::mqtt {

struct SavedMessage {
  std::string topic;
  std::vector<std::uint8_t> properties, payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::int64_t expires_in = -1;  // ns from the saving on; below 0: never
};

/// A message of a session's, by its place in the list of all.
struct SavedDelivery {
  std::uint32_t message = 0;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::vector<std::uint32_t> identifiers;  // of subscriptions
  PacketId packet_id = 0;                  // of one in flight, or held
  SendState state = SendState::none;       // of one in flight
};

struct SavedSession {
  std::string client, user_name;
  std::uint32_t expiry = 0;      // seconds
  std::int64_t expires_in = -1;  // ns from the saving on; below 0: it had a connection, so all of `expiry` is left
  std::vector<std::pair<std::string, SubscriptionOptions>> subscriptions;
  std::vector<SavedDelivery> in_flight, queue, held;
  std::vector<PacketId> received;
};

struct SavedRetained {
  std::uint32_t message = 0;
  std::string publisher;
};

struct SavedBroker {
  std::vector<SavedMessage> messages;
  std::vector<SavedRetained> retained;
  std::vector<SavedSession> sessions;
};

std::vector<std::uint8_t> encode(const SavedBroker& broker);
/// An error in words where the bytes are no such state, or one that could not be.
tl::expected<SavedBroker, std::string> decode_saved_broker(Bytes bytes);

}  // namespace wirelab::mqtt
