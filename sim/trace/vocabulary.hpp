// The words of the trace: every kind of record, every field of a state record and every reason for a drop, each with its
// name as it is written in files and what its operands mean. This table is all that the trace knows of protocols.
//
// Numbers are part of the digest: append, never renumber; a change of meaning raises kDigestVersion (digest.hpp).
#pragma once

#include <cstdint>
#include <string_view>

namespace wirelab {

enum class Kind : std::uint16_t {
  none = 0,
  defined,        // an entity begins. field: EntityKind, subject: the entity it belongs to, key: hash of its name
  state,          // field: Field, key: which of several, a: old value, b: new value
  timer_fired,    // field: the Field that holds the timer's deadline
  stream_opened,  // entity: the end that sends, subject: stream, key: receiving node's address, a: addresses, b: ports
  packet_sent,    // a node emits a packet. subject: stream or 0, key: blob, a..b: the payload's range of the stream
  packet_transmitted,  // a link begins to send it. key: blob, a: instant of the last bit's departure, b: instant of arrival
  packet_arrived,      // at a node. subject: stream or 0, key: blob
  packet_dropped,      // field: DropReason, subject: stream or 0, key: blob, a..b: its range of the stream
  retransmission,      // field: RetransmitReason, subject: stream, a..b: range that is sent again
  stream_delivered,  // the receiving end hands bytes in order to its user. subject: stream, a..b
  stream_held,       // bytes arrived out of order and wait. subject: stream, a..b
  mqtt_sent,         // field: see mqtt_word.hpp, subject: stream, key: message or 0, a..b: range of the stream
  mqtt_received,     // the same, at the receiving end
  message_published,  // by a client's program. subject: message, field: QoS | retain << 2, key: topic, a: payload bytes, b: blob
  message_accepted,  // by a broker. subject: message, field: QoS | retain << 2, key: topic, a: payload bytes, b: message that was
                     // stored earlier and is published now (will, retained) or 0
  message_routed,     // a broker found the subscriptions. subject: message, a: how many sessions it goes to
  message_queued,     // for a session. entity: session, subject: message
  message_delivered,  // to a program. subject: message, field: QoS | retain << 2 | dup << 3, key: topic, a: payload bytes
  message_completed,  // the publisher's side of the handshake has ended. subject: message
  message_lost,       // field: LossReason, subject: message
  session_event,      // field: SessionEvent, key: reason code, entity: client or session
  will_published,     // entity: session, subject: message, field: WillCause
  program_event,      // field: ProgramEvent, key: blob of a text or 0
  logged,             // a program's log line. key: blob
  intervention,  // field: index of the intervention's type, entity: what it acts on, a: 1 by hand, 0 by the scenario; what it
                 // changes follows as states
  expectation_failed,  // key: blob of the text
  icmp_received,       // field: type << 8 | code, key: blob, a: round trip in ns for an echo reply
  datagram_received,   // UDP payload for a program. key: blob, a: source address << 16 | port
  packet_delayed,  // by hand, while under way. subject: stream or 0, key: blob, a: instant of arrival before, b: now
  packet_corrupted,  // on a link: one bit is turned. subject: stream or 0, key: blob, a: which, counted from the packet's first
  link_profile,   // a link changes by its profile. entity: link, key: step, from 1; the changes follow as states
  stream_joined,  // an end knows both directions. entity: connection, subject: the one that it sends, a: the other
  packet_translated,  // by a NAT: it goes on with other bytes. entity: node, subject: stream or 0, key: blob, a: blob before
  name_resolved,  // by a node's resolver. field: dns::Failure, key: name, a: address
  frame_lost,  // on the air: it was sent and not acknowledged. entity: direction of the link, or the sender of a management
  // frame, field: FrameFailure, subject: stream or 0, key: blob or 0, a: how many times before, b: air time in ns
  wifi_frame,  // a management frame has arrived. entity: receiver, field: wifi::Frame, key: sender
  wifi_event,  // of a station. field: wifi::Event, key: its access point or 0, a: reason code of IEEE 802.11 or 0
  hop_sent,  // on a hop that is not IP: a message, or bytes of a serial line. entity: direction, key: blob, a: instant at which
             // its last bit is sent if all goes well, b: the same, of its arrival
  hop_received,  // entity: direction, key: blob: a message that waits for the program, or bytes that it has read
  hop_failed,  // a message is given up. entity: direction, field: HopFailure, key: blob, a: frames that were sent for it
  hop_frame,   // a frame was not acknowledged. entity: direction, field: FrameFailure, key: blob, a: which try
  serial_error,  // entity: direction, field: SerialError, a: the byte as it was read, b: its place in the stream
  tls_sent,  // a record of a handshake, or an alert. entity: connection, field: its message (tls_trace.hpp), subject: stream,
             // a..b: range
  tls_received,  // the same, at the receiving end; a message that lies in several records is where the last one is
  tls_content,  // what a record of application data holds. entity: connection, subject: stream, key: blob, a..b: range of it
  tls_event,  // entity: connection, field: tls::Event, key: tls::Failure or 0, a: version
  http_sent,  // a request or an answer. entity: client or server, field: http::Method, or the status, subject: stream, key: the
              // request's target as a name, a..b: range of the stream
  http_received,  // the same, at the receiving end, once all of it is there
  http_failed,    // a client's request has no answer. key: its target, field: http::Failure
  count_          // not a kind
};

enum class EntityKind : std::uint16_t {
  none,
  node,  // a router; brokers and devices are nodes too
  link,
  tcp,
  mqtt_client,
  broker,
  session,
  sensor,
  actuator,
  program,
  message,
  device,
  metric,  // of the scenario's own
  nat,     // a router that translates addresses
  name_server,
  access_point,
  hop,  // that is not IP, and each direction of it
  web_server,
  http_client,
  count_
};

enum class Field : std::uint16_t {
  none = 0,
  // node
  node_up,
  node_address,
  // one direction of a link
  link_up,
  link_rate,      // bit/s, 0: not limited
  link_delay,     // ns
  link_jitter,    // ns
  link_loss,      // as the bits of a double
  link_burst,     // the state of a model with states: 1 in the bad one of two; see FourStates for 0 to 3
  queue_packets,  // waiting, the one being sent not counted
  queue_bytes,
  link_option,  // any other setting. key: LinkOption, value: see value_of() of link_settings.hpp
  // a node that translates addresses
  nat_inside,  // key: place in the table, value: address << 16 | port
  nat_remote,  // the same
  nat_port,    // the outside one: protocol << 16 | port
  // a node's resolver, and a name server
  dns_known,    // key: name, value: address
  dns_expires,  // key: name, value: instant in ns from which it is asked for again
  dns_timer,    // key: name: until the server is asked again, or given up
  dns_failing,  // 1 while a server answers with failure
  // a node's DHCP client, and a DHCP server
  dhcp_state,  // dhcp::State
  dhcp_timer,
  dhcp_lease,  // key: address, value: instant in ns at which it ends
  // one end of a TCP connection
  tcp_state,
  tcp_snd_una,  // offset in the stream
  tcp_snd_nxt,
  tcp_snd_wnd,  // bytes that the peer accepts
  tcp_rcv_nxt,
  tcp_rcv_wnd,
  tcp_cwnd,  // segments
  tcp_ssthresh,
  tcp_srtt,              // us
  tcp_rto,               // us
  tcp_recovery,          // 1: fast recovery, 2: after a time-out
  tcp_retransmit_timer,  // deadline in ns, 0: not armed
  tcp_probe_timer,       // until a tail loss probe
  tcp_reorder_timer,     // until RACK takes for lost what has not come
  tcp_delayed_ack_timer,
  tcp_persist_timer,
  tcp_close_timer,
  tcp_keepalive_timer,
  // MQTT client
  client_state,     // ClientState
  client_inflight,  // key: packet id, value: mqtt::SendState
  client_received,  // key: packet id of a QoS 2 message that is received, not released
  client_queued,    // messages waiting for a connection or a free slot
  client_keepalive_timer,
  client_ping_timer,
  client_connect_timer,  // until an attempt to connect is given up, or the next one begins
  // MQTT session at the broker
  session_connected,
  session_clean,
  session_keepalive_timer,  // for a connection before its CONNECT, of the broker with the connection as key
  session_subscription,     // key: filter, value: 1 + granted QoS
  session_inflight,         // key: packet id, value: mqtt::SendState
  session_received,         // key: packet id
  session_queued,           // messages
  session_will,             // message id of the will that is armed, 0: none
  session_will_timer,       // the connection has ended: until the will delay is over
  session_expiry_timer,     // the same, until the session is discarded
  broker_retained,          // key: topic, value: message id
  // device
  sensor_value,    // bits of a double
  actuator_value,  // bits of a double
  program_state,   // ProgramState
  program_timer,   // until a sleeping program goes on
  metric_value,    // of a scenario's own metric, bits of a double
  // Wi-Fi
  air_time,     // of an access point: ns in which somebody was sending
  wifi_state,   // of a station: wifi::State
  wifi_point,   // of a station: the access point
  wifi_signal,  // of a station: tenths of a dBm
  wifi_timer,   // of a station. key: wifi::Timer
  place_x,      // of a node that has a place: bits of a double, metres
  place_y,
  // one direction of a hop that is not IP
  hop_queued,   // messages, or bytes, that wait to be sent
  hop_waiting,  // that have arrived and wait for the program
  hop_state,    // of a BLE connection: 1 while it stands
  // TLS on one end of a TCP connection
  tls_state,     // tls::State
  tls_timer,     // until the processor has worked through a flight
  wifi_power,    // of an access point: tenths of a dBm that it sends with
  broker_inbox,  // packets that wait for a broker's process
  http_state,    // of a client: http::ClientState
  http_timer,  // of a client: until it gives up; of a server, with the connection as key: until it closes it, or answers
  web_readings,  // that a server has stored
  web_waiting,   // requests that a server keeps until there is something new
  // a node's radio
  radio_state,  // RadioState
  radio_since,  // instant in ns at which that began
  radio_time,   // key: RadioState, value: ns that it was in it before
  radio_power,  // key: RadioState, value: microwatts
  count_
};

enum class DropReason : std::uint16_t {
  none,
  loss,
  queue_full,
  link_down,
  link_cut,
  no_route,
  ttl_expired,
  too_big,
  node_down,
  bad_checksum,
  no_port,
  by_hand,
  no_binding,  // of a NAT
  no_answer,   // on the air: no acknowledgement, however often it was sent
  not_joined,  // by a station that is not in the network of the access point, or for one that has left it
  count_
};

enum class RetransmitReason : std::uint16_t { none, timeout, fast, recovery, repeated_syn, probe, count_ };

/// What a radio does: idle, it is awake and listens. Of two that are true at once the later one counts.
enum class RadioState : std::uint8_t { off, sleep, idle, receive, transmit, count_ };

/// Why a frame on the air was not acknowledged.
enum class FrameFailure : std::uint16_t { none, collision, noise, no_answer, count_ };

/// Why a message was not carried over a hop that is not IP.
enum class HopFailure : std::uint16_t {
  none,
  no_answer,      // no acknowledgement, however often it was sent
  channel_busy,   // never found the air free
  not_connected,  // the connection is not there, or was lost with the message
  inbox_full,     // nobody reads what arrives
  node_down,
  count_
};
enum class SerialError : std::uint16_t { none, parity, framing, overrun, count_ };

enum class LossReason : std::uint16_t {
  none,
  no_subscription,     // nobody subscribed
  not_connected,       // QoS 0 published without a connection
  subscriber_offline,  // QoS 0 for a session without a connection
  connection_lost,     // QoS 0 handed to a connection that died before it was acknowledged
  session_ended,       // the session was clean and ended with the message unfinished
  queue_full,
  process_died,  // the publishing process crashed or lost power
  expired,       // its message expiry interval is over
  too_large,     // for the maximum packet size of the client
  not_allowed,   // by the broker: its access list, a limit, a format
  refused,       // by the receiver, with a reason code of 0x80 or above
  count_
};

enum class SessionEvent : std::uint16_t {
  none,
  connecting,
  connected,
  refused,
  disconnected,
  connection_lost,
  keepalive_expired,
  taken_over,
  session_resumed,
  session_created,
  session_discarded,
  protocol_error,
  ping_unanswered,
  connect_timeout,
  session_expired,
  count_
};

enum class WillCause : std::uint16_t {
  none,
  connection_lost,
  keepalive_expired,
  taken_over,
  protocol_error,
  broker_stopped,
  asked_for,      // by DISCONNECT with reason code 4
  delay_over,     // the will delay interval
  session_ended,  // before that
  count_
};

enum class ProgramState : std::uint16_t { none, running, ended, failed };

enum class ProgramEvent : std::uint16_t { none, started, slept, woke, ended, failed, crashed, count_ };

/// What a record is about, for who wants to keep only a part of a long trace.
enum class Layer : std::uint8_t { world, link, tcp, mqtt, program, http, count_ };
using LayerMask = std::uint8_t;  // a bit for each; the world's records are always kept
inline constexpr LayerMask kAllLayers = (1u << static_cast<unsigned>(Layer::count_)) - 1;
constexpr LayerMask mask_of(Layer layer) { return static_cast<LayerMask>(1u << static_cast<unsigned>(layer)); }

Layer layer_of(Kind kind, std::uint16_t field);
std::string_view name_of(Layer layer);

std::string_view name_of(Kind kind);
std::string_view name_of(Field field);
std::string_view name_of(EntityKind kind);
std::string_view name_of(DropReason reason);
std::string_view name_of(FrameFailure failure);
std::string_view name_of(RadioState state);
std::string_view name_of(HopFailure failure);
std::string_view name_of(SerialError error);
std::string_view name_of(RetransmitReason reason);
std::string_view name_of(LossReason reason);
std::string_view name_of(SessionEvent event);
std::string_view name_of(WillCause cause);
std::string_view name_of(ProgramEvent event);
std::string_view name_of(ProgramState state);

/// Whether it is a node that runs no program.
constexpr bool is_router(EntityKind kind) {
  return kind == EntityKind::node || kind == EntityKind::nat || kind == EntityKind::access_point;
}
/// Whether an entity of this kind is a node of the network.
constexpr bool is_node(EntityKind kind) {
  return is_router(kind) || kind == EntityKind::name_server || kind == EntityKind::broker ||
         kind == EntityKind::web_server || kind == EntityKind::device;
}
/// Whether the field holds a timer's deadline.
bool is_timer(Field field);
/// Whether the field's values are the bits of a double.
bool is_double(Field field);

}  // namespace wirelab
