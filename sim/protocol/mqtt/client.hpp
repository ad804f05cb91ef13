// An MQTT client for 3.1.1 and 5.0 as a state machine. It is handed a channel when a network connection is open, and told when
// that has ended; opening connections and trying again is its owner's business.
//
// What it does where the standard leaves a choice, after paho and libmosquitto:
//   - publish() without a connection: QoS 0 is refused; QoS 1 and 2 wait and are sent after the next CONNACK;
//   - at most `max_in_flight` messages are in flight, further ones wait in order;
//   - what single programs do otherwise is in manners.hpp;
//   - it sends PINGREQ when it has sent nothing for the keep alive [MQTT-3.1.2-23], and gives the connection up when a
//     PINGRESP is missing one keep alive later;
//   - messages in flight are sent again after a reconnection only, and only where the session outlives its connection. Else
//     they are discarded with the connection, and said to be lost;
//   - in 5.0 Clean Start is asked for with the first CONNECT only, where the session outlives its connection, as paho's default.
#pragma once

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
#include "sim/protocol/mqtt/receive_window.hpp"
#include "sim/protocol/mqtt/topic_aliases.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::mqtt {

enum class ClientState : std::uint8_t { disconnected, connecting, connected };

struct WillOptions {
  std::string topic;
  std::string payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::vector<std::uint8_t> properties;  // 5.0, as PropertyWriter writes them
};

/// What only a client of 5.0 says in its CONNECT.
struct OptionsOf5 {
  std::uint32_t session_expiry = 0;       // seconds; 0xffffffff: never
  std::uint16_t receive_maximum = 65535;  // QoS 1 and 2 messages that it takes before it has answered
  std::uint32_t max_packet_size = 0;      // 0: not limited
  std::uint16_t topic_alias_maximum = 0;
  std::string authentication_method;     // empty: none
  std::vector<std::uint8_t> properties;  // further ones, as PropertyWriter writes them
};

struct Credentials {
  std::string user_name;
  std::string password;  // may be empty
};

struct ClientOptions {
  std::string client_id;
  Version version = Version::v3_1_1;
  bool clean_session = true;                       // 5.0: clean start
  std::uint16_t keep_alive = 60;                   // seconds, 0: off; paho's default is 60
  std::uint16_t max_in_flight = 20;                // paho's default
  std::uint32_t max_queued = 0;                    // messages that wait; 0: not limited, paho's default
  std::shared_ptr<const Credentials> credentials;  // may be null
  std::shared_ptr<const WillOptions> will;         // may be null
  std::shared_ptr<const OptionsOf5> five;          // may be null
  ClientManners manners;
};

class Client;

/// What uses a client. A call may use the client, but not destroy it.
class ClientUser {
 public:
  virtual ~ClientUser() = default;
  virtual void on_connack(Client&, const Connack&) = 0;
  /// The connection has ended; `expected` if we asked for it.
  virtual void on_disconnected(Client&, bool expected) = 0;
  virtual void on_message(Client&, const Publish& message) = 0;
  /// The handshake of a message has ended (QoS 0: it was handed to the connection).
  virtual void on_published(Client&, MessageId) {}
  /// 5.0: the server's answer to a message was a reason code of 0x80 or above.
  virtual void on_refused(Client&, MessageId, ReasonCode) {}
  virtual void on_subscribed(Client&, PacketId, Bytes) {}
  virtual void on_unsubscribed(Client&, PacketId, Bytes /*codes, 5.0*/) {}
  /// 5.0: a step of an enhanced authentication, to be answered with Client::authenticate, or its end with reason success.
  virtual void on_auth(Client&, ReasonCode, Bytes /*data*/) {}
};

/// refused_not_allowed: against what the server has said in CONNACK.
enum class PublishResult : std::uint8_t {
  sent,
  queued,
  refused_not_connected,
  refused_queue_full,
  refused_not_allowed
};

class Client {
 public:
  Client(EventQueue& events, Tracer& trace, EntityId entity, MessagePool& messages, ClientUser& user);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  ClientOptions& options() { return options_; }
  const ClientOptions& options() const { return options_; }

  /// The network connection is open: sends CONNECT.
  void opened(ByteChannel* channel);
  /// Bytes arrived, and what they took up in the stream.
  void receive(Bytes bytes, StreamId stream, StreamRange where);
  /// The network connection has ended.
  void closed();

  struct Published {
    PublishResult result;
    MessageId message;
  };
  /// Topic and payload are copied where they must be kept.
  Published publish(std::string_view topic, Bytes payload, Qos qos, bool retain, Properties properties = {});
  /// Whether the trace has the topic's name already.
  bool knows_topic(std::string_view topic) const;
  /// The packet identifier, 0 without a connection.
  PacketId subscribe(std::span<const FilterRequest> filters, Properties properties = {});
  PacketId unsubscribe(std::span<const std::string_view> filters, Properties properties = {});
  /// Sends DISCONNECT and closes; reason and properties are 5.0's.
  void disconnect(ReasonCode reason = ReasonCode::success, Properties properties = {});
  /// Sends AUTH: the next step of an authentication, or the first of another one (reauthenticate).
  void authenticate(ReasonCode reason, Bytes data);
  /// The process is gone: forgets everything, without a word to anybody.
  void vanish(LossReason reason);

