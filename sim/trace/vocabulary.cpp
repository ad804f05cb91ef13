#include "sim/trace/vocabulary.hpp"

#include <array>
#include <cstddef>

#include "sim/kernel/check.hpp"

namespace wirelab {
namespace {

template <typename Enum>
constexpr std::size_t kCount = static_cast<std::size_t>(Enum::count_);

constexpr std::array<std::string_view, static_cast<std::size_t>(Kind::count_)> kKinds{"none",
                                                                                      "defined",
                                                                                      "state",
                                                                                      "timer_fired",
                                                                                      "stream_opened",
                                                                                      "packet_sent",
                                                                                      "packet_transmitted",
                                                                                      "packet_arrived",
                                                                                      "packet_dropped",
                                                                                      "retransmission",
                                                                                      "stream_delivered",
                                                                                      "stream_held",
                                                                                      "mqtt_sent",
                                                                                      "mqtt_received",
                                                                                      "message_published",
                                                                                      "message_accepted",
                                                                                      "message_routed",
                                                                                      "message_queued",
                                                                                      "message_delivered",
                                                                                      "message_completed",
                                                                                      "message_lost",
                                                                                      "session_event",
                                                                                      "will_published",
                                                                                      "program_event",
                                                                                      "logged",
                                                                                      "intervention",
                                                                                      "expectation_failed",
                                                                                      "icmp_received",
                                                                                      "datagram_received",
                                                                                      "packet_delayed",
                                                                                      "packet_corrupted",
                                                                                      "link_profile",
                                                                                      "stream_joined",
                                                                                      "packet_translated",
                                                                                      "name_resolved",
                                                                                      "frame_lost",
                                                                                      "wifi_frame",
                                                                                      "wifi_event",
                                                                                      "hop_sent",
                                                                                      "hop_received",
                                                                                      "hop_failed",
                                                                                      "hop_frame",
                                                                                      "serial_error",
                                                                                      "tls_sent",
                                                                                      "tls_received",
                                                                                      "tls_content",
                                                                                      "tls_event",
                                                                                      "http_sent",
                                                                                      "http_received",
                                                                                      "http_failed"};

constexpr std::array<std::string_view, static_cast<std::size_t>(Field::count_)> kFields{"none",
                                                                                        "node_up",
                                                                                        "node_address",
                                                                                        "link_up",
                                                                                        "link_rate",
                                                                                        "link_delay",
                                                                                        "link_jitter",
                                                                                        "link_loss",
                                                                                        "link_burst",
                                                                                        "queue_packets",
                                                                                        "queue_bytes",
                                                                                        "link_option",
                                                                                        "nat_inside",
                                                                                        "nat_remote",
                                                                                        "nat_port",
                                                                                        "dns_known",
                                                                                        "dns_expires",
                                                                                        "dns_timer",
                                                                                        "dns_failing",
                                                                                        "dhcp_state",
                                                                                        "dhcp_timer",
                                                                                        "dhcp_lease",
                                                                                        "tcp_state",
                                                                                        "tcp_snd_una",
                                                                                        "tcp_snd_nxt",
                                                                                        "tcp_snd_wnd",
                                                                                        "tcp_rcv_nxt",
                                                                                        "tcp_rcv_wnd",
                                                                                        "tcp_cwnd",
                                                                                        "tcp_ssthresh",
                                                                                        "tcp_srtt",
                                                                                        "tcp_rto",
                                                                                        "tcp_recovery",
                                                                                        "tcp_retransmit_timer",
                                                                                        "tcp_probe_timer",
                                                                                        "tcp_reorder_timer",
                                                                                        "tcp_delayed_ack_timer",
                                                                                        "tcp_persist_timer",
                                                                                        "tcp_close_timer",
                                                                                        "tcp_keepalive_timer",
                                                                                        "client_state",
                                                                                        "client_inflight",
                                                                                        "client_received",
                                                                                        "client_queued",
                                                                                        "client_keepalive_timer",
                                                                                        "client_ping_timer",
                                                                                        "client_connect_timer",
                                                                                        "session_connected",
                                                                                        "session_clean",
                                                                                        "session_keepalive_timer",
                                                                                        "session_subscription",
                                                                                        "session_inflight",
                                                                                        "session_received",
                                                                                        "session_queued",
                                                                                        "session_will",
                                                                                        "session_will_timer",
                                                                                        "session_expiry_timer",
                                                                                        "broker_retained",
                                                                                        "sensor_value",
                                                                                        "actuator_value",
                                                                                        "program_state",
                                                                                        "program_timer",
                                                                                        "metric_value",
                                                                                        "air_time",
                                                                                        "wifi_state",
                                                                                        "wifi_point",
                                                                                        "wifi_signal",
                                                                                        "wifi_timer",
                                                                                        "place_x",
                                                                                        "place_y",
                                                                                        "hop_queued",
                                                                                        "hop_waiting",
                                                                                        "hop_state",
                                                                                        "tls_state",
                                                                                        "tls_timer",
                                                                                        "wifi_power",
                                                                                        "broker_inbox",
                                                                                        "http_state",
                                                                                        "http_timer",
                                                                                        "web_readings",
                                                                                        "web_waiting",
                                                                                        "radio_state",
                                                                                        "radio_since",
                                                                                        "radio_time",
                                                                                        "radio_power"};

constexpr std::array<std::string_view, kCount<EntityKind>> kEntityKinds{
    "none",        "node",         "link",    "tcp",        "mqtt_client", "broker", "session",
    "sensor",      "actuator",     "program", "message",    "device",      "metric", "nat",
    "name_server", "access_point", "hop",     "web_server", "http_client"};
constexpr std::array<std::string_view, kCount<DropReason>> kDropReasons{"none",
                                                                        "loss on the link",
                                                                        "queue full",
                                                                        "link down",
                                                                        "cable cut while under way",
                                                                        "no route",
                                                                        "time to live expired",
                                                                        "larger than the MTU",
                                                                        "node without power",
                                                                        "bad checksum",
                                                                        "no such port",
                                                                        "taken out by hand",
                                                                        "no binding in the address translation",
                                                                        "nobody acknowledges it on the air",
                                                                        "it is not in the Wi-Fi network"};
constexpr std::array<std::string_view, kCount<RetransmitReason>> kRetransmitReasons{
    "none", "time-out", "fast retransmit", "recovery", "the peer repeated its SYN", "tail loss probe"};
constexpr std::array<std::string_view, kCount<RadioState>> kRadioStates{"off", "sleep", "idle", "receive", "transmit"};
constexpr std::array<std::string_view, kCount<FrameFailure>> kFrameFailures{"none", "collision", "noise", "no answer"};
constexpr std::array<std::string_view, static_cast<std::size_t>(HopFailure::count_)> kHopFailures{
    "none", "no answer", "channel busy", "not connected", "inbox full", "no power"};
constexpr std::array<std::string_view, static_cast<std::size_t>(SerialError::count_)> kSerialErrors{
    "none", "parity error", "framing error", "overrun"};
constexpr std::array<std::string_view, kCount<LossReason>> kLossReasons{
    "none",       "nobody subscribed", "not connected", "subscriber offline", "connection lost", "session ended",
    "queue full", "process died",      "expired",       "too large",          "not allowed",     "refused"};
constexpr std::array<std::string_view, kCount<SessionEvent>> kSessionEvents{"none",
                                                                            "connecting",
                                                                            "connected",
                                                                            "refused",
                                                                            "disconnected",
                                                                            "connection lost",
                                                                            "keep alive expired",
                                                                            "taken over",
                                                                            "session resumed",
                                                                            "session created",
                                                                            "session discarded",
                                                                            "protocol error",
                                                                            "ping unanswered",
                                                                            "connect time-out",
                                                                            "session expired"};
constexpr std::array<std::string_view, kCount<WillCause>> kWillCauses{
    "none",           "connection lost", "keep alive expired", "taken over",   "protocol error",
    "broker stopped", "asked for",       "delay over",         "session ended"};
constexpr std::array<std::string_view, kCount<ProgramEvent>> kProgramEvents{"none",  "started", "slept",  "woke",
                                                                            "ended", "failed",  "crashed"};
constexpr std::array<std::string_view, 4> kProgramStates{"not running", "running", "ended", "failed"};

template <typename Enum, std::size_t N>
std::string_view look_up(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  check(index < N, "a word of the trace is in its table");
  return names[index];
}

}  // namespace

std::string_view name_of(Kind kind) { return look_up(kKinds, kind); }
std::string_view name_of(Field field) { return look_up(kFields, field); }
std::string_view name_of(EntityKind kind) { return look_up(kEntityKinds, kind); }
std::string_view name_of(DropReason reason) { return look_up(kDropReasons, reason); }
std::string_view name_of(RetransmitReason reason) { return look_up(kRetransmitReasons, reason); }
std::string_view name_of(FrameFailure failure) { return look_up(kFrameFailures, failure); }
std::string_view name_of(RadioState state) { return look_up(kRadioStates, state); }
std::string_view name_of(HopFailure failure) { return look_up(kHopFailures, failure); }
std::string_view name_of(SerialError error) { return look_up(kSerialErrors, error); }
std::string_view name_of(LossReason reason) { return look_up(kLossReasons, reason); }
std::string_view name_of(SessionEvent event) { return look_up(kSessionEvents, event); }
std::string_view name_of(WillCause cause) { return look_up(kWillCauses, cause); }
std::string_view name_of(ProgramEvent event) { return look_up(kProgramEvents, event); }
std::string_view name_of(ProgramState state) { return look_up(kProgramStates, state); }

std::string_view name_of(Layer layer) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Layer::count_)> names{"world", "link",    "tcp",
                                                                                        "mqtt",  "program", "http"};
  return look_up(names, layer);
}

