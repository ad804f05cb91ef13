// MQTT control packets as pure functions between bytes and plain structs: one codec for 3.1.1 (OASIS standard, 29 October 2014),
// for 5.0 (7 March 2019), and for 3.1, 3.1.1's laxer forerunner. Decoding copies nothing: texts, payloads and properties
// point into the bytes. Every malformed input is an error value that names the statement of the version's standard that it offends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "sim/wire/bytes.hpp"
#include "sim/wire/mqtt_properties.hpp"
#include "sim/wire/mqtt_reasons.hpp"

namespace wirelab::mqtt {

/// As the protocol level of CONNECT writes them.
enum class Version : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };
/// "3.1.1"
std::string_view name_of(Version version);

/// What the standard says of each packet type.
struct PacketRule {
  PacketType type;
  std::string_view name;      // "PUBLISH"
  bool to_server, to_client;  // in 3.1.1; in 5.0 servers send DISCONNECT, too, and both send AUTH
  std::uint8_t flags;         // the reserved bits of byte 0; for PUBLISH they carry DUP, QoS and RETAIN
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
  Properties properties = {};  // 5.0
};

struct Connect {
  std::uint8_t level = 4;        // a Version, or what the server must refuse
  bool clean_session = true;     // 5.0: clean start
  std::uint16_t keep_alive = 0;  // seconds, 0: off
  Properties properties = {};    // 5.0
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
  ConnectCode code = ConnectCode::accepted;  // 3.1.1
  ReasonCode reason = ReasonCode::success;   // 5.0
  Properties properties = {};                // 5.0
};

struct Publish {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  PacketId packet_id = 0;      // 0 at QoS 0
  Properties properties = {};  // 5.0; with a topic alias the topic may be empty
};

struct Puback {
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;  // 5.0, as the properties
  Properties properties = {};
};
struct Pubrec {
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;  // 5.0, as the properties
  Properties properties = {};
};
struct Pubrel {
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;  // 5.0, as the properties
  Properties properties = {};
};
struct Pubcomp {
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;  // 5.0, as the properties
  Properties properties = {};
};

/// Which retained messages a subscription gets when it is made (5.0, section 3.8.3.1).
enum class RetainHandling : std::uint8_t { send, send_if_new, do_not_send };

/// A list inside a packet, read on demand: SUBSCRIBE's pairs of filter and options, UNSUBSCRIBE's filters.
struct FilterRequest {
  std::string_view filter;
  Qos qos = Qos::at_most_once;
  bool no_local = false;             // 5.0, as the others
  bool retain_as_published = false;  // else RETAIN is 0 in what is forwarded
  RetainHandling retain_handling = RetainHandling::send;
};
class FilterList {
 public:
  FilterList() = default;
  FilterList(Bytes bytes, bool with_options) : rest_(bytes), with_options_(with_options) {}
  /// The next entry; empty at the end. The bytes were checked when the packet was decoded.
  std::optional<FilterRequest> next();

 private:
  Bytes rest_;
  bool with_options_ = false;
};

struct Subscribe {
  PacketId packet_id = 0;
  FilterList filters;
  Properties properties = {};
};
struct Suback {
  PacketId packet_id = 0;
  Bytes codes;  // granted QoS, or 0x80; 5.0: reason codes
  Properties properties = {};
};
struct Unsubscribe {
  PacketId packet_id = 0;
  FilterList filters;
  Properties properties = {};
};
struct Unsuback {
  PacketId packet_id = 0;
  Bytes codes;  // 5.0: a reason code for each filter
  Properties properties = {};
};
struct Pingreq {};
struct Pingresp {};
struct Disconnect {
  ReasonCode reason = ReasonCode::success;
  Properties properties = {};
};
struct Auth {
  ReasonCode reason = ReasonCode::success;
  Properties properties = {};
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect, Auth>;
PacketType type_of(const Packet& packet);
/// Byte 0 as it stands on the wire: the type, and for PUBLISH DUP, QoS and RETAIN.
std::uint8_t first_byte(const Packet& packet);

inline constexpr std::uint8_t kSubscribeFailed = 0x80;
inline constexpr std::size_t kMaximumRemainingLength = 268'435'455;

struct FixedHeader {
  PacketType type = PacketType::connect;
  std::uint8_t flags = 0;
  std::size_t header_size = 0;       // bytes of the fixed header
  std::size_t remaining_length = 0;  // bytes behind it
  std::size_t size() const { return header_size + remaining_length; }
};
/// The fixed header at the front of `bytes`; no value if more bytes are needed.
tl::expected<std::optional<FixedHeader>, Malformed> decode_fixed_header(Bytes bytes, Version version = Version::v3_1_1);
/// One whole packet: exactly header.size() bytes. CONNECT says itself of which version it is.
tl::expected<Packet, Malformed> decode(const FixedHeader& header, Bytes packet, Version version = Version::v3_1_1);

// Encoders append one packet. Texts must be valid (see is_valid_utf8) and at most 65,535 bytes. Properties are those of 5.0 and
// left out below it.
void encode(const Connect& packet, std::vector<std::uint8_t>& out);
void encode(const Connack& packet, std::vector<std::uint8_t>& out, Version version = Version::v3_1_1);
void encode(const Publish& packet, std::vector<std::uint8_t>& out, Version version = Version::v3_1_1);
/// PUBACK ... PUBCOMP, and 3.1.1's UNSUBACK.
void encode_acknowledgement(PacketType type, PacketId packet_id, std::vector<std::uint8_t>& out);
/// PUBACK ... PUBCOMP of 5.0, in the shortest form.
void encode_acknowledgement(PacketType type, PacketId packet_id, ReasonCode reason, Properties properties,
                            std::vector<std::uint8_t>& out);
void encode_subscribe(PacketId packet_id, std::span<const FilterRequest> filters, std::vector<std::uint8_t>& out,
                      Version version = Version::v3_1_1, Properties properties = {});
void encode_suback(PacketId packet_id, Bytes codes, std::vector<std::uint8_t>& out, Version version = Version::v3_1_1,
                   Properties properties = {});
void encode_unsubscribe(PacketId packet_id, std::span<const std::string_view> filters, std::vector<std::uint8_t>& out,
                        Version version = Version::v3_1_1, Properties properties = {});
void encode_unsuback(PacketId packet_id, Bytes codes, Properties properties, std::vector<std::uint8_t>& out);  // 5.0
void encode_empty(PacketType type, std::vector<std::uint8_t>& out);     // PINGREQ, PINGRESP, 3.1.1's DISCONNECT
void encode(const Disconnect& packet, std::vector<std::uint8_t>& out);  // 5.0, in the shortest form
void encode(const Auth& packet, std::vector<std::uint8_t>& out);

/// A topic filter: wildcards only as whole levels, "#" only as the last [MQTT-4.7.1-2, MQTT-4.7.1-3].
bool is_valid_filter(std::string_view filter);
/// "$share/NAME/FILTER" (5.0, section 4.8.2) taken apart; empty if `filter` is none. One that begins so and has no name, or no
/// filter, or a wildcard in its name, is no valid filter.
struct SharedFilter {
  std::string_view group;
  std::string_view filter;
};
std::optional<SharedFilter> shared_filter(std::string_view filter);
/// Takes the first level off a topic or filter; its separator goes with it. `more` says whether a level is left, which may
/// be an empty one.
std::string_view take_level(std::string_view& text, bool& more);
/// Whether the filter selects the topic, by section 4.7; both must be valid.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace wirelab::mqtt
