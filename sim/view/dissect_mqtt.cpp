#include "sim/view/dissect_mqtt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/wire/mqtt.hpp"

namespace wirelab {
namespace {

using mqtt::PacketType;
using mqtt::Version;
using wire::Bytes;

struct Meaning {
  std::string_view field, text;
};

// What a field means, with the statement of 3.1.1 or 5.0 that says so.
constexpr Meaning kMeanings[] = {
    {"User name", "For the server to check, with or without a password (MQTT-3.1.2-18, -19)."},
    {"Password",
     "Up to 65,535 bytes of any kind, readable to all on the way unless TLS hides it (MQTT 3.1.1, 3.1.3.5)."},
    {"Part of a control packet",
     "TCP is a stream: where one of its segments ends says nothing about MQTT (RFC 9293, 3.9)."},
    {"First part", "The control packet goes on in the next segment: TCP is a stream (RFC 9293, 3.9)."},
    {"Packet type", "The upper four bits of byte 0 (MQTT 3.1.1, 2.2.1)."},
    {"DUP", "1 where this may be a repetition of an earlier PUBLISH: only after a reconnection (MQTT-3.3.1-1)."},
    {"QoS", "0: at most once, 1: at least once, 2: exactly once, each for one hop (MQTT 3.1.1, 4.3)."},
    {"RETAIN",
     "From a client: keep this as the topic's last value. To a client: it is such a kept value (MQTT-3.3.1-5, -8)."},
    {"Remaining length", "Bytes that follow, in one to four bytes of seven bits each (MQTT 3.1.1, 2.2.3)."},
    {"Topic name", "Length in two bytes, then UTF-8; no wildcards in a PUBLISH (MQTT-3.3.2-2)."},
    {"Packet identifier",
     "Ties a PUBLISH to its acknowledgements, only where QoS is above 0; a resend keeps it (MQTT-2.3.1-2, -4)."},
    {"Payload", "The application's own bytes; MQTT does not look at them. Zero bytes are allowed."},
    {"Protocol name", "\"MQTT\", so that a server tells MQTT from other traffic (MQTT-3.1.2-1)."},
    {"Protocol level", "3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0."},
    {"Connect flags", "User name, password, will retain, will QoS (2 bits), will, clean session, reserved (3.1.2.3)."},
    {"Keep alive",
     "Seconds without a packet after which the client pings; after 1.5 times that the server closes (MQTT-3.1.2-24)."},
    {"Client identifier",
     "Names the session at the server; a second connection with it ends the first (MQTT-3.1.4-2)."},
    {"Will topic", "Where the server publishes if this connection ends without DISCONNECT (MQTT-3.1.2-8)."},
    {"Will message", "What it publishes then."},
    {"Session present", "1: the server still has this client's session, subscriptions and messages (MQTT-3.2.2-2)."},
    {"Return code", "0 accepts; 1 to 5 say why not (MQTT 3.1.1, table 3.1)."},
    {"Reason code", "How it went; 0x80 and above say what has failed (MQTT 5.0, 2.4)."},
    {"Topic filter", "What is subscribed to; + stands for one level, # for all that follow (4.7.1)."},
    {"Requested QoS", "The most at which the server may send; it may grant less (MQTT-3.8.4-6)."},
    {"Subscription options", "QoS, No Local, Retain As Published, Retain Handling (MQTT 5.0, 3.8.3.1)."},
    {"Granted QoS", "What the server granted, 0x80 for a refusal (MQTT-3.9.3-1)."},
    {"Properties", "How many bytes of properties follow (MQTT 5.0, 2.2.2)."},
    {"Session Expiry Interval", "Seconds for which the session outlives its connection; 4294967295: for good."},
    {"Receive Maximum", "How many messages of QoS 1 and 2 the sender of this takes before it has answered them."},
    {"Maximum Packet Size", "The largest packet that the sender of this takes, in bytes."},
    {"Topic Alias Maximum", "How many topics the other side may name by a number."},
    {"Topic Alias", "A number in the place of the topic, on this connection and in this direction."},
    {"Message Expiry Interval",
     "Seconds after which the message is not delivered any more; it counts down on the way."},
    {"Subscription Identifier", "Which of its subscriptions brought the message to the subscriber."},
    {"Assigned Client Identifier", "The name that the server has given to a client without one."},
    {"Server Keep Alive", "The keep alive that counts, in the place of the one in CONNECT."},
    {"Will Delay Interval", "Seconds that the server waits with the will; a new connection in time prevents it."},
    {"User Property", "A name and a value for the applications; MQTT hands them on in their order."},
    {"Response Topic", "Where the answer to this request is to be published."},
    {"Correlation Data", "By which the requester knows which request is answered."},
    {"Content Type", "What the payload is, such as a MIME type; MQTT does not look at it."},
    {"Payload Format Indicator", "1: the payload is UTF-8."},
    {"Reason String", "The reason in words, for people who look for a fault."},
};

std::string_view meaning_of(std::string_view name) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.field == name) return meaning.text;
  }
  return {};
}