Layer layer_of(Kind kind, std::uint16_t field) {
  switch (kind) {
    case Kind::none:
    case Kind::defined:
    case Kind::intervention:
    case Kind::expectation_failed:
    case Kind::count_: return Layer::world;
    case Kind::packet_sent:
    case Kind::packet_transmitted:
    case Kind::packet_arrived:
    case Kind::packet_dropped:
    case Kind::icmp_received:
    case Kind::packet_delayed:
    case Kind::packet_corrupted:
    case Kind::name_resolved:
    case Kind::packet_translated:
    case Kind::link_profile:
    case Kind::frame_lost:
    case Kind::wifi_frame:
    case Kind::wifi_event:
    case Kind::hop_sent:
    case Kind::hop_received:
    case Kind::hop_failed:
    case Kind::hop_frame:
    case Kind::serial_error:
    case Kind::datagram_received: return Layer::link;
    case Kind::stream_opened:
    case Kind::stream_joined:
    case Kind::retransmission:
    case Kind::stream_delivered:
    case Kind::stream_held:
    case Kind::tls_sent:
    case Kind::tls_received:
    case Kind::tls_content:
    case Kind::tls_event: return Layer::tcp;
    case Kind::mqtt_sent:
    case Kind::mqtt_received:
    case Kind::message_published:
    case Kind::message_accepted:
    case Kind::message_routed:
    case Kind::message_queued:
    case Kind::message_delivered:
    case Kind::message_completed:
    case Kind::message_lost:
    case Kind::session_event:
    case Kind::will_published: return Layer::mqtt;
    case Kind::http_sent:
    case Kind::http_received:
    case Kind::http_failed: return Layer::http;
    case Kind::program_event:
    case Kind::logged: return Layer::program;
    case Kind::state:
    case Kind::timer_fired: break;
  }
  // The fields stand in the order of the layers; those that came later are of links, of TLS, of HTTP, and of radios.
  const auto at = static_cast<Field>(field);
  if (at == Field::tls_state || at == Field::tls_timer) return Layer::tcp;
  if (at == Field::broker_inbox) return Layer::mqtt;
  if (at >= Field::radio_state) return Layer::link;
  if (at >= Field::http_state) return Layer::http;
  if (at >= Field::air_time) return Layer::link;
  if (at >= Field::sensor_value) return Layer::program;
  if (at >= Field::client_state) return Layer::mqtt;
  if (at >= Field::tcp_state) return Layer::tcp;
  return at >= Field::link_up ? Layer::link : Layer::world;
}

bool is_timer(Field field) {
  switch (field) {
    case Field::dns_timer:
    case Field::dhcp_timer:
    case Field::wifi_timer:
    case Field::tls_timer:
    case Field::http_timer:
    case Field::tcp_retransmit_timer:
    case Field::tcp_probe_timer:
    case Field::tcp_reorder_timer:
    case Field::tcp_delayed_ack_timer:
    case Field::tcp_persist_timer:
    case Field::tcp_close_timer:
    case Field::tcp_keepalive_timer:
    case Field::client_keepalive_timer:
    case Field::client_ping_timer:
    case Field::client_connect_timer:
    case Field::session_keepalive_timer:
    case Field::session_will_timer:
    case Field::session_expiry_timer:
    case Field::program_timer: return true;
    default: return false;
  }
}

bool is_double(Field field) {
  return field == Field::link_loss || field == Field::sensor_value || field == Field::actuator_value ||
         field == Field::metric_value || field == Field::place_x || field == Field::place_y;
}

}  // namespace wirelab
