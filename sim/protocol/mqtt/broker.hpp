// An MQTT broker for 3.1, 3.1.1 and 5.0 as a state machine: bytes of its connections and the ends of connections go in; bytes and
// records come out; its timers lie in the event queue that it is handed. It knows neither sockets nor links. Each connection
// speaks the version of its CONNECT, and messages go between them.
//
// What it chooses where the standards leave a choice: QoS 0 messages are not kept for sessions without a connection (an option
// keeps them); of overlapping subscriptions one copy is sent, with the highest QoS [MQTT-3.3.5-1] and all their identifiers;
// keep alive is checked to the instant; an empty client identifier is given a name; of a shared subscription, members with a
// connection take turns; what is refused of a client of 3.1.1 is acknowledged all the same [MQTT-3.3.5-2]; CONNACK says only
// what differs from the standard's defaults.
#pragma once

#include <tsl/robin_map.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/protocol/mqtt/access.hpp"
#include "sim/protocol/mqtt/broker_state.hpp"
#include "sim/protocol/mqtt/broker_store.hpp"
#include "sim/protocol/mqtt/retained.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::mqtt {

/// Who looks on at what a broker does, beside the trace: the log and the table of `serve`.
class BrokerWatch {
 public:
  virtual ~BrokerWatch() = default;
  virtual void on_connected(const Session&, const BrokerConnection&) {}
  virtual void on_refused(const Connect&, ReasonCode) {}
  /// `why` says more of a protocol error.
  virtual void on_ended(const Session&, SessionEvent, std::string_view /*why*/) {}
  virtual void on_message(const Message&) {}
};

class Broker {
 public:
  /// `access`, if there is one, must outlive the broker; without one everybody is let in.
  Broker(EventQueue& events, Tracer& trace, EntityId entity, const BrokerSettings& settings, Access* access = nullptr);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// nullptr: nobody. It must outlive the broker.
  void set_watch(BrokerWatch* watch) { watch_ = watch; }
  /// A network connection was opened. The channel must outlive it.
  ConnectionIndex opened(ByteChannel* channel);
  /// The same by a part of the broker's own process, as a bridge: no access list is asked about it.
  ConnectionIndex opened_within(ByteChannel* channel);
  /// Bytes arrived, and what they took up in the stream.
  void receive(ConnectionIndex connection, Bytes bytes, StreamId stream, StreamRange where);
  /// The network connection has ended, for whatever reason.
  void closed(ConnectionIndex connection);

  /// The process begins: its own messages, under $SYS, begin with it.
  void start();
  /// Publishes the wills of all who are connected, and closes all connections. Stored sessions, subscriptions, queued
  /// and retained messages stay, as with mosquitto's `persistence true`.
  void stop();
  /// Forgets everything, as a process does that crashes. Its channels must be taken away by the caller.
  void crash();
  /// A message of the broker's own, or of somebody's beside its clients.
  void publish(std::string_view topic, Bytes payload, Qos qos, bool retain);

  /// What survives the process, as it is now.
  SavedBroker saved() const;
  /// Takes up what was saved `elapsed` ago, before anybody connects; what has expired since is gone.
  void restore(const SavedBroker& broker, Duration elapsed);

  EntityId entity() const { return entity_; }
  std::size_t sessions() const { return by_client_.size(); }
  std::size_t connected() const { return connected_; }
  std::size_t subscriptions() const { return tree_.subscriptions(); }
  std::size_t retained() const { return retained_.size(); }
  const MessagePool& messages() const { return messages_; }
  /// Bytes of messages and, by what a node and a subscription take about, of subscriptions.
  std::size_t memory() const {
    constexpr std::size_t kNode = 96, kSubscription = 160;
    return messages_.bytes() + tree_.nodes() * kNode + tree_.subscriptions() * kSubscription;
  }
  const BrokerCounts& counts() const { return counts_; }
  const BrokerSettings& settings() const { return settings_; }
  /// nullptr for a session without one.
  const BrokerConnection* connection_of(const Session& session) const {
    return session.connected() ? connections_[session.connection].get() : nullptr;
  }
  /// Calls see(const Session&) for each.
  template <typename See>
  void for_each_session(See&& see) const {
    for (const auto& session : sessions_) {
      if (session != nullptr) see(*session);
    }
  }
  void visit_state(StateVisitor& visitor) const;