class ControlPacket {
 public:
  ControlPacket(Bytes packet, Version version, std::vector<DissectedField>& fields)
      : packet_(packet), version_(version), fields_(fields) {}

  std::size_t take(std::size_t at) {
    const Bytes rest = packet_.subspan(at);
    const auto header = mqtt::decode_fixed_header(rest, version_);
    if (!header || !header->has_value()) {
      add(FieldLayer::mqtt_header, "Part of a control packet", fmt::format("{} bytes", rest.size()), at,
          packet_.size());
      return packet_.size();
    }
    const mqtt::FixedHeader& fixed = **header;
    const auto head = [&](std::string_view name, std::string value, std::size_t begin, std::size_t end) {
      add(FieldLayer::mqtt_header, name, std::move(value), at + begin, at + end);
    };
    head("Packet type", fmt::format("{} ({})", mqtt::name_of(fixed.type), static_cast<int>(fixed.type)), 0, 1);
    if (fixed.type == PacketType::publish) {
      head("DUP", (fixed.flags & 8) != 0 ? "1" : "0", 0, 1);
      head("QoS", fmt::format("{}", (fixed.flags >> 1) & 3), 0, 1);
      head("RETAIN", (fixed.flags & 1) != 0 ? "1" : "0", 0, 1);
    }
    head("Remaining length", fmt::format("{}", fixed.remaining_length), 1, fixed.header_size);
    if (fixed.size() > rest.size()) {
      add(FieldLayer::mqtt_variable, "First part", fmt::format("{} of {} bytes", rest.size(), fixed.size()),
          at + fixed.header_size, packet_.size());
      return packet_.size();
    }
    const auto packet = mqtt::decode(fixed, rest.first(fixed.size()), version_);
    body_ = at + fixed.header_size;
    end_ = at + fixed.size();
    if (!packet) {
      add(FieldLayer::other, "Malformed", std::string(packet.error().what), body_, end_);
    } else {
      std::visit([&](const auto& p) { variable(p); }, *packet);
    }
    return end_;
  }

 private:
  void add(FieldLayer layer, std::string_view name, std::string value, std::size_t begin, std::size_t end) {
    fields_.push_back({layer, std::string(name), std::move(value), static_cast<std::uint32_t>(begin),
                       static_cast<std::uint32_t>(std::min(end, packet_.size())), meaning_of(name)});
  }
  void field(std::string_view name, std::string value, std::size_t begin, std::size_t end) {
    add(FieldLayer::mqtt_variable, name, std::move(value), begin, end);
  }
  std::size_t offset_of(const void* inside) const {
    return static_cast<std::size_t>(static_cast<const std::uint8_t*>(inside) - packet_.data());
  }
  // A text or bytes with its length in two bytes before it; returns where it ends.
  std::size_t counted(std::string_view name, std::string value, Bytes bytes) {
    const std::size_t begin = offset_of(bytes.data());
    field(name, std::move(value), begin - 2, begin + bytes.size());
    return begin + bytes.size();
  }
  std::size_t text(std::string_view name, std::string_view value) {
    return counted(name, std::string(value), wire::bytes_of(value));
  }
  // What stands from `at` on; returns where it ends. Below 5.0 nothing does.
  std::size_t properties(mqtt::Properties all, std::size_t at) {
    if (version_ != Version::v5 || at >= end_) return at;
    const std::size_t size = all.bytes().size();
    const std::size_t head = mqtt::size_of_variable(static_cast<std::uint32_t>(size));
    field("Properties", fmt::format("{} bytes", size), at, at + head);
    at += head;
    all.for_each([&](const mqtt::PropertyValue& value) {
      const mqtt::PropertyRule& rule = *mqtt::rule_of(value.id);
      const std::size_t begin = at;
      std::string shown = fmt::format("{}", value.number);
      at += 1;
      switch (rule.type) {
        case mqtt::PropertyType::flag: at += 1; break;
        case mqtt::PropertyType::two_bytes: at += 2; break;
        case mqtt::PropertyType::four_bytes: at += 4; break;
        case mqtt::PropertyType::variable: at += mqtt::size_of_variable(value.number); break;
        case mqtt::PropertyType::text:
        case mqtt::PropertyType::binary:
          shown = printable_text(value.bytes);
          at += 2 + value.bytes.size();
          break;
        case mqtt::PropertyType::text_pair:
          shown = printable_text(value.bytes) + " = " + printable_text(value.second);
          at += 4 + value.bytes.size() + value.second.size();
          break;
      }
      field(rule.name, std::move(shown), begin, at);
    });
    return at;
  }
  void reason(PacketType type, mqtt::ReasonCode code, std::size_t at) {
    field("Reason code", fmt::format("{:#04x} {}", static_cast<int>(code), mqtt::name_of(code, type)), at, at + 1);
  }
  // A reason and properties behind it; what is left out says nothing.
  void reason_and_properties(PacketType type, mqtt::ReasonCode code, mqtt::Properties all, std::size_t at) {
    if (version_ != Version::v5 || at >= end_) return;
    reason(type, code, at);
    properties(all, at + 1);
  }

