// UDP, DNS, DHCP and ICMP taken apart for people; see dissect.hpp.
#pragma once

#include "sim/view/dissect.hpp"
#include "sim/wire/ipv4.hpp"

namespace wirelab {

/// Appends the fields behind the IPv4 header, in order of their bytes. False if it is neither UDP nor ICMP, or malformed.
bool dissect_datagram(wire::Bytes packet, const wire::Ipv4Header& ip, std::vector<DissectedField>& fields);

}  // namespace wirelab