 private:
  /// For the tests of torture; false in any other broker.
  bool breaks(Mutation rule) const { return settings_.mutation == rule; }

  // broker.cpp: connections, and the packets that come in on them
  void take(ConnectionIndex index, const Packet& packet, std::uint64_t begin, std::uint64_t end);
  void take_acknowledgement(ConnectionIndex index, SendEvent event, PacketId packet_id, ReasonCode reason);
  void take_pubrel(ConnectionIndex index, PacketId packet_id);
  void take_disconnect(ConnectionIndex index, const Disconnect& packet);
  const ReceiveRow& step_received(Session& session, PacketId id, ReceiveEvent event);
  void protocol_error(ConnectionIndex index, const Malformed& error);
  /// The session's side of the end, then the network's. A client of 5.0 is told `reason` first, unless it is success.
  void end_connection(ConnectionIndex index, SessionEvent event, WillCause cause,
                      ReasonCode reason = ReasonCode::success, std::string_view text = {});
  void drop_connection(ConnectionIndex index);
  void end_largest_part();
  bool send(BrokerConnection& connection, MessageId message);
  void acknowledge(BrokerConnection& connection, PacketType type, PacketId id, MessageId message = 0,
                   ReasonCode reason = ReasonCode::success, std::string_view text = {});
  /// Encodes a packet of 5.0 into scratch_ by write(properties), with the text as its reason string, unless it became larger than
  /// the client takes [MQTT-3.2.2-19, and the like].
  template <typename Write>
  void encode_with_reason(const BrokerConnection& connection, std::string_view text, Write&& write) {
    scratch_.clear();
    properties_.clear();
    if (!text.empty()) PropertyWriter(properties_).text(Property::reason_string, text);
    write(Properties(properties_));
    if (text.empty() || scratch_.size() <= connection.five->max_packet_size) return;
    scratch_.clear();
    write(Properties());
  }
  void arm_keep_alive(ConnectionIndex index);
  void disarm_timer(ConnectionIndex index);
  static void on_timer(void* self, std::uint64_t connection);
  EntityId timer_entity(const BrokerConnection& connection) const;

  // broker_connect.cpp: who comes in, and what CONNACK says
  void take_connect(ConnectionIndex index, const Connect& packet);
  void take_auth(ConnectionIndex index, const Auth& packet);
  void authenticate(ConnectionIndex index, Bytes data);
  ReasonCode admits(const Connect& packet, Version version, std::string_view& why) const;
  std::uint16_t keep_alive_for(std::uint16_t wanted) const;
  void refuse(ConnectionIndex index, ReasonCode reason, std::string_view why);
  void let_in(ConnectionIndex index, const Connect& packet, std::string_view user_name);
  void send_connack(ConnectionIndex index, const Connect& packet, bool present, std::string_view given);
  void arm_will(Session& session, const Connect& packet);
  std::string given_name();

  // broker_subscriptions.cpp
  void take_subscribe(ConnectionIndex index, Subscribe packet);
  void take_unsubscribe(ConnectionIndex index, Unsubscribe packet);
  ReasonCode subscribe(BrokerConnection& connection, const FilterRequest& request, SubscriptionOptions& options,
                       bool& retained);
  /// Takes what it looks at off `budget`.
  bool send_retained(Session& session, std::string_view filter, const SubscriptionOptions& options,
                     std::size_t& budget);
  bool answer(ConnectionIndex index);
  bool takes_more(const Session& session) const;

