// What the trace says of HTTP beside its messages.
#pragma once

#include <cstdint>
#include <string_view>

namespace wirelab::http {

/// Why a request has no answer.
enum class Failure : std::uint8_t { none, not_resolved, refused, unreachable, timed_out, reset, malformed, count_ };
std::string_view name_of(Failure failure);

enum class ClientState : std::uint8_t { idle, connecting, waiting };

}  // namespace wirelab::http
