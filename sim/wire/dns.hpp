// DNS messages (RFC 1035) with one question for an IPv4 address and its answers. Names are written once and pointed to (section
// 4.1.4); what is read may have any records, of which those of type A are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/ipv4.hpp"

namespace wirelab::wire {

inline constexpr std::uint16_t kDnsPort = 53;
inline constexpr std::uint16_t kDnsTypeA = 1;

enum class DnsCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  // there is no such name ("NXDOMAIN")
  not_implemented = 4,
  refused = 5,
};
std::string_view name_of(DnsCode code);

struct DnsAddress {
  std::uint32_t time_to_live = 0;  // seconds
  Ipv4Address address;
  bool operator==(const DnsAddress&) const = default;
};

struct DnsMessage {
  std::uint16_t id = 0;
  bool is_response = false;
  bool authoritative = false;
  bool recursion_desired = true;
  bool recursion_available = false;
  DnsCode code = DnsCode::no_error;
  std::string name;  // of the question, in lower case and without a dot at its end
  std::uint16_t type = kDnsTypeA;
  std::vector<DnsAddress> answers;  // for that name
  bool operator==(const DnsMessage&) const = default;
};

/// Appends the message. The name must be a host name.
void encode(const DnsMessage& message, std::vector<std::uint8_t>& out);
/// Empty if it is malformed, or has no question.
std::optional<DnsMessage> decode_dns(Bytes bytes);
/// RFC 1123, section 2.1: labels of letters, digits and hyphens, at most 63 each and 253 in all; "_" is let through, as everywhere.
bool is_host_name(std::string_view name);

}  // namespace wirelab::wire
