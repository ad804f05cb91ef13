// What goes over a link, counted by layer as Wireshark's protocol hierarchy does: IP headers, headers of TCP and UDP, and what
// these carry. Packets count where a transmitter begins to send them, so lost ones count too.
#pragma once

#include <cstdint>

#include "sim/wire/bytes.hpp"

namespace wirelab {

struct Traffic {
  struct Direction {
    std::uint64_t packets = 0;
    std::uint64_t ip = 0;         // bytes of IP headers
    std::uint64_t transport = 0;  // bytes of the headers of TCP, UDP and ICMP
    std::uint64_t payload = 0;    // what they carry
    std::uint64_t bytes() const { return ip + transport + payload; }
  };
  Direction up, down;

  static void count(Direction& direction, wire::Bytes packet);
};

}  // namespace wirelab
