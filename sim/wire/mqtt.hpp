// MQTT 3.1.1 control packets (OASIS standard, 29 October 2014) as pure functions between bytes and plain structs. Decoding
// copies nothing: texts and payloads point into the bytes. Every malformed input is an error value that names the
// statement of the standard it offends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "sim/wire/bytes.hpp"

namespace wirelab::mqtt {

using wire::Bytes;

enum class PacketType : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect
};

/// What the standard says of each packet type.
struct PacketRule {
  PacketType type;
  std::string_view name;  // "PUBLISH"
  bool to_server, to_client;
  std::uint8_t flags;  // the reserved bits of byte 0; for PUBLISH they carry DUP, QoS and RETAIN
  std::string_view section;
};
/// The rule of a type; nullptr for the reserved values 0 and 15.
const PacketRule* rule_of(PacketType type);
std::string_view name_of(PacketType type);

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

/// Counts as one message on its way between a client and a server; never 0 in a packet [MQTT-2.3.1-1].
using PacketId = std::uint16_t;

struct Will {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
};

struct Connect {
  std::uint8_t level = 4;
  bool clean_session = true;
  std::uint16_t keep_alive = 0;  // seconds, 0: off
  std::string_view client_id;
  std::optional<Will> will;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
};

enum class ConnectCode : std::uint8_t {
  accepted,
  unacceptable_version,
  identifier_rejected,
  server_unavailable,
  bad_credentials,
  not_authorized
};
std::string_view name_of(ConnectCode code);

struct Connack {
  bool session_present = false;
  ConnectCode code = ConnectCode::accepted;
};

struct Publish {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  PacketId packet_id = 0;  // 0 at QoS 0
};

struct Puback {
  PacketId packet_id = 0;
};
struct Pubrec {
  PacketId packet_id = 0;
};
struct Pubrel {
  PacketId packet_id = 0;
};
struct Pubcomp {
  PacketId packet_id = 0;
};

/// A list inside a packet, read on demand: SUBSCRIBE's pairs of filter and QoS, UNSUBSCRIBE's filters.
struct FilterRequest {
  std::string_view filter;
  Qos qos = Qos::at_most_once;
};
class FilterList {
 public:
  FilterList() = default;
  FilterList(Bytes bytes, bool with_qos) : rest_(bytes), with_qos_(with_qos) {}
  /// The next entry; empty at the end. The bytes were checked when the packet was decoded.
  std::optional<FilterRequest> next();

 private:
  Bytes rest_;
  bool with_qos_ = false;
};

struct Subscribe {
  PacketId packet_id = 0;
  FilterList filters;
};
struct Suback {
  PacketId packet_id = 0;
  Bytes codes;  // granted QoS, or 0x80
};
struct Unsubscribe {
  PacketId packet_id = 0;
  FilterList filters;
};
struct Unsuback {
  PacketId packet_id = 0;
};
struct Pingreq {};
struct Pingresp {};
struct Disconnect {};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect>;
PacketType type_of(const Packet& packet);
/// Byte 0 as it stands on the wire: the type, and for PUBLISH DUP, QoS and RETAIN.
std::uint8_t first_byte(const Packet& packet);

inline constexpr std::uint8_t kSubscribeFailed = 0x80;
inline constexpr std::size_t kMaximumRemainingLength = 268'435'455;

struct Malformed {
  std::string_view what;       // "the topic of a PUBLISH has a wildcard"
  std::string_view statement;  // "MQTT-3.3.2-2"
};

struct FixedHeader {
  PacketType type = PacketType::connect;
  std::uint8_t flags = 0;
  std::size_t header_size = 0;       // bytes of the fixed header
  std::size_t remaining_length = 0;  // bytes behind it
  std::size_t size() const { return header_size + remaining_length; }
};
/// The fixed header at the front of `bytes`; no value if more bytes are needed.
tl::expected<std::optional<FixedHeader>, Malformed> decode_fixed_header(Bytes bytes);
/// One whole packet: exactly header.size() bytes.
tl::expected<Packet, Malformed> decode(const FixedHeader& header, Bytes packet);

// Encoders append one packet. Texts must be valid (see is_valid_utf8) and at most 65,535 bytes.
void encode(const Connect& packet, std::vector<std::uint8_t>& out);
void encode(const Connack& packet, std::vector<std::uint8_t>& out);
void encode(const Publish& packet, std::vector<std::uint8_t>& out);
void encode_acknowledgement(PacketType type, PacketId packet_id,
                            std::vector<std::uint8_t>& out);  // PUBACK ... PUBCOMP, UNSUBACK
void encode_subscribe(PacketId packet_id, std::span<const FilterRequest> filters, std::vector<std::uint8_t>& out);
void encode_suback(PacketId packet_id, Bytes codes, std::vector<std::uint8_t>& out);
void encode_unsubscribe(PacketId packet_id, std::span<const std::string_view> filters, std::vector<std::uint8_t>& out);
void encode_empty(PacketType type, std::vector<std::uint8_t>& out);  // PINGREQ, PINGRESP, DISCONNECT

/// UTF-8 as section 1.5.3 wants it: well formed, no surrogates, no U+0000.
bool is_valid_utf8(Bytes bytes);
/// A topic name one can publish to: not empty, no wildcards [MQTT-4.7.3-1, MQTT-3.3.2-2].
bool is_valid_topic(std::string_view topic);
/// A topic filter: wildcards only as whole levels, "#" only as the last [MQTT-4.7.1-2, MQTT-4.7.1-3].
bool is_valid_filter(std::string_view filter);
/// Takes the first level off a topic or filter; its separator goes with it. `more` says whether a level is left, which may
/// be an empty one.
std::string_view take_level(std::string_view& text, bool& more);
/// Whether the filter selects the topic, by section 4.7; both must be valid.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace wirelab::mqtt