  void variable(const mqtt::Publish& p) {
    std::size_t at = text("Topic name", p.topic);
    if (p.packet_id != 0) field("Packet identifier", fmt::format("{}", p.packet_id), at, at + 2), at += 2;
    at = properties(p.properties, at);
    add(FieldLayer::mqtt_payload, "Payload", printable_text(p.payload), at, end_);
  }
  void variable(const mqtt::Connect& p) {
    const bool old = p.level == static_cast<std::uint8_t>(Version::v3_1);
    const std::string_view protocol = old ? "MQIsdp" : "MQTT";
    const std::size_t at = body_ + 2 + protocol.size();
    field("Protocol name", std::string(protocol), body_, at);
    field("Protocol level", fmt::format("{}", p.level), at, at + 1);
    if (p.level < 3 || p.level > 5) return;
    version_ = p.level == 5 ? Version::v5 : Version::v3_1_1;  // whatever was thought of the connection
    field("Connect flags",
          fmt::format("{} {}, will {}", p.level == 5 ? "clean start" : "clean session", p.clean_session ? 1 : 0,
                      p.will ? 1 : 0),
          at + 1, at + 2);
    field("Keep alive", fmt::format("{} s", p.keep_alive), at + 2, at + 4);
    properties(p.properties, at + 4);
    const std::size_t behind = text("Client identifier", p.client_id);
    if (p.will) {
      properties(p.will->properties, behind);
      text("Will topic", p.will->topic);
      counted("Will message", printable_text(p.will->payload), p.will->payload);
    }
    if (p.user_name) text("User name", *p.user_name);
    if (p.password) counted("Password", fmt::format("{} bytes", p.password->size()), *p.password);
  }
  void variable(const mqtt::Connack& p) {
    field("Session present", p.session_present ? "1" : "0", body_, body_ + 1);
    if (version_ == Version::v5) {
      reason_and_properties(PacketType::connack, p.reason, p.properties, body_ + 1);
    } else {
      field("Return code", fmt::format("{} {}", static_cast<int>(p.code), mqtt::name_of(p.code)), body_ + 1, body_ + 2);
    }
  }
  template <typename T>
  void filters(const T& p, bool with_options) {
    field("Packet identifier", fmt::format("{}", p.packet_id), body_, body_ + 2);
    properties(p.properties, body_ + 2);
    mqtt::FilterList list = p.filters;
    while (const auto request = list.next()) {
      const std::size_t at = text("Topic filter", request->filter);
      if (!with_options) continue;
      if (version_ == Version::v5) {
        field("Subscription options",
              fmt::format("QoS {}, no local {}, retain as published {}, retain handling {}",
                          static_cast<int>(request->qos), request->no_local ? 1 : 0,
                          request->retain_as_published ? 1 : 0, static_cast<int>(request->retain_handling)),
              at, at + 1);
      } else {
        field("Requested QoS", fmt::format("{}", static_cast<int>(request->qos)), at, at + 1);
      }
    }
  }
  void variable(const mqtt::Subscribe& p) { filters(p, true); }
  void variable(const mqtt::Unsubscribe& p) { filters(p, false); }
  template <typename T>
  void codes(PacketType type, const T& p) {
    field("Packet identifier", fmt::format("{}", p.packet_id), body_, body_ + 2);
    properties(p.properties, body_ + 2);
    for (std::size_t i = 0; i < p.codes.size(); ++i) {
      const std::size_t at = offset_of(p.codes.data()) + i;
      if (version_ == Version::v5) {
        reason(type, static_cast<mqtt::ReasonCode>(p.codes[i]), at);
      } else {
        field("Granted QoS", fmt::format("{:#04x}", p.codes[i]), at, at + 1);
      }
    }
  }
  void variable(const mqtt::Suback& p) { codes(PacketType::suback, p); }
  void variable(const mqtt::Unsuback& p) { codes(PacketType::unsuback, p); }
  void variable(const mqtt::Pingreq&) {}
  void variable(const mqtt::Pingresp&) {}
  void variable(const mqtt::Disconnect& p) {
    reason_and_properties(PacketType::disconnect, p.reason, p.properties, body_);
  }
  void variable(const mqtt::Auth& p) { reason_and_properties(PacketType::auth, p.reason, p.properties, body_); }
  // PUBACK, PUBREC, PUBREL, PUBCOMP.
  template <typename T>
  void variable(const T& p) {
    field("Packet identifier", fmt::format("{}", p.packet_id), body_, body_ + 2);
    reason_and_properties(mqtt::type_of(mqtt::Packet(p)), p.reason, p.properties, body_ + 2);
  }

  Bytes packet_;
  Version version_;
  std::vector<DissectedField>& fields_;
  std::size_t body_ = 0, end_ = 0;
};

}  // namespace

std::size_t dissect_mqtt(Bytes packet, std::size_t at, Version version, std::vector<DissectedField>& fields) {
  return ControlPacket(packet, version, fields).take(at);
}

}  // namespace wirelab
