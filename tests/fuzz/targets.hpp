// What is fuzzed: each takes any bytes, and ends the program where they lead to something that must not be. With libFuzzer
// (tests/fuzz.sh) the bytes are searched for; the corpus beside this file is run by an ordinary test in every build.
#pragma once

#include <cstdint>
#include <span>

namespace wirelab::fuzz {

/// Control packets of every version, one behind the other. The first byte says which version.
void packets(std::span<const std::uint8_t> input);
/// A broker with up to four connections: steps of opening, receiving, cutting and waiting, in the input's own little language
/// (see targets.cpp).
void broker(std::span<const std::uint8_t> input);
/// A client, as a bridge is one, and what another broker says to it: steps as of `broker`.
void client(std::span<const std::uint8_t> input);
/// What a broker is to have saved: where it can be read, a broker takes it up, and saves it again.
void saved(std::span<const std::uint8_t> input);
/// The server's side of a WebSocket connection, whose bytes come in pieces.
void websocket(std::span<const std::uint8_t> input);

}  // namespace wirelab::fuzz
