// The QoS handshakes and the life of a session as tables: state, event, next state, what to do, and the statement of MQTT 3.1.1
// that demands it. Client and broker step through the same rows; a view can draw its diagrams from them. A pair of state
// and event that has no row cannot happen or is passed over: see step().
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace wirelab::mqtt {

/// The sender's side of one message, by packet identifier. The numbers stand in the trace.
enum class SendState : std::uint8_t { none, wait_puback, wait_pubrec, wait_pubcomp };
enum class SendEvent : std::uint8_t {
  publish_qos1,
  publish_qos2,
  puback,
  pubrec,
  pubcomp,
  reconnected,
  pubrec_refused
};
enum class SendAction : std::uint8_t { nothing, send_publish, send_pubrel, complete, resend_publish, resend_pubrel };

struct SendRow {
  SendState state;
  SendEvent event;
  SendState next;
  SendAction action;
  std::string_view statement;
};

inline constexpr std::array kSendTable{
    SendRow{SendState::none, SendEvent::publish_qos1, SendState::wait_puback, SendAction::send_publish, "MQTT-4.3.2-1"},
    SendRow{SendState::none, SendEvent::publish_qos2, SendState::wait_pubrec, SendAction::send_publish, "MQTT-4.3.3-1"},
    SendRow{SendState::wait_puback, SendEvent::puback, SendState::none, SendAction::complete, "MQTT-4.3.2-1"},
    SendRow{SendState::wait_puback, SendEvent::reconnected, SendState::wait_puback, SendAction::resend_publish,
            "MQTT-4.4.0-1"},
    SendRow{SendState::wait_pubrec, SendEvent::pubrec, SendState::wait_pubcomp, SendAction::send_pubrel,
            "MQTT-4.3.3-1"},
    // 5.0: a PUBREC with a reason code of 0x80 or above ends the exchange.
    SendRow{SendState::wait_pubrec, SendEvent::pubrec_refused, SendState::none, SendAction::complete, "MQTT-4.3.3-4"},
    SendRow{SendState::wait_pubrec, SendEvent::reconnected, SendState::wait_pubrec, SendAction::resend_publish,
            "MQTT-4.4.0-1"},
    SendRow{SendState::wait_pubcomp, SendEvent::pubrec, SendState::wait_pubcomp, SendAction::send_pubrel,
            "MQTT-4.3.3-1"},
    SendRow{SendState::wait_pubcomp, SendEvent::pubcomp, SendState::none, SendAction::complete, "MQTT-4.3.3-1"},
    SendRow{SendState::wait_pubcomp, SendEvent::reconnected, SendState::wait_pubcomp, SendAction::resend_pubrel,
            "MQTT-4.4.0-1"},
    // A PUBREC for a message that is not known, say after a restart, is answered all the same, so that the peer can end.
    SendRow{SendState::none, SendEvent::pubrec, SendState::none, SendAction::send_pubrel, "MQTT-4.3.3-1"},
};

/// The receiver's side of one message. Only QoS 2 has a state: the identifier is kept until PUBREL.
enum class ReceiveState : std::uint8_t { none, wait_pubrel };
enum class ReceiveEvent : std::uint8_t { publish_qos0, publish_qos1, publish_qos2, pubrel };
enum class ReceiveAction : std::uint8_t { deliver, deliver_and_puback, deliver_and_pubrec, pubrec_only, pubcomp };

struct ReceiveRow {
  ReceiveState state;
  ReceiveEvent event;
  ReceiveState next;
  ReceiveAction action;
  std::string_view statement;
};

inline constexpr std::array kReceiveTable{
    ReceiveRow{ReceiveState::none, ReceiveEvent::publish_qos0, ReceiveState::none, ReceiveAction::deliver,
               "MQTT-4.3.1-1"},
    ReceiveRow{ReceiveState::none, ReceiveEvent::publish_qos1, ReceiveState::none, ReceiveAction::deliver_and_puback,
               "MQTT-4.3.2-2"},
    ReceiveRow{ReceiveState::none, ReceiveEvent::publish_qos2, ReceiveState::wait_pubrel,
               ReceiveAction::deliver_and_pubrec, "MQTT-4.3.3-2"},
    ReceiveRow{ReceiveState::none, ReceiveEvent::pubrel, ReceiveState::none, ReceiveAction::pubcomp, "MQTT-4.3.3-2"},
    ReceiveRow{ReceiveState::wait_pubrel, ReceiveEvent::publish_qos1, ReceiveState::wait_pubrel,
               ReceiveAction::deliver_and_puback, "MQTT-4.3.2-2"},
    ReceiveRow{ReceiveState::wait_pubrel, ReceiveEvent::publish_qos2, ReceiveState::wait_pubrel,
               ReceiveAction::pubrec_only, "MQTT-4.3.3-2"},
    ReceiveRow{ReceiveState::wait_pubrel, ReceiveEvent::pubrel, ReceiveState::none, ReceiveAction::pubcomp,
               "MQTT-4.3.3-2"},
};

/// A session at the broker, in the words of 3.1.1. In 5.0 Clean Start decides what CONNECT does, as in the rows of its input,
/// and the session expiry interval which of the two connected states follows: clean with an interval of 0.
enum class SessionState : std::uint8_t { none, connected_clean, connected_persistent, stored };
enum class SessionInput : std::uint8_t { connect_clean, connect_persistent, connection_ended, expired };
enum class SessionAction : std::uint8_t { create, replace, resume, store, discard };

struct SessionRow {
  SessionState state;
  SessionInput input;
  SessionState next;
  SessionAction action;
  std::string_view statement;
};

inline constexpr std::array kSessionTable{
    SessionRow{SessionState::none, SessionInput::connect_clean, SessionState::connected_clean, SessionAction::create,
               "MQTT-3.1.2-6"},
    SessionRow{SessionState::none, SessionInput::connect_persistent, SessionState::connected_persistent,
               SessionAction::create, "MQTT-3.1.2-4"},
    SessionRow{SessionState::stored, SessionInput::connect_clean, SessionState::connected_clean, SessionAction::replace,
               "MQTT-3.1.2-6"},
    SessionRow{SessionState::stored, SessionInput::connect_persistent, SessionState::connected_persistent,
               SessionAction::resume, "MQTT-3.1.2-4"},
    SessionRow{SessionState::connected_clean, SessionInput::connection_ended, SessionState::none,
               SessionAction::discard, "MQTT-3.1.2-6"},
    SessionRow{SessionState::connected_persistent, SessionInput::connection_ended, SessionState::stored,
               SessionAction::store, "MQTT-3.1.2-5"},
    // 5.0 only: its expiry interval is over.
    SessionRow{SessionState::stored, SessionInput::expired, SessionState::none, SessionAction::discard, "3.1.2.11.2"},
};

/// The row for a pair; nullptr if there is none, and then the event is passed over (an acknowledgement of something that is
/// not in flight, which an old duplicate may be).
const SendRow* step(SendState state, SendEvent event);
const ReceiveRow* step(ReceiveState state, ReceiveEvent event);
const SessionRow* step(SessionState state, SessionInput input);

std::string_view name_of(SendState state);
std::string_view name_of(SendEvent event);
std::string_view name_of(ReceiveAction action);
std::string_view name_of(SessionState state);
std::string_view name_of(SessionInput input);
std::string_view name_of(SessionAction action);

}  // namespace wirelab::mqtt