  // broker_sessions.cpp: how sessions begin, are resumed and end, and their wills
  SessionIndex open_session(std::string_view client, bool clean_start, std::uint32_t expiry, bool& present);
  void set_expiry(Session& session, std::uint32_t expiry);
  void end_session(SessionIndex index);
  void empty_session(Session& session);
  void set_will(Session& session, MessageRef will);
  void fire_will(Session& session, WillCause cause);
  void arm_session(SessionIndex index, TimerId& timer, EventFunction function, Field field, std::uint32_t seconds);
  void disarm_session(Session& session, TimerId timer, Field field);
  static void on_will_due(void* self, std::uint64_t session);
  static void on_expired(void* self, std::uint64_t session);

  // broker_delivery.cpp: messages on their way to one session
  void deliver(Session& session, const Message& message, Qos qos, bool retain,
               std::span<const std::uint32_t> identifiers, MessageRef& kept);
  void deliver_qos0(Session& session, const Message& message, bool retain, std::span<const std::uint32_t> identifiers);
  bool make_room(Session& session, const Message& message);
  void drop_expired(Session& session);
  void drop_expired_retained();
  bool has_memory_for(std::size_t bytes) const;
  void remove(Session& session, std::uint32_t place);
  Queued take_from_queue(Session& session);
  void resume(SessionIndex index);
  void act(Session& session, std::uint32_t place, const SendRow& row);
  void fill_window(Session& session);
  bool resend_next(Session& session);
  void begin_exchange(Session& session, const Queued& queued);
  std::uint32_t window(const Session& session) const;
  std::uint32_t on_their_way(const Session& session) const;
  bool window_is_open(const Session& session) const;
  /// Encodes a PUBLISH into scratch_; false if it is larger than the client takes.
  bool encode_publish(BrokerConnection& connection, const Message& message, Qos qos, bool retain, bool dup, PacketId id,
                      std::span<const std::uint32_t> identifiers);
  bool send_publish(BrokerConnection& connection, const Message& message);
  void lose(EntityId entity, MessageId message, LossReason reason);
  BrokerConnection& connection_of(const Session& session) { return *connections_[session.connection]; }

  // broker_routing.cpp: from a PUBLISH to the sessions
  void take_publish(ConnectionIndex index, Publish packet, MessageId id);
  Message message_of(const Publish& packet, MessageId id);
  /// Why a message is refused; success if it is not.
  ReasonCode judge(const Session& session, const Publish& packet, std::string_view& why) const;
  void accept(const Message& message, const Matches& matches, SessionIndex publisher, MessageId origin);
  const Subscriber& choose(SharedGroup& group);
  void keep_retained(const Message& message, SessionIndex publisher);
  void forget_retained(MessageRef message);

  // broker_sys.cpp: the topics under $SYS
  void publish_sys();
  static void on_sys(void* self, std::uint64_t);

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  BrokerSettings settings_;
  /// nullptr: who may do everything.
  Access* access_for(const Session& session) const { return session.is_within ? nullptr : access_; }

  Access* access_;
  BrokerWatch* watch_ = nullptr;
  bool limits_delivery_;
  TopicTree tree_;
  RetainedMessages retained_;
  MessagePool messages_;
  IdentifierLists identifiers_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<SessionIndex> free_sessions_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  tsl::robin_map<std::string, SessionIndex, TextHash, std::equal_to<>> by_client_;
  std::vector<std::unique_ptr<BrokerConnection>> connections_;
  std::vector<ConnectionIndex> free_connections_;
  std::size_t open_connections_ = 0;
  std::size_t connected_ = 0;
  std::vector<std::uint8_t> scratch_;     // the packet that is being encoded
  std::vector<std::uint8_t> properties_;  // of a packet that is being encoded
  std::vector<std::uint8_t> forwarded_;   // the properties of a message that came in, as they go on
  BrokerCounts counts_;
  std::size_t partial_bytes_ = 0;  // of packets that have come in part
  Instant began_;
  Instant retained_looked_at_;  // for expired ones
  TimerId sys_timer_;
  std::vector<std::int64_t> sys_;  // what $SYS said last, by its table
  std::uint64_t given_names_ = 0;
};

}  // namespace wirelab::mqtt