  /// A client that is served by hand (umqtt's way) sends no PINGREQ and notices nothing while it is not served. Bytes are
  /// then kept back by its owner.
  void set_served(bool served);

  ClientState state() const { return state_; }
  /// What the server's last DISCONNECT or refusal said (5.0).
  ReasonCode last_reason() const { return last_reason_; }
  /// As it was given, or as the server has assigned it.
  std::string_view client_id() const { return assigned_id_.empty() ? options_.client_id : assigned_id_; }
  std::uint32_t waiting() const { return queue_.size(); }
  std::uint32_t in_flight() const { return in_flight_.size(); }
  EntityId entity() const { return entity_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  struct Waiting {
    MessageRef message;
    Qos qos;
    bool retain;
  };
  bool take(const Packet& packet, std::uint64_t begin, std::uint64_t end);
  void take_connack(const Connack& packet);
  void begin_of_5(const Connack& packet);
  void take_publish(Publish packet);
  void take_disconnect(const Disconnect& packet);
  void protocol_error(const Malformed& error);
  bool has_session() const;
  static void put_connect_properties(const OptionsOf5& five, std::vector<std::uint8_t>& out);
  bool is_allowed(Qos qos, bool retain) const;
  bool encode_publish(const Message& message, Qos qos, bool retain, bool dup, PacketId id);
  void deliver(const Publish& packet);
  void take_pubrel(PacketId id);
  const ReceiveRow& step_received(PacketId id, ReceiveEvent event);
  void take_acknowledgement(SendEvent event, PacketId id, ReasonCode reason);
  void act(std::uint32_t place, const SendRow& row);
  std::uint32_t window() const;
  bool window_is_open() const { return state_ == ClientState::connected && on_their_way() < window(); }
  std::uint32_t on_their_way() const {
    return in_flight_.size() - (in_flight_.lower_bound(resend_to_) - in_flight_.lower_bound(resend_from_));
  }
  bool resend_next(bool past_the_limit);
  void remove(std::uint32_t place);
  void fill_window(bool past_the_limit = false);
  void begin_exchange(const Waiting& message);
  void discard_in_flight(LossReason reason);
  void discard_received();
  std::uint16_t keep_alive() const { return five_ != nullptr ? five_->keep_alive : options_.keep_alive; }
  void end(SessionEvent event, bool expected);
  bool send(MessageId message);
  void acknowledge(PacketType type, PacketId id, MessageId message = 0, ReasonCode reason = ReasonCode::success);
  void set_state(ClientState state);
  void arm(TimerId timer, Field field, Duration after);
  void disarm(TimerId timer, Field field);
  PacketId take_request_id();
  void ping();
  void keep_alive_is_due();
  void give_up_unanswered();
  void look();
  Instant next_look() const;
  Instant ping_is_due_at() const;
  static void on_keep_alive(void* self, std::uint64_t);
  static void on_ping_timeout(void* self, std::uint64_t);

  EventQueue& events_;
  Tracer& trace_;
  MessagePool& messages_;
  ClientUser& user_;
  EntityId entity_;
  NameId last_topic_ = 0;  // of publish()
  ClientState state_ = ClientState::disconnected;
  ByteChannel* channel_ = nullptr;
  StreamId stream_in_ = 0;
  PacketAssembler assembler_;
  InFlight in_flight_{kMessageIds};
  std::uint64_t resend_from_ = 0, resend_to_ = 0;  // serial numbers that have yet to be sent again on this connection
  Ring<Waiting> queue_;
  FireAndForget qos0_;
  HeldMessages held_;               // those of them that wait to be delivered
  std::vector<PacketId> received_;  // QoS 2, waiting for PUBREL
  // SUBSCRIBE and UNSUBSCRIBE take the identifiers that messages leave, so none is ever in use twice [MQTT-2.3.1-2].
  static constexpr PacketId kMessageIds = 60000;
  PacketId next_request_ = 65535;
  // What the server's CONNACK has said, on a connection of 5.0.
  struct Granted {
    std::uint16_t keep_alive = 0;
    std::uint16_t receive_maximum = 65535;
    std::uint32_t max_packet_size = 0xffffffff;
    std::uint32_t session_expiry = 0;
    Qos maximum_qos = Qos::exactly_once;
    bool retain_available = true;
    ReceiveWindow receive_window;
    TopicAliasesIn aliases_in;
    TopicAliasesOut aliases_out;
  };
  std::unique_ptr<Granted> five_;
  std::string assigned_id_;
  ReasonCode last_reason_ = ReasonCode::success;
  bool holds_session_ = false;  // it has connected since its program began, and its session outlives connections
  bool start_clean_ = false;    // the server had a session that we know nothing of
  bool served_ = true;
  bool ping_due_ = false;  // the timer fired while nobody served
  // For other ping rules than the standard's, and for when a loop comes round.
  Instant last_sent_, last_received_, last_ping_;
  TimerId keep_alive_timer_;
  TimerId ping_timer_;                  // made with the first PINGREQ
  std::vector<std::uint8_t>& scratch_;  // the packet that is being encoded
  ClientOptions options_;
};

}  // namespace wirelab::mqtt
