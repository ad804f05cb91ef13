// Captures in the pcapng format (draft-ietf-opsawg-pcapng), with nanosecond stamps and raw IP packets (LINKTYPE_RAW). Simulated
// time 0 is the start of the epoch, so a capture shows the time of the simulation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/wire/bytes.hpp"

namespace wirelab::wire {

/// Section header and one interface with this name.
std::string pcapng_header(std::string_view application, std::string_view interface_name);
/// What opens the TLS records that follow, in the form of SSLKEYLOGFILE: a Decryption Secrets Block.
std::string pcapng_tls_keys(std::string_view key_log);
/// One packet; `comment` may be empty.
std::string pcapng_packet(std::int64_t at_ns, Bytes packet, std::string_view comment);

}  // namespace wirelab::wire
