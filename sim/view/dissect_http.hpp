// The beginning of an HTTP message taken apart for people.
#pragma once

#include <string>
#include <vector>

#include "sim/view/dissect.hpp"

namespace wirelab {

/// Whether the payload begins as a request or an answer does.
bool begins_http(wire::Bytes payload);
/// What begins there in a few words: "GET /api/v1/data/latest", "200 OK".
std::string http_in_short(wire::Bytes payload);
/// Its start line, its fields and what there is of its content; `at` is where the payload begins in the packet.
void dissect_http(wire::Bytes packet, std::size_t at, std::vector<DissectedField>& fields);

}  // namespace wirelab
