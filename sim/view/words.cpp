#include "sim/view/words.hpp"

#include <fmt/format.h>

#include "sim/view/dissect.hpp"
#include "sim/view/names_of.hpp"
#include "sim/wire/http.hpp"
#include "sim/wire/http_trace.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/mqtt_word.hpp"
#include "sim/wire/tls.hpp"
#include "sim/wire/tls_trace.hpp"
#include "sim/wire/wifi.hpp"

namespace wirelab {

std::string words_of(const TraceStore::Reader& reader, RecordNumber number) {
  const Record& r = reader.record(number);
  const auto mqtt_name = [&] {
    std::string name(mqtt::name_of(mqtt::packet_type_of(r.field)));
    if (mqtt::packet_type_of(r.field) == mqtt::PacketType::publish)
      name += fmt::format(" QoS {}{}{}", (r.field >> 1) & 3, (r.field & 8) != 0 ? ", DUP" : "",
                          (r.field & 1) != 0 ? ", RETAIN" : "");
    return name;
  };
  // A status, or below 100 a method.
  const auto http_name = [&] {
    return r.field >= 100 ? fmt::format("{} {} of {}", r.field, http::reason_of(r.field), reader.name(r.key))
                          : fmt::format("{} {}", http::name_of(static_cast<http::Method>(r.field)), reader.name(r.key));
  };
  const auto content = [&] { return printable_text(reader.blob(r.key)); };
  switch (r.kind) {
    case Kind::packet_sent: return describe_packet(reader.blob(r.key));
    case Kind::packet_dropped: return fmt::format("packet dropped: {}", name_of(static_cast<DropReason>(r.field)));
    case Kind::packet_translated: return "its address is translated: " + describe_packet(reader.blob(r.key));
    case Kind::name_resolved:
      return r.field == 0 ? fmt::format("{} is {}", reader.name(r.key),
                                        to_string(wire::Ipv4Address{static_cast<std::uint32_t>(r.a)}))
                          : fmt::format("{} was not resolved", reader.name(r.key));
    case Kind::frame_lost:
      return fmt::format("a frame on the air is not acknowledged ({}), attempt {}",
                         name_of(static_cast<FrameFailure>(r.field)), r.a + 1);
    case Kind::wifi_frame:
      return fmt::format("receives {} from {}", wifi::name_of(static_cast<wifi::Frame>(r.field)), reader.name(r.key));
    case Kind::wifi_event: {
      const std::string_view why = wifi::name_of(static_cast<wifi::Reason>(r.a));
      return fmt::format("{}{}{}{}", wifi::name_of(static_cast<wifi::Event>(r.field)),
                         r.key != 0 ? fmt::format(", {}", reader.name(r.key)) : "", why.empty() ? "" : ": ", why);
    }
    case Kind::hop_sent: return fmt::format("sends {} bytes: {}", reader.blob(r.key).size(), content());
    case Kind::hop_received: return fmt::format("{} bytes are taken: {}", reader.blob(r.key).size(), content());
    case Kind::hop_failed:
      return fmt::format("a message is given up ({}): {}", name_of(static_cast<HopFailure>(r.field)), content());
    case Kind::hop_frame:
      return fmt::format("a frame is not acknowledged ({}), attempt {}", name_of(static_cast<FrameFailure>(r.field)),
                         r.a + 1);
    case Kind::serial_error:
      return fmt::format("{}: byte {} is read as {:#04x}", name_of(static_cast<SerialError>(r.field)), r.b, r.a);
    case Kind::link_profile: return fmt::format("step {} of its profile", r.key);
    case Kind::packet_corrupted: return fmt::format("bit {} of packet {} is turned", r.a, r.key);
    case Kind::packet_delayed: return fmt::format("packet delayed by hand by {} ms", (r.b - r.a) / 1'000'000);
    case Kind::retransmission:
      return fmt::format("TCP sends again ({}): bytes {} to {}", name_of(static_cast<RetransmitReason>(r.field)), r.a,
                         r.b);
    case Kind::stream_held: return fmt::format("TCP holds bytes {} to {} until those before them come", r.a, r.b);
    case Kind::timer_fired: return fmt::format("timer fires: {}", name_of(static_cast<Field>(r.field)));
    case Kind::tls_sent: return "sends " + tls::name_of_message(r.field) + " (TLS)";
    case Kind::tls_received: return "receives " + tls::name_of_message(r.field) + " (TLS)";
    case Kind::tls_event:
      return fmt::format(
          "{}: {}", r.a == 0 ? "TLS" : name_of(static_cast<wire::TlsVersion>(r.a)),
          r.key == 0 ? tls::name_of(static_cast<tls::Event>(r.field)) : tls::name_of(static_cast<tls::Failure>(r.key)));
    case Kind::http_sent: return "sends " + http_name();
    case Kind::http_received: return "receives " + http_name();
    case Kind::http_failed:
      return fmt::format("no answer to {}: {}", reader.name(r.key), http::name_of(static_cast<http::Failure>(r.field)));
    case Kind::mqtt_sent: return "sends " + mqtt_name();
    case Kind::mqtt_received: return "receives " + mqtt_name();
    case Kind::message_published: return fmt::format("publishes {} bytes to {}", r.a, reader.name(r.key));
    case Kind::message_accepted: return fmt::format("accepts a message to {}", reader.name(r.key));
    case Kind::message_queued: return "a message waits in the session's queue";
    case Kind::message_delivered: return fmt::format("the program gets {} bytes from {}", r.a, reader.name(r.key));
    case Kind::message_completed: return "the handshake of a message is complete";
    case Kind::message_lost: return fmt::format("message lost: {}", name_of(static_cast<LossReason>(r.field)));
    case Kind::session_event: return std::string(name_of(static_cast<SessionEvent>(r.field)));
    case Kind::will_published:
      return fmt::format("the will is published: {}", name_of(static_cast<WillCause>(r.field)));
    case Kind::program_event: return fmt::format("program {}", name_of(static_cast<ProgramEvent>(r.field)));
    case Kind::logged: return "log: " + std::string(reader.text(r.key));
    case Kind::intervention: return r.a != 0 ? "is acted on by hand" : "is acted on by the scenario";
    case Kind::expectation_failed: return "expected: " + std::string(reader.text(r.key));
    case Kind::icmp_received: return fmt::format("ICMP type {}, code {}", r.field >> 8, r.field & 255);
    case Kind::datagram_received: return "receives a datagram";
    default: return {};
  }
}

}  // namespace wirelab
