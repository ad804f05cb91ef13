// The byte stream under a protocol as its cores see it: TCP in the simulation, a socket in `serve`, either with TLS between.
#pragma once

#include <cstdint>

#include "sim/trace/record.hpp"
#include "sim/wire/bytes.hpp"

namespace wirelab {

/// Where the next byte that is written will lie, for the trace.
struct StreamPlace {
  StreamId stream = 0;
  std::uint64_t offset = 0;
};

/// From `begin` up to `end`, offsets in the stream.
struct StreamRange {
  std::uint64_t begin = 0, end = 0;
};

class ByteChannel {
 public:
  virtual ~ByteChannel() = default;
  virtual StreamPlace place() const = 0;
  /// The offset up to which the peer's network side has acknowledged what was written; also after the connection has ended.
  virtual std::uint64_t acknowledged() const = 0;
  /// Whether bytes can be written at all: neither side has closed.
  virtual bool is_open() const = 0;
  /// Whether so many bytes fit into the network side's buffer; what is too large for any buffer fits into an empty one.
  virtual bool has_room(std::size_t bytes) const = 0;
  /// Takes all of the bytes, also where there is no room: then they wait in the process's own memory, as a client library's and
  /// a broker's outgoing packets do. An open channel loses nothing. Nothing comes from the channel during the call.
  virtual void write(wire::Bytes bytes) = 0;
  /// What so many bytes, written at once, take up in the stream: more under TLS.
  virtual std::size_t size_in_stream(std::size_t bytes) const { return bytes; }
  /// Sends what was written, then closes. Nothing comes from the channel after this, not even that it has ended.
  virtual void close() = 0;
};

}  // namespace wirelab
