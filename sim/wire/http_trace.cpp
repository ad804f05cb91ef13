#include "sim/wire/http_trace.hpp"

#include <array>

namespace wirelab::http {

std::string_view name_of(Failure failure) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Failure::count_)> names{
      "none",      "name not resolved", "connection refused", "no route to the host",
      "timed out", "connection reset",  "malformed answer"};
  return failure < Failure::count_ ? names[static_cast<std::size_t>(failure)] : "?";
}

}  // namespace wirelab::http
