// An MQTT 3.1.1 broker as a state machine: bytes of its connections and the ends of connections go in; bytes and records come
// out; its timers lie in the event queue that it is handed. It knows neither sockets nor links.
//
// What it chooses where the standard leaves a choice: QoS 0 messages are not kept for sessions without a connection (an
// option keeps them); of overlapping subscriptions one copy is sent, with the highest QoS [MQTT-3.3.5-1]; keep alive is checked to
// the instant; an empty client identifier with a clean session is given a name.
#pragma once

#include <tsl/robin_map.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/event_queue.hpp"
#include "sim/protocol/mqtt/channel.hpp"
#include "sim/protocol/mqtt/fire_and_forget.hpp"
#include "sim/protocol/mqtt/held.hpp"
#include "sim/protocol/mqtt/in_flight.hpp"
#include "sim/protocol/mqtt/manners.hpp"
#include "sim/protocol/mqtt/messages.hpp"
#include "sim/protocol/mqtt/qos.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::mqtt {

struct BrokerSettings {
  std::uint16_t max_in_flight = 20;  // QoS 1 and 2 messages a session, as mosquitto's max_inflight_messages
  std::uint32_t max_queued = 1000;   // messages a session beyond those, as max_queued_messages; 0: not limited
  BrokerManners manners;             // what single programs do otherwise
  bool queue_qos0 = false;           // keep QoS 0 messages for stored sessions, as queue_qos0_messages
  std::size_t max_packet_size = 268'435'460;
  Duration connect_timeout = Duration::seconds(30);  // from the opening of a connection to its CONNECT
};

/// Names a network connection at the broker.
using ConnectionIndex = std::uint32_t;

class Broker {
 public:
  /// Decides on a CONNECT; without one everybody is accepted. Authentication stands outside the core.
  using Authenticate = std::function<ConnectCode(const Connect&)>;

  Broker(EventQueue& events, Tracer& trace, EntityId entity, const BrokerSettings& settings,
         Authenticate authenticate = nullptr);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// A network connection was opened. The channel must outlive it.
  ConnectionIndex opened(ByteChannel* channel);
  /// Bytes arrived, and what they took up in the stream.
  void receive(ConnectionIndex connection, Bytes bytes, StreamId stream, StreamRange where);
  /// The network connection has ended, for whatever reason.
  void closed(ConnectionIndex connection);

  /// Publishes the wills of all who are connected, and closes all connections. Stored sessions, subscriptions, queued
  /// and retained messages stay, as with mosquitto's `persistence true`.
  void stop();
  /// Forgets everything, as a process does that crashes. Its channels must be taken away by the caller.
  void crash();

  EntityId entity() const { return entity_; }
  std::size_t sessions() const { return by_client_.size(); }
  std::size_t subscriptions() const { return tree_.subscriptions(); }
  std::size_t retained() const { return retained_.size(); }
  const MessagePool& messages() const { return messages_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  using SessionIndex = std::uint32_t;
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Queued {
    MessageRef message;
    Qos qos;
    bool retain;
  };
  struct Subscription {
    NameId filter;
    Qos qos;
  };
  struct Session {
    NameId client = 0;
    EntityId entity = 0;
    SessionState state = SessionState::none;
    ConnectionIndex connection = kNone;
    std::uint16_t keep_alive = 0;
    bool clean = false;
    MessageRef will = kNoMessage;
    InFlight in_flight;
    Ring<Queued> queue;
    HeldMessages held;               // those of them that wait to be passed on
    std::vector<PacketId> received;  // QoS 2 messages of the client's that wait for PUBREL
    std::vector<Subscription> subscriptions;
  };
  struct Connection {
    ByteChannel* channel = nullptr;
    SessionIndex session = kNone;
    PacketAssembler assembler;
    TimerId timer;
    StreamId stream_in = 0;
    FireAndForget qos0;
  };

  // broker.cpp: connections and packets
  void take(ConnectionIndex index, const Packet& packet, std::uint64_t begin, std::uint64_t end);
  void take_connect(ConnectionIndex index, const Connect& packet);
  void take_publish(ConnectionIndex index, const Publish& packet, MessageId id);
  void take_subscribe(ConnectionIndex index, Subscribe packet);
  void take_unsubscribe(ConnectionIndex index, Unsubscribe packet);
  void take_acknowledgement(ConnectionIndex index, SendEvent event, PacketId packet_id);
  void take_pubrel(ConnectionIndex index, PacketId packet_id);
  const ReceiveRow& step_received(Session& session, PacketId id, ReceiveEvent event);
  NameId given_name();
  void protocol_error(ConnectionIndex index, const Malformed& error);
  void end_connection(ConnectionIndex index, SessionEvent event, WillCause cause);
  void drop_connection(ConnectionIndex index);
  bool send(Connection& connection, MessageId message);
  void acknowledge(Connection& connection, PacketType type, PacketId id, MessageId message = 0);
  void arm_keep_alive(ConnectionIndex index);
  void disarm_timer(ConnectionIndex index);
  static void on_timer(void* self, std::uint64_t connection);
  EntityId timer_entity(const Connection& connection) const;

  // broker_sessions.cpp: sessions and what they hold
  SessionIndex open_session(const Connect& packet, NameId client, bool& present);
  void resume(SessionIndex index);
  void end_session(SessionIndex index);
  void empty_session(Session& session);
  void fill_window(Session& session);
  void act(Session& session, std::uint32_t place, const SendRow& row);
  void set_will(Session& session, MessageRef will);
  void fire_will(Session& session, WillCause cause);

  // broker_routing.cpp: messages to subscribers
  void accept(const Publish& packet, MessageId id, MessageId origin);
  void deliver(Session& session, const Publish& packet, MessageId id, NameId topic_name, Qos qos, bool retain,
               MessageRef& kept);
  void keep_retained(const Publish& packet, MessageId id, NameId topic_name);
  void send_retained(Session& session, std::string_view filter, Qos qos);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  BrokerSettings settings_;
  Authenticate authenticate_;
  TopicTree tree_;
  MessagePool messages_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<SessionIndex> free_sessions_;
  tsl::robin_map<NameId, SessionIndex> by_client_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<ConnectionIndex> free_connections_;
  std::map<NameId, MessageRef> retained_;  // by topic, in an order that does not hang on hashing
  std::vector<std::uint8_t> scratch_;      // the packet that is being encoded
  std::uint64_t given_names_ = 0;
};

}  // namespace wirelab::mqtt
